"""What the value of a rollout is estimated from: pair differences, leavers, adoption; the estimate is `levers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AttritionCount:
    """Voluntary leavers of one arm among its `n` people over `weeks` weeks."""

    leavers: int
    n: int
    weeks: float


@dataclass(frozen=True)
class OutcomeLink:
    """Money per score point, person and year (low, likely, high), declared before the pilot and with its source."""

    low: float
    likely: float
    high: float
    source: str


@dataclass(frozen=True)
class ValueInputs:
    """What the pilot measured, as far as money depends on it.

    `pairs` has one row per locked pair: cluster, behaviour (pilot − control, score points), pilot_minutes and
    control_minutes (before − during, minutes per report and week; positive is time saved); missing is NaN. `adoption`
    is the pilot arm's share at the deadline week. `working_weeks` turns minutes per logged week into a year: a week of
    leave has no preparation to save.
    """

    pairs: pd.DataFrame
    pilot_attrition: AttritionCount | None = None
    control_attrition: AttritionCount | None = None
    adoption: float | None = None
    outcome_link: OutcomeLink | None = None
    working_weeks: float = 46.0


def pair_differences(members: pd.DataFrame, behaviour: pd.DataFrame | None, prep: pd.DataFrame | None) -> pd.DataFrame:
    """Return the `pairs` frame of `ValueInputs` from cohort members and the two effect KPIs' frames.

    members: employee_id, arm, pair_id, cluster. behaviour: employee_id, start_score, end_score. prep: employee_id,
    before_minutes, during_minutes. A person without a row is missing, never zero; a person
    without a pair is left out. Either frame may be None.
    """
    paired = members.loc[members["pair_id"].notna(), ["employee_id", "arm", "pair_id", "cluster"]]
    people = paired.set_index("employee_id")
    people["behaviour"] = _change(behaviour, "end_score", "start_score", people.index)
    people["saved"] = _change(prep, "before_minutes", "during_minutes", people.index)
    pilot, control = (
        people.loc[people["arm"] == arm].set_index("pair_id").sort_index() for arm in ("pilot", "control")
    )
    control = control.reindex(pilot.index)
    return pd.DataFrame(
        {
            "cluster": pilot["cluster"],
            "behaviour": pilot["behaviour"] - control["behaviour"],
            "pilot_minutes": pilot["saved"],
            "control_minutes": control["saved"],
        }
    ).reset_index(drop=True)


def _change(frame: pd.DataFrame | None, plus: str, minus: str, people: pd.Index[Any]) -> pd.Series[float]:
    if frame is None or frame.empty:
        return pd.Series(np.nan, index=people, dtype="float64")
    by_person = frame.set_index("employee_id")
    change = by_person[plus].astype("float64") - by_person[minus].astype("float64")
    return change.reindex(people)
