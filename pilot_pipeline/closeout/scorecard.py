"""The scorecard as one self-contained page; what it shows is `card`, its tables, pictures and words stand beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pilot_pipeline.charts.frames import records
from pilot_pipeline.closeout import formats
from pilot_pipeline.closeout.card import Scorecard
from pilot_pipeline.closeout.fairness_words import council_sentences
from pilot_pipeline.closeout.scorecard_pictures import Pictures, draw_pictures
from pilot_pipeline.closeout.scorecard_tables import (
    Table,
    balance_table,
    break_even_table,
    checkpoints_table,
    checks_table,
    cost_table,
    groups_table,
    kpi_table,
    mde_table,
    protocol_table,
    quality_table,
    rates_table,
    roi_table,
    summary_table,
)
from pilot_pipeline.closeout.scorecard_tiles import Tile, tiles
from pilot_pipeline.closeout.scorecard_words import (
    DESIGNS,
    HEADLINES,
    INTERIM,
    LABELS,
    REHEARSAL,
    Headline,
    standing_limits,
)

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class _Page:
    """What the template reads: words, tables and pictures, all decided."""

    tables: dict[str, Table]
    pictures: Pictures
    tiles: tuple[Tile, ...]
    fairness: dict[str, str]
    issues: list[dict[str, Any]] = field(default_factory=list)


def render_scorecard(card: Scorecard) -> str:
    """Return the scorecard as one HTML page with nothing to load: the same card gives the same bytes.

    The page has no script and asks no host for anything. A suppressed value reads "withheld".
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page = environment.get_template("scorecard.html.j2").render(
        card=card,
        page=_page(card),
        headline=_headline(card),
        label_meaning=LABELS[card.label],
        design=DESIGNS.get(card.pilot.design, ""),
        limits=(*standing_limits(card.pilot.design), *card.limits),
        fewer=formats.fewer_than(card.pilot.min_group_size),
        further=_further(card),
        last_day=card.pilot.ends_on - timedelta(days=1),
        day=formats.day,
        percent=formats.percent,
        css=Markup((_TEMPLATES / "scorecard.css").read_text(encoding="utf-8")),  # ours, not a person's
    )
    return page


def _further(card: Scorecard) -> dict[str, Any]:
    """Return whether there are further KPIs, and the effects in a few words."""
    declared = [told for told in card.kpis.values() if told.further]
    names = ["behaviour", "prep time", *(told.label for told in declared if told.kind == "effect")]
    return {"any": bool(declared), "effects": f"{', '.join(names[:-1])} and {names[-1]}"}


def _headline(card: Scorecard) -> Headline:
    if card.rehearsal:
        return REHEARSAL
    return HEADLINES[card.decision] if card.decision and card.label != "interim" else INTERIM


def _page(card: Scorecard) -> _Page:
    currency = card.pilot.currency
    tables = {
        "kpis": kpi_table(card.kpi_scorecard, card.kpis),
        "balance": balance_table(card.cohort_balance, card.matched_on),
        "summary": summary_table(card.cohort_summary),
        "groups": groups_table(card.cohort_summary),
        "mde": mde_table(card.mde, card.kpis),
        "protocol": protocol_table(card.per_protocol, card.kpis),
        "roi": roi_table(card.roi, currency),
        "break_even": break_even_table(card.break_even, currency),
        "rates": rates_table(card.error_rates),
        "costs": cost_table(card.costs, currency),
        "checkpoints": checkpoints_table(card.checkpoints),
        "findings": checks_table(card.checkpoints, failing=True),
        "checks": checks_table(card.checkpoints),
        "quality": quality_table(card.data_quality),
    }
    issues = [
        {**row, "affected": formats.count(row["affected"]) if row["affected"] is not None else None}
        for row in records(card.top_issues)
    ]
    fairness = {audit: council_sentences(card.bias_audit, audit) for audit in ("live", "synthetic")}
    return _Page(tables, draw_pictures(card), tiles(card), fairness, issues)
