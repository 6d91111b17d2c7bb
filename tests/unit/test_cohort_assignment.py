"""The matching is the global optimum: held against brute force over all matchings and an independent assignment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohort_brute_force import best_matching
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import csr_array

from pilot_pipeline.cohort.assignment import assign, most_pairs
from pilot_pipeline.cohort.ladder import NEVER
from pilot_pipeline.cohort.metric import build_metric

RUNGS = 3


@st.composite
def instances(draw: st.DrawFn, most_rows: int = 8, most_columns: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Rungs (many pairs inadmissible) and distances (with many ties)."""
    rows, columns = draw(st.integers(1, most_rows)), draw(st.integers(1, most_columns))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    admissible = rng.random((rows, columns)) < draw(st.sampled_from([0.15, 0.3, 0.6, 1.0]))
    need = np.where(admissible, rng.integers(0, RUNGS, (rows, columns)), NEVER).astype(np.int8)
    distance = rng.integers(0, 6, (rows, columns)) / 2 if draw(st.booleans()) else rng.random((rows, columns)) * 9
    return need, distance.astype(float)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(instances())
def test_equals_brute_force_in_pairs_rungs_and_distance(instance: tuple[np.ndarray, np.ndarray]) -> None:
    need, distance = instance
    rows, columns = assign(need, distance, RUNGS)
    pairs, per_rung, total = best_matching(need, distance, RUNGS)
    assert len(rows) == pairs == most_pairs(need < RUNGS)
    assert tuple(np.bincount(need[rows, columns], minlength=RUNGS)) == per_rung
    assert distance[rows, columns].sum() == pytest.approx(total, abs=1e-9)


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


def independent_total(distance: np.ndarray, admissible: np.ndarray) -> tuple[int, float]:
    """Most pairs and their least total distance as two linear programs (HiGHS): another method, another library."""
    left, right = np.nonzero(admissible)
    edges = np.arange(len(left))
    shape = (sum(distance.shape), len(edges))
    ends = csr_array((np.ones(2 * len(edges)), (np.r_[left, right + len(distance)], np.r_[edges, edges])), shape=shape)
    once = LinearConstraint(ends, 0, 1)
    pairs = round(-milp(-np.ones(len(edges)), constraints=once).fun)
    all_of_them = LinearConstraint(np.ones((1, len(edges))), pairs, pairs)
    return pairs, milp(distance[left, right], constraints=[once, all_of_them]).fun


@pytest.mark.parametrize("caliper", [np.inf, 0.2])
def test_totals_equal_an_independent_solution_on_lalonde_like_data(caliper: float) -> None:
    # 185 trained and 429 comparison people with age, schooling and earnings of very different scale.
    rng = np.random.default_rng(7)
    treated = np.column_stack([rng.normal(26, 7, 185), rng.normal(10, 2, 185), rng.gamma(0.6, 3500, 185)])
    others = np.column_stack([rng.normal(28, 11, 429), rng.normal(10, 3, 429), rng.gamma(1.1, 5100, 429)])
    everyone = pd.DataFrame(np.vstack([treated, others]), columns=["tenure_years", "role_level", "performance_score"])
    metric = build_metric(everyone, list(everyone))
    distance = metric.distances(np.arange(185), np.arange(185, 614))
    score = everyone["performance_score"].to_numpy()
    admissible = np.abs(score[:185, None] - score[None, 185:]) <= caliper * score.std(ddof=1)
    rows, columns = assign(np.where(admissible, 0, NEVER).astype(np.int8), distance, 1)
    pairs, total = independent_total(distance, admissible)
    assert len(rows) == pairs <= 185
    assert distance[rows, columns].sum() == pytest.approx(total, abs=1e-9)


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
