"""Sign-flip tests are exact, and their bounds are their inversion."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pilot_pipeline.kpis.flip_bounds import ancova_bounds, ratio_bounds
from pilot_pipeline.kpis.signflip import Patterns, ancova_signflip, flip_p, sign_sums, signflip_p

SLEEP = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]) - np.array(
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
)
DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
HALVES = st.lists(st.integers(-8, 8).map(lambda v: v / 2), min_size=5, max_size=9)


def brute_ancova(y, x, alternative):
    """Refit by least squares under every sign pattern."""
    fits = []
    for signs in product((1, -1), repeat=len(y)):
        s = np.array(signs)
        fits.append(np.linalg.lstsq(np.column_stack([np.ones(len(y)), s * x]), s * y, rcond=None)[0][0])
    fits = np.array(fits) * (1 if alternative == "greater" else -1)
    return np.mean(fits >= fits[0] - 1e-9)


def test_sleep_data_give_the_published_exact_p():
    assert signflip_p(SLEEP, "two-sided") == 0.00390625
    assert signflip_p(SLEEP, "less") == 0.00390625 / 2


def test_darwins_maize_gives_fishers_863_of_32768():
    assert signflip_p(DARWIN) == 863 / 32768


@given(HALVES)
def test_exact_p_agrees_with_scipy(values):
    theirs = stats.permutation_test(
        (np.array(values),), np.sum, permutation_type="samples", alternative="greater", n_resamples=np.inf
    )
    assert signflip_p(values) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_meeting_in_the_middle_equals_writing_all_patterns_down():
    values = np.round(np.random.default_rng(4).normal(0.2, 1, 21), 1)
    assert signflip_p(values) == flip_p(sign_sums(values[None, :], Patterns(direct=21))[0])


def test_thirty_pairs_are_exact_and_forty_are_close_to_normal():
    rng = np.random.default_rng(5)
    thirty, forty = rng.normal(0.3, 1, 30), rng.normal(0.25, 1, 40)
    assert signflip_p(thirty) * 2**30 == int(signflip_p(thirty) * 2**30)
    z = forty.sum() / np.sqrt(forty @ forty)
    assert signflip_p(forty, seed=1) == pytest.approx(stats.norm.sf(z), abs=0.01)


def test_monte_carlo_is_seeded_blind_to_order_and_never_zero():
    values = np.random.default_rng(6).normal(0, 1, 35)
    assert signflip_p(values, seed=3) == signflip_p(values[::-1], seed=3)
    assert signflip_p(values, seed=3) != signflip_p(values, seed=4)
    assert signflip_p(np.ones(35)) == pytest.approx(1 / 100_002)


def test_five_clusters_are_the_floor_of_a_five_per_cent_test():
    assert signflip_p(np.arange(1, 6)) == 1 / 32
    assert signflip_p(np.arange(1, 5)) == 1 / 16


def test_no_difference_at_all_is_no_evidence():
    assert signflip_p(np.zeros(8)) == 1.0
    with pytest.raises(ValueError, match="at least one"):
        signflip_p([])


def test_patterns_are_common_to_the_rows_and_batched_over_pilots():
    pilots = np.random.default_rng(7).normal(size=(3, 2, 6))
    sums = sign_sums(pilots)
    assert sums.shape == (3, 2, 32)  # the other 32 are their negatives
    assert np.allclose(sums[..., 0], pilots.sum(axis=-1))
    assert np.allclose(sums[1], sign_sums(pilots[1]))


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_ancova_refits_like_least_squares_under_every_pattern(alternative):
    rng = np.random.default_rng(8)
    x = rng.normal(0.1, 1, 9)
    y = 0.4 + 0.5 * x + rng.normal(0, 1, 9)
    assert ancova_signflip(y, x, None, alternative) == pytest.approx(brute_ancova(y, x, alternative), abs=1e-12)


def test_ancova_by_cluster_flips_whole_clusters():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=12), rng.normal(0.5, 1, 12)
    clusters = np.repeat(np.arange(6), 2)
    fits = []
    for signs in product((1, -1), repeat=6):
        s = np.array(signs)[clusters]
        fits.append(np.polyfit(s * x, s * y, 1)[1])
    assert ancova_signflip(y, x, clusters) == pytest.approx(np.mean(np.array(fits) >= fits[0] - 1e-9), abs=1e-12)


def test_ancova_two_sided_doubles_the_smaller_tail():
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=10), rng.normal(0.5, 1, 10)
    tails = [ancova_signflip(y, x, None, side) for side in ("greater", "less")]
    assert ancova_signflip(y, x, None, "two-sided") == min(1.0, 2 * min(tails))


def test_ancova_without_start_differences_is_the_plain_test():
    assert ancova_signflip(DARWIN, np.zeros(15)) == 863 / 32768


def test_a_pattern_whose_line_cannot_be_fitted_counts_against_the_tool():
    y, x = np.array([2.0, 2.2, 1.9, 2.1, 2.0]), np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    # Two patterns make all start differences equal; with the seen one and its ties they are 1 + 2 at least.
    assert ancova_signflip(y, x) >= 3 / 32


@settings(max_examples=60)
@given(HALVES, st.integers(0, 10_000))
def test_the_bound_excludes_zero_exactly_when_the_test_rejects(values, seed):
    weights = np.random.default_rng(seed).gamma(4, 1, len(values))
    bounds = ratio_bounds(values, weights, None)
    assert (bounds.low > 0) == (signflip_p(values) <= 0.05)
    assert (bounds.high < 0) == (signflip_p(values, "less") <= 0.05)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.1]))
def test_ancova_bounds_invert_the_refitted_test(seed, tail):
    rng = np.random.default_rng(seed)
    clusters = np.arange(24) % 7
    x = rng.normal(size=24)
    y = 0.3 + 0.5 * x + rng.normal(size=24)
    low, high = ancova_bounds(y, x, clusters, tail)
    assert ancova_signflip(y - (low - 1e-6), x, clusters) <= tail < ancova_signflip(y - (low + 1e-6), x, clusters)
    assert ancova_signflip(y - (high + 1e-6), x, clusters, "less") <= tail
    assert ancova_signflip(y - (high - 1e-6), x, clusters, "less") > tail


def test_too_few_clusters_for_a_tail_leave_it_unbounded():
    assert ratio_bounds(np.ones(4), np.ones(4), None) == (-np.inf, np.inf)
    assert np.isfinite(ratio_bounds(np.arange(4), np.ones(4), None, tail=0.1)).all()


def test_at_exactly_one_pattern_the_bound_is_the_most_extreme_subset():
    values = np.array([3.0, 1.0, 4.0, 1.5, 9.0])
    assert ratio_bounds(values, np.ones(5), None, tail=1 / 32) == (1.0, 9.0)
    assert ratio_bounds(values, np.ones(5), None, tail=1 / 33) == (-np.inf, np.inf)


def test_bounds_beyond_twenty_clusters_are_close_to_students():
    values = np.random.default_rng(11).normal(0.3, 1, 40)
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert ratio_bounds(values, np.ones(40), None) == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_intervals_cover_at_five_clusters_with_effects_that_differ_by_manager():
    rng = np.random.default_rng(12)
    clusters = np.r_[np.arange(5), rng.integers(0, 5, 25)]
    hits = 0
    for _ in range(400):
        saved = 0.5 + 0.3 * rng.standard_normal(5)[clusters] + rng.standard_normal(30)
        low, high = ratio_bounds(saved, np.ones(30), clusters)
        hits += low <= 0.5 <= high
    # The attainable level at five clusters is 1 - 2/32 = .9375; four Monte Carlo standard errors are .048.
    assert hits / 400 > 0.9375 - 0.048
