"""Several tests as one family: one look, or weekly looks that share one error rate; it knows p-values only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pilot_pipeline.fairness.permutation import Bools, Floats, min_p, p_matrix

ALPHA = 0.05
"""The family-wise error rate of every audit (4-statistics: family p at most .05)."""


@dataclass(frozen=True)
class FamilyP:
    """Per test: the permutation p, and the p adjusted over the family (and over the looks so far)."""

    p: Floats
    q: Floats


def one_look(stats: Floats) -> FamilyP:
    """Judge statistics (B, tests), of which row 0 is the data, by min-p."""
    if stats.shape[1] == 0:
        return FamilyP(np.empty(0), np.empty(0))
    return FamilyP(*min_p(stats))


def weekly_looks(stats: Sequence[Floats], planned: int) -> list[FamilyP]:
    """Judge cumulative looks with one permutation set and linear alpha spending.

    At look w the smallest p of the family may have rejected at most α·w/planned of all permutations so far; those
    rejected earlier stay rejected. The data are one of the permutations, so the chance of ever a false alarm is at
    most α. q is the smallest α, on a fine grid, at which the test would have been found by this look; it is at
    most .05 exactly when the test is found at .05.

    Args:
        stats: per look (B, tests), all from the same permutations.
        planned: how many looks there will be.
    """
    p = [p_matrix(look) for look in stats]
    if not p or p[0].shape[1] == 0:
        return [FamilyP(np.empty(0), np.empty(0)) for _ in p]
    grid = np.unique([*np.geomspace(1 / len(p[0]), 1, 60), ALPHA])
    found = np.array([_found(p, planned, alpha) for alpha in grid])  # (grid, looks, tests)
    at_alpha = found[grid == ALPHA][0]
    allowed = np.where(at_alpha[None], True, grid[:, None, None] > ALPHA)
    hit = found & allowed
    q = np.where(hit.any(axis=0), grid[hit.argmax(axis=0)], 1.0)
    return [FamilyP(p[look][0], q[look]) for look in range(len(p))]


def found_by(stats: Sequence[Floats], planned: int, alpha: float) -> list[Bools]:
    """Return per look which tests `weekly_looks` has found by then at a given alpha; the quick way for simulations."""
    return _found([p_matrix(look) for look in stats], planned, alpha)


def _found(p: Sequence[Floats], planned: int, alpha: float) -> list[Bools]:
    """Return, per look, which tests of the data are found by then at this alpha."""
    smallest = np.array([look.min(axis=1) for look in p])
    alive = np.ones(smallest.shape[1], dtype=bool)
    found = np.zeros(p[0].shape[1], dtype=bool)
    by_look = []
    for look, values in enumerate(smallest, start=1):
        budget = int(np.floor(alpha * look / planned * len(alive) + 1e-9)) - int((~alive).sum())
        threshold = _threshold(values[alive], budget)
        found = found | (p[look - 1][0] <= threshold)
        alive &= values > threshold
        by_look.append(found)
    return by_look


def _threshold(values: Floats, budget: int) -> float:
    """Return the largest value that at most `budget` values do not exceed; below all of them when there is none."""
    ordered = np.sort(values)
    if budget <= 0 or len(ordered) == 0:
        return -1.0
    if budget >= len(ordered):
        return float(ordered[-1])
    below = ordered[ordered < ordered[budget]]
    return float(below[-1]) if len(below) else -1.0
