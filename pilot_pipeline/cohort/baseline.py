"""What the start wave says about the spread of an outcome before anything happens; effects are `kpis`."""

from __future__ import annotations

import pandas as pd

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
    score = members["employee_id"].map(latest.groupby("employee_id").mean())
    by_arm = (
        members.assign(score=score).dropna(subset=["pair_id"]).pivot(index="pair_id", columns="arm", values="score")
    )
    differences = (by_arm["pilot"] - by_arm["control"]).dropna()
    return float(differences.std()) if len(differences) >= FEWEST_PAIRS and differences.std() > 0 else None
