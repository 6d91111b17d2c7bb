"""The close-out estimators agree with statsmodels and do what the specification says in words."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pilot_pipeline.cohort.power import adoption_line
from pilot_pipeline.kpis.effects import behaviour_effect, prep_time_effect
from pilot_pipeline.kpis.estimators import ADOPTION_MARGIN, adoption_estimate, completion_interval, pulse_estimate
from pilot_pipeline.kpis.intervals import clopper_pearson, cluster_bootstrap


@pytest.fixture
def pairs():
    rng = np.random.default_rng(1)
    clusters = np.r_[np.arange(8), rng.integers(0, 8, 22)]
    start = rng.normal(0.2, 0.5, 30)
    end = 0.4 + 0.6 * start + rng.normal(0, 0.4, 30)
    return end, start, clusters


def test_behaviour_is_the_ancova_intercept_with_its_clustered_error(pairs):
    end, start, clusters = pairs
    fit = sm.OLS(end, sm.add_constant(start)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    found = behaviour_effect(end, start, clusters)
    assert found.effect == pytest.approx(fit.params[0], abs=1e-9)
    assert found.se == pytest.approx(fit.bse[0], abs=1e-9)
    assert (found.n_complete, found.n_clusters) == (30, 8)


def test_the_unadjusted_change_stands_beside_the_ancova(pairs):
    end, start, clusters = pairs
    assert behaviour_effect(end, start, clusters).unadjusted == pytest.approx(np.mean(end - start))


def test_interval_p_and_upper_bound_never_disagree(pairs):
    end, start, clusters = pairs
    found = behaviour_effect(end, start, clusters)
    assert found.p_manager <= 0.05 < found.p_harm
    assert 0 < found.ci_low < found.effect < found.upper90 <= found.ci_high


def test_equal_start_differences_fall_back_to_the_change_score():
    end = np.array([0.5, 0.7, 0.4, 0.6, 0.9, 0.3])
    found = behaviour_effect(end, np.full(6, 0.25), np.arange(6))
    assert found.effect == pytest.approx(end.mean() - 0.25)
    assert found.unadjusted == pytest.approx(found.effect)
    assert found.p_manager == 1 / 64


def test_prep_time_is_the_ratio_of_means_and_its_p_is_that_of_the_minutes():
    saved = np.array([6.0, 9, -1, 12, 4, 8, 3, 10])
    baseline = np.array([40.0, 60, 30, 55, 50, 45, 40, 80])
    found = prep_time_effect(saved, baseline, np.arange(8))
    assert found.effect == pytest.approx(saved.mean() / baseline.mean())
    assert found.unit_effect == saved.mean()
    # All but -1 help; only flipping it alone, or nothing, or the +3 it cannot outweigh, reach the seen sum.
    assert found.p_manager == found.p_pair == 2 / 256
    assert found.ci_low > 0


def test_prep_time_error_is_the_linearised_one_between_clusters():
    rng = np.random.default_rng(2)
    baseline, clusters = rng.gamma(9, 5, 30), np.arange(30) % 9
    saved = 0.2 * baseline + rng.normal(0, 5, 30)
    fit = sm.WLS(saved / baseline, np.ones(30), weights=baseline).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    found = prep_time_effect(saved, baseline, clusters)
    assert found.effect == pytest.approx(fit.params[0], abs=1e-9)
    assert found.se == pytest.approx(fit.bse[0], abs=1e-9)


@pytest.mark.parametrize("clusters", [3, 4])
def test_below_five_clusters_student_takes_over_where_sign_patterns_run_out(clusters):
    rng = np.random.default_rng(3)
    label = np.arange(24) % clusters
    found = prep_time_effect(rng.normal(5, 8, 24), np.full(24, 40.0), label)
    half = stats.t.isf(0.05, clusters - 1) * found.se
    assert (found.ci_low, found.ci_high) == pytest.approx((found.effect - half, found.effect + half))
    assert found.effect < found.upper90 < found.ci_high


def test_one_cluster_has_an_estimate_and_no_bounds():
    found = behaviour_effect([0.5, 0.6, 0.1], [0.1, 0.0, 0.2], [1, 1, 1])
    assert np.isfinite(found.effect)
    assert np.isnan([found.ci_low, found.ci_high]).all()
    assert found.upper90 == np.inf


@pytest.mark.parametrize(("n", "needed"), [(30, 23), (50, 37)])
def test_the_go_line_of_adoption_is_the_published_count(n, needed):
    assert adoption_line(n, 0.70) == needed
    assert clopper_pearson(needed, n).low >= 0.60 > clopper_pearson(needed - 1, n).low or needed / n < 0.70


@given(st.integers(5, 60), st.sampled_from([0.5, 0.6, 0.7, 0.8]))
def test_the_go_line_and_a_fading_adoption_use_the_same_margin(n, target):
    line = adoption_line(n, target)
    enough = [k >= target * n - 1e-9 and clopper_pearson(k, n).low >= target - ADOPTION_MARGIN for k in range(n + 1)]
    assert line == [*enough, True].index(True)


def test_a_target_that_even_everyone_cannot_prove_is_said_so():
    assert adoption_line(5, 0.99) == 6


@given(st.integers(1, 60), st.floats(0.3, 0.95))
def test_the_go_line_rises_with_the_target(n, target):
    assert adoption_line(n, target) <= adoption_line(n, min(0.99, target + 0.04))


def test_adoption_counts_every_person_of_the_denominator():
    found = adoption_estimate([True] * 21 + [False] * 9, np.arange(30) % 6, 0.70, 0.8)
    assert (found.active, found.n, found.share, found.needed, found.sustained) == (21, 30, 0.7, 23, 0.8)
    assert (found.ci_low, found.ci_high) == clopper_pearson(21, 30)


def test_completion_is_pooled_and_resampled_by_participant():
    completed, assigned = [6, 0, 3, 5, 6, 2], [6, 6, 4, 5, 8, 2]
    share, ci = completion_interval(completed, assigned, seed=4)
    assert share == 22 / 31
    assert ci == cluster_bootstrap(completed, assigned, seed=4)


def test_pulse_weighs_people_equally_and_bounds_the_silent():
    nan = np.nan
    scores = np.array([[4.0, 4, 4], [2, nan, nan], [nan, nan, nan], [5, nan, 3]])
    found = pulse_estimate(scores, (4, 8, 12))
    assert found.mean == pytest.approx((4 + 2 + 4) / 3)
    assert found.respondents == 3
    assert found.response == ((4, 0.75), (8, 0.25), (12, 0.5))
    assert found.worst == pytest.approx((22 + 6 * 1) / 12)
    assert found.best == pytest.approx((22 + 6 * 5) / 12)
    theirs = stats.ttest_1samp([4, 2, 4], 0).confidence_interval(0.9)
    assert (found.ci_low, found.ci_high) == pytest.approx((theirs.low, theirs.high))
