"""Permutations within roles: sizes, the family's min-p, and weekly looks that share one error rate."""

from __future__ import annotations

from itertools import permutations as every_order

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from pilot_pipeline.fairness.family import one_look, weekly_looks
from pilot_pipeline.fairness.groups import Grouping
from pilot_pipeline.fairness.pairs import direction
from pilot_pipeline.fairness.permutation import (
    Panel,
    flip_statistics,
    group_squares,
    min_p,
    p_matrix,
    permutations,
    permuted_groups,
    residuals,
    statistics,
    variance,
    z_scores,
)
from pilot_pipeline.fairness.tables import table_statistics


@pytest.fixture
def panel() -> Panel:
    groups = np.array([0, 0, 1, 1, 0, 1, 1])
    return Panel(np.array([0, 0, 0, 0, 1, 1, 1]), np.eye(2)[groups], (slice(0, 2),))


def test_permutations_stay_within_strata_and_keep_everyone() -> None:
    strata = np.array([2, 0, 1, 0, 2, 1, 0, 2])
    moved = permutations(strata, 2000, np.random.default_rng(0))
    assert (moved[0] == np.arange(8)).all()
    assert (strata[moved] == strata).all()
    assert (np.sort(moved, axis=1) == np.arange(8)).all()
    assert len(np.unique(moved, axis=0)) == 72  # 3! · 2! · 3!: every one there is


def test_permuted_groups_stay_within_strata_and_every_arrangement_comes_equally_often() -> None:
    strata, groups = np.array([1, 0, 1, 0, 1]), np.array([0, 1, 1, -1, 2])
    moved = permuted_groups(groups, strata, 6001, np.random.default_rng(0))
    assert (moved[0] == groups).all()
    for stratum in (0, 1):
        members = strata == stratum
        assert (np.sort(moved[:, members], axis=1) == np.sort(groups[members])).all()
    _, often = np.unique(moved[1:], axis=0, return_counts=True)
    assert len(often) == 12  # 2! · 3!
    assert scipy_stats.chisquare(often).pvalue > 0.001


def test_moving_groups_and_moving_people_are_the_same_test(panel: Panel) -> None:
    outcome = np.random.default_rng(9).random((7, 3))
    residual = residuals(outcome, panel.strata)
    people = permutations(panel.strata, 50, np.random.default_rng(10))
    groups = panel.onehot.argmax(axis=1)[people].astype(np.int16)
    assert group_squares(panel, residual, groups).sum(axis=1) == pytest.approx(
        statistics(panel, residual, people)[:, 0], abs=1e-8
    )


@pytest.mark.parametrize("sets", [0, 1, 40])
def test_a_tool_that_never_flips_gives_nothing_to_find(sets: int) -> None:
    same = np.zeros((sets, 2, 3))
    same[:, :, 1] = 1.0
    grouping = Grouping("planted", pd.Series(["a", "b"] * sets, dtype="str"), ("a", "b"))
    stats = direction((same, same[:, :, :2]), grouping, 200, np.random.default_rng(0))
    assert (stats == np.zeros((200, 2))).all()
    assert (one_look(stats).q == 1).all()
    assert (flip_statistics(np.zeros((sets, 2, 3)), np.ones((200, sets))) == np.zeros(200)).all()


def test_the_variance_is_that_of_all_permutations(panel: Panel) -> None:
    outcome = np.random.default_rng(1).random((7, 3))
    residual = residuals(outcome, panel.strata)
    totals = [
        panel.onehot[[*first, *second]].T @ residual
        for first in every_order(range(4))
        for second in every_order(range(4, 7))
    ]
    assert variance(panel, residual) == pytest.approx(np.var(totals, axis=0), abs=1e-12)
    assert np.mean(totals, axis=0) == pytest.approx(0, abs=1e-12)


def test_a_person_without_an_answer_counts_in_no_mean(panel: Panel) -> None:
    outcome = np.array([[1.0], [0.0], [np.nan], [1.0], [0.0], [1.0], [1.0]])
    residual = residuals(outcome, panel.strata)[:, 0]
    assert residual == pytest.approx([1 / 3, -2 / 3, 0, 1 / 3, -2 / 3, 1 / 3, 1 / 3])


def test_many_data_sets_at_once_equal_one_at_a_time(panel: Panel) -> None:
    rng = np.random.default_rng(2)
    outcome = rng.random((7, 5, 3))
    moved = permutations(panel.strata, 20, rng)
    together = statistics(panel, residuals(outcome, panel.strata), moved)
    for data_set in range(5):
        alone = statistics(panel, residuals(outcome[:, data_set], panel.strata), moved)
        assert together[:, data_set] == pytest.approx(alone)


