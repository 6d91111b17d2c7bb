"""The scorecard's tables as plain cells, from the published frames; how a table looks is the template's matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pilot_pipeline.charts.frames import records
from pilot_pipeline.charts.labels import CHECKPOINT_LABELS, LEVER_LABELS, Catalogue, kpi_label, kpi_order, plain
from pilot_pipeline.closeout import formats
from pilot_pipeline.closeout.formats import NONE
from pilot_pipeline.closeout.scorecard_words import EVIDENCE
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE

WITHHELD = "withheld"
_TOOLS = {"great_expectations": "Great Expectations", "sql": "SQL", "scipy": "SciPy"}
SENTENCE = 40
"""From this many characters on, a cell is a sentence."""


@dataclass(frozen=True)
class Cell:
    """One cell: its words, a smaller note below them, and a tone (good, bad, warn, open) that also gets a sign."""

    text: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """Column heads, which of them hold numbers, and rows of cells; the first cell of a row is its head."""

    caption: str
    heads: tuple[str, ...]
    numeric: frozenset[int]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def wordy(self) -> bool:
        """Whether a cell besides the row's head holds a sentence, which no narrow column can bear."""
        return any(len(cell.text) > SENTENCE for row in self.rows for cell in row[1:])


def kpi_table(scorecard: pd.DataFrame, catalogue: Catalogue = KPI_CATALOGUE) -> Table:
    """Return the KPIs against their targets with 90 % intervals and both p-values."""
    order = kpi_order([str(kpi) for kpi in scorecard["kpi"]], catalogue) if len(scorecard) else []
    rows = sorted(_rows(scorecard), key=lambda row: order.index(str(row["kpi"])))
    five = "five " if catalogue.keys() == KPI_CATALOGUE.keys() else ""
    return _table(
        f"The {five}KPIs against the targets fixed before launch",
        ("KPI", "Target", "Actual", "90 % interval", "Result", "p by manager", "p by pair", "Pairs", "Clusters"),
        [_kpi_row(row, catalogue) for row in rows],
        numeric=(1, 2, 3, 5, 6, 7, 8),
    )


def balance_table(balance: pd.DataFrame, matched_on: Sequence[str] = ()) -> Table:
    """Return every measure of how alike the arms are, before matching and after.

    `matched_on`: the covariates that are judged; they stand first, and only among them is a difference a fault.
    """
    rows = [
        (
            Cell(plain(str(row["covariate"])), "matched on" if row["covariate"] in matched_on else ""),
            Cell(formats.number(row["smd_before"])),
            Cell(formats.number(row["smd_after"])),
            *(_change(row, measure) for measure in ("variance_ratio", "ks", "ecdf")),
            _balanced(row, not matched_on or row["covariate"] in matched_on),
        )
        for row in sorted(_rows(balance), key=lambda row: row["covariate"] not in matched_on)
    ]
    heads = ("Covariate", "Before (SD)", "After (SD)", "Variance ratio", "KS distance", "eCDF distance", "Balance")
    return _table(
        "Differences between pilot and control, before matching → after", heads, rows, numeric=(1, 2, 3, 4, 5)
    )


def summary_table(summary: pd.DataFrame) -> Table:
    """Return counts and means of pilot, control and workforce side by side."""
    known = {name: place for place, name in enumerate(("people", "teams", "judging clusters"))}
    rows = [row for row in _rows(summary) if not _is_group(row)]
    rows.sort(key=lambda row: known.get(str(row["metric"]), len(known)))
    return _summary("Who took part", rows)


def groups_table(summary: pd.DataFrame) -> Table:
    """Return the share of each group in pilot, control and workforce; withheld rows say so instead of a number."""
    return _summary("Share of each group", [row for row in _rows(summary) if _is_group(row)])


def mde_table(mde: pd.DataFrame, catalogue: Catalogue = KPI_CATALOGUE) -> Table:
    """Return per KPI what this cohort could have shown, and what no cohort of its size can answer."""
    rows = [
        (Cell(kpi_label(str(row["kpi"]), catalogue)), Cell(str(row["sentence"])), Cell(str(row["cannot"])))
        for row in _rows(mde)
    ]
    heads = ("KPI", "What it could show", "What it cannot answer")
    return _table("What this cohort could have shown, with power 80 %", heads, rows, numeric=())


