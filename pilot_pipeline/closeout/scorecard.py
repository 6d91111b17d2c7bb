"""The scorecard as a value and as one self-contained page; its tables, pictures and words have their own modules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from pilot_pipeline.charts.frames import records
from pilot_pipeline.closeout import formats
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

Decision = Literal["go", "no_go", "reconfigure"]
_TEMPLATES = Path(__file__).parent / "templates"


def _none() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True)
class PilotFacts:
    """What the page's head says about the pilot. `ends_on` is exclusive; `weeks_done` counts finished weeks."""

    name: str
    starts_on: date
    ends_on: date
    weeks: int
    weeks_done: int
    design: str
    n_pairs: int
    n_managers: int
    data_owner: str
    min_group_size: int
    currency: str
    departments: int | None = None


@dataclass(frozen=True)
class Provenance:
    """Where every figure comes from. `lock_state` is witnessed, attested, broken or absent."""

    lock_state: Literal["witnessed", "attested", "broken", "absent"]
    lock_sha256: str | None
    data_sha256: str
    code_version: str
    decided_on: date | None
    run_id: str | None = None
    attested_by: str | None = None


@dataclass(frozen=True)
class Scorecard:
    """Everything the scorecard shows; the first nine frames have the columns of the published tables.

    `decision` is None while the pilot runs; an interim label hides one. `tornado`, `break_even` and `costs` come from
    `value`, `mde` from `cohort.detectable`, `incidents` from `exposure`, `per_protocol` from the module of that
    name, `sso_matrix` from `readiness.sso` (persona, division, state), `error_rates` from the room of that name; an
    empty frame leaves its part out. `kpi_notes` come from `kpi_remarks`, `tipping_points` from `tipping`;
    `bias_findings` are those of the live audit, `matched_on` the covariates that balance is judged by; `rehearsal`
    comes from `rehearsed`: with it the page says rehearsal where a verdict would stand. Shares are 0 to 1.
    """

    pilot: PilotFacts
    provenance: Provenance
    decision: Decision | None
    label: Literal["confirmatory", "interim", "directional"]
    reasons: tuple[str, ...]
    kpi_scorecard: pd.DataFrame
    weekly_kpis: pd.DataFrame
    cohort_balance: pd.DataFrame
    cohort_summary: pd.DataFrame
    bias_audit: pd.DataFrame
    roi: pd.DataFrame
    top_issues: pd.DataFrame
    checkpoints: pd.DataFrame
    data_quality: pd.DataFrame
    conditions: tuple[str, ...] = ()
    rehearsal: tuple[str, ...] = ()
    kpi_notes: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    cohort_notes: tuple[str, ...] = ()
    bias_findings: tuple[str, ...] = ()
    synthetic_findings: tuple[str, ...] = ()
    input_findings: tuple[str, ...] = ()
    matched_on: tuple[str, ...] = ()
    value_notes: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()
    tipping_points: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    false_go_rate: float | None = None
    power: float | None = None
    error_rates: pd.DataFrame = field(default_factory=_none)
    tornado: pd.DataFrame = field(default_factory=_none)
    break_even: pd.DataFrame = field(default_factory=_none)
    costs: tuple[tuple[str, float], ...] = ()
    mde: pd.DataFrame = field(default_factory=_none)
    per_protocol: pd.DataFrame = field(default_factory=_none)
    sso_matrix: pd.DataFrame = field(default_factory=_none)


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
        last_day=card.pilot.ends_on - timedelta(days=1),
        day=formats.day,
        percent=formats.percent,
        css=Markup((_TEMPLATES / "scorecard.css").read_text(encoding="utf-8")),  # ours, not a person's
    )
    return page


def _headline(card: Scorecard) -> Headline:
    if card.rehearsal:
        return REHEARSAL
    return HEADLINES[card.decision] if card.decision and card.label != "interim" else INTERIM


def _page(card: Scorecard) -> _Page:
    currency = card.pilot.currency
    tables = {
        "kpis": kpi_table(card.kpi_scorecard),
        "balance": balance_table(card.cohort_balance, card.matched_on),
        "summary": summary_table(card.cohort_summary),
        "groups": groups_table(card.cohort_summary),
        "mde": mde_table(card.mde),
        "protocol": protocol_table(card.per_protocol),
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
