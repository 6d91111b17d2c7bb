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
