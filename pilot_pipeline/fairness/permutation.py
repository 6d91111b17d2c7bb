"""The permutation test under every audit: who got which pathway, by group, within strata; no names and no verdicts.

Notation: N units (people, or synthetic employees), G groups of all tested attributes together, P pathways,
A attributes, B permutations of which the first is the data as they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]
Bools: TypeAlias = NDArray[np.bool_]

_CHUNK = 4_000_000  # floats held at once, about 32 MB
_DIGITS = 9  # statistics that differ by rounding alone are ties, and ties count against significance


@dataclass(frozen=True)
class Panel:
    """Units in strata, and the groups they belong to.

    `strata` (N,) are codes from 0; `onehot` (N, G) marks membership; `attributes` are the columns of each attribute.
    """

    strata: Ints
    onehot: Floats
    attributes: tuple[slice, ...]


def permutations(strata: Ints, n: int, rng: Generator) -> Ints:
    """Return (n, N) index arrays that move units within their stratum only; the first leaves all in place."""
    by_stratum = np.argsort(strata, kind="stable")
    shuffled = np.argsort(strata[None, :] + rng.random((n, len(strata))), axis=1)
    moved = np.empty((n, len(strata)), dtype=np.intp)
    moved[:, by_stratum] = shuffled
    if n:
        moved[0] = np.arange(len(strata))
    return moved


def permuted_groups(groups: Ints, strata: Ints, n: int, rng: Generator) -> NDArray[np.int16]:
    """Return (n, N) group codes (up to 32,767 groups), permuted within strata; row 0 is the data.

    The quick way where nothing but group membership moves; `permutations` says who went where.
    """
    order = np.argsort(strata, kind="stable")
    moved = np.tile(groups[order].astype(np.int16), (n, 1))
    ends = np.cumsum(np.bincount(strata))
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        part = moved[1:, start:end]
        rng.permuted(part, axis=1, out=part)
    back = np.empty_like(moved)
    back[:, order] = moved
    return back


def residuals(outcome: Floats, strata: Ints) -> Floats:
    """Return outcome (N, …) less its stratum's mean; a unit whose outcome is NaN counts in no mean and gets 0."""
    flat = _flat(outcome)
    seen = ~np.isnan(flat[:, 0]) if flat.shape[1] else np.ones(len(flat), dtype=bool)
    known = np.where(seen[:, None], flat, 0.0)
    sums = _sum_by(known, strata)
    counts = np.bincount(strata, weights=seen.astype(np.float64), minlength=len(sums))
    means = sums / np.maximum(counts, 1)[:, None]
    return np.where(seen[:, None], known - means[strata], 0.0).reshape(outcome.shape)


def variance(panel: Panel, residual: Floats) -> Floats:
    """Return the exact permutation variance of T, shape (G, …): that of sums sampled without replacement.

    Source: Strasser and Weber (1999), the conditional variance of a linear statistic, with strata as blocks.
    """
    squares = _sum_by(_flat(residual) ** 2, panel.strata)
    sizes = np.bincount(panel.strata, minlength=len(squares)).astype(np.float64)
    members = _sum_by(panel.onehot, panel.strata)
    weight = members * (sizes[:, None] - members) / np.maximum(sizes * (sizes - 1), 1)[:, None]
    return (weight.T @ squares).reshape(panel.onehot.shape[1], *residual.shape[1:])


def z_scores(panel: Panel, residual: Floats) -> Floats:
    """Return Z (G, P): each group's sum of residuals over its permutation standard deviation; 0 where that is 0.

    Rounded to ten places: of two groups one has what the other lacks, and which of the equals is named may not hang on
    the last bit of a processor's sums.
    """
    total = np.tensordot(panel.onehot, residual, axes=(0, 0))
    return np.asarray(total * np.sqrt(inverse(variance(panel, residual)))).round(10)


def statistics(panel: Panel, residual: Floats, moved: Ints) -> Floats:
    """Return the omnibus ΣZ² per permutation and attribute.

    Args:
        panel: strata and groups.
        residual: (N, P), or (N, S, P) for S data sets at once.
        moved: (B, N) from `permutations`.

    Returns:
        (B, A), or (B, S, A).
    """
    precision = inverse(variance(panel, residual))
    flat = _flat(residual)
    groups = panel.onehot.shape[1]
    step = max(1, _CHUNK // max(1, groups * max(flat.shape)))
    out = np.empty((len(moved), *residual.shape[1:-1], len(panel.attributes)))
    for start in range(0, len(moved), step):
        part = moved[start : start + step]
        labels = panel.onehot[part].transpose(0, 2, 1).reshape(-1, len(flat))
        total = (labels @ flat).reshape(len(part), groups, *residual.shape[1:])
        squared = (total**2 * precision).sum(axis=-1)
        for column, members in enumerate(panel.attributes):
            out[start : start + step, ..., column] = squared[:, members].sum(axis=1)
    return rounded(out)


def group_squares(panel: Panel, residual: Floats, moved: NDArray[np.int16]) -> Floats:
    """Return Σ Z² over the groups (B, P), per column of residual (N, P), for group codes from `permuted_groups`.

    As `statistics` for one attribute, before the sum over columns; code g is column g of `panel.onehot`.
    """
    precision = inverse(variance(panel, residual))
    squared = np.zeros((len(moved), residual.shape[1]), dtype=np.float64)
    for group, row in enumerate(precision):
        squared += ((moved == group).astype(np.float64) @ residual) ** 2 * row
    return squared


def flip_statistics(contribution: Floats, signs: Floats) -> Floats:
    """Return ΣZ² (B,) where each set's contribution (sets, G, P) changes its sign: values permuted within twins."""
    flat = _flat(contribution)
    flat = flat[:, flat.any(axis=0)]
    total = signs @ flat
    squared = total**2 * inverse((flat**2).sum(axis=0))
    return rounded(squared.sum(axis=1))


def rounded(stats: Floats) -> Floats:
    """Return statistics as they are compared: those that differ by rounding alone are ties."""
    return np.asarray(np.round(stats, _DIGITS), dtype=np.float64)


def p_matrix(stats: Floats) -> Floats:
    """Return the permutation p of every statistic among its column (B, tests): the share that is as large or larger."""
    ordered = np.sort(stats, axis=0)
    p = np.empty_like(stats)
    for column in range(stats.shape[1]):
        p[:, column] = 1 - np.searchsorted(ordered[:, column], stats[:, column], side="left") / len(stats)
    return np.asarray(np.round(p, 12), dtype=np.float64)


def min_p(stats: Floats) -> tuple[Floats, Floats]:
    """Return p and its family-adjusted value per test (tests,), from one permutation set (B, tests).

    Source: Westfall and Young (1993), single-step min-p; row 0 is the data. Keeps the family-wise error under any
    dependence between the tests.
    """
    p = p_matrix(stats)
    smallest = np.sort(p.min(axis=1))
    adjusted = np.searchsorted(smallest, p[0], side="right") / len(p)
    return p[0], adjusted


def _flat(values: Floats) -> Floats:
    """Return values (N, …) as (N, rest); NumPy cannot guess the rest when N is 0."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


def _sum_by(values: Floats, strata: Ints) -> Floats:
    sums = np.zeros((int(strata.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(sums, strata, values)
    return sums


def inverse(values: Floats) -> Floats:
    """Return 1/values, and 0 where the variance is nothing but rounding: such a cell can say nothing."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 1e-12)
