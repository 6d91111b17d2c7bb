"""Which volunteers to propose: representative by department and role level, seeded; forming pairs is elsewhere."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.ladder import Ints


def propose(candidates: pd.DataFrame, workforce: pd.DataFrame, size: int, most_levels: int, seed: int) -> Ints:
    """Choose candidates so that departments and role levels are represented as in the workforce.

    Args:
        candidates: one row per person (or pair) that can be had, in a fixed order: department, role_level,
            manager_id, rung.
        workforce: the people to be represented: department, role_level.
        size: how many to choose; fewer candidates are all taken.
        most_levels: at most this many role levels; those with the most candidates are kept.
        seed: of the random choice within a department and level.

    Returns:
        Row positions of the chosen candidates, ascending.

    Quotas by largest remainder over department × role level, never above what the cell has; within a cell the lowest
    rung first, then a seeded random order. Performance plays no part: a cohort chosen for low scores would rise by
    itself (regression to the mean).
    """
    levels = candidates["role_level"].value_counts()
    kept = sorted(levels.index, key=lambda level: (-levels[level], level))[:most_levels]
    usable = candidates["role_level"].isin(kept).to_numpy()
    cell = pd.Series(list(zip(candidates["department"], candidates["role_level"], strict=True)))
    have = cell[usable].value_counts()
    people = pd.Series(list(zip(workforce["department"], workforce["role_level"], strict=True))).value_counts()
    cells = sorted(have.index)
    quota = largest_remainder(
        np.array([people.get(key, 0) for key in cells], dtype=float), size, np.array([have[key] for key in cells])
    )
    order = np.lexsort((np.random.default_rng(seed).random(len(candidates)), candidates["rung"].to_numpy()))
    teams: Counter[object] = Counter()
    chosen: list[int] = []
    inside: dict[object, list[int]] = {key: [] for key in cells}
    keys = cell.tolist()
    for row in order[usable[order]].tolist():
        inside[keys[row]].append(row)
    for key, count in zip(cells, quota.tolist(), strict=True):
        chosen.extend(_spread(inside[key], count, candidates, teams))
    return np.array(sorted(chosen), dtype=np.int64)


def _spread(rows: list[int], count: int, candidates: pd.DataFrame, teams: Counter[object]) -> list[int]:
    """Take rows one by one: lowest rung, then the manager with the fewest so far, then the order they come in."""
    rung, manager = candidates["rung"].tolist(), candidates["manager_id"].tolist()
    left, taken = list(rows), []
    for _ in range(count):
        best = min(left, key=lambda row: (rung[row], teams[manager[row]]))
        teams[manager[best]] += 1
        left.remove(best)
        taken.append(best)
    return taken


def largest_remainder(weights: np.ndarray, seats: int, capacity: np.ndarray) -> Ints:
    """Distribute seats in proportion to weights (Hamilton's method), no cell above its capacity.

    Seats that a full cell cannot take go to the others in the same proportion; ties go to the earlier cell. The sum is
    min(seats, sum of capacity).
    """
    given = np.zeros(len(weights), dtype=np.int64)
    open_cells = capacity > 0
    left = min(seats, int(capacity.sum()))
    while left > 0:
        share = np.where(open_cells, weights, 0.0)
        if share.sum() == 0:
            share = open_cells.astype(np.float64)
        exact = share / share.sum() * left
        full = open_cells & (exact >= capacity)
        if not full.any():
            given = np.where(open_cells, np.floor(exact), given).astype(np.int64)
            remainder = np.where(open_cells, exact - np.floor(exact), -1.0)
            given[np.argsort(-remainder.round(9), kind="stable")[: left - int(given[open_cells].sum())]] += 1
            break
        given[full] = capacity[full]
        open_cells &= ~full
        left -= int(capacity[full].sum())
    return given
