"""The effect estimators, behaviour and prep time, on arrays of pair differences; thresholds are `estimators`' work.

Everything the decision gate consults is computed for many pilots at once, so that simulated pilots and a real one go
through the same lines; only the p-value by pairs, which stands beside, is a real pilot's alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from pilot_pipeline.kpis.flip_bounds import order_statistics
from pilot_pipeline.kpis.intervals import FloatArray, cluster_sums
from pilot_pipeline.kpis.signflip import (
    DIRECT_UNITS,
    Flips,
    Patterns,
    ancova_flips,
    ancova_signflip,
    flip_p,
    ratio_flips,
    signflip_p,
)

TAIL = 0.05
"""Error of either bound: two-sided 90 % intervals, one-sided 95 % bounds."""
FUTILITY_TAIL = 0.10
"""Error of the upper bound that calls an effect futile."""


@dataclass(frozen=True)
class EffectEstimate:
    """An effect of the tool, pilot minus control, in the KPI's unit; `unit_effect` and `sd_pair` in the tested unit.

    For behaviour both units are score points; for prep time the KPI's unit is a share and minutes are tested.
    `p_pair` is None for a simulated pilot: no rule consults it.
    """

    effect: float
    ci_low: float
    ci_high: float
    upper90: float
    p_manager: float
    p_harm: float
    se: float
    unadjusted: float
    unit_effect: float
    sd_pair: float
    n_complete: int
    n_clusters: int
    p_pair: float | None = None


class EffectEstimates(NamedTuple):
    """The fields of `EffectEstimate` for many pilots, each of shape (pilots,)."""

    effect: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    upper90: FloatArray
    p_manager: FloatArray
    p_harm: FloatArray
    se: FloatArray
    unadjusted: FloatArray
    unit_effect: FloatArray
    sd_pair: FloatArray
    n_complete: npt.NDArray[np.int64]
    n_clusters: npt.NDArray[np.int64]

    def each(self) -> list[EffectEstimate]:
        """Return one estimate per pilot."""
        return [EffectEstimate(*row) for row in zip(*(column.tolist() for column in self), strict=True)]


def behaviour_effect(
    d_end: npt.ArrayLike, d_start: npt.ArrayLike, clusters: npt.ArrayLike, seed: int = 0
) -> EffectEstimate:
    """Return the effect on behaviour: the intercept of d_end on d_start (ANCOVA of pair differences).

    Args:
        d_end: pilot minus control, end scores of complete pairs, shape (pairs,), at least 3 pairs.
        d_start: the same of start scores.
        clusters: the judging cluster of each pair.
        seed: of Monte Carlo sign patterns, beyond 20 units.

    p-values refit with both differences flipped, by cluster (`p_manager`, `p_harm`) and by pair (`p_pair`). Where all
    d_start are equal the line cannot be fitted and the change score takes its place.
    Source: Vickers & Altman 2001 (BMJ 323:1123) for ANCOVA; `signflip` and `flip_bounds` for tests and bounds.
    """
    y, x = np.asarray(d_end, dtype=np.float64), np.asarray(d_start, dtype=np.float64)
    found = behaviour_effects(y[None], x[None], np.ones((1, y.size)), clusters, Patterns(seed)).each()[0]
    if np.ptp(x) == 0:
        y, x = y - x, np.zeros_like(x)
    return EffectEstimate(**{**vars(found), "p_pair": ancova_signflip(y, x, None, "greater", seed)})


def prep_time_effect(
    saved: npt.ArrayLike, baseline: npt.ArrayLike, clusters: npt.ArrayLike, seed: int = 0
) -> EffectEstimate:
    """Return the reduction of prep time, as a share of baseline minutes.

    Args:
        saved: (before - during) of the pilot person minus that of the control, minutes per report and week, (pairs,).
        baseline: mean of before over both people of the pair, minutes, with a positive sum.
        clusters: the judging cluster of each pair.
        seed: of Monte Carlo sign patterns, beyond 30 units.

    effect = mean(saved) / mean(baseline) over complete pairs. p-values test the minutes; `unit_effect` and `sd_pair`
    are minutes, the rest is shares. The bounds resample clusters (see `flip_bounds`): they exclude zero exactly
    when the p-value of the minutes does.
    """
    d, b = np.asarray(saved, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    found = prep_time_effects(d[None], b[None], np.ones((1, d.size)), clusters, Patterns(seed)).each()[0]
    more: dict[str, float] = {"p_pair": signflip_p(d, "greater", seed)}
    if found.n_clusters > DIRECT_UNITS:  # a plain sum stays exact a little longer
        sums = cluster_sums(d, clusters)[0]
        more |= {"p_manager": signflip_p(sums, "greater", seed), "p_harm": signflip_p(sums, "less", seed)}
    return EffectEstimate(**{**vars(found), **more})


def behaviour_effects(
    d_end: FloatArray, d_start: FloatArray, present: FloatArray, clusters: npt.ArrayLike, patterns: Patterns
) -> EffectEstimates:
    """Return `behaviour_effect` of many pilots that share their pairs and clusters.

    Args:
        d_end: shape (pilots, pairs); what stands at missing pairs is not read.
        d_start: the same of start scores.
        present: 1 where a pair has a difference, else 0, shape (pilots, pairs); at least 3 pairs per pilot.
        clusters: the judging cluster of each pair, shape (pairs,).
        patterns: which sign patterns are looked at.
    """
    here = present > 0
    y, x = np.where(here, d_end, 0.0), np.where(here, d_start, 0.0)
    n = present.sum(axis=-1)
    unadjusted = (y - x).sum(axis=-1) / n
    flat = np.where(here, d_start, -np.inf).max(axis=-1) == np.where(here, d_start, np.inf).min(axis=-1)
    if flat.any():
        y, x = np.where(flat[:, None], y - x, y), np.where(flat[:, None], 0.0, x)
    effect, error, count = _clustered_intercepts(y, x, present, clusters, ~flat)
    flips = ancova_flips(y, x, clusters, present, patterns)
    spread = _spread(y, present, n)
    return _judged(flips, effect, error, unadjusted=unadjusted, unit_effect=effect, spread=spread, n=n, count=count)


def prep_time_effects(
    saved: FloatArray, baseline: FloatArray, present: FloatArray, clusters: npt.ArrayLike, patterns: Patterns
) -> EffectEstimates:
    """Return `prep_time_effect` of many pilots that share their pairs and clusters; arguments as there and above."""
    here = present > 0
    d, b = np.where(here, saved, 0.0), np.where(here, baseline, 0.0)
    n, total = present.sum(axis=-1), b.sum(axis=-1)
    ratio = d.sum(axis=-1) / total
    count = _filled(present, clusters)
    error = _between(cluster_sums(d - ratio[:, None] * b, clusters)[0], count) / total
    flips = ratio_flips(d, b, clusters, patterns)
    unit, spread = d.sum(axis=-1) / n, _spread(d, present, n)
    return _judged(flips, ratio, error, unadjusted=ratio, unit_effect=unit, spread=spread, n=n, count=count)


def _judged(
    flips: Flips,
    effect: FloatArray,
    error: FloatArray,
    *,
    unadjusted: FloatArray,
    unit_effect: FloatArray,
    spread: FloatArray,
    n: FloatArray,
    count: npt.NDArray[np.int64],
) -> EffectEstimates:
    """Put the bounds and p-values of the sign flips beside the estimates; every array has the shape (pilots,)."""
    low, high, upper = _bounds(flips, effect, error, count)
    return EffectEstimates(
        effect=effect,
        ci_low=low,
        ci_high=high,
        upper90=upper,
        p_manager=flip_p(flips.statistics),
        p_harm=flip_p(flips.statistics, "less"),
        se=error,
        unadjusted=unadjusted,
        unit_effect=unit_effect,
        sd_pair=spread,
        n_complete=n.astype(np.int64),
        n_clusters=count,
    )


def _clustered_intercepts(
    y: FloatArray, x: FloatArray, present: FloatArray, clusters: npt.ArrayLike, sloped: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Return the intercepts of y on x, their CR1 cluster-robust standard errors (Liang & Zeger 1986), and clusters."""
    n = present.sum(axis=-1)
    x_mean, y_mean = x.sum(axis=-1) / n, y.sum(axis=-1) / n
    dx = (x - x_mean[:, None]) * present
    spread = np.where(sloped, (dx * dx).sum(axis=-1), 1.0)
    slope = np.where(sloped, (dx * y).sum(axis=-1) / spread, 0.0)
    intercept = y_mean - slope * x_mean
    weight = present / n[:, None] - (x_mean / spread)[:, None] * dx
    scores = cluster_sums(weight * (y - intercept[:, None] - slope[:, None] * x), clusters)[0]
    count = _filled(present, clusters)
    spare = n - 1 - sloped
    small = np.where(spare > 0, (n - 1) / np.maximum(spare, 1), np.nan)
    return intercept, _between(scores, count) * np.sqrt(small), count


