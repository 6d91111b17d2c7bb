"""Who is in the cohort, beside the workforce, as published shares and means; how alike the arms are is `balance`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.disclosure import group_names, visible_groups
from pilot_pipeline.cohort.workforce import numbers

PROFILE_COLUMNS = ("metric", "pilot", "control", "workforce", "suppressed")
_SHARES = ("department", "role_level", "gender", "ethnicity", "age_band")
_MEANS = (
    ("mean performance_score", "performance_score"),
    ("mean tenure_years", "tenure_years"),
    ("mean role_level", "role_level"),
)
_ARMS = ("pilot", "control", "workforce")


def cohort_profile(members: pd.DataFrame, workforce: pd.DataFrame, min_group: int) -> pd.DataFrame:
    """Describe both arms and the workforce.

    Args:
        members: `Cohort.members`.
        workforce: see `workforce.build_workforce`.
        min_group: groups below it are suppressed, and so is whatever would reveal them by subtraction.

    Returns:
        `PROFILE_COLUMNS`, one row per metric: people, teams (distinct managers), judging clusters, means in the
        covariate's unit, and for each group its share of the arm (0-1, 'gender: female'). Suppressed rows stay, with
        every measure missing; groups of fewer than `min_group` in the workforce are not named but "other".
    """
    by_id = workforce.set_index("employee_id")
    ids = {arm: members.loc[members["arm"] == arm, "employee_id"] for arm in ("pilot", "control")}
    frames = {"pilot": by_id.loc[ids["pilot"]], "control": by_id.loc[ids["control"]], "workforce": by_id}
    pairs = float(members["cluster"].nunique())
    rows = [
        _row("people", [float(len(frames[arm])) for arm in _ARMS]),
        _row("teams", [float(frames[arm]["manager_id"].nunique()) for arm in _ARMS]),
        _row("judging clusters", [pairs, pairs, np.nan]),
    ]
    rows += [_mean(metric, column, frames, min_group) for metric, column in _MEANS]
    for attribute in _SHARES:
        rows += _shares(attribute, frames, min_group)
    frame = pd.DataFrame(rows, columns=list(PROFILE_COLUMNS))
    return frame.astype({"metric": "str", **dict.fromkeys(_ARMS, "float64"), "suppressed": "bool"})


def _mean(metric: str, column: str, frames: Mapping[str, pd.DataFrame], min_group: int) -> dict[str, object]:
    values = [numbers(frames[arm][column]) for arm in _ARMS]
    known = [column_values[~np.isnan(column_values)] for column_values in values]
    if any(0 < len(column_values) < min_group for column_values in known):
        return _row(metric, [np.nan] * 3, suppressed=True)
    return _row(metric, [float(numbers_.mean()) if len(numbers_) else np.nan for numbers_ in known])


def _shares(attribute: str, frames: Mapping[str, pd.DataFrame], min_group: int) -> list[dict[str, object]]:
    named = group_names(frames["workforce"][attribute], min_group)
    groups = {arm: named.loc[frames[arm].index] for arm in _ARMS}
    counts = pd.DataFrame({arm: groups[arm].value_counts() for arm in _ARMS}).fillna(0).astype("int64").sort_index()
    shown = visible_groups(counts, min_group)
    rows = []
    for group in counts.index:
        visible = bool(shown.loc[group])
        shares = [float(counts.loc[group, arm]) / max(len(frames[arm]), 1) for arm in _ARMS]
        rows.append(_row(f"{attribute}: {group}", shares if visible else [np.nan] * 3, suppressed=not visible))
    return rows


def _row(metric: str, values: Sequence[float], suppressed: bool = False) -> dict[str, object]:
    return {"metric": metric, **dict(zip(_ARMS, values, strict=True)), "suppressed": suppressed}
