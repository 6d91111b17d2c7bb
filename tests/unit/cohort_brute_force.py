"""The best matching by trying every one, to hold the real one against; the claims themselves are `test_cohort_*`."""

from __future__ import annotations

from functools import cache

import numpy as np

Best = tuple[int, tuple[int, ...], float]


def best_matching(need: np.ndarray, distance: np.ndarray, rungs: int) -> Best:
    """Most pairs, pairs per rung and total distance over every matching of rows with columns (up to 8 × 12)."""
    edges = [
        [(column, int(row[column])) for column in np.flatnonzero(row < rungs).tolist()] for row in np.asarray(need)
    ]

    @cache
    def best(row: int, used: int) -> Best:
        if row == len(edges):
            return 0, (0,) * rungs, 0.0
        found = best(row + 1, used)
        for column, rung in edges[row]:
            if not used >> column & 1:
                rest = best(row + 1, used | 1 << column)
                found = max(found, _with(rest, rung, float(distance[row, column])))
        return found

    pairs, per_rung, score = best(0, 0)
    return pairs, per_rung, -score


def best_pairs(need: np.ndarray, distance: np.ndarray, rungs: int) -> Best:
    """The same over every way to pair one group with itself."""

    @cache
    def best(left: frozenset[int]) -> Best:
        if not left:
            return 0, (0,) * rungs, 0.0
        first = min(left)
        found = best(left - {first})
        for second in left - {first}:
            if need[first, second] < rungs:
                rest = best(left - {first, second})
                found = max(found, _with(rest, int(need[first, second]), float(distance[first, second])))
        return found

    pairs, per_rung, score = best(frozenset(range(len(need))))
    return pairs, per_rung, -score


def _with(rest: Best, rung: int, distance: float) -> Best:
    pairs, per_rung, score = rest
    return pairs + 1, tuple(n + (place == rung) for place, n in enumerate(per_rung)), score - distance
