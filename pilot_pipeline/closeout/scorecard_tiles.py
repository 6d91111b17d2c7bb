"""The page's four figures at a glance, one per reader; everything behind them stands further down the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pilot_pipeline.charts.fairness_plots import latest_audit
from pilot_pipeline.charts.frames import records
from pilot_pipeline.charts.labels import plain
from pilot_pipeline.closeout import formats

if TYPE_CHECKING:
    from pilot_pipeline.closeout.card import Scorecard


@dataclass(frozen=True)
class Tile:
    """A question, its answer in a few words, and one sentence of context."""

    question: str
    answer: str
    context: str
    anchor: str


def tiles(card: Scorecard) -> tuple[Tile, ...]:
    """Return the tiles for targets, fairness, value and the rule's own error rates."""
    return (
        _targets(card.kpi_scorecard),
        _fairness(card.bias_audit),
        _value(card.roi, card.pilot.currency),
        _rule(card),
    )


def _targets(scorecard: pd.DataFrame) -> Tile:
    question = "Did it work?"
    measured = [row for row in records(scorecard) if row["evidence"] != "not_measured"] if len(scorecard) else []
    if not measured:
        return Tile(question, "Not measured yet", "No KPI has a figure so far.", "kpis")
    met = sum(row["evidence"] == "met" for row in measured)
    rest = len(scorecard) - len(measured)
    context = "KPIs reached their target with the certainty that the rule demands"
    return Tile(question, f"{met} of {len(measured)}", f"{context}{f'; {rest} not measured' if rest else ''}.", "kpis")


def _fairness(audit: pd.DataFrame) -> Tile:
    question = "Is it fair?"
    if audit.empty:
        return Tile(question, "Not audited", "No recommendation has been audited.", "fairness")
    verdicts: dict[str, set[str]] = {}
    for kind in ("synthetic", "live"):
        for row in records(latest_audit(audit, kind)):
            verdicts.setdefault(str(row["verdict"]), set()).add(plain(str(row["attribute"])).lower())
    if "bias_found" in verdicts:
        return Tile(question, "Bias found", f"Recommendations depend on {_listed(verdicts['bias_found'])}.", "fairness")
    unclear = verdicts.get("underpowered", set()) | verdicts.get("not_testable", set())
    if unclear:
        return Tile(
            question, "Cannot tell", f"Too few people for {_listed(unclear)}; no bias found elsewhere.", "fairness"
        )
    kinds = set(audit["audit"])
    if len(kinds) == 1:
        only = "before launch, with synthetic people; not yet" if "synthetic" in kinds else "live; not"
        other = "in live recommendations" if "synthetic" in kinds else "with synthetic people"
        return Tile(question, "No bias found", f"Audited {only} {other}.", "fairness")
    return Tile(question, "No bias found", "Severe steering would have been seen; mild steering would not.", "fairness")


def _value(roi: pd.DataFrame, currency: str) -> Tile:
    question = "Is it worth it?"
    levers = {str(row["lever"]): row for row in records(roi)} if len(roi) else {}
    row = levers.get("total_without_attrition") or levers.get("total")
    if row is None or row["p10"] is None:
        return Tile(question, "Not estimable", str((row or {}).get("reason") or "No value was estimated."), "value")
    amount = formats.money(row["p10"], currency)
    loss = formats.percent(row["probability_of_loss"])
    context = f"net, at the cautious end (P10) and without attrition; chance of a loss {loss}."
    return Tile(question, amount, context, "value")


def _rule(card: Scorecard) -> Tile:
    question = "How sure is the rule?"
    if card.false_go_rate is None or card.power is None:
        said = "For this very cohort at the close-out. At 30 to 50 pairs it calls a useless tool a go in under 1 %."
        return Tile(question, "Not simulated yet", said, "limits")
    false_go, power = formats.percent(card.false_go_rate, 1), formats.percent(card.power)
    context = (
        f"of pilots like this end in a false go at worst; a very good tool gets its go in {power} of them (simulated)."
    )
    return Tile(question, false_go, context, "limits")


def _listed(names: set[str]) -> str:
    ordered = sorted(names)
    return " and ".join(ordered) if len(ordered) < 3 else f"{', '.join(ordered[:-1])} and {ordered[-1]}"
