"""Columns made of columns, people found by name or address, words and dates read as the mapping says."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from checks.contracts import contract_for
from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.cells import Manner, read_cells
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.intake import Intake, take_in
from pilot_pipeline.privacy.pseudonyms import Pseudonyms

KEY = Pseudonyms("a key that is long enough")
BERLIN = ZoneInfo("Europe/Berlin")
FIXED = {"as_of": "2025-12-15", "department": "Ops", "role": "Clerk", "role_level": "3", "employment_status": "active"}


def people(root: Path, text: str, **source: Any) -> Intake:
    (root / "hr.csv").write_text(text, encoding="utf-8")
    fixed = {name: value for name, value in FIXED.items() if name not in text.partition("\n")[0]}
    mapping = FeedSource(source="hr.csv", **{"constants": fixed, **source})
    contracts = [contract_for("employees"), Hierarchy()]
    intake = take_in(CANON["employees"], mapping, root, contracts, KEY, BERLIN)
    assert intake.read.rows_read == intake.read.rows_accepted + intake.read.rows_quarantined
    return intake


def managers(intake: Intake) -> dict[str, str | None]:
    known = dict(zip(intake.identities["pseudonym"], intake.identities["identifier"], strict=True))
    rows = intake.frame[["employee_id", "manager_id"]].itertuples(index=False)
    return {known[person]: None if pd.isna(manager) else known[manager] for person, manager in rows}


def rules(intake: Intake) -> list[tuple[int, str]]:
    return list(zip(intake.quarantine["row"], intake.quarantine["rule"], strict=True))


@pytest.mark.parametrize("written", ["Ann Lee", "Lee, Ann", "LEE  ANN", " lee ann ", "1"])
def test_a_manager_by_name_is_found_however_the_name_is_written(tmp_path, written):
    text = f'employee_id,first,last,boss,hired_on\n1,Ann,Lee,,2019-01-01\n2,Bob,,"{written}",2019-01-01\n'
    intake = people(tmp_path, text, columns={"manager_id": "boss"}, by_name={"manager_id": ["first", "last"]})
    assert managers(intake) == {"1": None, "2": "1"}


def test_a_name_of_two_people_is_a_finding_and_nobody_is_chosen(tmp_path):
    text = "employee_id,name,boss,hired_on\n1,Ann Lee,,2019-01-01\n2,Lee Ann,,2019-01-01\n3,Bob,Ann Lee,2019-01-01\n"
    intake = people(tmp_path, text, columns={"manager_id": "boss"}, by_name={"manager_id": ["name"]})
    assert rules(intake) == [(4, "ambiguous_person")]
    assert intake.read.reasons == "1 row, manager_id: manager_id is what several people are known as."


def test_one_person_in_two_spells_is_one_person_to_be_found(tmp_path):
    text = (
        "employee_id,name,boss,hired_on,terminated_on,employment_status\n1,Ann Lee,,2010-01-01,2012-01-01,terminated\n"
        "1,Ann Lee,,2019-01-01,,active\n3,Bob,Ann Lee,2019-01-01,,active\n"
    )
    intake = people(tmp_path, text, columns={"manager_id": "boss"}, by_name={"manager_id": ["name"]})
    assert managers(intake) == {"1": None, "3": "1"}


def test_a_manager_who_is_nobody_is_an_orphan_and_a_body_may_be_declared_empty(tmp_path):
    text = "employee_id,name,boss,hired_on\n1,Ann Lee,Board of Directors,2019-01-01\n2,Bob,Eve Poe,2019-01-01\n"
    more = {"columns": {"manager_id": "boss"}, "by_name": {"manager_id": ["name"]}}
    intake = people(tmp_path, text, **more, nulls={"manager_id": ["board of  directors"]})
    assert rules(intake) == [(3, "orphan")]
    assert managers(intake) == {"1": None}


def test_managers_by_address_are_found_in_the_same_snapshot_only(tmp_path):
    text = (
        "as_of,employee_id,email,manager_id,hired_on\n2025-12-15,1,Ann@acme.example,,2019-01-01\n"
        "2025-12-15,2,bob@acme.example,ann@ACME.example,2019-01-01\n2026-01-15,9,ann@acme.example,,2019-01-01\n"
        "2026-01-15,2,bob@acme.example,ann@acme.example,2019-01-01\n"
    )
    intake = people(tmp_path, text, by_email=["manager_id"])
    found = {(str(row.as_of.date()), row.manager_id) for row in intake.frame.dropna(subset="manager_id").itertuples()}
    assert found == {("2025-12-15", KEY.person(pd.Series(["1"]))[0]), ("2026-01-15", KEY.person(pd.Series(["9"]))[0])}


def test_columns_are_joined_and_split_and_a_part_that_is_not_there_is_a_finding(tmp_path):
    text = "company,number,worker,hired_on\nA,007,Ann (Ops),2019-01-01\nA,,Bob,2019-01-01\n,8,Cy (Lab),2019-01-01\n"
    intake = people(
        tmp_path,
        text,
        join={"employee_id": {"columns": ["company", "number"], "by": "-"}},
        split={"department": {"column": "worker", "pattern": r"\((\w+)\)"}},
        constants={name: value for name, value in FIXED.items() if name != "department"},
    )
    assert sorted(intake.identities["identifier"]) == ["8", "A", "A-007"]
    assert sorted(intake.frame["department"]) == ["Lab", "Ops"]
    assert rules(intake) == [(3, "split")]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({"join": {"employee_id": {"columns": ["a", "nmber"]}}}, "hr.csv has no column 'a'"),
        ({"split": {"employee_id": {"column": "numbre", "pattern": "(.)"}}}, "Did you mean 'number'?"),
        (
            {"columns": {"role": "x"}, "join": {"role": {"columns": ["number", "number"]}}},
            "both in columns and in constants and in join",
        ),
        ({"by_name": {"manager_id": ["nme"]}, "ignore": ["number"]}, "feeds.employees.by_name names"),
        ({"by_name": {"employee_id": ["number"]}}, "only manager_id of employees can be looked up by name"),
        ({"by_email": ["department"]}, "department holds no person"),
        ({"by_email": ["employee_id"]}, "employee_id is what e-mails are resolved to"),
        ({"nulls": {"rol": ["x"]}}, "nulls: rol is not a column of employees. Did you mean 'role'?"),
        (
            {"unpivot": {"columns": ["number"], "name": "nobody", "value": "role"}},
            "nobody is not a column of employees",
        ),
    ],
)
def test_a_mistake_in_such_a_mapping_is_refused_by_name(tmp_path, source, sentence):
    with pytest.raises(BadInput) as refusal:
        people(tmp_path, "employee_id,number,hired_on,manager_id\n1,2,2019-01-01,\n", **source)
    assert sentence in str(refusal.value)


def test_a_pattern_needs_exactly_one_group():
    for pattern in ("(", "no group", "(a)(b)"):
        with pytest.raises(ValueError, match=r"regular expression|groups"):
            FeedSource(source="x.csv", split={"role": {"column": "a", "pattern": pattern}})


def test_a_star_gives_every_other_word_one_meaning_and_says_so(tmp_path):
    rows = ("1,F,2019-01-01", "2,Attack Helicopter,2019-01-01", "3, f ,2019-01-01", "4,N/A,2019-01-01")
    text = "\n".join(["employee_id,gender,hired_on", *rows])
    intake = people(tmp_path, text, values={"gender": {"f": "female", "m": "male", "*": "other"}})
    assert sorted(intake.frame["gender"].dropna()) == ["female", "female", "other"]
    assert any("gender: words that the mapping does not name" in note and "(1 cell)" in note for note in intake.notes)


def read(column: str, cells: list[str], feed: str = "employees", **manner: Any):
    return read_cells(pd.Series(cells, dtype="str"), CANON[feed].column(column), BERLIN, Manner(**manner))


@pytest.mark.parametrize(
    ("pivot", "years"), [(None, [1969, 2068, 2026]), (30, [1969, 1968, 2026]), (99, [2069, 2068, 2026])]
)
def test_two_digit_years_follow_the_pivot_and_a_repair_says_so(pivot, years):
    reading = read("hired_on", ["01/31/69", "01/31/68", "01/31/26"], formats=["%m/%d/%y"], pivot=pivot)
    assert reading.values.dt.year.tolist() == years
    assert [count for sentence, count in reading.repairs] == ([] if pivot is None else [3])


def test_a_leap_day_keeps_its_place_when_its_century_changes():
    assert read("hired_on", ["02/29/40"], formats=["%m/%d/%y"], pivot=30).values.dt.strftime("%Y-%m-%d").tolist() == [
        "1940-02-29"
    ]


def test_a_birth_year_is_taken_out_of_a_date_or_of_two_digits():
    reading = read(
        "birth_year", ["07/10/83", "11/24/68", "1990-02-01", "1977", "59", "x"], formats=["%m/%d/%y", "iso"], pivot=10
    )
    assert reading.values.astype("float").tolist()[:5] == [1983, 1968, 1990, 1977, 1959]
    assert [trouble.mask.tolist() for trouble in reading.troubles] == [[False] * 5 + [True]]


def test_five_date_formats_in_one_column_are_read_in_order_and_ambiguity_is_counted():
    cells = ["2020-01-31", "01/31/2020", "1/31/20", "31.01.2020", "31-Jan-2020", "01/02/2020", "2020/31/01"]
    formats = ["iso", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d.%m.%Y", "%d-%b-%Y"]
    reading = read("hired_on", cells, formats=formats)
    assert reading.values.dt.strftime("%m-%d").tolist()[:6] == ["01-31"] * 5 + ["01-02"]
    assert reading.repairs == (("more than one of the date formats fits, and the first was taken", 1),)
    assert [trouble.mask.tolist() for trouble in reading.troubles] == [[False] * 6 + [True]]


def test_clock_times_of_any_precision_are_local_where_the_mapping_says_so():
    cells = [
        "2026-01-05T09:00:00.123",
        "2026-01-05 09:00:00.123456",
        "2026-01-05T09:00:00.1234567",
        "2026-01-05T08:00:00.123456789Z",
    ]
    plain, local = (read("occurred_at", cells, "tool_events", formats=formats) for formats in ((), ["iso @local"]))
    assert plain.values.notna().tolist() == [False, False, False, True]
    assert {trouble.rule for trouble in plain.troubles} == {"timezone"}
    assert local.values.dt.strftime("%H:%M:%S.%f").str[:8].tolist() == ["08:00:00"] * 4
    assert not local.troubles


def test_american_clock_times_and_skipped_hours():
    cells = ["1/5/2026 9:00:00 PM", "3/29/2026 2:30:00 AM"]
    reading = read("occurred_at", cells, "tool_events", formats=["%m/%d/%Y %I:%M:%S %p @local"])
    assert reading.values.dt.strftime("%d %H:%M").tolist()[0] == "05 20:00"
    assert [trouble.mask.tolist() for trouble in reading.troubles] == [[False, True]]
