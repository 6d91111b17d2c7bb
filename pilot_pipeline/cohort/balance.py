"""How alike the arms are, before and after matching; how large a difference may be is the decision gate's business."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.disclosure import visible_groups
from pilot_pipeline.cohort.metric import Floats
from pilot_pipeline.cohort.workforce import numbers
from pilot_pipeline.config.models import PilotConfig

TOLERANCE = 0.25
BALANCE_COLUMNS = ("covariate", "smd_before", "smd_after", "variance_ratio", "ks", "within_tolerance")


def balance_table(members: pd.DataFrame, workforce: pd.DataFrame, config: PilotConfig) -> pd.DataFrame:
    """Compare the pilot arm with everybody else, and with its controls.

    Args:
        members: `Cohort.members`; values come from the workforce, by employee_id.
        workforce: see `workforce.build_workforce`.
        config: `cohort.balance`, `fairness.attributes` and `privacy.min_group_size`.

    Returns:
        `BALANCE_COLUMNS`, one row per covariate: first those of `cohort.balance`, by which the match is judged, then
        role_level, birth_year and the groups of the protected attributes ('gender: female'), which are described.
        smd_before: pilot minus workforce not in the pilot; smd_after: pilot minus control; both in units of the SD
        before matching, √((s²pilot + s²rest) / 2), so that they can be compared (Stuart 2010, Statistical Science 25;
        Austin 2009, Statistics in Medicine 28). variance_ratio and ks (Kolmogorov-Smirnov) compare the arms after
        matching; the ratio is missing for groups and where the controls do not vary. A group is shown only if neither
        it nor what subtraction would reveal is smaller than the minimum in any column.
    """
    by_id = workforce.set_index("employee_id")
    arms = {arm: by_id.loc[members.loc[members["arm"] == arm, "employee_id"]] for arm in ("pilot", "control")}
    rest = by_id.drop(index=arms["pilot"].index)
    rows = [
        _row(name, pilot, others, control, groups=False)
        for name, pilot, others, control in _measured(arms["pilot"], rest, arms["control"], config)
    ]
    rows += [
        _row(name, pilot, others, control, groups=True)
        for name, pilot, others, control in _grouped(arms["pilot"], rest, arms["control"], config)
    ]
    frame = pd.DataFrame(rows, columns=list(BALANCE_COLUMNS))
    return frame.astype({"covariate": "str", "variance_ratio": "float64", "within_tolerance": "bool"})


def worst_imbalance(balance: pd.DataFrame, config: PilotConfig) -> tuple[str, float]:
    """Return the declared covariate with the largest |SMD| after matching, and that SMD.

    Only `cohort.balance` is judged: with 30 pairs an attribute that nobody matched on exceeds 0.25 by chance in one
    pilot of three, so that judging every described row would reject good cohorts.
    """
    judged = balance[balance["covariate"].isin(config.cohort.balance)]
    worst = int(np.argmax(judged["smd_after"].abs().to_numpy()))
    return str(judged["covariate"].iloc[worst]), float(judged["smd_after"].iloc[worst])


Comparison = tuple[str, Floats, Floats, Floats]


def _measured(
    pilot: pd.DataFrame, rest: pd.DataFrame, control: pd.DataFrame, config: PilotConfig
) -> Iterator[Comparison]:
    for name in dict.fromkeys((*config.cohort.balance, "role_level", "birth_year")):
        known = [values[~np.isnan(values)] for values in (numbers(frame[name]) for frame in (pilot, rest, control))]
        if name in config.cohort.balance or all(len(values) >= config.privacy.min_group_size for values in known):
            yield name, known[0], known[1], known[2]


def _grouped(
    pilot: pd.DataFrame, rest: pd.DataFrame, control: pd.DataFrame, config: PilotConfig
) -> Iterator[Comparison]:
    for attribute in config.fairness.attributes:
        parts = [frame[attribute].fillna("not recorded") for frame in (pilot, rest, control)]
        counts = pd.DataFrame({i: part.value_counts() for i, part in enumerate(parts)}).fillna(0).astype("int64")
        counts = counts.sort_index()
        shown = visible_groups(counts, config.privacy.min_group_size)
        for group in counts.index[shown.to_numpy()]:
            indicators = [np.asarray(part == group, dtype=np.float64) for part in parts]
            yield f"{attribute}: {group}", indicators[0], indicators[1], indicators[2]


def _row(name: str, pilot: Floats, rest: Floats, control: Floats, *, groups: bool) -> dict[str, object]:
    from scipy.stats import ks_2samp

    scale = float(np.sqrt((_variance(pilot) + _variance(rest)) / 2))
    after = _standardised(pilot, control, scale)
    spread = _variance(control)
    enough = len(pilot) > 0 and len(control) > 0
    return {
        "covariate": name,
        "smd_before": _standardised(pilot, rest, scale),
        "smd_after": after,
        "variance_ratio": np.nan if groups or spread == 0 else _variance(pilot) / spread,
        "ks": float(ks_2samp(pilot, control, method="asymp").statistic) if enough else np.nan,
        "within_tolerance": bool(abs(after) <= TOLERANCE),
    }


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
