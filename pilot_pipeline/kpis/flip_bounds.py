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
from pilot_pipeline.kpis.signflip import intercepts, sign_sums, unit_columns

_TIE = 1e-9


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
    x, y = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    sums = sign_sums(unit_columns((x, y), clusters), seed)
    # Half the distance to the unflipped sum is the sum over the flipped clusters.
    over, under = (sums[:, :1] - sums[:, 1:]) / 2
    some = under > _TIE * float(y.sum())
    return _order_statistics(np.where(some, over / np.where(some, under, 1.0), np.nan), tail)


def ancova_bounds(
    d_end: npt.ArrayLike, d_start: npt.ArrayLike, clusters: npt.ArrayLike | None, tail: float = 0.05, seed: int = 0
) -> Interval:
    """Return one-sided lower and upper bounds, each at `tail`, of the ANCOVA intercept.

    The refitted intercept is linear in the supposed effect, so each sign pattern has one critical value again; a
    pattern without one (the line cannot be fitted, or reacts more than one for one) widens both bounds.
    Arguments and result as in `ratio_bounds`; units are score points.
    """
    y, x = np.asarray(d_end, dtype=np.float64), np.asarray(d_start, dtype=np.float64)
    sums = sign_sums(unit_columns((y, x, np.ones_like(y)), clusters), seed)
    xx = float(x @ x)
    fits = intercepts(y.size, sums[0], sums[1], xx, float(x @ y))
    shifts = intercepts(y.size, sums[2], sums[1], xx, float(x.sum()))
    room = 1 - shifts[1:]
    some = room > _TIE
    return _order_statistics(np.where(some, (fits[0] - fits[1:]) / np.where(some, room, 1.0), np.nan), tail)


def _order_statistics(critical: FloatArray, tail: float) -> Interval:
    """Return the k-th smallest and largest critical value, k = floor(tail x patterns); NaN counts as unbounded."""
    k = int(np.floor(tail * (critical.size + 1) + _TIE))
    if k < 1:
        return Interval(-np.inf, np.inf)
    low = np.partition(np.where(np.isnan(critical), -np.inf, critical), k - 1)[k - 1]
    high = np.partition(np.where(np.isnan(critical), np.inf, critical), critical.size - k)[critical.size - k]
    return Interval(float(low), float(high))