def _filled(present: FloatArray, clusters: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return how many clusters hold a pair with a difference."""
    return np.asarray((cluster_sums(present, clusters)[0] > 0).sum(axis=-1), dtype=np.int64)


def _between(scores: FloatArray, count: npt.NDArray[np.int64]) -> FloatArray:
    """Return the standard error of a sum from its centred cluster sums; NaN with one cluster."""
    correction = np.where(count > 1, count / np.maximum(count - 1, 1), np.nan)
    return np.asarray(np.sqrt(correction * (scores * scores).sum(axis=-1)))


def _spread(values: FloatArray, present: FloatArray, n: FloatArray) -> FloatArray:
    """Return the standard deviation of the values that are present."""
    centred = (values - (values.sum(axis=-1) / n)[:, None]) * present
    return np.asarray(np.sqrt((centred * centred).sum(axis=-1) / (n - 1)))


def _bounds(
    flips: Flips, estimate: FloatArray, error: FloatArray, count: npt.NDArray[np.int64]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the 90 % interval and the futility bound.

    Student's bounds between clusters stand in where there are too few sign patterns for a tail; with one cluster there
    are none at all.
    """
    (low, high), (_, upper) = order_statistics(flips.critical, (TAIL, FUTILITY_TAIL))
    open_ci, open_upper = ~(np.isfinite(low) & np.isfinite(high)), ~np.isfinite(upper)
    if open_ci.any():
        half = _student(TAIL, count) * error
        low, high = np.where(open_ci, estimate - half, low), np.where(open_ci, estimate + half, high)
    if open_upper.any():
        upper = np.where(open_upper, estimate + _student(FUTILITY_TAIL, count) * error, upper)
    alone = count < 2
    if alone.any():
        low, high = np.where(alone, np.nan, low), np.where(alone, np.nan, high)
        upper = np.where(alone, np.inf, upper)
    return low, high, upper


def _student(tail: float, count: npt.NDArray[np.int64]) -> FloatArray:
    return np.asarray(special.stdtrit(np.maximum(count - 1, 1).astype(np.float64), 1 - tail), dtype=np.float64)
