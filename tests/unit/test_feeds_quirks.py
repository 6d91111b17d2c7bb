"""Oddities of real HR exports, each on made-up data: accepted, repaired with a note, or quarantined with a reason."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from checks.contracts import contract_for
from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.intake import Intake, take_in
from pilot_pipeline.feeds.rules import Hierarchy
from pilot_pipeline.privacy.pseudonyms import Pseudonyms

COLUMNS = "employee_id,email,manager_id,role,employment_status,hired_on,terminated_on,gender,birth_year"
FIXED = {"as_of": "2025-12-15", "department": "Ops", "role_level": "3"}


def hr(root: Path, *rows: str, head: str = COLUMNS, encoding: str = "utf-8", **source) -> Intake:
    (root / "hr.csv").write_bytes("\n".join([head, *rows]).encode(encoding))
    mapping = FeedSource(source="hr.csv", **{"constants": FIXED, **source})
    key = Pseudonyms("a key that is long enough")
    contracts = [contract_for("employees"), Hierarchy()]
    intake = take_in(CANON["employees"], mapping, root, contracts, key, ZoneInfo("Europe/Berlin"))
    assert intake.read.rows_read == intake.read.rows_accepted + intake.read.rows_quarantined == len(rows)
    return intake


def rules(intake: Intake) -> list[tuple[int, str]]:
    return list(zip(intake.quarantine["row"], intake.quarantine["rule"], strict=True))


def test_a_rehire_is_one_person_in_the_latest_spell(tmp_path):
    intake = hr(
        tmp_path,
        "E1,,,Clerk,terminated,2010-01-04,2013-06-30,,",
        "E1,,,Clerk,active,2018-02-01,,,",
        "E2,,,Clerk,terminated,2020-01-01,2019-12-31,,",
    )
    assert rules(intake) == [(2, "earlier_spell"), (4, "range")]
    assert intake.frame["hired_on"].dt.year.tolist() == [2018]


def test_people_without_or_with_a_shared_address_are_accepted(tmp_path):
    intake = hr(
        tmp_path,
        "E1,,,Clerk,active,2020-01-01,,,",
        "E2,team@acme.example,,Clerk,active,2020-01-01,,,",
        "E3,Team@acme.example,,Clerk,active,2020-01-01,,,",
    )
    assert intake.read.rows_accepted == 3
    assert intake.frame["email"].nunique() == 1


@pytest.mark.parametrize("name", ["Иванов", "山田太郎", "O'Brien", "Nuñez"])
def test_any_script_survives_in_ids_and_roles(tmp_path, name):
    intake = hr(tmp_path, f"{name},,,{name},active,2020-01-01,,,")
    assert intake.frame["role"].tolist() == [name]
    assert intake.identities["identifier"].tolist() == [name]


def test_two_date_formats_in_one_column_are_read_when_both_are_declared(tmp_path):
    rows = ("E1,,,Clerk,active,01/31/2020,,,", "E2,,,Clerk,active,1/31/20,,,", "E3,,,Clerk,active,31.01.2020,,,")
    intake = hr(tmp_path, *rows, dates={"hired_on": ["%m/%d/%Y", "%m/%d/%y"]})
    assert intake.frame["hired_on"].dt.strftime("%Y-%m-%d").tolist() == ["2020-01-31"] * 2
    assert rules(intake) == [(4, "type")]


def test_a_two_digit_year_that_lands_in_the_future_is_no_hiring_date(tmp_path):
    intake = hr(tmp_path, "E1,,,Clerk,active,01/31/68,,,", dates={"hired_on": ["%m/%d/%y"]})
    assert rules(intake) == [(2, "range")]


@pytest.mark.parametrize("year", ["85", "2185", "1885", "eighty"])
def test_a_birth_year_is_four_digits_of_a_living_person(tmp_path, year):
    assert len(rules(hr(tmp_path, f"E1,,,Clerk,active,2020-01-01,,,{year}"))) == 1


@pytest.mark.parametrize(
    ("mark", "end", "encoding"),
    [(",", "\n", "utf-8-sig"), (";", "\r\n", "utf-8"), ("\t", "\r\n", "utf-16"), (";", "\n", "cp1252")],
)
def test_the_same_export_in_another_dialect_is_the_same_feed(tmp_path, mark, end, encoding):
    lines = [COLUMNS, "007,,,Müller,active,2020-01-01,,,"]
    text = end.join(line.replace(",", mark) for line in lines)
    intake = hr(tmp_path, *text.split("\n")[1:], head=text.split("\n")[0], encoding=encoding)
    assert intake.frame["role"].tolist() == ["Müller"]
    assert intake.identities["identifier"].tolist() == ["007"]


def test_a_column_gone_from_the_export_is_refused_by_name(tmp_path):
    with pytest.raises(BadInput, match=r"hr\.csv has no column for hired_on"):
        hr(tmp_path, "E1,active,Clerk", head="employee_id,employment_status,role")


def test_managers_that_are_nobody_are_orphans_and_a_blank_one_is_the_top(tmp_path):
    intake = hr(
        tmp_path,
        "E1,,Board of Directors,Lead,active,2020-01-01,,,",
        "E2,, ,Lead,active,2020-01-01,,,",
        "E3,,N/A,Lead,active,2020-01-01,,,",
        "E4,,Ann Lee,Lead,active,2020-01-01,,,",
    )
    assert rules(intake) == [(2, "orphan"), (5, "orphan")]


def test_padding_case_and_double_spaces_do_not_make_new_groups(tmp_path):
    intake = hr(
        tmp_path,
        "E1,,,'Production       ,Active,2020-01-01,,M ,",
        "E2,,,Data  Clerk,ACTIVE ,2020-01-01,,'M ',",
        values={"gender": {"m": "male", "'m '": "male"}},
    )
    assert intake.frame.set_index("id_rank").sort_index()["role"].tolist() == ["'Production", "Data Clerk"]
    assert intake.frame["gender"].tolist() == ["male", "male"]
    assert any("role: double spaces were read as one (1 cell)" in note for note in intake.notes)


def test_active_and_gone_at_once_is_a_contradiction(tmp_path):
    intake = hr(tmp_path, "E1,,,Clerk,active,2020-01-01,2024-05-31,,")
    assert rules(intake) == [(2, "range")]
    assert "recorded as active, but left" in intake.read.reasons


def test_placeholders_are_empty_and_words_are_no_numbers(tmp_path):
    rows = (
        "E1,nan,NULL,Clerk,active,2020-01-01,9999-12-31 23:59:59, NAN ,",
        "E2,,,Clerk,active,0000-00-00,,,",
        "E3,,,Clerk,active,2020-01-01,,,SIXTY",
    )
    intake = hr(tmp_path, *rows)
    assert rules(intake) == [(3, "missing"), (4, "type")]
    assert intake.frame[["email", "manager_id", "terminated_on", "gender"]].isna().all(axis=None)


def test_one_event_id_on_two_payloads_is_a_contradiction_and_a_repeat_is_not(tmp_path):
    lines = ['{"event_id":"a","n":1}', '{"event_id":"a","n":1}', '{"event_id":"b","n":1}', '{"event_id":"b","n":2}']
    stamped = [line.replace('"n":', '"employee_id":"E1","event_type":"session","duration_s":') for line in lines]
    text = "\n".join(line[:-1] + ',"occurred_at":"2026-01-06T08:00:00.1234567Z"}' for line in stamped)
    (tmp_path / "events.jsonl").write_text(text)
    intake = take_in(
        CANON["tool_events"],
        FeedSource(source="events.jsonl"),
        tmp_path,
        [contract_for("tool_events")],
        Pseudonyms("a key that is long enough"),
        ZoneInfo("UTC"),
    )
    assert rules(intake) == [(2, "duplicate_row"), (3, "duplicate_key"), (4, "duplicate_key")]
    assert intake.read.rows_accepted == 1
