"""One-sided sign-flip tests of paired differences, exact where that is affordable; estimates and bounds are elsewhere.

Under "no effect" with pilot and control exchangeable within a unit (a pair, or a cluster of pairs), a unit's difference
is as likely as its negative. The p-value is the share of all sign patterns whose statistic is at least the one seen
(Fisher 1935, section 21; Pitman 1937). The unit decides what is exchangeable: clusters where effects differ by manager.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from pilot_pipeline.kpis.intervals import FloatArray, cluster_sums

Alternative = Literal["greater", "less", "two-sided"]

DIRECT_UNITS = 20
"""Up to here every one of the 2^n sign patterns is written down."""
MIDDLE_UNITS = 30
"""Up to here a plain sum is exact still, by meeting in the middle."""
MONTE_CARLO = 100_000
"""Random sign patterns beyond; the seen one is always counted in."""

_TIE = 1e-12


def sign_sums(columns: npt.ArrayLike, seed: int = 0) -> FloatArray:
    """Return the signed sums of each row of `columns` under common sign patterns.

    Args:
        columns: shape (..., k, units); the k quantities of one unit flip together.
        seed: of the patterns drawn when there are more than `DIRECT_UNITS` units.

    Returns:
        Shape (..., k, patterns); pattern 0 is "nothing flipped", and all 2^units patterns follow, or `MONTE_CARLO`
        random ones. Leading axes are batches (simulated pilots).
    """
    values = np.asarray(columns, dtype=np.float64)
    units = values.shape[-1]
    if units > DIRECT_UNITS:
        signs = np.random.default_rng(seed).integers(0, 2, size=(MONTE_CARLO, units), dtype=np.int8) * 2 - 1
        drawn = values @ signs.T.astype(np.float64)
        return np.concatenate([values.sum(axis=-1, keepdims=True), drawn], axis=-1)
    sums = np.zeros((*values.shape[:-1], 1))
    for unit in range(units):
        value = values[..., unit : unit + 1]
        sums = np.concatenate([sums + value, sums - value], axis=-1)
    return sums


def signflip_p(values: npt.ArrayLike, alternative: Alternative = "greater", seed: int = 0) -> float:
    """Return the sign-flip p-value of a sum of units' differences, shape (units,).

    Exact to 20 units by writing all patterns down, to 30 by meeting in the middle (sorting the signed sums of either
    half; Pagano & Tritchler 1983 have the idea), `MONTE_CARLO` patterns above. Two-sided doubles the smaller tail.
    """
    units = np.sort(np.asarray(values, dtype=np.float64))
    if units.size == 0:
        raise ValueError("a sign-flip test needs at least one difference")
    if alternative == "two-sided":
        return min(1.0, 2 * min(signflip_p(units, "greater", seed), signflip_p(units, "less", seed)))
    if alternative == "less":
        return signflip_p(-units, "greater", seed)
    seen, slack = float(units.sum()), _TIE * float(np.abs(units).sum())
    if DIRECT_UNITS < units.size <= MIDDLE_UNITS:
        return _meet_in_the_middle(units, seen - slack)
    return float(np.mean(sign_sums(units[None, :], seed)[0] >= seen - slack))


def ancova_signflip(
    d_end: npt.ArrayLike,
    d_start: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    alternative: Alternative = "greater",
    seed: int = 0,
) -> float:
    """Return the p-value of the ANCOVA intercept, refitted with both pair differences flipped.

    Args:
        d_end: pair differences (pilot - control) in end score, shape (pairs,).
        d_start: pair differences in start score, shape (pairs,).
        clusters: pairs of one cluster flip together; None flips pair by pair.
        alternative: direction of benefit.
        seed: of the patterns, beyond 20 units.

    Exact to 20 units. The refit's denominator is no sum over units, so there is no meeting in the middle: Monte Carlo
    above. A pattern under which the line cannot be fitted counts as extreme.
    """
    fits = refitted_intercepts(d_end, d_start, clusters, seed)
    if alternative == "two-sided":
        return min(1.0, 2 * min(_share_extreme(fits), _share_extreme(-fits)))
    return _share_extreme(fits if alternative == "greater" else -fits)


def refitted_intercepts(
    d_end: npt.ArrayLike, d_start: npt.ArrayLike, clusters: npt.ArrayLike | None = None, seed: int = 0
) -> FloatArray:
    """Return the ANCOVA intercept under every sign pattern, shape (patterns,); NaN where the line cannot be fitted."""
    y, x = np.asarray(d_end, dtype=np.float64), np.asarray(d_start, dtype=np.float64)
    sums = sign_sums(unit_columns((y, x), clusters), seed)
    return intercepts(y.size, sums[0], sums[1], float(x @ x), float(x @ y))


def unit_columns(rows: tuple[FloatArray, ...], clusters: npt.ArrayLike | None) -> FloatArray:
    """Return the units' sums, shape (rows, units), in an order that depends on values and never on labels."""
    units = rows if clusters is None else tuple(cluster_sums(row, clusters)[0] for row in rows)
    return np.stack(units)[:, np.lexsort(units[::-1])]


def intercepts(n: npt.ArrayLike, y: FloatArray, x: FloatArray, xx: npt.ArrayLike, xy: npt.ArrayLike) -> FloatArray:
    """Return least-squares intercepts from the sums over n points: of y, x, x squared and x times y.

    Without any spread around zero in x there is nothing to adjust for: the mean of y. NaN where all x are equal.
    """
    n, xx, xy = (np.asarray(a, dtype=np.float64) for a in (n, xx, xy))
    spread = n * xx - x**2
    fitted = spread > _TIE * 1e3 * n * xx
    line = np.where(fitted, (xx * y - xy * x) / np.where(fitted, spread, 1.0), np.nan)
    return np.where(xx > 0, line, y / n)


def _share_extreme(fits: FloatArray) -> float:
    slack = _TIE * 1e3 * float(np.nanmax(np.abs(fits)))
    return float(np.mean(~(fits < fits[0] - slack)))


def _meet_in_the_middle(units: FloatArray, threshold: float) -> float:
    half = units.size // 2
    first = sign_sums(units[None, :half])[0]
    second = np.sort(sign_sums(units[None, half:])[0])
    below = np.searchsorted(second, threshold - first, side="left")
    return float((second.size - below).sum() / 2.0**units.size)
