"""Which weeks a run covers, when files count as arrived, and which weeks' inputs changed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_pipeline.config.planning import PilotSection
from pilot_pipeline.operation.arrivals import Watch, look
from pilot_pipeline.operation.inputs import _DAY, _INSTANT, Changed, changed_inputs, left_out
from pilot_pipeline.operation.weeks import finished_weeks, spelt, weeks_to_run

BERLIN = PilotSection(starts_on=date(2026, 1, 5), timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "finished"),
    [
        ("2025-12-01T00:00:00", 0),
        ("2026-01-11T22:59:59", 0),
        ("2026-01-11T23:00:00", 1),
        ("2026-03-29T21:59:59", 11),
        ("2026-03-29T22:00:00", 12),  # summer time by then
        ("2027-01-01T00:00:00", 12),
    ],
)
def test_a_week_ends_at_local_midnight(now: str, finished: int) -> None:
    assert finished_weeks(BERLIN, datetime.fromisoformat(now)) == finished


@pytest.mark.parametrize(
    ("finished", "before", "look_back", "weeks"),
    [
        (1, (), 4, [1]),
        (6, (1, 2, 3, 4, 5), 2, [4, 5, 6]),
        (6, (1, 2, 3, 4, 5), 0, [6]),
        (6, (1, 3, 4, 5), 1, [2, 3, 4, 5, 6]),  # week 2 was never run
        (6, (1, 2, 3, 4, 5, 6), 0, [6]),
        (6, (), 0, [1, 2, 3, 4, 5, 6]),
        (12, range(1, 13), 0, [*range(1, 13)]),  # the close-out leaves no late row out
    ],
)
def test_a_run_covers_the_look_back_and_what_was_never_run(finished: int, before, look_back: int, weeks: list) -> None:
    assert list(weeks_to_run(BERLIN, finished, before, look_back)) == weeks


@given(finished=st.integers(1, 12), before=st.sets(st.integers(1, 12)), look_back=st.integers(0, 20))
def test_a_run_ends_with_the_last_week_that_ended_and_never_skips_one(finished, before, look_back) -> None:
    weeks = weeks_to_run(BERLIN, finished, before, look_back)
    assert weeks[0] >= 1 and weeks[-1] == finished
    assert set(range(1, finished + 1)) - before <= set(weeks)


def test_weeks_are_spelt_as_people_say_them() -> None:
    assert [spelt(weeks) for weeks in ([], [3], [5, 3, 4], [2, 4, 5])] == [
        "",
        "week 3",
        "weeks 3 to 5",
        "weeks 2, 4 and 5",
    ]


def looks(states: str) -> list[int]:
    """Where in a series of looks a run is due."""
    watch, due = None, []
    for position, state in enumerate(states):
        watch, now = look(Watch.from_text(watch.to_text()) if watch else None, state)
        if now:
            due.append(position)
    return due


@pytest.mark.parametrize(
    ("states", "due"),
    [
        ("aaaa", []),
        ("abbb", [2]),
        ("abcdd", [4]),  # still being written
        ("aba", []),  # came and went again
        ("abbaa", [2, 4]),  # was taken back: that is a change too
        ("abbccc", [2, 4]),
    ],
)
def test_files_are_taken_up_once_when_two_looks_find_the_same(states: str, due: list[int]) -> None:
    assert looks(states) == due


def test_each_launch_has_a_number_of_its_own_so_that_a_state_can_come_back() -> None:
    watch: Watch | None = None
    numbers = []
    for state in "abbaabb":
        watch, due = look(watch, state)
        numbers += [watch.launches] if due else []
    assert numbers == [1, 2, 3]


def inputs(*rows: tuple[int, str, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["week_no", "feed", "rows", "digest"])


def test_what_changed_is_named_by_week_and_feed() -> None:
    before = inputs((0, "manager_time", 9, "a"), (1, "tool_events", 5, "b"), (2, "tool_events", 5, "c"))
    now = inputs(
        (0, "manager_time", 9, "x"), (1, "tool_events", 7, "y"), (2, "tool_events", 5, "c"), (3, "tool_events", 5, "z")
    )
    changes = changed_inputs(before, now)
    assert changes == (Changed(0, "manager_time", 9, 9), Changed(1, "tool_events", 5, 7))
    assert [change.sentence for change in changes] == [
        "Baseline: manager_time has other values.",
        "Week 1: tool_events has 2 rows more.",
    ]


def test_a_feed_that_came_or_went_is_a_change_too() -> None:
    before, now = inputs((1, "a", 3, "d")), inputs((1, "b", 1, "d"))
    assert [change.sentence for change in changed_inputs(before, now)] == [
        "Week 1: a has 3 rows fewer.",
        "Week 1: b has 1 row more.",
    ]


def test_weeks_beyond_the_look_back_are_named_with_what_to_do() -> None:
    assert left_out([]) is None
    said = left_out([Changed(2, "tool_events", 1, 2), Changed(3, "tool_events", 1, 2)])
    assert said is not None and "after weeks 2 to 3 had been" in said and "`pilot run`" in said


@pytest.mark.parametrize(("days", "week"), [(-8, -1), (-7, 0), (-6, 0), (-1, 0), (0, 1), (6, 1), (7, 2)])
def test_the_days_before_the_pilot_are_no_part_of_its_first_week(days: int, week: int) -> None:
    day = date(2026, 1, 5) + timedelta(days=days)
    noon = datetime(day.year, day.month, day.day, 12)
    values = {"starts_on": date(2026, 1, 5), "timezone": "Europe/Berlin", "day": day, "noon": noon}
    places = _DAY.format("$day"), _INSTANT.format("cast($noon AS TIMESTAMP)")
    for expression in places:
        used = {name: value for name, value in values.items() if f"${name}" in expression}
        assert duckdb.execute(f"SELECT {expression}", used).fetchall() == [(week,)]
