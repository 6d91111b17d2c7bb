"""From locked cohort members and person-level figures to one row per matched pair; no statistic is computed here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pilot_pipeline.kpis.intervals import FloatArray


@dataclass(frozen=True)
class Differences:
    """The locked pairs of one effect KPI, pilot minus control, shape (pairs,); NaN where a pair has no difference.

    `end` is what is tested: end scores, minutes saved, or a further KPI's values or change. `start`: the same people's
    start scores or minutes before, a further KPI's values before, or zero where its change is tested.
    `baseline`: mean over both people of what stood before. `arms`: pilots' and controls' own end scores or savings.
    """

    kpi: str
    end: FloatArray
    start: FloatArray
    baseline: FloatArray
    clusters: npt.NDArray[np.int64]
    arms: tuple[FloatArray, FloatArray]

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Which pairs have a difference."""
        return ~np.isnan(self.end + self.start)

    def of_complete(self) -> Differences:
        """Return only the pairs that have a difference."""
        here = self.complete
        arms = (self.arms[0][here], self.arms[1][here])
        return Differences(self.kpi, self.end[here], self.start[here], self.baseline[here], self.clusters[here], arms)


def behaviour_differences(pairs: pd.DataFrame, scores: pd.DataFrame) -> Differences:
    """Return the differences in observed behaviour, in score points.

    Args:
        pairs: `locked_pairs`.
        scores: employee_id, start_score, end_score.
    """
    start, end = by_pair(pairs, scores, "start_score"), by_pair(pairs, scores, "end_score")
    return _differences("behaviour_change", pairs, start, end)


def prep_time_differences(pairs: pd.DataFrame, minutes: pd.DataFrame) -> Differences:
    """Return the differences in saved preparation time, in minutes per report and week.

    Args:
        pairs: `locked_pairs`.
        minutes: employee_id, before_minutes, during_minutes.
    """
    before, during = by_pair(pairs, minutes, "before_minutes"), by_pair(pairs, minutes, "during_minutes")
    return _differences("prep_time_reduction", pairs, before, (before[0] - during[0], before[1] - during[1]))


def further_differences(kpi: str, pairs: pd.DataFrame, values: pd.DataFrame, *, change: bool) -> Differences:
    """Return the differences of a further KPI, in its unit.

    Args:
        kpi: its key.
        pairs: `locked_pairs`.
        values: employee_id, before_value, during_value.
        change: whether the change is tested; else the later value is, and the earlier one is its covariate.
    """
    before, during = by_pair(pairs, values, "before_value"), by_pair(pairs, values, "during_value")
    if not change:
        return _differences(kpi, pairs, before, during)
    changes = (during[0] - before[0], during[1] - before[1])
    level = (before[0] - before[0], before[1] - before[1])  # zero, and missing where the baseline is
    return _differences(kpi, pairs, level, changes)


def locked_pairs(members: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs fixed at the lock.

    Args:
        members: `cohort_members`; the columns employee_id, arm, pair_id and cluster are used.

    Returns:
        pair_id, cluster, pilot, control (employee ids), one row per pair with both people, ordered by pair_id.
    """
    paired = members.loc[members["pair_id"].notna(), ["pair_id", "arm", "employee_id", "cluster"]]
    pilot = paired.loc[paired["arm"] == "pilot", ["pair_id", "cluster", "employee_id"]]
    control = paired.loc[paired["arm"] == "control", ["pair_id", "employee_id"]]
    joined = pilot.rename(columns={"employee_id": "pilot"}).merge(
        control.rename(columns={"employee_id": "control"}), on="pair_id", validate="one_to_one"
    )
    return joined.sort_values("pair_id").reset_index(drop=True)


def by_pair(pairs: pd.DataFrame, people: pd.DataFrame, column: str) -> tuple[npt.NDArray[np.float64], ...]:
    """Return a person-level column for the pilots and for the controls, shape (pairs,) each; NaN is missing.

    Args:
        pairs: `locked_pairs`.
        people: employee_id (unique) and the column, numeric.
        column: its name.
    """
    values = people.set_index("employee_id")[column]
    return tuple(pairs[arm].map(values).to_numpy(dtype=np.float64, na_value=np.nan) for arm in ("pilot", "control"))


def _differences(
    kpi: str, pairs: pd.DataFrame, start: tuple[FloatArray, ...], end: tuple[FloatArray, ...]
) -> Differences:
    clusters = pairs["cluster"].to_numpy(dtype=np.int64)
    return Differences(kpi, end[0] - end[1], start[0] - start[1], (start[0] + start[1]) / 2, clusters, (end[0], end[1]))
