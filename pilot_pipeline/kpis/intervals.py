"""Intervals for shares, means and ratios of small samples; which KPI gets which one is not decided here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

FloatArray = npt.NDArray[np.float64]


class Interval(NamedTuple):
    """A two-sided interval on the scale of what it bounds."""

    low: float
    high: float


class Estimates(NamedTuple):
    """Point estimates with their intervals, element by element; NaN where nothing can be said."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


def wilson(k: int, n: int, level: float = 0.9) -> Interval:
    """Return the score interval of a share, `k` of `n` (Wilson 1927; SciPy)."""
    ci = stats.binomtest(k, n).proportion_ci(confidence_level=level, method="wilson")
    return Interval(float(ci.low), float(ci.high))


def clopper_pearson(k: float, n: float, level: float = 0.9) -> Interval:
    """Return the exact interval of a share, `k` of `n` (Clopper & Pearson 1934).

    Counts may be fractional, as an effective sample size is. The two bounds are one-sided bounds at (1 + level) / 2:
    at the default level the lower one is the gate's one-sided 95 % bound.
    """
    if not (0 <= k <= n and n > 0):
        raise ValueError(f"a share needs 0 <= k <= n and n > 0, got k={k}, n={n}")
    tail = (1 - level) / 2
    low = float(special.betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(special.betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Interval(low, high)


def korn_graubard(values: npt.ArrayLike, clusters: npt.ArrayLike, level: float = 0.9) -> Interval:
    """Return Clopper-Pearson bounds at the effective sample size of clustered yes/no values.

    Args:
        values: 0 or 1 per person, shape (n,).
        clusters: the cluster of each person, shape (n,).
        level: two-sided confidence.

    The variance is the linearised one between clusters, the effective size is corrected for its clusters - 1 degrees
    of freedom and never exceeds n (Korn & Graubard 1998; the truncation is that of the NCHS standards, Parker et al.
    2017). All-equal values have no variance to learn from: they are bounded as if independent. With one cluster
    nothing can be said: (0, 1).
    """
    y = np.asarray(values, dtype=np.float64)
    n, share = y.size, float(y.mean())
    totals, sizes = cluster_sums(y, clusters)
    residuals = np.sort(totals - share * sizes)
    count = residuals.size
    if count < 2:
        return Interval(0.0, 1.0)
    variance = count / (count - 1) * float(residuals @ residuals) / n**2
    effective = float(n)
    if variance > 0:
        tail = (1 - level) / 2
        correction = (stats.t.ppf(tail, n - 1) / stats.t.ppf(tail, count - 1)) ** 2
        effective = min(float(n), share * (1 - share) / variance * float(correction))
    return clopper_pearson(share * effective, effective, level)


def newcombe(k1: int, n1: int, k2: int, n2: int, level: float = 0.9) -> Interval:
    """Return the hybrid score interval of the difference of two independent shares (Newcombe 1998, method 10)."""
    p1, p2 = k1 / n1, k2 / n2
    first, second = wilson(k1, n1, level), wilson(k2, n2, level)
    below = np.hypot(p1 - first.low, second.high - p2)
    above = np.hypot(first.high - p1, p2 - second.low)
    return Interval(float(p1 - p2 - below), float(p1 - p2 + above))


def t_interval_from_sums(n: npt.ArrayLike, s1: npt.ArrayLike, s2: npt.ArrayLike, level: float = 0.9) -> Estimates:
    """Return means with Student's interval from counts, sums and sums of squares (any equal shapes).

    One observation has a mean and no interval; none has neither. Source: Student 1908.
    """
    n, s1, s2 = (np.asarray(a, dtype=np.float64) for a in (n, s1, s2))
    mean = s1 / _at_least(n, 1)
    squares = np.maximum(s2 - n * mean**2, 0.0)
    return _student(mean, np.sqrt(squares / (_at_least(n, 2) - 1) / _at_least(n, 1)), n, level)


def ratio_interval_from_sums(
    n: npt.ArrayLike,
    sx: npt.ArrayLike,
    sy: npt.ArrayLike,
    sxx: npt.ArrayLike,
    syy: npt.ArrayLike,
    sxy: npt.ArrayLike,
    *,
    level: float = 0.9,
) -> Estimates:
    """Return ratios of totals, sum(x) / sum(y) over n people, with linearised intervals and n - 1 degrees of freedom.

    The person is the unit: x and y of one person may depend on each other in any way. NaN where sum(y) is not
    positive. Source: Cochran 1977, Sampling Techniques, section 2.11 (Taylor linearisation).
    """
    n, sx, sy, sxx, syy, sxy = (np.asarray(a, dtype=np.float64) for a in (n, sx, sy, sxx, syy, sxy))
    known = sy > 0
    total = np.where(known, sy, 1.0)
    ratio = np.where(known, sx / total, np.nan)
    squares = np.maximum(sxx - 2 * ratio * sxy + ratio**2 * syy, 0.0)
    error = np.sqrt(_at_least(n, 2) / (_at_least(n, 2) - 1) * squares) / total
    return _student(ratio, error, n, level)


def cluster_bootstrap(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    *,
    level: float = 0.9,
    resamples: int = 9999,
    seed: int = 0,
) -> Interval:
    """Return the BCa bootstrap interval of sum(numerators) / sum(denominators), resampling whole clusters.

    Args:
        numerators: shape (n,); denominators: shape (n,), none negative; a mean has denominators of 1.
        denominators: see above.
        clusters: the cluster of each row; None when every row is its own.
        level: two-sided confidence.
        resamples: bootstrap draws.
        seed: of the draws; rows are sorted by value first, so that neither labels nor row order matter.

    Source: Efron 1987 (SciPy's `bootstrap`); Field & Welsh 2007 for resampling clusters. For ten clusters and fewer
    prefer `flip_bounds.ratio_bounds`: a bootstrap of so few understates.
    """
    x, y = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    if clusters is not None:
        x, y = cluster_sums(x, clusters)[0], cluster_sums(y, clusters)[0]
    order = np.lexsort((y, x))
    x, y = x[order], y[order]
    ratio = float(x.sum() / y.sum())
    if x.size < 2 or np.allclose(x, ratio * y, rtol=0, atol=1e-12 * float(np.abs(x).max() + 1)):
        return Interval(ratio, ratio) if x.size > 1 else Interval(float("nan"), float("nan"))
    found = stats.bootstrap(
        (x, y),
        lambda a, b, axis=-1: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        confidence_level=level,
        method="BCa",
        rng=np.random.default_rng(seed),
    )
    return Interval(float(found.confidence_interval.low), float(found.confidence_interval.high))


def cluster_sums(values: npt.ArrayLike, clusters: npt.ArrayLike) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return the sum of values per cluster, in the order of the sorted cluster labels, and the counts beside them.

    Args:
        values: shape (..., n); leading axes are batches (simulated pilots), and stay.
        clusters: the cluster of each value, shape (n,).
    """
    where, counts = np.unique(np.asarray(clusters), return_inverse=True, return_counts=True)[1:]
    weights = np.asarray(values, dtype=np.float64)[..., np.argsort(where, kind="stable")]
    return np.add.reduceat(weights, np.cumsum(counts) - counts, axis=-1), counts.astype(np.int64)


def _student(value: FloatArray, error: FloatArray, n: FloatArray, level: float) -> Estimates:
    half = stats.t.ppf((1 + level) / 2, np.maximum(n - 1, 1)) * error
    some, many = n >= 1, n >= 2
    point = np.where(some, value, np.nan)
    return Estimates(point, np.where(many, point - half, np.nan), np.where(many, point + half, np.nan))


def _at_least(n: FloatArray, least: int) -> FloatArray:
    """Keep a divisor away from zero; what it divides is masked afterwards."""
    return np.maximum(n, least)
