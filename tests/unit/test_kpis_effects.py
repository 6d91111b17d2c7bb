"""Many pilots at once are estimated as each one alone; a real pilot is a batch of one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_pipeline.kpis.effects import (
    EffectEstimate,
    behaviour_effect,
    behaviour_effects,
    prep_time_effect,
    prep_time_effects,
)
from pilot_pipeline.kpis.signflip import Patterns, ancova_flips, flip_p, ratio_flips

FIELDS = [name for name in EffectEstimate.__dataclass_fields__ if name != "p_pair"]


def pilots(count: int, pairs: int, clusters: int, seed: int, lost: float):
    rng = np.random.default_rng(seed)
    label = np.r_[np.arange(clusters), rng.integers(0, clusters, pairs - clusters)]
    start, end = rng.normal(0.2, 1, (count, pairs)), rng.normal(0.4, 1, (count, pairs))
    present = (rng.random((count, pairs)) >= lost).astype(float)
    present[:, :3] = 1
    return end, start, rng.gamma(9, 5, (count, pairs)), present, label


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([0.0, 0.2, 0.7]))
def test_a_batch_with_missing_pairs_equals_each_pilot_without_them(seed, clusters, lost):
    end, start, baseline, present, label = pilots(4, 14, clusters, seed, lost)
    together = (
        behaviour_effects(end, start, present, label, Patterns()).each(),
        prep_time_effects(end, baseline, present, label, Patterns()).each(),
    )
    for pilot in range(4):
        here = present[pilot] > 0
        alone = (
            behaviour_effect(end[pilot][here], start[pilot][here], label[here]),
            prep_time_effect(end[pilot][here], baseline[pilot][here], label[here]),
        )
        for batch, single in zip(together, alone, strict=True):
            for name in FIELDS:
                assert getattr(batch[pilot], name) == pytest.approx(getattr(single, name), abs=1e-9, nan_ok=True), name


def test_what_stands_at_a_missing_pair_is_not_read():
    end, start, baseline, present, label = pilots(3, 12, 6, 5, 0.3)
    junk = np.where(present > 0, end, np.nan)
    assert behaviour_effects(junk, start, present, label, Patterns()).each() == (
        behaviour_effects(end, start, present, label, Patterns()).each()
    )
    assert prep_time_effects(junk, baseline, present, label, Patterns()).each() == (
        prep_time_effects(end, baseline, present, label, Patterns()).each()
    )


def test_equal_start_differences_of_one_pilot_do_not_touch_the_next():
    end, start, _, present, label = pilots(2, 12, 6, 8, 0.0)
    start[0] = 0.25
    found = behaviour_effects(end, start, present, label, Patterns()).each()
    assert found[0].effect == pytest.approx(np.mean(end[0] - 0.25))
    assert found[1].effect == pytest.approx(behaviour_effect(end[1], start[1], label).effect)


def test_mirror_images_are_counted_though_not_written_down():
    rng = np.random.default_rng(3)
    y, x = rng.normal(0.3, 1, 8), rng.normal(size=8)
    every = np.array(list(np.ndindex(*(2,) * 8))) * 2 - 1
    sums = every @ y
    flips = ratio_flips(y, np.ones(8))
    assert flips.statistics.size == 128
    assert flip_p(flips.statistics) == np.mean(sums >= y.sum() - 1e-9)
    assert flip_p(flips.statistics, "less") == np.mean(sums <= y.sum() + 1e-9)
    assert flips.critical.size == ancova_flips(y, x).critical.size == 255


def test_random_patterns_of_a_batch_are_close_to_all_of_them():
    end, start, _, present, label = pilots(40, 40, 14, 4, 0.1)
    exact = behaviour_effects(end, start, present, label, Patterns())
    drawn = behaviour_effects(end, start, present, label, Patterns(1, direct=12, random=4096))
    assert np.max(np.abs(exact.p_manager - drawn.p_manager)) < 0.03
    assert np.max(np.abs(exact.ci_low - drawn.ci_low)) < 0.1