def protocol_table(per_protocol: pd.DataFrame, catalogue: Catalogue = KPI_CATALOGUE) -> Table:
    """Return the effects among all pairs beside those among the pairs in which everything went as designed."""
    rows = []
    for row in _rows(per_protocol):
        kpi = str(row["kpi"])
        low, high = (formats.kpi_value(kpi, row[end], catalogue) for end in ("ci_low", "ci_high"))
        effect = (Cell(formats.kpi_value(kpi, row["effect"], catalogue)), Cell(formats.interval(low, high)))
        name = Cell(kpi_label(kpi, catalogue), str(row["analysis"]))
        rows.append((name, *effect, Cell(formats.count(row["n_pairs"])), Cell(str(row["note"]))))
    heads = ("KPI", "Effect", "90 % interval", "Pairs", "What it is")
    return _table("Intention to treat, and per protocol beside it", heads, rows, numeric=(1, 2, 3))


def rates_table(rates: pd.DataFrame) -> Table:
    """Return what the decision rule says about simulated pilots of this cohort, truth by truth."""
    rows = [
        (
            Cell(str(row["description"])),
            Cell(formats.percent(row["go"], 1), f"±\u00a0{formats.percent(row['go_error'], 1)}"),
            Cell(formats.percent(row["no_go"], 1), f"±\u00a0{formats.percent(row['no_go_error'], 1)}"),
            Cell(formats.percent(row["reconfigure"], 1)),
        )
        for row in _rows(rates)
    ]
    heads = ("What is true", "Go", "No-go", "Reconfigure")
    return _table("What this rule says about simulated pilots of this very cohort", heads, rows, numeric=(1, 2, 3))


def roi_table(roi: pd.DataFrame, currency: str) -> Table:
    """Return the levers with P10, median, P90 and the probability of loss, or why a lever is not estimable."""
    rows = []
    for row in _rows(roi):
        ends = [Cell(formats.money(row[name], currency)) for name in ("p10", "p50", "p90")]
        note = "" if row["estimable"] else str(row["reason"] or "")
        name = Cell(LEVER_LABELS.get(str(row["lever"]), plain(str(row["lever"]))), note)
        rows.append((name, *ends, Cell(formats.percent(row["probability_of_loss"]))))
    heads = ("Lever", "P10 (cautious)", "Median", "P90", "Chance of a loss")
    return _table("Value of a rollout over its horizon", heads, rows, numeric=(1, 2, 3, 4))


def break_even_table(break_even: pd.DataFrame, currency: str) -> Table:
    """Return per input the value at which the net value is zero."""
    rows = []
    for row in _rows(break_even):
        priced = "price" in str(row["input"]).lower()
        shown = [
            formats.money(row[name], currency) if priced else formats.number(row[name])
            for name in ("assumed", "break_even")
        ]
        rows.append((Cell(str(row["input"]), str(row["unit"])), Cell(shown[0]), Cell(shown[1])))
    return _table("Where the net value turns", ("Input", "Estimate", "Break-even"), rows, numeric=(1, 2))


def cost_table(costs: Sequence[tuple[str, float]], currency: str) -> Table:
    """Return the cost ledger with its sum."""
    ledger = [*costs, ("sum", sum(amount for _, amount in costs))] if costs else []
    rows = [(Cell(plain(item)), Cell(formats.money(amount, currency))) for item, amount in ledger]
    return _table("What a rollout costs over its horizon", ("Item", "Amount"), rows, numeric=(1,))


def checkpoints_table(checkpoints: pd.DataFrame) -> Table:
    """Return one row per checkpoint: whether it holds, how many checks it made, with what, and when first seen."""
    rows = []
    for name in dict.fromkeys(str(row["checkpoint"]) for row in _rows(checkpoints)):
        own = [row for row in _rows(checkpoints) if row["checkpoint"] == name]
        broken = sum(not row["passed"] and row["severity"] == "error" for row in own)
        warned = sum(not row["passed"] for row in own) - broken
        rows.append(
            (
                Cell(CHECKPOINT_LABELS.get(name, plain(name))),
                Cell(f"{broken} failed", tone="bad") if broken else Cell("passed", tone="good"),
                Cell(formats.count(len(own))),
                Cell(formats.count(warned), tone="warn" if warned else ""),
                Cell(", ".join(sorted({_tool(row) for row in own}))),
                Cell(formats.short_day(min(row["checked_at"] for row in own))),
            )
        )
    heads = ("Checkpoint", "Result", "Checks", "Warnings", "Tools", "First seen")
    return _table("The four checkpoints that must hold before live data are read", heads, rows, numeric=(2, 3, 5))


