"""The cohort's benchmarks in small: what their tables claim holds for the very functions that make them."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def scripts(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the scripts importable as they are when called."""
    monkeypatch.syspath_prepend(str(checkout / "benchmarks"))


def test_optimal_matching_equals_the_dense_assignment_and_greedy_never_finds_more_pairs() -> None:
    import matching

    rows = {row["contestant"]: row for row in matching.compare(60, 600, 15, repeats=1)}
    ours, dense, greedy = (rows[name] for name in ("optimal (ours)", "dense assignment", "greedy k-d tree"))
    assert ours["pairs"] == dense["pairs"] >= greedy["pairs"] > 30
    assert ours["total distance"] == pytest.approx(dense["total distance"], abs=1e-6)


@pytest.mark.parametrize(("pairs", "clusters"), [(20, 5), (20, 8), (30, 8), (50, 11)])
def test_the_stated_effect_is_found_in_four_of_five_simulated_pilots(pairs: int, clusters: int) -> None:
    import power

    row = power.power_at_the_mde(pairs, clusters, 4_000, seed=pairs)
    assert row["found"] == pytest.approx(0.8, abs=1.5 * row["error"])  # three standard errors


def test_under_coins_the_test_has_nominal_size_and_finds_what_is_there() -> None:
    import power

    rows = power.rates_of_the_design(20, 8, power.truths_of(20, 8), cohorts=1, replicates=250, seed=3)
    rates = {(row["truth"], row["coins"]): (row["found"], row["error"]) for row in rows}
    assert len(rates) == 6
    for (truth, coins), (found, error) in rates.items():
        if truth == "the stated effect":
            assert found > 0.8 - 2 * error - 0.05, coins
        else:
            assert found <= 0.05 + 1.5 * 1.96 * (0.05 * 0.95 / 250) ** 0.5, (truth, coins)


def test_a_proposal_in_a_large_company_is_as_near_to_the_quotas_as_can_be() -> None:
    import proposal

    people = proposal.company(120, 1)
    row = proposal.form(people, proposal.volunteers(people, 0.3, 2), "matched_control", 30)
    assert row["pairs"] == 30 and row["seats off"] == row["fewest possible"]
