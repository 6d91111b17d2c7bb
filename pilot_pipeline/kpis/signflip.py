"""One-sided sign-flip tests of paired differences, exact where that is affordable; estimates and bounds are elsewhere.

Under "no effect" with pilot and control exchangeable within a unit (a pair, or a cluster of pairs), a unit's difference
is as likely as its negative. The p-value is the share of all sign patterns whose statistic is at least the one seen
(Fisher 1935, section 21; Pitman 1937). The unit decides what is exchangeable: clusters where effects differ by manager.

Every statistic here is odd: under the mirror image of a pattern, all signs changed, it is the negative. So only one of
each two patterns is written down. Leading axes are batches everywhere: simulated pilots go through these functions
together, a real one goes alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pilot_pipeline.kpis.intervals import FloatArray, cluster_sums

Alternative = Literal["greater", "less", "two-sided"]

DIRECT_UNITS = 20
"""Up to here every one of the 2^n sign patterns is written down."""
MIDDLE_UNITS = 30
"""Up to here a plain sum is exact still, by meeting in the middle."""
MONTE_CARLO = 50_000
"""Random sign patterns beyond, each with its mirror image; the seen one is always counted in."""

_TIE = 1e-9
"""Relative; what differs by less is equal."""


class Patterns(NamedTuple):
    """Which sign patterns are looked at: all up to `direct` units, `random` ones with their mirror images beyond."""

    seed: int = 0
    direct: int = DIRECT_UNITS
    random: int = MONTE_CARLO


class Flips(NamedTuple):
    """A statistic under sign patterns, and the supposed effect at which each pattern becomes as extreme as the seen.

    statistics: shape (..., patterns / 2), the seen one first, without mirror images (theirs are the negatives); NaN
        where it cannot be computed, which counts as extreme.
    critical: shape (..., patterns - 1), in the unit of the estimate; NaN where no supposed effect does that.
    """

    statistics: FloatArray
    critical: FloatArray


def sign_sums(columns: npt.ArrayLike, patterns: Patterns | int = 0) -> FloatArray:
    """Return the signed sums of each row of `columns` under common sign patterns.

    Args:
        columns: shape (..., k, units); the k quantities of one unit flip together.
        patterns: which ones; a number is the seed of the usual ones.

    Returns:
        Shape (..., k, patterns / 2). Pattern 0 is "nothing flipped"; then come all patterns that leave the last unit as
        it is, or random ones. The sums of their mirror images are the negatives.
    """
    values = np.asarray(columns, dtype=np.float64)
    chosen = patterns if isinstance(patterns, Patterns) else Patterns(patterns)
    units = values.shape[-1]
    if units > chosen.direct:
        drawn = values @ _random_signs(chosen.seed, chosen.random, units)
        return np.concatenate([values.sum(axis=-1, keepdims=True), drawn], axis=-1)
    sums = np.empty((*values.shape[:-1], 1 << (units - 1)))
    sums[..., :1] = values[..., -1:]
    for unit in range(units - 1):
        half, value = 1 << unit, values[..., unit : unit + 1]
        np.subtract(sums[..., :half], value, out=sums[..., half : 2 * half])
        sums[..., :half] += value
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
    if DIRECT_UNITS < units.size <= MIDDLE_UNITS:
        seen, slack = float(units.sum()), _TIE * float(np.abs(units).sum())
        return _meet_in_the_middle(units, seen - slack)
    return float(flip_p(sign_sums(units[None, :], seed)[0]))


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
    fits = ancova_flips(d_end, d_start, clusters, patterns=Patterns(seed)).statistics
    if alternative == "two-sided":
        return min(1.0, 2 * min(float(flip_p(fits)), float(flip_p(fits, "less"))))
    return float(flip_p(fits, alternative))


def flip_p(statistics: FloatArray, alternative: Literal["greater", "less"] = "greater") -> FloatArray:
    """Return the share of sign patterns that are at least as extreme as the first one, shape (...).

    `statistics` as in `Flips`: mirror images are counted, and need not be there.
    """
    greater = alternative == "greater"
    seen = statistics[..., :1] if greater else -statistics[..., :1]
    least = seen - _TIE * np.nanmax(np.abs(statistics), axis=-1, keepdims=True)
    # What cannot be computed is neither above nor below, and so counts as extreme.
    short = np.count_nonzero(statistics < least, axis=-1) + np.count_nonzero(statistics > -least, axis=-1)
    total = 2 * statistics.shape[-1]
    return np.asarray((total - short) / total)


def ancova_flips(
    d_end: npt.ArrayLike,
    d_start: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    present: npt.ArrayLike = 1.0,
    patterns: Patterns = Patterns(),  # noqa: B008 - frozen
) -> Flips:
    """Return the ANCOVA intercept refitted under sign patterns; the refit is linear in the supposed effect.

    Args:
        d_end: pair differences, shape (..., pairs), 0 where `present` is 0.
        d_start: the same of start scores.
        clusters: pairs of one cluster flip together, shape (pairs,); None flips pair by pair.
        present: 1 or 0 per pair, in any shape that broadcasts; a cluster without a pair changes nothing.
        patterns: which sign patterns.
    """
    y, x = np.asarray(d_end, dtype=np.float64), np.asarray(d_start, dtype=np.float64)
    ones = np.broadcast_to(np.asarray(present, dtype=np.float64), y.shape)
    n, xx, xy, total = (a[..., None] for a in (ones.sum(-1), (x * x).sum(-1), (x * y).sum(-1), x.sum(-1)))
    sums = sign_sums(unit_columns((y, x, ones), clusters), patterns)
    fits = intercepts(n, sums[..., 0, :], sums[..., 1, :], xx, xy)
    shifts = intercepts(n, sums[..., 2, :], sums[..., 1, :], xx, total)
    return Flips(fits, _critical(_distances(fits), _distances(shifts), _TIE))


def ratio_flips(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    patterns: Patterns = Patterns(),  # noqa: B008 - frozen
) -> Flips:
    """Return the signed sums of the numerators, and with each pattern's critical value that of the ratio of sums.

    Args:
        numerators: pair differences, shape (..., pairs), 0 where a pair is missing.
        denominators: none negative, shape (..., pairs), 0 where a pair is missing; ones for a mean.
        clusters: as in `ancova_flips`; patterns: the same.
        patterns: see above.
    """
    x, y = np.broadcast_arrays(np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64))
    sums = sign_sums(unit_columns((x, y), clusters), patterns)
    over, under = (_distances(sums[..., row, :]) for row in (0, 1))  # twice the sums over the flipped clusters
    return Flips(sums[..., 0, :], _critical(over, under, 2 * _TIE * y.sum(axis=-1)[..., None]))


def unit_columns(rows: tuple[FloatArray, ...], clusters: npt.ArrayLike | None) -> FloatArray:
    """Return the units' sums, shape (..., rows, units), in an order that depends on values and never on labels."""
    units = rows if clusters is None else tuple(cluster_sums(row, clusters)[0] for row in rows)
    order = np.lexsort(units[::-1], axis=-1)
    return np.stack([np.take_along_axis(unit, order, axis=-1) for unit in units], axis=-2)


