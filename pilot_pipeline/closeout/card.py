"""Everything a scorecard shows, as one frozen value; reading it is `page`, rendering it `scorecard`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pandas as pd

from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE, KpiDefinition

Decision = Literal["go", "no_go", "reconfigure"]


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
    comes from `rehearsed`: with it the page says rehearsal where a verdict would stand. `kpis` has the words for every
    KPI of the pilot. Shares are 0 to 1.
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
    kpis: Mapping[str, KpiDefinition] = field(default_factory=lambda: KPI_CATALOGUE)
