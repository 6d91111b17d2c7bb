"""Puts values, 90 % intervals and targets onto the weekly sums per arm; the sums themselves are made in SQL."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.kpis.intervals import Estimates, ratio_interval_from_sums, t_interval_from_sums, wilson

RATIO_KPIS = tuple(name for name, kpi in KPI_CATALOGUE.items() if kpi.weekly == "ratio")
"""x over y: completed over assigned modules; minutes saved (baseline - week) over baseline minutes."""
BOUNDED_KPIS = ("adoption", "module_completion")
"""Shares that lie between 0 and 1; a reduction may be negative."""

_SUMS = ("sx", "sxx", "sy", "syy", "sxy")
_COLUMNS = (
    "week_no", "week_start", "arm", "kpi", "n", "value", "ci_low", "ci_high", "target", "on_track", "suppressed"
)  # fmt: skip


def add_intervals(kpi_weeks: pd.DataFrame, config: PilotConfig) -> pd.DataFrame:
    """Return `weekly_kpis` (without restated_at) from sums over people.

    Args:
        kpi_weeks: week_no, week_start, arm, kpi, n (people in the denominator), and sums over them of a figure x
            and, for `RATIO_KPIS`, of its denominator y: sx, sxx, sy, syy, sxy. adoption: x is 1 for an active person,
            a further share: for one who reached its value. Other KPIs: the mean of x.
        config: targets and the minimum group size.

    Returns:
        week_no, week_start, arm, kpi, n, value, ci_low, ci_high (two-sided 90 %), target and on_track (pilot only),
        suppressed; in the order of the input. n = 0: no value. Fewer people than `min_group_size`: every measure NULL.
        A prep-time value is pooled, 1 - (minutes of the week) / (the same people's baseline minutes). A further
        effect's value is the arm's own level, so its target, a difference between arms, is NULL here.

    Sources: Wilson 1927 for shares of people, Student 1908 for means, Taylor linearisation for ratios (`intervals`).
    """
    sums = kpi_weeks.loc[:, list(_SUMS)].to_numpy(dtype=np.float64, na_value=0.0)
    n = kpi_weeks["n"].to_numpy(dtype=np.float64, na_value=0.0)
    kpi, arm = kpi_weeks["kpi"].astype("str"), kpi_weeks["arm"].astype("str")
    catalogue = config.kpis.catalogue
    found = _estimates(kpi, n, sums, frozenset(name for name, told in catalogue.items() if told.weekly == "share"))
    suppressed = (n > 0) & (n < config.privacy.min_group_size)
    hidden = suppressed | np.isnan(found.value)
    target = kpi.map(targets(config)).to_numpy(dtype=np.float64)
    pilot = (arm == "pilot").to_numpy()
    frame = kpi_weeks.loc[:, ["week_no", "week_start", "arm", "kpi"]].reset_index(drop=True)
    frame["n"] = pd.Series(n, index=frame.index).astype("Int64").mask(pd.Series(suppressed))
    for name, values in (("value", found.value), ("ci_low", found.low), ("ci_high", found.high)):
        frame[name] = _nullable(values, hidden)
    frame["target"] = _nullable(target, ~pilot | suppressed)
    sign = kpi.map({name: told.result_sign for name, told in catalogue.items()}).to_numpy(dtype=np.float64)
    on_track = pd.Series(np.greater_equal(sign * found.value, sign * target), index=frame.index, dtype="boolean")
    frame["on_track"] = on_track.mask(pd.Series(hidden | ~pilot | np.isnan(target)))
    frame["suppressed"] = suppressed
    return frame.loc[:, list(_COLUMNS)]


def targets(config: PilotConfig) -> dict[str, float]:
    """Return by its key the target that a KPI's weekly value is held against; NaN for a further effect."""
    return {
        name: float("nan") if told.further and told.kind == "effect" else float(config.kpis.of(name).target)
        for name, told in config.kpis.catalogue.items()
    }


def _estimates(
    kpi: pd.Series, n: npt.NDArray[np.float64], sums: npt.NDArray[np.float64], shares: frozenset[str]
) -> Estimates:
    sx, sxx, sy, syy, sxy = sums.T
    means = t_interval_from_sums(n, sx, sxx)
    ratios = ratio_interval_from_sums(n, sx, sy, sxx, syy, sxy)
    is_ratio = kpi.isin(RATIO_KPIS).to_numpy()
    value, low, high = (np.where(is_ratio, ratio, mean) for ratio, mean in zip(ratios, means, strict=True))
    for row in np.flatnonzero(kpi.isin(shares).to_numpy() & (n > 0)):
        low[row], high[row] = wilson(round(sx[row]), round(n[row]))
    share = kpi.isin(shares.union(BOUNDED_KPIS)).to_numpy()
    low, high = np.where(share, np.clip(low, 0, 1), low), np.where(share, np.clip(high, 0, 1), high)
    return Estimates(value, low, high)


def _nullable(values: npt.NDArray[np.floating], hidden: npt.NDArray[np.bool_]) -> pd.Series:
    return pd.Series(values).astype("Float64").mask(pd.Series(hidden | np.isnan(values)))
