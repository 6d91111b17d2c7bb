"""Every estimator agrees with an independent source to 1e-9 on fixed data, and with the published digits.

Sleep: Student 1908, as R prints it (t.test, paired). Maize: Darwin 1876, Fisher 1935. Two shares: Newcombe 1998, table
II. Admissions: Bickel, Hammel & O'Connell 1975, as R prints them (mantelhaen.test, uncorrected).
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import integrate, stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from pilot_pipeline.fairness.closed_form import breslow_day, cochran_mantel_haenszel
from pilot_pipeline.fairness.rates import _cmh
from pilot_pipeline.kpis.effects import behaviour_effect, prep_time_effect
from pilot_pipeline.kpis.estimators import completion_interval, pulse_estimate
from pilot_pipeline.kpis.interim import boundaries
from pilot_pipeline.kpis.intervals import clopper_pearson, cluster_bootstrap, newcombe, t_interval_from_sums, wilson
from pilot_pipeline.kpis.signflip import signflip_p

DRUG_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
DRUG_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
SLEEP = DRUG_1 - DRUG_2
TIGHT = 1e-9


def test_sleep_by_student():
    theirs = stats.ttest_rel(DRUG_1, DRUG_2)
    assert (theirs.statistic, theirs.pvalue) == pytest.approx((-4.06213, 0.0028329), rel=2e-6, abs=5e-8)
    touching = t_interval_from_sums(10, SLEEP.sum(), SLEEP @ SLEEP, level=1 - theirs.pvalue)
    assert float(touching.high) == pytest.approx(0, abs=TIGHT)
    ours, again = (t_interval_from_sums(10, SLEEP.sum(), SLEEP @ SLEEP, level=level) for level in (0.9, 0.95))
    for found, level in ((ours, 0.9), (again, 0.95)):
        ci = theirs.confidence_interval(level)
        assert (float(found.low), float(found.high)) == pytest.approx((ci.low, ci.high), abs=TIGHT)


def test_sleep_by_sign_flips():
    theirs = stats.permutation_test((SLEEP,), np.sum, permutation_type="samples", n_resamples=np.inf)
    assert signflip_p(SLEEP, "two-sided") == 0.00390625 == pytest.approx(theirs.pvalue, abs=TIGHT)
    alone = prep_time_effect(-SLEEP, np.ones(10), np.arange(10))
    assert alone.p_manager == alone.p_pair == 0.00390625 / 2


def test_sleep_by_bootstrap():
    order = np.lexsort((np.ones(10), SLEEP))
    theirs = stats.bootstrap(
        (SLEEP[order],),
        lambda x, axis=-1: x.mean(axis=axis),
        confidence_level=0.95,
        n_resamples=9999,
        method="BCa",
        rng=np.random.default_rng(0),
    ).confidence_interval
    ours = cluster_bootstrap(SLEEP, np.ones(10), level=0.95, resamples=9999, seed=0)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=TIGHT)
    assert ours == pytest.approx((-2.64, -1.05), abs=0.06)
    share, ci = completion_interval([6, 0, 3, 5, 6, 2], [6, 6, 4, 5, 8, 2], seed=4)
    assert share == 22 / 31
    assert ci == cluster_bootstrap([6, 0, 3, 5, 6, 2], [6, 6, 4, 5, 8, 2], seed=4)


def test_maize_by_fisher():
    maize = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
    assert signflip_p(maize) == 863 / 32768
    assert behaviour_effect(maize, np.zeros(15), np.arange(15)).p_manager == 863 / 32768


def test_two_shares_by_newcombe():
    ours = newcombe(56, 70, 48, 80, level=0.95)
    assert ours == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert ours == pytest.approx(confint_proportions_2indep(56, 70, 48, 80, method="newcomb"), abs=TIGHT)


@pytest.mark.parametrize(("k", "n"), [(0, 30), (21, 30), (23, 30), (37, 50), (50, 50)])
def test_one_share_by_wilson_and_by_clopper_and_pearson(k, n):
    assert wilson(k, n) == pytest.approx(proportion_confint(k, n, alpha=0.1, method="wilson"), abs=TIGHT)
    assert clopper_pearson(k, n) == pytest.approx(proportion_confint(k, n, alpha=0.1, method="beta"), abs=TIGHT)


def test_admissions_by_cochran_mantel_and_haenszel_and_by_breslow_and_day():
    """Bickel, Hammel and O'Connell (1975), as R's `mantelhaen.test(UCBAdmissions)` and `BreslowDayTest` print them."""
    men = np.array([(512, 313), (353, 207), (120, 205), (138, 279), (53, 138), (22, 351)])
    women = np.array([(89, 19), (17, 8), (202, 391), (131, 244), (94, 299), (24, 317)])
    counts = np.stack([men, women], axis=1).astype(float)
    theirs = StratifiedTable(list(counts))
    everywhere = (2, 2)  # each gender against the other, each answer against the other: one p in all four places
    for corrected, printed in ((False, 1.5246), (True, 1.4269)):
        reference = theirs.test_null_odds(correction=corrected)
        assert reference.statistic == pytest.approx(printed, abs=5e-5)
        ours = cochran_mantel_haenszel(counts, corrected=corrected)
        assert ours == pytest.approx(np.full(everywhere, reference.pvalue), abs=TIGHT)
    odds = theirs.test_equal_odds()
    assert odds.pvalue == pytest.approx(0.0020714, abs=5e-8)
    assert breslow_day(counts) == pytest.approx(np.full(everywhere, odds.pvalue), abs=TIGHT)
    strata, gender, answer = (
        np.repeat(place.ravel(), counts.ravel().astype(int)) for place in np.indices(counts.shape)
    )
    assert _cmh(np.eye(2)[answer], np.eye(2)[gender], strata) == pytest.approx(
        cochran_mantel_haenszel(counts), abs=TIGHT
    )


def test_pairs_by_clustered_least_squares():
    rng = np.random.default_rng(1)
    clusters = np.r_[np.arange(8), rng.integers(0, 8, 22)]
    start = rng.normal(0.2, 0.5, 30)
    end = 0.4 + 0.6 * start + rng.normal(0, 0.4, 30)
    fit = sm.OLS(end, sm.add_constant(start)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    found = behaviour_effect(end, start, clusters)
    assert (found.effect, found.se) == pytest.approx((fit.params[0], fit.bse[0]), abs=TIGHT)
    baseline = rng.gamma(9, 5, 30)
    saved = 0.2 * baseline + rng.normal(0, 5, 30)
    fit = sm.WLS(saved / baseline, np.ones(30), weights=baseline).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    found = prep_time_effect(saved, baseline, clusters)
    assert (found.effect, found.se) == pytest.approx((fit.params[0], fit.bse[0]), abs=TIGHT)


def test_pulse_by_student():
    scores = np.array([[4.0, 4, 4], [2, np.nan, np.nan], [np.nan] * 3, [5, np.nan, 3], [3, 4, np.nan]])
    theirs = stats.ttest_1samp([4, 2, 4, 3.5], 0).confidence_interval(0.9)
    found = pulse_estimate(scores, (4, 8, 12))
    assert (found.ci_low, found.ci_high) == pytest.approx((theirs.low, theirs.high), abs=TIGHT)


def test_weekly_looks_by_numerical_integration():
    """The chance to leave by the second look, integrated adaptively over the first, is what may be spent by then."""
    first, second = boundaries((0.5, 1.0))
    assert first == pytest.approx(stats.norm.isf(stats.norm.sf(stats.norm.isf(0.025) / np.sqrt(0.5))), abs=TIGHT)

    def stays(z: float) -> float:
        between = (np.array([second, -second]) - z * np.sqrt(0.5)) / np.sqrt(0.5)
        return float(stats.norm.pdf(z) * (stats.norm.cdf(between[0]) - stats.norm.cdf(between[1])))

    inside = integrate.quad(stays, -first, first, epsabs=1e-13, epsrel=1e-13)[0]
    assert 1 - inside == pytest.approx(0.05, abs=TIGHT)
