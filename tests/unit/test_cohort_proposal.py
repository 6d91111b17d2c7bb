"""The proposal has the seats that the workforce calls for, over enough managers, and follows its seed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_pipeline.cohort.proposal import Proposal, propose
from pilot_pipeline.cohort.quotas import SMALLER, Quotas, largest_remainder, workforce_quotas

ATTRIBUTES = ("gender", "ethnicity")


def workforce(people: int = 240, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "department": rng.choice(["A", "B", "C"], people, p=[0.6, 0.3, 0.1]),
            "role_level": rng.choice([2, 3, 4], people, p=[0.5, 0.3, 0.2]),
            "tenure_years": rng.gamma(2, 3, people),
            "gender": rng.choice(["female", "male"], people),
            "ethnicity": rng.choice(["x", "y", "z", None], people, p=[0.7, 0.27, 0.01, 0.02]),
        }
    )


def quotas(people: pd.DataFrame, seats: int) -> Quotas:
    return workforce_quotas(people, ATTRIBUTES, sorted(people["role_level"].unique()), seats)


def proposal(people: pd.DataFrame, units: np.ndarray, size: int, seed: int = 1, clusters: int = 4) -> Proposal:
    managers = np.column_stack([units[:, 0] % 11, units[:, 0] % 11])
    due = quotas(people, size * units.shape[1])
    return propose(units, managers, np.zeros(len(units), int), due, size=size, clusters=clusters, seed=seed)


def test_every_dimension_is_due_all_seats_in_proportion_to_the_workforce() -> None:
    people = workforce()
    table = quotas(people, 30).table
    assert (table.groupby("dimension")["seats"].sum() == 30).all()
    assert table.groupby("dimension")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert (table["seats"] - 30 * table["share"]).abs().max() < 1


def test_groups_too_small_for_a_seat_share_one_and_every_role_level_has_one() -> None:
    people = workforce()
    people.loc[:1, "role_level"] = 5
    due = quotas(people, 30)
    assert {"x", "y", SMALLER} == set(due.table.loc[due.table["dimension"] == "ethnicity", "group"])
    level = due.table[due.table["dimension"] == "role level"].set_index("group")["seats"]
    assert level["5"] == 1 and level.sum() == 30


@pytest.mark.parametrize("per_unit", [1, 2])
def test_quotas_are_met_exactly_where_they_can_be(per_unit: int) -> None:
    people = workforce()
    chosen = proposal(people, np.arange(240).reshape(-1, per_unit), 30)
    assert chosen.perfect and len(chosen.rows) == 30 and chosen.off_by_dimension == {}
    assert (chosen.table["proposed"] == chosen.table["seats"]).all()


def test_where_they_cannot_the_deviation_is_the_least_possible_by_brute_force() -> None:
    for seed in range(6):
        people = workforce(11, seed)
        units = np.arange(11)[:, None]
        chosen = proposal(people, units, 5, clusters=0)
        counts, due = quotas(people, 5).counts(units), quotas(people, 5).table["seats"].to_numpy()
        least = min(
            int(np.clip(due - counts[:, rows].sum(axis=1), 0, None).sum()) for rows in combinations(range(11), 5)
        )
        assert chosen.seats_off == chosen.least_off == least


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_enough_clusters_come_before_quotas_by_brute_force(seed: int, clusters: int) -> None:
    rng = np.random.default_rng(seed)
    people, units, size = workforce(10, seed), np.arange(10)[:, None], 5
    managers = rng.integers(0, 6, (10, 2))
    managers[rng.random(10) < 0.7, 1] = -1
    managers = np.where(managers < 0, managers[:, :1], managers)
    due = quotas(people, size)
    counts, seats = due.counts(units), due.table["seats"].to_numpy()

    def worth(rows: tuple[int, ...]) -> tuple[int, int]:
        ends = managers[list(rows)]
        sure = len(np.unique(ends)) - int((ends[:, 0] != ends[:, 1]).sum())
        return max(clusters - sure, 0), int(np.clip(seats - counts[:, list(rows)].sum(axis=1), 0, None).sum())

    best = min(worth(rows) for rows in combinations(range(10), size))
    chosen = propose(units, managers, np.zeros(10, int), due, size=size, clusters=clusters, seed=seed)
    assert (chosen.clusters_short, chosen.seats_off) == best


def test_among_perfect_cohorts_the_fewest_relaxed_pairs_are_chosen() -> None:
    people, units = workforce(), np.arange(240)[:, None]
    managers = np.column_stack([np.arange(240)] * 2)
    rungs = np.where(np.arange(240) % 3 == 0, 1, 0)
    chosen = propose(units, managers, rungs, quotas(people, 30), size=30, clusters=8, seed=1)
    assert chosen.perfect and rungs[chosen.rows].sum() == 0


def test_the_same_seed_gives_the_same_people_and_others_give_everybody_a_chance() -> None:
    people, units = workforce(), np.arange(240)[:, None]
    assert proposal(people, units, 30).rows.tolist() == proposal(people, units, 30).rows.tolist()
    chosen = [set(proposal(people, units, 30, seed).rows.tolist()) for seed in range(12)]
    assert len({frozenset(rows) for rows in chosen}) == 12
    assert len(set.union(*chosen)) > 150


def test_fewer_units_than_wanted_are_all_taken() -> None:
    people = workforce(9)
    due = quotas(people, 9)
    managers = np.zeros((9, 2), int)
    chosen = propose(np.arange(9)[:, None], managers, np.zeros(9, int), due, size=30, clusters=8, seed=1)
    assert chosen.rows.tolist() == list(range(9)) and chosen.clusters_short == 7


@pytest.mark.parametrize(
    ("weights", "seats", "capacity", "given_seats"),
    [
        ([47, 16, 15.8, 12, 6.1, 3.1], 10, [99] * 6, [5, 2, 1, 1, 1, 0]),  # the textbook case of Hamilton's method
        ([1, 1, 1], 2, [9, 9, 9], [1, 1, 0]),
        ([10, 1], 8, [3, 9], [3, 5]),
        ([0, 0], 3, [2, 2], [2, 1]),
        ([5, 5], 0, [1, 1], [0, 0]),
    ],
)
def test_seats_go_by_largest_remainder_within_capacity(
    weights: list[float], seats: int, capacity: list[int], given_seats: list[int]
) -> None:
    assert largest_remainder(np.array(weights, dtype=float), seats, np.array(capacity)).tolist() == given_seats


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), min_size=1, max_size=8), st.integers(0, 60))
def test_every_seat_that_fits_is_given_and_none_above_capacity(cells: list[tuple[int, int]], seats: int) -> None:
    weights, capacity = (np.array(part) for part in zip(*cells, strict=True))
    given_seats = largest_remainder(weights.astype(float), seats, capacity)
    assert (given_seats <= capacity).all() and (given_seats >= 0).all()
    assert given_seats.sum() == min(seats, capacity.sum())
