"""What baselines say about the spread of an outcome before anything happens; effects are `kpis`."""

from __future__ import annotations

import pandas as pd

from pilot_pipeline.config.further import BASELINE_WEEKS
from pilot_pipeline.config.models import PilotConfig

FEWEST_PAIRS = 10


def start_score_sd(members: pd.DataFrame, observations: pd.DataFrame) -> float | None:
    """Return the SD of the pairs' differences in start score, in score points; None with fewer than ten of them.

    Args:
        members: `Cohort.members`.
        observations: manager_observations dated before the start.

    A person's score is the mean of their latest start score per competency. Taken as the SD of end scores too, it is
    cautious: the analysis adjusts for the start score.
    """
    start = observations[observations["wave"] == "start"].sort_values("observed_on", kind="stable")
    latest = start.groupby(["employee_id", "competency_id"])["score"].last()
    return _pair_sd(members, latest.groupby("employee_id").mean())


def metric_sds(members: pd.DataFrame, measurements: pd.DataFrame, config: PilotConfig) -> dict[str, float]:
    """Return the SD of the pairs' differences before the pilot by further KPI, in its unit, where ten pairs have one.

    Args:
        members: `Cohort.members`.
        measurements: the feed, rows from before the pilot.
        config: the pilot's.

    Only of effects that take the value before as covariate; how a change would spread is not known beforehand.
    """
    first = pd.Timestamp(config.pilot.week_start(BASELINE_WEEKS[0]))
    recent = measurements[measurements["measured_on"] >= first]
    found = {}
    for kpi in config.kpis.further:
        rows = recent[recent["metric"] == kpi.definition.metric]
        sd = _pair_sd(members, rows.groupby("employee_id")["value"].mean())
        if kpi.estimator == "ancova" and sd is not None:
            found[kpi.name] = sd
    return found


def _pair_sd(members: pd.DataFrame, score: pd.Series) -> float | None:
    scored = members.assign(score=members["employee_id"].map(score)).dropna(subset=["pair_id"])
    by_arm = scored.pivot(index="pair_id", columns="arm", values="score")
    differences = (by_arm["pilot"] - by_arm["control"]).dropna()
    return float(differences.std()) if len(differences) >= FEWEST_PAIRS and differences.std() > 0 else None
