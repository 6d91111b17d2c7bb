"""The pandera contract of every feed holds its rows to the canon, with a rule, a column and a reason."""

from __future__ import annotations

import pandas as pd
import pytest

from checks.contracts import contract_for
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON, Column
from pilot_pipeline.feeds.cells import read_cells
from pilot_pipeline.feeds.quarantine import Contract

GOOD = {"text": "words", "integer": "2", "number": "2", "date": "2026-01-05", "timestamp": "2026-01-05T10:00:00Z"}
GOOD["boolean"] = "true"


def frame_of(feed: str, *rows: dict[str, str | None]) -> pd.DataFrame:
    """Return canonical rows: a good one each, changed as given; ids differ unless given."""
    from zoneinfo import ZoneInfo

    def cell(column: Column, row: int) -> str | None:
        if column.name == "termination_reason":
            return None  # nobody gives one who stays
        if column.vocabulary:
            return column.vocabulary[0]
        if column.name == "birth_year":
            return "1980"
        return f"{GOOD['text']} {row}" if column.type == "text" else GOOD[column.type]

    columns = {}
    for column in CANON[feed].columns:
        cells = [row.get(column.name, cell(column, number)) for number, row in enumerate(rows)]
        columns[column.name] = read_cells(pd.Series(cells, dtype="str"), column, ZoneInfo("UTC")).values
    return pd.DataFrame(columns)


def found(feed: str, *rows: dict[str, str | None]) -> list[tuple[int, str, str]]:
    return [(f.row, f.column, f.rule) for f in contract_for(feed).findings(frame_of(feed, *rows))]


@pytest.mark.parametrize("feed", CANON)
def test_a_good_row_of_every_feed_holds(feed):
    fitting = {"terminated_on": None} if feed == "employees" else {}
    assert isinstance(contract_for(feed), Contract)
    assert found(feed, fitting) == []


@pytest.mark.parametrize("feed", CANON)
def test_an_empty_frame_holds(feed):
    assert contract_for(feed).findings(frame_of(feed, {}).iloc[:0]) == []


@pytest.mark.parametrize(
    ("feed", "column"), [(f.name, c.name) for f in CANON.values() for c in f.columns if not c.nullable]
)
def test_every_needed_column_is_missed_when_empty(feed, column):
    rows = found(feed, {"terminated_on": None, column: None})
    assert rows == [(0, column, "missing")]


@pytest.mark.parametrize(
    ("feed", "column"), [(f.name, c.name) for f in CANON.values() for c in f.columns if c.vocabulary]
)
def test_every_vocabulary_is_closed(feed, column):
    assert (0, column, "vocabulary") in found(feed, {"terminated_on": None, column: "something else"})


@pytest.mark.parametrize(
    ("feed", "column", "cell"),
    [
        (f.name, c.name, f"{bound + step:.12g}")
        for f in CANON.values()
        for c in f.columns
        for bound, step in ((c.minimum, -1), (c.maximum, 1))
        if bound is not None
    ],
)
def test_every_range_is_held_on_both_sides(feed, column, cell):
    assert (0, column, "range") in found(feed, {"terminated_on": None, column: cell})


@pytest.mark.parametrize(
    ("feed", "row", "column"),
    [
        ("employees", {"terminated_on": "2025-12-01", "employment_status": "terminated"}, "terminated_on"),
        ("employees", {"hired_on": "2026-01-06", "terminated_on": None}, "hired_on"),
        ("employees", {"terminated_on": "2026-01-04", "hired_on": "2020-01-01"}, "terminated_on"),
        ("consents", {"decided_at": "2026-01-05T09:59:59Z"}, "decided_at"),
        ("enrolments", {"withdrawn_at": "2026-01-05T09:59:59Z"}, "withdrawn_at"),
        ("module_assignments", {"due_on": "2026-01-04"}, "due_on"),
        ("initiatives", {"ends_on": "2026-01-04"}, "ends_on"),
        ("manager_time", {"week_start": "2026-01-06"}, "week_start"),
    ],
)
def test_dates_within_a_row_are_in_order(feed, row, column):
    assert found(feed, row) == [(0, column, "range")]


def test_notice_given_before_the_last_day_is_no_contradiction():
    assert found("employees", {"terminated_on": "2026-02-28", "hired_on": "2020-01-01"}) == []


def test_a_repeated_row_and_a_contradicted_key_are_told_apart():
    same, other = {"employee_id": "a"}, {"employee_id": "b"}
    rows = found("enrolments", same, same | {}, other, other | {"arm": "control"})
    assert rows == [
        (1, "employee_id", "duplicate_row"),
        (2, "employee_id", "duplicate_key"),
        (3, "employee_id", "duplicate_key"),
    ]


def test_no_reason_quotes_a_cell():
    frame = frame_of("pulse_responses", {"employee_id": "jane.doe", "score": "77", "week_no": "-3"})
    reasons = " ".join(finding.reason for finding in contract_for("pulse_responses").findings(frame))
    assert reasons
    assert not any(secret in reasons for secret in ("jane", "77", "-3"))


def test_a_frame_that_is_not_canonical_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="not a canonical frame"):
        contract_for("enrolments").findings(pd.DataFrame({"employee_id": ["a"]}))


def test_an_unknown_feed_is_refused_with_the_nearest_name():
    with pytest.raises(BadInput, match="Did you mean 'employees'"):
        contract_for("employes")


def spell(hired_on: str, terminated_on: str | None = None, person: str = "a") -> dict[str, str | None]:
    status = "active" if terminated_on is None else "terminated"
    when = {"as_of": "2026-01-05", "hired_on": hired_on, "terminated_on": terminated_on}
    return {"employee_id": person, "email": None, "employment_status": status, **when}


def test_of_consecutive_spells_the_latest_is_kept():
    rows = found("employees", spell("2010-01-01", "2012-01-01"), spell("2012-01-01", "2015-06-30"), spell("2019-01-01"))
    assert rows == [(0, "hired_on", "earlier_spell"), (1, "hired_on", "earlier_spell")]


def test_spells_that_overlap_or_are_both_open_are_contradictions():
    overlapping = found("employees", spell("2010-01-01", "2020-01-01"), spell("2019-01-01"))
    both_open = found("employees", spell("2010-01-01"), spell("2019-01-01"))
    assert [rule for _, _, rule in overlapping + both_open] == ["duplicate_key"] * 4
