"""A mapping turns the company's columns into canonical ones, or says in a sentence why it cannot."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.formats.raw import SourceFile
from pilot_pipeline.feeds.formats.readers import READERS
from pilot_pipeline.feeds.mapping import Mapped, map_to_canon

BERLIN = ZoneInfo("Europe/Berlin")


def file(text: str | bytes, name: str = "x.csv", reader: str = "csv") -> SourceFile:
    data = text.encode() if isinstance(text, str) else text
    return SourceFile(Path(name), name, "0" * 64, READERS[reader](data, name))


def mapped(text: str, feed: str, name: str = "x.csv", reader: str = "csv", **source: object) -> Mapped:
    return map_to_canon([file(text, name, reader)], FeedSource(source=name, **source), feed, BERLIN)


def consents(cell: str, **source: object) -> Mapped:
    text = f"employee_id,briefed_at,decision,decided_at\nE1,2025-12-01T08:00:00Z,opted_in,{cell}\n"
    return mapped(text, "consents", **source)


def assigned(*cells: str, **source: object) -> Mapped:
    lines = "".join(f'E{i},M1,"{cell}"\n' for i, cell in enumerate(cells))
    return mapped("employee_id,module_id,assigned_on\n" + lines, "module_assignments", **source)


def faults(result: Mapped) -> list[tuple[int, str, str]]:
    return [(finding.row, finding.column, finding.rule) for finding in result.findings]


def test_canonical_names_map_themselves_and_types_are_the_canons():
    result = mapped("module_id,due_on,employee_id,assigned_on\nM1,,E1,2026-01-05\n", "module_assignments")
    assert list(result.frame.columns) == list(CANON["module_assignments"].names)
    assert [str(dtype) for dtype in result.frame.dtypes] == ["str", "str", "datetime64[us]", "datetime64[us]"]
    assert result.frame.loc[0, "assigned_on"] == pd.Timestamp("2026-01-05")
    assert result.origins.to_dict("records") == [{"file": "x.csv", "row": 2}]
    assert not result.findings


@pytest.mark.parametrize("empty", ["", "  ", "nan", " NAN ", "N/A", "null", "None", "NULL"])
def test_sentinels_are_empty_cells(empty):
    result = mapped(f"employee_id,module_id,assigned_on,due_on\nE1,M1,2026-01-05,{empty}\n", "module_assignments")
    assert result.frame["due_on"].isna().all()
    assert not result.findings


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-01-05T10:00:00Z", "2026-01-05 10:00:00"),
        ("2026-01-05 10:00:00 UTC", "2026-01-05 10:00:00"),
        ("2026-01-05 10:00:00+01:00", "2026-01-05 09:00:00"),
        ("2026-01-05 10:00:00 +0100", "2026-01-05 09:00:00"),
        ("2026-01-05T10:00:00.072Z", "2026-01-05 10:00:00.072"),
        ("2026-01-05T10:00:00.123456Z", "2026-01-05 10:00:00.123456"),
        ("2026-01-05T10:00:00.1234567Z", "2026-01-05 10:00:00.123456"),
        ("2026-01-05T10:00:00.123456789Z", "2026-01-05 10:00:00.123456"),
    ],
)
def test_instants_become_utc_whatever_their_fraction_and_offset(cell, instant):
    result = consents(cell)
    assert result.frame.loc[0, "decided_at"] == pd.Timestamp(instant)
    assert not result.findings


@pytest.mark.parametrize("cell", ["2026-01-05T10:00:00", "2026-01-05 10:00", "2026-01-05"])
def test_a_time_without_zone_is_a_finding_and_never_a_guess(cell):
    result = consents(cell)
    assert faults(result) == [(0, "decided_at", "timezone")]
    assert "without a zone" in result.findings[0].reason


@pytest.mark.parametrize(
    ("form", "cell", "instant"),
    [
        ("%d.%m.%Y %H:%M @local", "05.01.2026 10:00", "2026-01-05 09:00"),
        ("%d.%m.%Y %H:%M @America/New_York", "05.01.2026 10:00", "2026-01-05 15:00"),
        ("%m/%d/%Y %I:%M:%S %p @UTC", "1/5/2026 3:04:05 PM", "2026-01-05 15:04:05"),
        ("%Y%m%dT%H%M%S%z", "20260105T100000+0100", "2026-01-05 09:00"),
    ],
)
def test_a_format_may_name_the_zone_of_its_clock(form, cell, instant):
    result = consents(cell, dates={"decided_at": [form]})
    assert result.frame.loc[0, "decided_at"] == pd.Timestamp(instant)


def test_an_hour_that_the_clock_change_repeats_is_a_finding():
    result = consents("2025-10-26 02:30", dates={"decided_at": ["%Y-%m-%d %H:%M @local"]})
    assert faults(result) == [(0, "decided_at", "type")]


def test_an_instant_in_a_date_column_falls_on_its_local_day():
    result = assigned("2026-01-05T23:30:00Z", "2026-01-05T23:30:00", "2026-01-05")
    assert [day.day for day in result.frame["assigned_on"]] == [6, 5, 5]


def test_date_formats_are_tried_in_their_order_and_ambiguity_is_reported():
    result = assigned("01/02/2026", "25/12/2025", "1/2/26", dates={"assigned_on": ["%d/%m/%Y", "%m/%d/%Y", "%m/%d/%y"]})
    assert [str(day.date()) for day in result.frame["assigned_on"]] == ["2026-02-01", "2025-12-25", "2026-01-02"]
    assert result.notes == (
        "module_assignments: assigned_on: more than one of the date formats fits, and the first was taken (1 cell).",
    )


def test_a_second_date_format_that_nobody_declared_is_a_finding():
    result = assigned("2026-01-05", "01/05/2026", "2026-13-01")
    assert faults(result) == [(1, "assigned_on", "type"), (2, "assigned_on", "type")]


@pytest.mark.parametrize("cell", ["0000-00-00", "9999-12-31 23:59:59", "9999-12-31", "0001-01-01"])
def test_placeholder_dates_count_as_empty_and_say_so(cell):
    result = mapped(f"employee_id,module_id,assigned_on,due_on\nE1,M1,2026-01-05,{cell}\n", "module_assignments")
    assert result.frame["due_on"].isna().all()
    assert not result.findings
    assert "due_on: placeholders such as" in result.notes[0]


def test_placeholders_in_a_declared_format_count_as_empty_too():
    text = "employee_id,module_id,assigned_on,due_on\nE1,M1,01/05/2026,12/31/9999\n"
    result = mapped(text, "module_assignments", dates={"assigned_on": ["%m/%d/%Y"], "due_on": ["%m/%d/%Y"]})
    assert result.frame["due_on"].isna().all()
    assert not result.findings


@pytest.mark.parametrize(
    ("cell", "value"),
    [("3", 3.0), ("3.5", 3.5), (" 4 ", 4.0), ("1e0", 1.0), ("-2", -2.0), (".5", 0.5)],
)
def test_numbers_are_read(cell, value):
    result = mapped(f"employee_id,week_no,question_id,score\nE1,4,Q1,{cell}\n", "pulse_responses")
    assert result.frame.loc[0, "score"] == value


@pytest.mark.parametrize("cell", ["SIXTY THOUSAND", "85%", "1,5", "1_000", "inf", "1e999", "0x10", "٣"])
def test_what_is_no_number_is_a_finding(cell):
    result = mapped(f'employee_id,week_no,question_id,score\nE1,4,Q1,"{cell}"\n', "pulse_responses")
    assert faults(result) == [(0, "score", "type")]
    assert cell not in result.findings[0].reason


def test_whole_numbers_may_look_like_3_0_but_not_like_3_5():
    result = mapped("employee_id,week_no,question_id,score\nE1,4.0,Q1,3\nE2,4.5,Q1,3\n", "pulse_responses")
    assert result.frame["week_no"].tolist() == [4, pd.NA]
    assert faults(result) == [(1, "week_no", "type")]


def test_yes_and_no_in_any_spelling_are_truth_values():
    head = "event_id,occurred_at,email,outcome,is_test\n"
    words = ["Yes", "yes", "No", "no", "TRUE", "0", "perhaps"]
    lines = "".join(f"{i},2025-12-20T10:00:00Z,a@b.example,success,{word}\n" for i, word in enumerate(words))
    result = mapped(head + lines, "sso_signins")
    assert result.frame["is_test"].tolist() == [True, True, False, False, True, False, pd.NA]
    assert faults(result) == [(6, "is_test", "type")]


def test_values_are_translated_whatever_their_case_and_padding():
    text = "employee_id,arm\nE1,'M \nE2,b  b\nE3,pilot\n"
    result = mapped(text, "enrolments", values={"arm": {"'m": "pilot", "B B": "control"}})
    assert result.frame["arm"].tolist() == ["pilot", "control", "pilot"]


def test_words_that_differ_from_the_vocabulary_only_in_case_are_read_and_reported():
    result = mapped("employee_id,arm\nE1,Pilot\nE2, CONTROL\nE3,maybe\n", "enrolments")
    assert result.frame["arm"].tolist() == ["pilot", "control", "maybe"]
    assert (
        "arm: words that differ from the vocabulary only in case or spacing were read as its own (2 cells)"
        in result.notes[0]
    )


def test_double_spaces_and_padding_do_not_make_two_roles():
    text = "competency_id,name,roles\nC1,Production       ,Lead  Engineer\n"
    result = mapped(text, "competencies")
    assert result.frame.loc[0, ["name", "roles"]].tolist() == ["Production", "Lead Engineer"]


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0"])
def test_formulas_are_findings(cell):
    result = mapped(f'competency_id,name,roles\n"{cell}",n,r\n', "competencies")
    assert faults(result) == [(0, "competency_id", "formula")]


def test_constants_and_the_files_name_fill_columns():
    text = "EmpID,department,role,role_level,hired_on,Status\nE1,Ops,Clerk,2,2020-01-01,A\n"
    result = mapped(
        text,
        "employees",
        name="feeds/hr_2025-12-15_v2.csv",
        columns={"employee_id": "EmpID", "employment_status": "Status"},
        values={"employment_status": {"A": "active"}},
        constants={"location": "Berlin"},
        filename={"as_of": "%Y-%m-%d"},
        dates={"hired_on": ["%Y-%m-%d"]},
    )
    assert result.frame.loc[0, "as_of"] == pd.Timestamp("2025-12-15")
    assert result.frame.loc[0, "location"] == "Berlin"
    assert result.frame.loc[0, "employment_status"] == "active"
    assert "email" in result.never_filled


@pytest.mark.parametrize(("name", "why"), [("hr.csv", "no date"), ("2025-12-15_2026-01-15.csv", "more than one date")])
def test_a_file_name_without_its_date_is_refused(name, why):
    with pytest.raises(BadInput, match=f"holds {why} of the form"):
        mapped("employee_id\nE1\n", "employees", name=name, filename={"as_of": "%Y-%m-%d"})


def test_a_column_neither_mapped_nor_ignored_is_refused_with_the_nearest_name():
    with pytest.raises(BadInput) as refusal:
        mapped("employee_id,arm,Withdrawn_at,Reflection\nE1,pilot,,secret words\n", "enrolments")
    sentence = str(refusal.value)
    assert "the columns Withdrawn_at, Reflection are neither mapped nor ignored" in sentence
    assert "Did you mean 'withdrawn_at'?" in sentence
    assert "secret" not in sentence


def test_an_address_as_the_name_of_a_field_is_not_repeated():
    with pytest.raises(BadInput) as refusal:
        mapped('{"employee_id":"E1","arm":"pilot","by":{"jane@acme.example":1}}', "enrolments", reader="jsonl")
    assert "[e-mail removed]" in str(refusal.value)
    assert "jane" not in str(refusal.value)


@pytest.mark.parametrize("ignore", ["*", ["Reflection"], ["Refl*"]])
def test_ignored_columns_are_never_read(ignore):
    result = mapped("employee_id,arm,Reflection\nE1,pilot,secret words\n", "enrolments", ignore=ignore)
    assert "secret words" not in result.frame.to_csv() + result.raw.to_csv()


def test_a_canonical_column_can_be_ignored_by_name():
    result = mapped("employee_id,arm,withdrawn_at\nE1,pilot,rubbish\n", "enrolments", ignore=["withdrawn_at"])
    assert not result.findings
    assert result.frame["withdrawn_at"].isna().all()


def test_what_the_feed_cannot_do_without_is_refused_and_not_invented():
    with pytest.raises(BadInput) as refusal:
        mapped("employee_id\nE1\n", "enrolments")
    assert str(refusal.value) == (
        "x.csv has no column for arm, which enrolments cannot do without; "
        "map it in feeds.enrolments.columns or give it in feeds.enrolments.constants."
    )


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({"columns": {"employe_id": "x"}}, "employe_id is not a column of enrolments. Did you mean 'employee_id'?"),
        ({"columns": {"arm": "Group"}}, "has no column 'Group', to which feeds.enrolments.columns maps arm."),
        ({"columns": {"withdrawn_at": "Exit"}}, "has no column 'Exit'"),
        ({"columns": {"arm": "arm"}, "constants": {"arm": "pilot"}}, "given both in columns and in constants"),
        ({"values": {"arm": {"P": "pilots"}}}, "'pilots' is none of pilot, control. Did you mean 'pilot'?"),
        ({"dates": {"arm": ["%Y"]}}, "arm is no date"),
        ({"dates": {"withdrawn_at": ["YYYY-MM-DD"]}}, "'YYYY-MM-DD' is not a date format such as %Y-%m-%d"),
        ({"dates": {"withdrawn_at": ["%Y-%Q"]}}, "'%Y-%Q' is not a date format"),
        ({"dates": {"withdrawn_at": ["%Y-%m-%d @Mars/Base"]}}, "'Mars/Base' in a date format is neither"),
    ],
)
def test_every_mistake_in_a_mapping_has_its_sentence(source, sentence):
    with pytest.raises(BadInput) as refusal:
        mapped("employee_id,arm\nE1,pilot\n", "enrolments", **source)
    assert sentence in str(refusal.value)


def test_a_column_gone_from_one_of_several_exports_is_empty_there_and_noted():
    files = [file("employee_id,arm,Exit\nE1,pilot,\n", "a.csv"), file("employee_id,arm\nE2,pilot\n", "b.csv")]
    source = FeedSource(source="*.csv", columns={"withdrawn_at": "Exit"})
    result = map_to_canon(files, source, "enrolments", BERLIN)
    assert result.notes == ("enrolments: b.csv has no column for withdrawn_at; it is empty in its rows.",)
    assert result.origins["file"].tolist() == ["a.csv", "b.csv"]


def test_only_rows_before_the_start_are_looked_at_when_live_rows_may_not_be():
    text = (
        "observation_id,employee_id,observer_id,observed_on,wave,competency_id,score\n"
        "O1,E1,M1,2026-01-02,start,C1,3\nO2,E1,M1,2026-01-05,end,C1,unreadable\nO3,E1,M1,someday,start,C1,3\n"
    )
    result = map_to_canon(
        [file(text)], FeedSource(source="x.csv"), "manager_observations", BERLIN, before=date(2026, 1, 5)
    )
    assert result.frame["observation_id"].tolist() == ["O1", "O3"]
    assert result.origins["row"].tolist() == [2, 4]
    assert faults(result) == [(1, "observed_on", "type")]
    assert result.dropped == 1


def test_faults_of_the_file_follow_their_rows_under_canonical_names():
    text = b"Person,arm\nE1,pilot\nE2\nE\xff\xc3\xa9,pilot\n"
    result = map_to_canon([file(text)], FeedSource(source="x", columns={"employee_id": "Person"}), "enrolments", BERLIN)
    assert faults(result) == [(1, "(whole row)", "shape"), (2, "employee_id", "encoding")]
