"""Every interval agrees with an independent source."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from pilot_pipeline.kpis.intervals import (
    clopper_pearson,
    cluster_bootstrap,
    korn_graubard,
    newcombe,
    ratio_interval_from_sums,
    t_interval_from_sums,
    wilson,
)

SLEEP = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]) - np.array(
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
)
COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS)
def test_wilson_agrees_with_statsmodels(counts):
    k, n = counts
    assert wilson(k, n) == pytest.approx(proportion_confint(k, n, alpha=0.1, method="wilson"), abs=1e-9)


@given(COUNTS)
def test_clopper_pearson_agrees_with_scipy(counts):
    k, n = counts
    ci = stats.binomtest(k, n).proportion_ci(0.9, method="exact")
    assert clopper_pearson(k, n) == pytest.approx((ci.low, ci.high), abs=1e-9)


def test_clopper_pearson_refuses_what_is_no_share():
    with pytest.raises(ValueError, match="k=3, n=2"):
        clopper_pearson(3, 2)


def test_newcombe_gives_the_published_interval():
    assert newcombe(56, 70, 48, 80, level=0.95) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(COUNTS, COUNTS)
def test_newcombe_agrees_with_statsmodels(first, second):
    theirs = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff", alpha=0.1)
    assert newcombe(*first, *second) == pytest.approx(theirs, abs=1e-9)


def test_sleep_data_have_the_published_t_and_p():
    error = SLEEP.std(ddof=1) / np.sqrt(10)
    assert SLEEP.mean() / error == pytest.approx(-4.06213, abs=5e-6)
    touching = t_interval_from_sums(10, SLEEP.sum(), SLEEP @ SLEEP, level=1 - 0.00283289)
    assert float(touching.high) == pytest.approx(0, abs=1e-5)


def test_t_interval_agrees_with_scipy():
    ours = t_interval_from_sums(10, SLEEP.sum(), SLEEP @ SLEEP)
    theirs = stats.ttest_1samp(SLEEP, 0).confidence_interval(0.9)
    assert (float(ours.low), float(ours.high)) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_t_interval_of_one_person_is_a_value_and_of_none_is_nothing():
    found = t_interval_from_sums([0, 1, 2], [0.0, 3.0, 6.0], [0.0, 9.0, 20.0])
    assert np.isnan(found.value[0])
    assert found.value[1:].tolist() == [3.0, 3.0]
    assert np.isnan(found.low[:2]).all()
    assert found.low[2] < 3 < found.high[2]


def test_ratio_interval_agrees_with_a_weighted_regression():
    rng = np.random.default_rng(3)
    y = rng.integers(1, 9, 30).astype(float)
    x = np.minimum(y, rng.poisson(3, 30))
    fit = sm.WLS(x / y, np.ones(30), weights=y).fit(cov_type="HC1", use_t=True)
    ours = ratio_interval_from_sums(30, x.sum(), y.sum(), x @ x, y @ y, x @ y)
    assert float(ours.value) == pytest.approx(fit.params[0], abs=1e-9)
    assert (float(ours.low), float(ours.high)) == pytest.approx(tuple(fit.conf_int(0.1)[0]), abs=1e-9)


def test_ratio_of_nothing_to_nothing_is_unknown():
    assert np.isnan(ratio_interval_from_sums(5, 0, 0, 0, 0, 0)).all()


def test_korn_graubard_is_clopper_pearson_at_the_effective_size():
    # Two of four clusters of five all say yes: the design effect is 20 x (4/3 x 4 x 2.5^2 / 20^2) / 0.25 = 6.67.
    y, clusters = np.repeat([1, 1, 0, 0], 5), np.repeat([1, 2, 3, 4], 5)
    effective = 0.25 / (4 / 3 * 4 * 2.5**2 / 20**2) * (stats.t.ppf(0.05, 19) / stats.t.ppf(0.05, 3)) ** 2
    assert korn_graubard(y, clusters) == pytest.approx(clopper_pearson(effective / 2, effective), abs=1e-12)


def test_korn_graubard_widens_when_people_follow_their_manager():
    alike, mixed = np.repeat([1, 1, 1, 0], 5), np.tile([1, 1, 1, 0], 5)
    clusters = np.repeat([1, 2, 3, 4], 5)
    clustered, spread = korn_graubard(alike, clusters), korn_graubard(mixed, clusters)
    assert clustered.low < spread.low
    assert clustered.high > spread.high
    assert spread == pytest.approx(clopper_pearson(15, 20))


def test_korn_graubard_says_nothing_from_one_cluster_and_treats_unanimity_as_independent():
    assert korn_graubard([1, 0, 1], [7, 7, 7]) == (0.0, 1.0)
    assert korn_graubard([1, 1, 1, 1], [1, 1, 2, 2]) == pytest.approx(clopper_pearson(4, 4))


def test_bootstrap_of_the_sleep_data_gives_the_published_bca_interval():
    ci = cluster_bootstrap(SLEEP, np.ones(10), level=0.95, resamples=50_000)
    assert ci == pytest.approx((-2.64, -1.05), abs=0.05)


def test_bootstrap_resamples_whole_clusters():
    x, y = np.repeat([1.0, 2.0, 4.0, 8.0], 4), np.ones(16)
    by_cluster = cluster_bootstrap(x, y, np.repeat([1, 2, 3, 4], 4))
    of_sums = cluster_bootstrap([4, 8, 16, 32], [4, 4, 4, 4])
    assert by_cluster == of_sums
    by_row = cluster_bootstrap(x, y)
    assert by_cluster.high - by_cluster.low > by_row.high - by_row.low


def test_bootstrap_does_not_depend_on_labels_or_row_order():
    rng = np.random.default_rng(2)
    x, y = rng.poisson(4, 20).astype(float), rng.integers(4, 9, 20).astype(float)
    order = rng.permutation(20)
    assert cluster_bootstrap(x, y, seed=9) == cluster_bootstrap(x[order], y[order], seed=9)


def test_bootstrap_of_equal_shares_is_a_point_and_of_one_row_is_unknown():
    assert cluster_bootstrap([3, 6], [6, 12]) == (0.5, 0.5)
    assert np.isnan(cluster_bootstrap([3], [6])).all()
