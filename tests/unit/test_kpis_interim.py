"""Looking every week costs what was planned, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pilot_pipeline.kpis.interim import boundaries, obrien_fleming_spent, repeated_interval, weekly_boundary


def test_weeks_four_to_twelve_have_the_published_boundaries():
    found = [weekly_boundary(week, 12) for week in range(4, 13)]
    assert found == pytest.approx([3.39, 3.07, 2.83, 2.64, 2.50, 2.38, 2.29, 2.21, 2.14], abs=0.006)


def test_one_look_at_the_end_is_an_ordinary_test():
    assert boundaries((1.0,)) == pytest.approx((stats.norm.isf(0.025),), abs=1e-9)


def test_two_looks_agree_with_the_bivariate_normal():
    first, second = boundaries((0.5, 1.0))
    assert 2 * stats.norm.sf(first) == pytest.approx(obrien_fleming_spent(0.5), abs=1e-12)
    inside = stats.multivariate_normal(cov=[[1, np.sqrt(0.5)], [np.sqrt(0.5), 1]])
    stay = inside.cdf([first, second], lower_limit=[-first, -second], rng=np.random.default_rng(1))
    assert 1 - stay == pytest.approx(0.05, abs=1e-4)


def test_there_is_no_look_before_week_four_or_after_the_end():
    assert weekly_boundary(3, 12) is None
    assert weekly_boundary(13, 12) is None
    assert repeated_interval(0.4, 0.1, 9, 3, 12) is None
    assert repeated_interval(0.4, 0.1, 0, 6, 12) is None


def test_interim_intervals_narrow_towards_the_end_and_stay_wider_than_the_final_one():
    widths = [repeated_interval(0.4, 0.1, 9, week, 12) for week in range(4, 13)]
    widths = [ci.high - ci.low for ci in widths]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 2 * 0.1 * stats.t.isf(0.025, 9)


@pytest.mark.parametrize("persistent", [0.0, 0.05])
@pytest.mark.parametrize("clusters", [5, 8, 10, 12])
def test_stopping_at_the_first_success_keeps_false_alarms_near_five_per_cent(clusters, persistent):
    """Within 3.5 to 5.5 per cent, where twenty thousand pilots have a Monte Carlo error of .0015."""
    rng, pilots = np.random.default_rng(20), 20_000
    # Information grows with the weeks only where weeks are independent; a persistent part makes looks agree more.
    lasting, weekly = np.sqrt(persistent) * rng.standard_normal((pilots, clusters)), np.zeros((pilots, clusters))
    alarms = naive = np.zeros(pilots, dtype=bool)
    for week in range(1, 13):
        weekly += np.sqrt(1 - persistent) * rng.standard_normal((pilots, clusters))
        ours = repeated_interval(0.0, 1.0, clusters - 1, week, 12)
        if ours is None:
            continue
        mean = lasting + weekly / week
        t = np.abs(mean.mean(axis=1)) / (mean.std(axis=1, ddof=1) / np.sqrt(clusters))
        alarms = alarms | (t > ours.high)
        naive = naive | (t > stats.t.isf(0.025, clusters - 1))
    assert 0.035 < alarms.mean() < 0.055
    assert naive.mean() > 0.08