def checks_table(checkpoints: pd.DataFrame, *, failing: bool = False) -> Table:
    """Return every readiness check with its result, or only those that did not pass."""
    rows = [
        (
            Cell(CHECKPOINT_LABELS.get(str(row["checkpoint"]), plain(str(row["checkpoint"])))),
            Cell(plain(str(row["check_name"]))),
            _check_state(row),
            Cell(formats.count(row["rows_checked"])),
            Cell(formats.count(row["rows_failed"])),
            Cell(_tool(row)),
        )
        for row in _rows(checkpoints)
        if not (failing and row["passed"])
    ]
    caption = "Checks that did not pass" if failing else "Every check"
    return _table(caption, ("Checkpoint", "Check", "Result", "Rows", "Failing", "Tool"), rows, numeric=(3, 4))


def quality_table(quality: pd.DataFrame) -> Table:
    """Return per feed what was read, accepted and set aside, with the reasons."""
    rows = [
        (
            Cell(plain(str(row["feed"])), " ".join(str(row["reasons"] or "").splitlines())),
            Cell(formats.count(row["rows_read"])),
            Cell(formats.count(row["rows_accepted"])),
            Cell(formats.count(row["rows_quarantined"]), tone="warn" if row["rows_quarantined"] else ""),
            Cell(formats.count(row["late_rows"])),
            Cell(formats.short_day(row["fresh_as_of"])),
        )
        for row in _rows(quality)
    ]
    heads = ("Feed", "Read", "Accepted", "Quarantined", "Late", "Fresh as of")
    return _table("What the feeds delivered", heads, rows, numeric=(1, 2, 3, 4, 5))


def _kpi_row(row: dict[str, Any], catalogue: Catalogue) -> tuple[Cell, ...]:
    kpi = str(row["kpi"])
    word, tone = EVIDENCE.get(str(row["evidence"]), (str(row["evidence"]), "open"))
    if row["evidence"] == "not_met" and kpi in catalogue and catalogue[kpi].result_sign < 0:
        word = "short of target"  # of which it stays above
    low, high = (formats.kpi_value(kpi, row[end], catalogue) for end in ("ci_low", "ci_high"))
    return (
        Cell(kpi_label(kpi, catalogue), catalogue[kpi].meaning if kpi in catalogue else ""),
        Cell(formats.kpi_value(kpi, row["target"], catalogue)),
        Cell(formats.kpi_value(kpi, row["actual"], catalogue)),
        Cell(formats.interval(low, high)),
        Cell(word, tone=tone),
        Cell(formats.p_value(row["p_manager"])),
        Cell(formats.p_value(row["p_pair"])),
        Cell(formats.count(row["n_pairs"])),
        Cell(formats.count(row["n_managers"])),
    )


def _summary(caption: str, rows: Sequence[dict[str, Any]]) -> Table:
    cells = [(Cell(plain(str(row["metric"]))), *_summary_cells(row)) for row in rows]
    return _table(caption, ("Metric", "Pilot", "Control", "Workforce"), cells, numeric=(1, 2, 3))


def _is_group(row: dict[str, Any]) -> bool:
    return ":" in str(row["metric"])  # "gender: female" is a group's share


def _summary_cells(row: dict[str, Any]) -> list[Cell]:
    if row["suppressed"]:
        return [Cell(WITHHELD, tone="muted")] * 3
    show = formats.percent if _is_group(row) else _compact
    return [Cell(show(row[name])) for name in ("pilot", "control", "workforce")]


def _compact(value: Any) -> str:
    return NONE if value is None else formats.number(value, 0 if float(value).is_integer() else 2)


def _check_state(row: dict[str, Any]) -> Cell:
    if row["passed"]:
        return Cell("passed", tone="good")
    return Cell("failed", tone="bad") if row["severity"] == "error" else Cell("warning", tone="warn")


def _change(row: dict[str, Any], measure: str) -> Cell:
    before, after = (formats.number(row[name]) for name in (f"{measure}_before", measure))
    return Cell(NONE if before == after == NONE else f"{before} → {after}")


def _balanced(row: dict[str, Any], judged: bool) -> Cell:
    if row["within_tolerance"] is None:
        return Cell(NONE)
    if row["within_tolerance"]:
        return Cell("within 0.25", tone="good")
    return Cell("above 0.25", tone="bad" if judged else "warn")


def _tool(row: dict[str, Any]) -> str:
    return _TOOLS.get(str(row["tool"]), str(row["tool"]))


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return records(frame) if len(frame) else []


def _table(caption: str, heads: tuple[str, ...], rows: Iterable[tuple[Cell, ...]], numeric: tuple[int, ...]) -> Table:
    return Table(caption, heads, frozenset(numeric), tuple(rows))
