"""The proposal represents the workforce, spreads over managers and follows its seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_pipeline.cohort.proposal import largest_remainder, propose

WORKFORCE = pd.DataFrame({"department": ["A"] * 60 + ["B"] * 30 + ["C"] * 10, "role_level": ([2] * 5 + [3] * 5) * 10})


def candidates(per_cell: int = 20) -> pd.DataFrame:
    cells = [(department, level) for department in "ABC" for level in (2, 3)]
    frame = pd.DataFrame(cells * per_cell, columns=["department", "role_level"])
    return frame.assign(manager_id=[f"m{row // 6 % 7}" for row in range(len(frame))], rung=0)


def test_departments_and_levels_come_in_the_shares_of_the_workforce() -> None:
    frame = candidates()
    chosen = frame.iloc[propose(frame, WORKFORCE, 20, 4, 1)]
    assert chosen["department"].value_counts().to_dict() == {"A": 12, "B": 6, "C": 2}
    assert chosen["role_level"].value_counts().to_dict() == {2: 10, 3: 10}


def test_a_cell_without_enough_volunteers_leaves_its_places_to_the_others() -> None:
    frame = candidates().query("department != 'A'").reset_index(drop=True)
    chosen = frame.iloc[propose(frame, WORKFORCE, 24, 4, 1)]
    assert chosen["department"].value_counts().to_dict() == {"B": 18, "C": 6}
    assert len(propose(frame.head(7), WORKFORCE, 20, 4, 1)) == 7


def test_the_lowest_rung_comes_first_and_then_the_least_used_manager() -> None:
    frame = candidates()
    relaxed = frame.assign(rung=(frame.index % 2).astype(int))
    assert relaxed.iloc[propose(relaxed, WORKFORCE.query("role_level == 2"), 15, 4, 1)]["rung"].eq(0).all()
    chosen = frame.iloc[propose(frame, WORKFORCE, 21, 4, 1)]
    assert chosen["manager_id"].value_counts().to_dict() == {f"m{number}": 3 for number in range(7)}


def test_no_more_role_levels_than_allowed_are_proposed() -> None:
    frame = candidates().assign(role_level=lambda rows: np.arange(len(rows)) % 6 + 1)
    people = WORKFORCE.assign(role_level=np.arange(len(WORKFORCE)) % 6 + 1)
    assert frame.iloc[propose(frame, people, 20, 4, 1)]["role_level"].nunique() == 4


def test_the_same_seed_gives_the_same_people_and_another_seed_others() -> None:
    frame = candidates()
    assert propose(frame, WORKFORCE, 20, 4, 1).tolist() == propose(frame, WORKFORCE, 20, 4, 1).tolist()
    assert propose(frame, WORKFORCE, 20, 4, 1).tolist() != propose(frame, WORKFORCE, 20, 4, 2).tolist()


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
