"""Bounds of an effect by inverting the sign-flip test over clusters, so that interval and p-value never disagree.

Flipping the clusters F leaves the statistic at least as large, after subtracting a supposed effect, exactly when the
effect estimated from F alone is no larger than the supposed one. The p-value of a supposed effect is therefore the
share of subsets of clusters with a smaller estimate, and a bound is an order statistic of the subsets' estimates
(the typical values of Hartigan 1969). It is a resampling of whole clusters, like a cluster bootstrap, but exact at five
clusters, where a bootstrap of so few covers too little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pilot_pipeline.kpis.intervals import FloatArray, Interval
from pilot_pipeline.kpis.signflip import Patterns, ancova_flips, ratio_flips

_TIE = 1e-12


def ratio_bounds(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    clusters: npt.ArrayLike | None,
    tail: float = 0.05,
    seed: int = 0,
) -> Interval:
    """Return one-sided lower and upper bounds, each at `tail`, of sum(numerators) / sum(denominators).

    Args:
        numerators: pair differences, shape (pairs,).
        denominators: none negative, shape (pairs,); ones for a mean.
        clusters: the judging cluster of each pair.
        tail: error of each bound; 0.05 gives the two-sided 90 % interval.
        seed: of the subsets, beyond 20 clusters.

    Returns:
        The bounds; infinite where there are too few clusters for that tail (0.05 needs five, 0.10 four).
    """
    return _one(ratio_flips(numerators, denominators, clusters, Patterns(seed)).critical, tail)


def ancova_bounds(
    d_end: npt.ArrayLike, d_start: npt.ArrayLike, clusters: npt.ArrayLike | None, tail: float = 0.05, seed: int = 0
) -> Interval:
    """Return one-sided lower and upper bounds, each at `tail`, of the ANCOVA intercept.

    The refitted intercept is linear in the supposed effect, so each sign pattern has one critical value again; a
    pattern without one (the line cannot be fitted, or reacts more than one for one) widens both bounds.
    Arguments and result as in `ratio_bounds`; units are score points.
    """
    return _one(ancova_flips(d_end, d_start, clusters, patterns=Patterns(seed)).critical, tail)


def order_statistics(critical: FloatArray, tails: tuple[float, ...]) -> tuple[tuple[FloatArray, FloatArray], ...]:
    """Return, per tail, the k-th smallest and the k-th largest critical value, k = floor(tail x patterns).

    Args:
        critical: of `Flips`, shape (..., patterns - 1), not read again by the caller: it is put in order in place.
        tails: error of each bound.

    Returns:
        Per tail a lower and an upper bound, shape (...); infinite where k is 0. NaN counts as unbounded on either side.
    """
    size = critical.shape[-1]
    ranks = [int(np.floor(tail * (size + 1) + _TIE)) for tail in tails]
    critical.sort(axis=-1)  # NaN comes last; several ranks by partition take three times as long
    unknown = np.isnan(critical).sum(axis=-1)
    return tuple(_ranked(critical, k, unknown) for k in ranks)


def _ranked(ordered: FloatArray, k: int, unknown: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    shape, size = ordered.shape[:-1], ordered.shape[-1]
    if k < 1:
        return np.full(shape, -np.inf), np.full(shape, np.inf)
    # Counted from below, unknown values stand before all others; from above, after them, where sorting put them.
    place = np.maximum(k - 1 - unknown, 0)[..., None]
    low = np.where(unknown >= k, -np.inf, np.take_along_axis(ordered, place, axis=-1)[..., 0])
    high = ordered[..., size - k]
    return low, np.where(np.isnan(high), np.inf, high)


def _one(critical: FloatArray, tail: float) -> Interval:
    ((low, high),) = order_statistics(critical, (tail,))
    return Interval(float(low), float(high))
