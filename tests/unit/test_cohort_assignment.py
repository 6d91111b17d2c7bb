"""The matching is the global optimum: held against brute force over all matchings and an independent assignment."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from pilot_pipeline.cohort.assignment import assign, most_pairs
from pilot_pipeline.cohort.ladder import NEVER

RUNGS = 3


@st.composite
def instances(draw: st.DrawFn, most_rows: int = 7, most_columns: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Rungs (many pairs inadmissible) and distances (with many ties)."""
    rows, columns = draw(st.integers(1, most_rows)), draw(st.integers(1, most_columns))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    admissible = rng.random((rows, columns)) < draw(st.sampled_from([0.15, 0.3, 0.6, 1.0]))
    need = np.where(admissible, rng.integers(0, RUNGS, (rows, columns)), NEVER).astype(np.int8)
    distance = rng.integers(0, 6, (rows, columns)) / 2 if draw(st.booleans()) else rng.random((rows, columns)) * 9
    return need, distance.astype(float)


def brute_force(need: np.ndarray, distance: np.ndarray) -> tuple[int, tuple[int, ...], float]:
    """Best (pairs, pairs per rung, −distance) over every matching, row by row with the set of used columns."""
    rows, columns = need.shape

    @cache
    def best(row: int, used: int) -> tuple[int, tuple[int, ...], float]:
        if row == rows:
            return 0, (0,) * RUNGS, 0.0
        found = best(row + 1, used)
        for column in range(columns):
            if need[row, column] < RUNGS and not used >> column & 1:
                pairs, per_rung, score = best(row + 1, used | 1 << column)
                counted = tuple(n + (rung == need[row, column]) for rung, n in enumerate(per_rung))
                found = max(found, (pairs + 1, counted, score - distance[row, column]))
        return found

    return best(0, 0)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(instances())
def test_equals_brute_force_in_pairs_rungs_and_distance(instance: tuple[np.ndarray, np.ndarray]) -> None:
    need, distance = instance
    rows, columns = assign(need, distance, RUNGS)
    pairs, per_rung, score = brute_force(need, distance)
    assert len(rows) == pairs == most_pairs(need < RUNGS)
    assert tuple(np.bincount(need[rows, columns], minlength=RUNGS)) == per_rung
    assert distance[rows, columns].sum() == pytest.approx(-score, abs=1e-9)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(instances())
def test_uses_nobody_twice_and_only_admissible_pairs(instance: tuple[np.ndarray, np.ndarray]) -> None:
    need, distance = instance
    rows, columns = assign(need, distance, RUNGS)
    assert len(set(rows)) == len(rows) and len(set(columns)) == len(columns)
    assert (need[rows, columns] < RUNGS).all()
    assert (np.diff(rows) > 0).all()


def test_more_pairs_beat_lower_rungs_and_lower_rungs_beat_distance() -> None:
    # Row 0 could have column 0 exactly; then row 1 would have nobody.
    need = np.array([[0, 1], [0, NEVER]], dtype=np.int8)
    assert [list(part) for part in assign(need, np.zeros((2, 2)), 2)] == [[0, 1], [1, 0]]
    need = np.array([[0, 1]], dtype=np.int8)
    assert list(assign(need, np.array([[99.0, 0.0]]), 2)[1]) == [0]


def test_total_distance_equals_an_independent_assignment_on_lalonde_like_data() -> None:
    # 185 trained and 429 comparison people with age, schooling and earnings of very different scale.
    rng = np.random.default_rng(7)
    treated = np.column_stack([rng.normal(26, 7, 185), rng.normal(10, 2, 185), rng.gamma(0.6, 3500, 185)])
    others = np.column_stack([rng.normal(28, 11, 429), rng.normal(10, 3, 429), rng.gamma(1.1, 5100, 429)])
    everyone = np.vstack([treated, others])
    white = (everyone - everyone.mean(0)) @ np.linalg.cholesky(np.linalg.inv(np.cov(everyone.T)))
    distance = np.linalg.norm(white[:185, None] - white[None, 185:], axis=2)
    rows, columns = assign(np.zeros(distance.shape, dtype=np.int8), distance, 1)
    best = linear_sum_assignment(distance)
    assert distance[rows, columns].sum() == pytest.approx(distance[best].sum(), abs=1e-9)


def test_five_rungs_and_fifty_rows_equal_one_assignment_with_exact_integer_weights() -> None:
    rng = np.random.default_rng(11)
    need = np.where(rng.random((50, 60)) < 0.08, rng.integers(0, 5, (50, 60)), NEVER).astype(np.int8)
    rows, columns = assign(need, rng.random((50, 60)), 5)
    weight = np.where(need < 5, 51.0 ** (5 - np.minimum(need, 5)) + 51.0**6, 0.0)
    best = linear_sum_assignment(weight, maximize=True)
    assert weight[rows, columns].sum() == weight[best].sum()


def test_nobody_to_pair_gives_no_pairs() -> None:
    rows, columns = assign(np.full((3, 2), NEVER), np.zeros((3, 2)), 5)
    assert len(rows) == len(columns) == 0
    assert most_pairs(np.zeros((3, 2), dtype=bool)) == 0
