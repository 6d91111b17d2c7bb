"""Tests in closed form from counts by stratum, group and pathway, for very many people; permutations are `permutation`.

Notation: counts (S, G, P) of people by stratum, group and the pathway that they were sent to; a person counts once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pilot_pipeline.fairness.permutation import Floats, Ints

_SMALL = 5.0
"""Expected counts below this make the χ² approximation doubtful (Cochran 1954); Fisher's exact test takes over."""


@dataclass(frozen=True)
class Omnibus:
    """One attribute's test over all groups and pathways: statistic, degrees of freedom, p."""

    statistic: float
    freedom: int
    p: float


def omnibus(counts: Floats) -> Omnibus:
    """Test whether group and pathway go together within strata; all groups and pathways at once.

    Source: Landis, Heyman and Koch (1978), the generalised Cochran–Mantel–Haenszel statistic for nominal tables, which
    is the quadratic form of the permutation distribution within strata (Strasser and Weber 1999).
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve
    from scipy.special import chdtrc

    used = counts[:, :, counts.any(axis=(0, 1))]
    used = used[:, used.any(axis=(0, 2))]
    groups, pathways = used.shape[1:]
    size = (groups - 1) * (pathways - 1)
    if size < 1:
        return Omnibus(0.0, 0, 1.0)
    total = used.sum(axis=(1, 2))
    used, total = used[total > 1], total[total > 1, None]  # one person alone cannot be permuted
    row, column = used.sum(axis=2), used.sum(axis=1)
    expected = row[:, :, None] * column[:, None, :] / total[:, None]
    difference = (used - expected).sum(axis=0)[:-1, :-1].ravel()
    by_group, by_pathway = (_spread(part[:, :-1], total) for part in (row, column))
    over = by_group / (total**2 * (total - 1))[:, None]
    product = over.reshape(len(used), -1).T @ by_pathway.reshape(len(used), -1)
    square = product.reshape(groups - 1, groups - 1, pathways - 1, pathways - 1).transpose(0, 2, 1, 3)
    spread = np.ascontiguousarray(square).reshape(size, size)
    try:
        statistic, freedom = float(difference @ cho_solve(cho_factor(spread), difference)), size
    except LinAlgError:
        values, vectors = np.linalg.eigh(spread)
        kept = values > values.max(initial=0.0) * 1e-10
        statistic = float((((vectors.T @ difference)[kept]) ** 2 / values[kept]).sum())
        freedom = int(kept.sum())
    return Omnibus(statistic, freedom, float(chdtrc(freedom, statistic)) if freedom else 1.0)


def _spread(part: Floats, total: Floats) -> Floats:
    """Return diag(part)·total − part partᵀ per stratum, (S, K, K) from (S, K)."""
    return np.asarray(np.eye(part.shape[1]) * (part * total)[:, :, None] - part[:, :, None] * part[:, None, :])


def cochran_mantel_haenszel(counts: Floats, *, corrected: bool = False) -> Floats:
    """Return p (G, P) of each group against the rest, stratified; NaN where there is no variance.

    Args:
        counts: (S, G, P).
        corrected: take half a person off the difference (Yates), as R's `mantelhaen.test` does unless told otherwise.
    """
    from scipy.special import chdtrc

    group, pathway = counts.sum(axis=2), counts.sum(axis=1)
    total = group.sum(axis=1)
    expected = group[:, :, None] * pathway[:, None, :] / np.maximum(total, 1)[:, None, None]
    over = np.maximum(total**2 * (total - 1), 1)[:, None, None]
    left = (total[:, None] - group)[:, :, None] * (total[:, None] - pathway)[:, None, :]
    spread = (group[:, :, None] * pathway[:, None, :] * left / over).sum(axis=0)
    apart = np.abs((counts - expected).sum(axis=0))
    apart = np.maximum(apart - 0.5, 0) if corrected else apart
    squared = np.full(spread.shape, np.nan)
    np.divide(apart**2, spread, out=squared, where=spread > 0)
    return np.asarray(chdtrc(1, squared))


def breslow_day(counts: Floats) -> Floats:
    """Return p (G, P) of each group's odds ratio against the rest being the same in all strata.

    Cochran, Mantel and Haenszel's test adds the strata up, so that opposite differences cancel; this one sees them.
    Strata in which everybody or nobody is in the group, or gets the pathway, say nothing. NaN where fewer than two
    strata are left, or the common odds ratio is 0 or infinite.

    Source: Breslow and Day (1980), section 4.4, around Mantel and Haenszel's common odds ratio, without Tarone's term.
    """
    from scipy.special import chdtrc

    group, pathway = counts.sum(axis=2)[:, :, None], counts.sum(axis=1)[:, None, :]
    total = group.sum(axis=1, keepdims=True)
    rest = total - group - pathway + counts
    used = (group > 0) & (group < total) & (pathway > 0) & (pathway < total)
    over = np.where(used, 1 / np.maximum(total, 1), 0.0)
    both, crossed = (counts * rest * over).sum(axis=0), ((group - counts) * (pathway - counts) * over).sum(axis=0)
    odds = np.full(both.shape, np.nan)
    np.divide(both, crossed, out=odds, where=(both > 0) & (crossed > 0))
    # The expected count x solves x·(total − group − pathway + x) = odds·(group − x)·(pathway − x): of the two roots the
    # one that is possible, in the form that does not cancel where the odds ratio is near 1.
    linear = odds * (group + pathway) + total - group - pathway
    root = np.sqrt(np.maximum(linear**2 - 4 * (odds - 1) * odds * group * pathway, 0))
    expected = 2 * odds * group * pathway / np.where(used, linear + root, 1.0)
    inverse = sum(
        1 / np.where(used, np.maximum(cell, np.finfo(float).tiny), 1.0)
        for cell in (expected, group - expected, pathway - expected, total - group - pathway + expected)
    )
    statistic = np.where(used, (counts - expected) ** 2 * inverse, 0.0).sum(axis=0)
    freedom = used.sum(axis=0) - 1
    known = (freedom > 0) & ~np.isnan(odds)
    return np.where(known, chdtrc(np.maximum(freedom, 1), np.where(known, statistic, 0.0)), np.nan)


def against_the_rest(counts: Floats) -> tuple[Floats, Floats]:
    """Return p (G, P) of each group against the rest, unstratified, and which of them (bool) are Fisher's exact test.

    Pearson's χ² without correction where every expected count is at least five, else Fisher's exact test.
    """
    from scipy.special import chdtrc
    from scipy.stats import fisher_exact

    table = counts.sum(axis=0)
    group, pathway = table.sum(axis=1)[:, None], table.sum(axis=0)[None]
    total = table.sum()
    cells = np.stack([table, group - table, pathway - table, total - group - pathway + table])
    margins = group * (total - group) * pathway * (total - pathway)
    squared = np.divide(
        total * (cells[0] * cells[3] - cells[1] * cells[2]) ** 2, margins, out=np.zeros_like(table), where=margins > 0
    )
    p = np.asarray(chdtrc(1, squared))
    smallest = np.minimum(group, total - group) * np.minimum(pathway, total - pathway) / max(total, 1)
    exact = smallest < _SMALL
    for at in zip(*np.nonzero(exact), strict=True):
        p[at] = fisher_exact(cells[(slice(None), *at)].reshape(2, 2).astype(np.int64)).pvalue
    return p, exact


@dataclass(frozen=True)
class MeanScores:
    """The mean score statistic of groups: the quadratic form T'PT of their sums, χ² with so many degrees of freedom."""

    precision: Floats
    freedom: int

    def statistic(self, total: Floats) -> Floats:
        """Return the statistic of sums (…, G)."""
        return np.asarray(np.einsum("...g,gh,...h->...", total, self.precision, total))

    def p(self, total: Floats) -> float:
        """Return the p of sums (G,) in closed form."""
        from scipy.special import chdtrc

        return float(chdtrc(self.freedom, self.statistic(total))) if self.freedom else 1.0


