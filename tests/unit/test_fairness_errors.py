"""What the audit promises about its own errors, simulated small; docs/bias-audit-errors.md is the same, large."""

from __future__ import annotations

import numpy as np
import pytest
from fairness_planted import make_config
from scipy.stats import binomtest

from pilot_pipeline.fairness.family import ALPHA, found_by, weekly_looks
from pilot_pipeline.simulation.audit_errors import TOOLS, Rates, Tool, audit_rates, people_of, weekly_choices

CONFIG = make_config()
FAIR = [tool for tool in TOOLS if not tool.steers]
STEERS, LOYAL = (
    next(t for t in TOOLS if t.name == f"severe steering, {how}")
    for how in ("drawn anew each week", "always a person's first")
)


def _rates(tool: Tool, n: int, pilots: int, permuted: int = 200) -> Rates:
    return audit_rates(tool, n, CONFIG, pilots=pilots, permuted=permuted, seed=7)


@pytest.mark.parametrize("tool", FAIR, ids=lambda tool: tool.name)
@pytest.mark.parametrize("n", [20, 50])
def test_a_fair_tool_is_accused_in_at_most_five_of_a_hundred_pilots_once_and_weekly(tool: Tool, n: int) -> None:
    rates = _rates(tool, n, 200)
    for share in (rates.first, rates.whole, rates.weekly):
        assert binomtest(round(share * 200), 200, 0.05, alternative="greater").pvalue > 0.003


@pytest.mark.parametrize(("n", "at_first", "over_weeks"), [(20, 0.45, 0.65), (30, 0.70, 0.90), (50, 0.95, 0.99)])
def test_severe_steering_is_caught_at_first_and_over_twelve_weeks(n: int, at_first: float, over_weeks: float) -> None:
    rates = _rates(STEERS, n, 100, permuted=500)
    for share, least in ((rates.first, at_first), (rates.whole, over_weeks), (rates.weekly, over_weeks)):
        assert binomtest(round(share * 100), 100, least, alternative="less").pvalue > 0.01
    assert rates.median_week <= 4


def test_weeks_add_nothing_where_a_tool_repeats_itself() -> None:
    rates = _rates(LOYAL, 20, 60)
    assert rates.whole == rates.first < 0.8


def test_the_simulated_tool_does_what_it_says() -> None:
    rng = np.random.default_rng(1)
    people = people_of(30, rng)
    counts = weekly_choices(STEERS, people, 3, 400, rng)
    assert counts.shape == (400, 3, 30, 6)
    assert (counts.sum(axis=-1) == np.array([1, 2, 3])[None, :, None]).all()
    women = people["gender"].eq("female").to_numpy()
    share = counts[:, -1].sum(axis=0) / counts[:, -1].sum(axis=(0, 2))[:, None]
    assert share[women].mean(axis=0) == pytest.approx(STEERS.women, abs=0.01)
    assert share[~women].mean(axis=0) == pytest.approx(STEERS.others, abs=0.01)
    repeated = weekly_choices(LOYAL, people, 3, 5, rng)
    assert (repeated[:, 2] == 3 * repeated[:, 0]).all()


def test_what_the_simulation_counts_is_what_the_audit_says() -> None:
    rng = np.random.default_rng(3)
    stats = [rng.gamma(2, size=(2000, 4)) for _ in range(12)]
    stats[5][0, 2] = 30
    said = [look.q <= ALPHA for look in weekly_looks(stats, 12)]
    assert np.array_equal(said, found_by(stats, 12, ALPHA))
    assert np.any(said)
