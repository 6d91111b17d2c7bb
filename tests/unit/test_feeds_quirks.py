"""Oddities of real HR exports, each on made-up data: accepted, repaired with a note, or quarantined with a reason."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from checks.contracts import contract_for
from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.intake import Intake, take_in
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


# The quirks that need a mapping which copes; the numbers are those of the list that came with the shared exports.


def test_quirk_1_three_spells_are_one_person_and_a_spell_that_ends_as_it_begins_is_kept(tmp_path):
    intake = hr(
        tmp_path,
        "E1,,,Clerk,terminated,2010-01-04,2013-06-30,,",
        "E1,,,Clerk,terminated,2013-07-01,2013-07-01,,",
        "E1,,,Lead,active,2018-02-01,,,",
    )
    assert rules(intake) == [(2, "earlier_spell"), (3, "earlier_spell")]
    assert intake.frame["role"].tolist() == ["Lead"]


def test_quirk_2_a_missing_last_name_and_one_name_under_several_ids(tmp_path):
    head = "employee_id,first,last,boss,role,employment_status,hired_on"
    rows = (
        "E1,Ли,,,Lead,active,2020-01-01",
        "E2,山田,太郎,Ли,Clerk,active,2020-01-01",
        "E3,山田,太郎,山田 太郎,Clerk,active,2020-01-01",
    )
    mapping = {"columns": {"manager_id": "boss"}, "by_name": {"manager_id": ["first", "last"]}}
    intake = hr(tmp_path, *rows, head=head, **mapping)
    assert rules(intake) == [(4, "ambiguous_person")]
    assert intake.frame["manager_id"].notna().tolist().count(True) == 1


@pytest.mark.parametrize(("year", "read"), [("11/24/68", 1968), ("07/10/83", 1983), ("12/31/99", 1999), ("59", 1959)])
def test_quirk_3_a_birth_date_of_two_digits_is_read_by_its_pivot_and_not_into_the_future(tmp_path, year, read):
    more = {"dates": {"birth_year": ["%m/%d/%y"]}, "two_digit_years": {"birth_year": 10}}
    intake = hr(tmp_path, f"E1,,,Clerk,active,2020-01-01,,,{year}", **more)
    assert intake.frame["birth_year"].tolist() == [read]
    assert any("birth_year: two-digit years were given the century" in note for note in intake.notes)


def test_quirk_4_lost_leading_zeros_are_another_id_and_are_not_guessed_back(tmp_path):
    rows = ("007,,,Lead,active,2020-01-01,,,", "008,,7,Clerk,active,2020-01-01,,,")
    assert rules(hr(tmp_path, *rows)) == [(3, "orphan")]


@pytest.mark.parametrize("written", ["Ann Lee", "Lee Ann", "Lee, Ann"])
def test_quirk_4_first_and_last_name_swapped_are_the_same_name(tmp_path, written):
    head = "employee_id,name,boss,role,employment_status,hired_on"
    rows = ("E1,Ann Lee,,Lead,active,2020-01-01", f'E2,Bob,"{written}",Clerk,active,2020-01-01')
    mapping = {"columns": {"manager_id": "boss"}, "by_name": {"manager_id": ["name"]}}
    assert hr(tmp_path, *rows, head=head, **mapping).frame["manager_id"].notna().sum() == 1


def test_quirk_5_one_manager_under_two_ids_is_one_manager_by_name(tmp_path):
    head = "employee_id,name,boss,boss_id,role,employment_status,hired_on"
    rows = (
        "E1,Ann Lee,Board of Directors,9,Lead,active,2020-01-01",
        "E2,Bob,Ann Lee,E1,Clerk,active,2020-01-01",
        "E3,Cy,Ann Lee,39,Clerk,active,2020-01-01",
    )
    by_id = hr(tmp_path, *rows, head=head, columns={"manager_id": "boss_id"}, ignore=["name", "boss"])
    assert rules(by_id) == [(2, "orphan"), (4, "orphan")]
    by_name = hr(
        tmp_path,
        *rows,
        head=head,
        columns={"manager_id": "boss"},
        by_name={"manager_id": ["name"]},
        nulls={"manager_id": ["Board of Directors"]},
        ignore=["boss_id"],
    )
    assert rules(by_name) == []
    assert by_name.frame["manager_id"].nunique() == 1


def test_quirk_6_words_are_compared_without_case_padding_and_double_spaces(tmp_path):
    words = {"employment_status": {"yes": "active", "no": "terminated"}}
    rows = [f"E{i},,,Clerk,{word},2020-01-01,,," for i, word in enumerate(("Yes", "yes ", " YES", "No", "nO", "maybe"))]
    intake = hr(tmp_path, *rows, values=words)
    assert intake.frame["employment_status"].value_counts().to_dict() == {"active": 3, "terminated": 2}
    assert rules(intake) == [(7, "vocabulary")]


def test_quirk_7_a_status_that_contradicts_its_reason_is_set_aside(tmp_path):
    head = "employee_id,employment_status,termination_reason,role,hired_on"
    rows = ("E1,active,voluntary,Clerk,2020-01-01", "E2,active,N/A-StillEmployed,Clerk,2020-01-01")
    nulls = {"nulls": {"termination_reason": ["N/A-StillEmployed"]}}
    assert rules(hr(tmp_path, *rows, head=head, **nulls)) == [(2, "range")]


def test_quirk_8_every_sentinel_is_empty_and_a_word_is_no_number(tmp_path):
    head = "employee_id,role,employment_status,hired_on,terminated_on,performance_score,location"
    rows = (
        "E1,Clerk,active,2020-01-01,9999-12-31 23:59:59,N/A,  NAN ",
        "E2,Clerk,active,2020-01-01,0000-00-00,SIXTY THOUSAND,-",
        "E3,Clerk,active,2020-01-01,12/31/2099,-,unknown",
    )
    nulls = {"*": ["-"], "location": ["Unknown"], "terminated_on": ["12/31/2099"]}
    intake = hr(tmp_path, *rows, head=head, nulls=nulls)
    assert rules(intake) == [(3, "type")]
    assert intake.frame[["terminated_on", "performance_score", "location"]].isna().all(axis=None)


def test_quirk_9_user_names_in_any_case_are_one_account(tmp_path):
    rows = [
        f"s{i},2025-12-30T08:00:00.{fraction}Z,{name},success,true"
        for i, (fraction, name) in enumerate(
            (
                ("123", "Ann@Acme.example"),
                ("123456", "ann@acme.example"),
                ("1234567", "ANN@ACME.EXAMPLE"),
                ("123456789", "ann@acme.example "),
            )
        )
    ]
    (tmp_path / "s.csv").write_text("\n".join(["event_id,occurred_at,email,outcome,is_test", *rows]))
    key = Pseudonyms("a key that is long enough")
    intake = take_in(
        CANON["sso_signins"], FeedSource(source="s.csv"), tmp_path, [contract_for("sso_signins")], key, ZoneInfo("UTC")
    )
    assert intake.frame["email"].nunique() == 1
    assert intake.frame["occurred_at"].dt.microsecond.tolist() == [123000, 123456, 123456, 123456]


@pytest.mark.parametrize(("year", "accepted"), [("2022", False), ("1702", False), ("1900", False), ("1985", True)])
def test_quirk_10_nobody_is_three_or_three_hundred_and_twenty_three_years_old(tmp_path, year, accepted):
    intake = hr(tmp_path, f"E1,,,Clerk,active,2023-01-01,,,{year}")
    assert rules(intake) == ([] if accepted else [(2, "range")])


def test_quirk_10_seventy_two_spellings_of_gender_become_three(tmp_path):
    women = ("F", "f", "Female", "female ", "FEMALE", "Woman", "woman", "cis  female")
    men = ("M", "m", "Male", "male", "Man", "Cis Male", "male-ish")
    rows = [
        f"E{i},,,Clerk,active,2020-01-01,,{word}," for i, word in enumerate((*women, *men, "Enby", "p", "ostensibly"))
    ]
    words = {
        **dict.fromkeys(("f", "female", "woman", "cis female"), "female"),
        **dict.fromkeys(("m", "male", "man", "cis male"), "male"),
    }
    intake = hr(tmp_path, *rows, values={"gender": {**words, "*": "other"}})
    assert intake.frame["gender"].value_counts().to_dict() == {"female": 8, "male": 6, "other": 4}
    assert any("(4 cells)" in note and note.startswith("employees: gender") for note in intake.notes)