def mean_scores(residual: Floats, onehot: Floats, strata: Ints) -> MeanScores:
    """Return the test of groups' mean scores being alike within strata.

    Source: Landis, Heyman and Koch (1978), the mean score statistic: the quadratic form of the permutation distribution
    of the groups' sums (Strasser and Weber 1999).

    Args:
        residual: a number per person less its stratum's mean.
        onehot: (people, G) membership; people in no group take part in the variance.
        strata: (people,) codes.
    """
    sizes = np.bincount(strata).astype(np.float64)
    squares = np.bincount(strata, weights=residual**2, minlength=len(sizes))
    members = np.zeros((len(sizes), onehot.shape[1]))
    np.add.at(members, strata, onehot)
    scale = squares / np.maximum(sizes - 1, 1)
    spread = np.diag(scale @ members) - (members * (scale / np.maximum(sizes, 1))[:, None]).T @ members
    values, vectors = np.linalg.eigh(spread)
    kept = values > max(values.max(initial=0.0), 1e-12) * 1e-9
    return MeanScores((vectors[:, kept] / values[kept]) @ vectors[:, kept].T, int(kept.sum()))


def holm(p: Floats) -> Floats:
    """Return Holm's (1979) adjusted p of a family, NaN where p is."""
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    q[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1.0)
    return q


def benjamini_hochberg(p: Floats) -> Floats:
    """Return q-values of a family, NaN where p is; SciPy's `false_discovery_control`."""
    from scipy.stats import false_discovery_control

    q = np.full(p.shape, np.nan)
    known = ~np.isnan(p)
    if known.any():
        q[known] = false_discovery_control(p[known])
    return q