def intercepts(n: npt.ArrayLike, y: FloatArray, x: FloatArray, xx: npt.ArrayLike, xy: npt.ArrayLike) -> FloatArray:
    """Return least-squares intercepts from the sums over n points: of y, x, x squared and x times y.

    Without any spread around zero in x there is nothing to adjust for: the mean of y. NaN where all x are equal.
    """
    n, xx, xy = (np.asarray(a, dtype=np.float64) for a in (n, xx, xy))
    spread = n * xx - x * x
    unfit = (spread <= _TIE * n * xx) & (xx > 0)
    usual = bool(np.all(xx > 0)) and not unfit.any()
    if usual:
        return np.asarray((xx * y - xy * x) / spread)
    line = (xx * y - xy * x) / np.where(unfit | (xx <= 0), 1.0, spread)
    return np.where(unfit, np.nan, np.where(xx > 0, line, y / n))


@lru_cache(maxsize=4)
def _random_signs(seed: int, patterns: int, units: int) -> FloatArray:
    """Return random signs, shape (units, patterns); kept, because many pilots are tested on the same ones."""
    drawn = np.random.default_rng(seed).integers(0, 2, size=(patterns, units), dtype=np.int8)
    signs = (drawn * 2 - 1).T.astype(np.float64)
    signs.setflags(write=False)
    return signs


def _distances(statistics: FloatArray) -> FloatArray:
    """Return by how much the seen statistic exceeds that of each other pattern, mirror images last."""
    seen, half = statistics[..., :1], statistics.shape[-1]
    found = np.empty((*statistics.shape[:-1], 2 * half - 1))
    np.subtract(seen, statistics[..., 1:], out=found[..., : half - 1])
    np.add(seen, statistics, out=found[..., half - 1 :])
    return found


def _critical(over: FloatArray, under: FloatArray, least: FloatArray | float) -> FloatArray:
    some = under > least
    if bool(np.all(some)):
        return np.asarray(over / under, dtype=np.float64)
    return np.asarray(np.where(some, over / np.where(some, under, 1.0), np.nan), dtype=np.float64)


def _meet_in_the_middle(units: FloatArray, threshold: float) -> float:
    half = units.size // 2
    first, second = (np.concatenate([sums, -sums]) for sums in (_sums(units[:half]), _sums(units[half:])))
    second.sort()
    below = np.searchsorted(second, threshold - first, side="left")
    return float((second.size - below).sum() / 2.0**units.size)


def _sums(units: FloatArray) -> FloatArray:
    sums: FloatArray = sign_sums(units[None, :])[0]
    return sums
