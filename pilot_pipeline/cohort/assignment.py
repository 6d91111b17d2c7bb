"""Exact lexicographic assignment on plain arrays: most pairs, lowest rungs, least distance; people are `matching`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pilot_pipeline.cohort.ladder import Ints, Rungs
from pilot_pipeline.cohort.metric import Floats

Mask = NDArray[np.bool_]


def assign(need: Rungs, distance: Floats, rungs: int) -> tuple[Ints, Ints]:
    """Pair rows with columns: the most pairs; among those the most at rung 0, then at rung 1, …; then least distance.

    Args:
        need: rows × columns, the rung of each pair; `rungs` and above mean that the pair is not admissible.
        distance: rows × columns, finite, ≥ 0.
        rungs: how many rungs the ladder has.

    Returns:
        Row and column positions of the pairs, in the order of rows.

    The global optimum: components of the admissible graph are solved apart, and in each the goals are taken one after
    the other in exact integer arithmetic, so that no weight has to be large enough to rank them.
    """
    everybody = _all_exact(need, distance)
    if everybody is not None:
        return everybody
    rows: list[Ints] = []
    columns: list[Ints] = []
    for component_rows, component_columns in _components(need < rungs):
        corner = np.ix_(component_rows, component_columns)
        picked_rows, picked_columns = _assign_component(need[corner], distance[corner], rungs)
        rows.append(component_rows[picked_rows])
        columns.append(component_columns[picked_columns])
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    all_rows, all_columns = np.concatenate(rows), np.concatenate(columns)
    order = np.argsort(all_rows, kind="stable")
    return all_rows[order], all_columns[order]


def _all_exact(need: Rungs, distance: Floats) -> tuple[Ints, Ints] | None:
    """Pair everybody on the shorter side at rung 0, if that can be had: nothing ranks above it."""
    from scipy.optimize import linear_sum_assignment

    exact = need == 0
    if not exact.any(axis=int(exact.shape[0] <= exact.shape[1])).all():
        return None
    try:
        rows, columns = linear_sum_assignment(np.where(exact, distance, np.inf))
    except ValueError:  # SciPy's word for: not all of them at once
        return None
    return np.asarray(rows, dtype=np.int64), np.asarray(columns, dtype=np.int64)


def most_pairs(admissible: Mask) -> int:
    """Return the size of a maximum matching of rows with columns (Hopcroft and Karp 1973, in SciPy)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not admissible.any():
        return 0
    return int((maximum_bipartite_matching(csr_array(admissible), perm_type="column") >= 0).sum())


def _components(admissible: Mask) -> list[tuple[Ints, Ints]]:
    """Return (rows, columns) of every connected component that has an edge, in the order of their first row."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_rows, n_columns = admissible.shape
    left, right = np.nonzero(admissible)
    size = n_rows + n_columns
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right + n_rows)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1]
    found = []
    for label in dict.fromkeys(labels[left].tolist()):
        members = np.flatnonzero(labels == label)
        found.append((members[members < n_rows], members[members >= n_rows] - n_rows))
    return found


def _assign_component(need: Rungs, distance: Floats, rungs: int) -> tuple[Ints, Ints]:
    """Solve one component: every goal keeps only the matchings that are optimal for it, the next chooses among them."""
    everybody = _all_exact(need, distance)
    if everybody is not None:
        return everybody
    n_rows, n_columns = need.shape
    # A private last resort per row stands for "unmatched", which makes every row's choice total.
    allowed = np.concatenate([need < rungs, np.eye(n_rows, dtype=bool)], axis=1)
    mandatory = np.zeros(n_columns + n_rows, dtype=bool)
    unmatched = np.zeros(allowed.shape)
    unmatched[:, n_columns:] = 1
    allowed, mandatory = _keep_optimal(allowed, mandatory, unmatched)
    present = [rung for rung in range(rungs) if (need == rung).any()]
    for rung in present[:-1]:
        reward = np.zeros(allowed.shape)
        reward[:, :n_columns] = -(need == rung).astype(np.float64)
        allowed, mandatory = _keep_optimal(allowed, mandatory, reward)
    cost = np.concatenate([distance, np.zeros((n_rows, n_rows))], axis=1)
    columns = _solve(cost, allowed, mandatory, bonus=n_rows * float(distance.max()) + 1)
    matched = columns < n_columns
    return np.flatnonzero(matched), columns[matched]


def _solve(cost: Floats, allowed: Mask, mandatory: Mask, bonus: float) -> Ints:
    """Return the column of every row in a cheapest full assignment that covers every mandatory column."""
    from scipy.optimize import linear_sum_assignment

    return np.asarray(linear_sum_assignment(_priced(cost, allowed, mandatory, bonus))[1], dtype=np.int64)


def _priced(cost: Floats, allowed: Mask, mandatory: Mask, bonus: float) -> Floats:
    return np.where(allowed, cost - bonus * mandatory[None, :], np.inf)


def _keep_optimal(allowed: Mask, mandatory: Mask, cost: Floats) -> tuple[Mask, Mask]:
    """Describe all optimal matchings of an integer goal: the edges they may use and the columns they must cover.

    By complementary slackness (Schrijver 2003, *Combinatorial Optimization*, 17-18) a full assignment is optimal
    exactly if it uses only edges of zero reduced cost and covers every column with a negative dual. The duals are the
    shortest residual paths from each row to a free column; entries are small integers, so that equality is exact.
    """
    n_rows = len(allowed)
    priced = _priced(cost, allowed, mandatory, bonus=n_rows + 1)
    columns = _solve(cost, allowed, mandatory, bonus=n_rows + 1)
    own = priced[np.arange(n_rows), columns]
    free = np.ones(allowed.shape[1], dtype=bool)
    free[columns] = False
    beyond = float((n_rows + 2) * (n_rows + 3))  # farther than any path: rows whose columns are all taken in any case
    row_dual = np.minimum(priced[:, free].min(axis=1, initial=np.inf), beyond)
    step = priced[:, columns] - own[None, :]
    for _ in range(n_rows):
        shorter = np.minimum(row_dual, (step + row_dual[None, :]).min(axis=1))
        if np.array_equal(shorter, row_dual):
            break
        row_dual = shorter
    column_dual = np.zeros(allowed.shape[1])
    column_dual[columns] = own - row_dual
    return priced == row_dual[:, None] + column_dual[None, :], column_dual < 0