def test_two_groups_and_a_yes_or_no_give_cochran_mantel_haenszel() -> None:
    from statsmodels.stats.contingency_tables import StratifiedTable

    rng = np.random.default_rng(3)
    strata = rng.integers(0, 4, 200)
    group, answer = rng.integers(0, 2, 200), rng.integers(0, 2, 200)
    panel = Panel(strata, np.eye(2)[group], (slice(0, 2),))
    z = z_scores(panel, residuals(np.eye(2)[answer], strata))
    tables = [
        np.array([[((strata == s) & (group == g) & (answer == a)).sum() for a in (0, 1)] for g in (0, 1)])
        for s in range(4)
    ]
    cmh = StratifiedTable(tables).test_null_odds(correction=False).statistic
    assert z**2 == pytest.approx(np.full((2, 2), cmh))


def test_one_test_alone_is_its_own_family() -> None:
    stats = np.random.default_rng(4).random((100, 1))
    p, adjusted = min_p(stats)
    assert adjusted == pytest.approx(p)
    assert p_matrix(np.array([[3.0], [3.0], [1.0], [0.0]]))[:, 0] == pytest.approx([0.5, 0.5, 0.75, 1.0])


def test_min_p_keeps_the_family_at_five_per_cent_where_single_tests_do_not() -> None:
    rng = np.random.default_rng(5)
    single = family = 0
    for _ in range(1500):
        found = one_look(rng.random((100, 6)))
        single += found.p.min() <= 0.05
        family += found.q.min() <= 0.05
    assert single / 1500 > 0.2
    assert scipy_stats.binomtest(family, 1500, 0.05, alternative="greater").pvalue > 0.001


def test_weekly_looks_share_one_error_rate_and_what_is_found_stays_found() -> None:
    rng = np.random.default_rng(6)
    naive = spent = 0
    for _ in range(150):
        walk = np.cumsum(rng.standard_normal((12, 200, 3)), axis=0) ** 2
        judged = weekly_looks(list(walk), 12)
        found = np.array([look.q <= 0.05 for look in judged])
        assert (np.diff(found.astype(int), axis=0) >= 0).all()
        naive += any((p_matrix(look)[0] <= 0.05 / 3).any() for look in walk)
        spent += found.any()
    assert naive / 150 > 0.10
    assert scipy_stats.binomtest(spent, 150, 0.05, alternative="greater").pvalue > 0.001


def test_a_strong_signal_is_found_in_its_second_week() -> None:
    looks = [np.random.default_rng(week).random((1000, 2)) for week in range(12)]
    for look in looks[1:]:
        look[0, 1] = 9.0
    q = [found.q for found in weekly_looks(looks, 12)]
    assert q[0][1] > 0.05
    assert all(week[1] <= 0.05 for week in q[1:])
    assert all(week[0] > 0.05 for week in q)


def test_random_tables_are_the_permutation_test_of_units_with_one_choice_each() -> None:
    rng = np.random.default_rng(4)
    strata, groups, chosen = (rng.integers(0, size, 300) for size in (3, 4, 5))
    panel = Panel(strata, np.eye(4)[groups][:, :3], (slice(0, 3),))  # the fourth group is not tested
    onto = [np.eye(5), np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], dtype=float)]
    drawn = table_statistics(panel, chosen, onto, 4000, rng)
    moved = permuted_groups(np.where(groups == 3, -1, groups), strata, 4000, rng)
    for level, names in enumerate(onto):
        known = group_squares(panel, residuals(names[chosen], strata), moved).sum(axis=1)
        assert drawn[0, level] == pytest.approx(known[0])
        cut = np.quantile(known, [0.1, 0.5, 0.9, 0.95])
        assert np.array([(drawn[:, level] <= at).mean() for at in cut]) == pytest.approx(
            [0.1, 0.5, 0.9, 0.95], abs=0.03
        )


def test_random_tables_of_a_role_with_one_group_or_one_choice_stay_as_they_are() -> None:
    strata, groups = np.repeat([0, 1], 6), np.array([0] * 6 + [0, 1] * 3)
    panel = Panel(strata, np.eye(2)[groups], (slice(0, 2),))
    chosen = np.array([0, 1, 0, 1, 0, 1] + [2] * 6)
    assert (table_statistics(panel, chosen, [np.eye(3)], 5, np.random.default_rng(0)) == 0).all()
