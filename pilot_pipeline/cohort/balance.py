"""How alike the arms are, before and after matching; how large a difference may be is the decision gate's business."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.disclosure import NOT_RECORDED, visible_groups
from pilot_pipeline.cohort.metric import Floats
from pilot_pipeline.cohort.workforce import numbers
from pilot_pipeline.config.models import PilotConfig

TOLERANCE = 0.25
BALANCE_COLUMNS = (
    "covariate",
    "smd_before",
    "smd_after",
    "variance_ratio_before",
    "variance_ratio",
    "ks_before",
    "ks",
    "ecdf_before",
    "ecdf",
    "within_tolerance",
)


def balance_table(members: pd.DataFrame, workforce: pd.DataFrame, config: PilotConfig) -> pd.DataFrame:
    """Compare the pilot arm with everybody else, and with its controls.

    Args:
        members: `Cohort.members`; values come from the workforce, by employee_id.
        workforce: see `workforce.build_workforce`.
        config: `cohort.balance`, `fairness.attributes` and `privacy.min_group_size`.

    Returns:
        `BALANCE_COLUMNS`, one row per covariate: first those of `cohort.balance`, by which the match is judged, then
        role_level, birth_year and the groups of the protected attributes ('gender: female'), which are described.
        smd_before: pilot minus workforce not in the pilot; smd_after: pilot minus control, over the pairs; both in
        units of the SD before matching, √((s²pilot + s²rest) / 2), so that they can be compared (Stuart 2010,
        Statistical Science 25; Austin 2009, Statistics in Medicine 28). variance_ratio, ks (Kolmogorov-Smirnov: the
        largest distance of the empirical distributions) and ecdf (their mean distance over the values that occur)
        compare the arms after matching, and before it where they end in `_before`; the ratio is missing for groups and
        where the others do not vary. A group is
        shown only if neither it nor what subtraction would reveal is smaller than the minimum in any column.
    """
    by_id = workforce.set_index("employee_id")
    paired = members[members["pair_id"].notna()]
    pilot = by_id.loc[members.loc[members["arm"] == "pilot", "employee_id"]]
    frames = (
        pilot,
        by_id.drop(index=pilot.index),
        by_id.loc[paired.loc[paired["arm"] == "pilot", "employee_id"]],
        by_id.loc[paired.loc[paired["arm"] == "control", "employee_id"]],
    )
    rows = [_row(name, values, groups=False) for name, values in _measured(frames, config)]
    rows += [_row(name, values, groups=True) for name, values in _grouped(frames, config)]
    frame = pd.DataFrame(rows, columns=list(BALANCE_COLUMNS))
    numbered = dict.fromkeys(BALANCE_COLUMNS[1:-1], "float64")
    return frame.astype({"covariate": "str", **numbered, "within_tolerance": "bool"})


def worst_imbalance(balance: pd.DataFrame, config: PilotConfig) -> tuple[str, float]:
    """Return the declared covariate with the largest |SMD| after matching, and that SMD.

    Only `cohort.balance` is judged: with 30 pairs an attribute that nobody matched on exceeds 0.25 by chance in one
    pilot of three, so that judging every described row would reject good cohorts. A covariate that nobody has counts
    as infinitely far apart: what was not measured was not shown to be alike. ("", NaN) where none is declared.
    """
    judged = balance[balance["covariate"].isin(config.cohort.balance)]
    if judged.empty:
        return "", np.nan
    after = judged["smd_after"].fillna(np.inf).to_numpy()
    worst = int(np.argmax(np.abs(after)))
    return str(judged["covariate"].iloc[worst]), float(after[worst])


Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]
Values = list[Floats]  # pilot, workforce not in the pilot, paired pilot, paired control


def _measured(frames: Frames, config: PilotConfig) -> Iterator[tuple[str, Values]]:
    for name in dict.fromkeys((*config.cohort.balance, "role_level", "birth_year")):
        known = [values[~np.isnan(values)] for values in (numbers(frame[name]) for frame in frames)]
        if name in config.cohort.balance or all(len(values) >= config.privacy.min_group_size for values in known):
            yield name, known


def _grouped(frames: Frames, config: PilotConfig) -> Iterator[tuple[str, Values]]:
    for attribute in config.fairness.attributes:
        parts = [frame[attribute].fillna(NOT_RECORDED) for frame in frames]
        counts = pd.DataFrame({i: part.value_counts() for i, part in enumerate(parts)}).fillna(0).astype("int64")
        counts = counts.sort_index()
        shown = visible_groups(counts, config.privacy.min_group_size)
        for group in counts.index[shown.to_numpy()]:
            yield f"{attribute}: {group}", [np.asarray(part == group, dtype=np.float64) for part in parts]


def _row(name: str, values: Values, *, groups: bool) -> dict[str, object]:
    everyone, rest, pilot, control = values
    scale = float(np.sqrt((_variance(everyone) + _variance(rest)) / 2))
    after = _standardised(pilot, control, scale)
    before, now = _distances(everyone, rest), _distances(pilot, control)
    return {
        "covariate": name,
        "smd_before": _standardised(everyone, rest, scale),
        "smd_after": after,
        "variance_ratio_before": np.nan if groups else _ratio(everyone, rest),
        "variance_ratio": np.nan if groups else _ratio(pilot, control),
        "ks_before": before[0],
        "ks": now[0],
        "ecdf_before": before[1],
        "ecdf": now[1],
        "within_tolerance": bool(abs(after) <= TOLERANCE),
    }


def _distances(first: Floats, second: Floats) -> tuple[float, float]:
    """Return the largest and the mean distance of two empirical distributions (Stuart 2010; cobalt's eCDF mean)."""
    if not len(first) or not len(second):
        return np.nan, np.nan
    values = np.unique(np.concatenate([first, second]))
    below = [np.searchsorted(np.sort(sample), values, side="right") / len(sample) for sample in (first, second)]
    apart = np.abs(below[0] - below[1])
    return float(apart.max()), float(apart.mean())


def _ratio(first: Floats, second: Floats) -> float:
    spread = _variance(second)
    return np.nan if spread == 0 else _variance(first) / spread


def _standardised(first: Floats, second: Floats, scale: float) -> float:
    """A difference between two constants has no scale: it is 0 if they are equal and infinite, in SDs, if not."""
    if not len(first) or not len(second):
        return np.nan
    difference = float(first.mean() - second.mean())
    if scale == 0:
        return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
    return difference / scale


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0
