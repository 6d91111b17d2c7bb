"""Through the door: accepted rows carry no identifier, rejected ones a reason, and none is lost."""

from __future__ import annotations

import csv
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contracts import contract_for
from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.intake import QUARANTINE_COLUMNS, Intake, take_in, write_quarantine
from pilot_pipeline.feeds.rules import ManagementLine, MappedRoles
from pilot_pipeline.privacy.pseudonyms import Pseudonyms

ZONE = ZoneInfo("Europe/Berlin")
KEY = Pseudonyms("a key that is long enough")

HR_HEAD = "as_of,employee_id,email,manager_id,department,role,role_level,employment_status,hired_on\n"
HR = HR_HEAD + (
    "2025-12-15,E0002,Jane.Doe@acme.example,E0001,Ops,Clerk,3,active,2020-01-01\n"
    "2025-12-15,E0001,boss@acme.example,,Ops,Lead,5,active,2015-01-01\n"
)


def taken(root: Path, feed: str, text: str | bytes, *contracts, key: Pseudonyms = KEY, **source) -> Intake:
    (root / f"{feed}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    before = source.pop("before", None)
    return take_in(
        CANON[feed],
        FeedSource(source=f"{feed}.csv", **source),
        root,
        [contract_for(feed), *contracts],
        key,
        ZONE,
        before=before,
    )


def everything_said(intake: Intake) -> str:
    return "\n".join([intake.frame.to_csv(), intake.quarantine.to_csv(), str(intake.read), *intake.notes])


def test_ids_and_addresses_become_pseudonyms_and_the_way_back_is_kept_apart(tmp_path):
    intake = taken(tmp_path, "employees", HR)
    people = intake.frame.set_index("id_rank")
    assert people.loc[2, "manager_id"] == people.loc[1, "employee_id"]
    assert people["employee_id"].str.fullmatch("p_[0-9a-f]{16}").all()
    assert people["email"].str.fullmatch("e_[0-9a-f]{16}").all()
    assert not any(secret in everything_said(intake) for secret in ("E0001", "E0002", "Jane", "acme"))
    assert set(intake.identities["identifier"]) == {"E0001", "E0002", "Jane.Doe@acme.example", "boss@acme.example"}
    assert set(intake.identities.columns) == {"pseudonym", "kind", "identifier"}


def test_the_rank_of_the_original_id_does_not_depend_on_the_key(tmp_path):
    rows = "".join(f"2025-12-15,{i},,,Ops,Clerk,3,active,2020-01-01\n" for i in ("c", "a", "b"))
    other = Pseudonyms("another key, also long enough")
    for key in (KEY, other):
        frame = taken(tmp_path, "employees", HR_HEAD + rows, key=key).frame
        original = dict(zip(key.person(pd.Series(["a", "b", "c"], dtype="str")), (1, 2, 3), strict=True))
        assert [original[person] for person in frame["employee_id"]] == frame["id_rank"].tolist()


def test_the_same_person_has_the_same_pseudonym_in_every_feed(tmp_path):
    employees = taken(tmp_path, "employees", HR).frame
    enrolled = taken(tmp_path, "enrolments", "employee_id,arm\n E0002 ,pilot\n").frame
    signins = taken(
        tmp_path,
        "sso_signins",
        "event_id,occurred_at,email,outcome,is_test\n1,2025-12-30T10:00:00Z, jane.doe@ACME.example,success,true\n",
    ).frame
    assert enrolled["employee_id"].isin(employees["employee_id"]).all()
    assert signins["email"].isin(employees["email"]).all()


def test_every_planted_fault_is_quarantined_with_its_reason_and_the_rest_is_accepted(tmp_path):
    people = [
        "E1,,Lead,5,active,2015-01-01",
        *(f"E{i},E1,Clerk,3,active,2020-01-01" for i in range(2, 6)),
        "E6,E7,Clerk,3,active,2020-01-01",
        "E7,E6,Clerk,3,active,2020-01-01",
        "E8,E8,Clerk,3,active,2020-01-01",
        "E9,Board of Directors,Clerk,3,active,2020-01-01",
        "E10,E1,Wizard,3,active,2020-01-01",
        "E11,E1,Clerk,30,active,2020-01-01",
        "E12,E1,Clerk,3,gone,2020-01-01",
        "E13,E1,Clerk,3,active,yesterday",
        "E14,E1,Clerk,3,active,2020-01-01",
        "E14,E1,Clerk,3,active,2020-01-01",
        "E15,E1,Clerk,3,active,2020-01-01",
        "E15,E2,Clerk,3,active,2020-01-01",
        "E16,E1,Clerk",
        "=E17,E1,Clerk,3,active,2020-01-01",
    ]
    text = "employee_id,manager_id,role,role_level,employment_status,hired_on\n" + "\n".join(people)
    fixed = {"as_of": "2025-12-15", "department": "Ops"}
    intake = taken(tmp_path, "employees", text, Hierarchy(), MappedRoles(frozenset({"Lead", "Clerk"})), constants=fixed)
    told = {(row, rule) for row, rule in zip(intake.quarantine["row"], intake.quarantine["rule"], strict=True)}
    assert told == {
        (7, "cycle"),
        (8, "cycle"),
        (9, "self_manager"),
        (10, "orphan"),
        (11, "unmapped_role"),
        (12, "range"),
        (13, "vocabulary"),
        (14, "type"),
        (16, "duplicate_row"),
        (17, "duplicate_key"),
        (18, "duplicate_key"),
        (19, "shape"),
        (20, "formula"),
    }
    assert (intake.read.rows_read, intake.read.rows_accepted, intake.read.rows_quarantined) == (19, 6, 13)
    assert "2 rows, manager_id: The person is part of a reporting cycle of 2 people." in intake.read.reasons
    assert tuple(intake.quarantine.columns) == QUARANTINE_COLUMNS
    assert not any(secret in everything_said(intake) for secret in ("Board", "Wizard", "yesterday", "gone"))


def test_the_order_of_rows_and_of_files_does_not_change_what_is_accepted(tmp_path):
    one = taken(tmp_path, "employees", HR)
    head, *lines = HR.splitlines()
    other = taken(tmp_path, "employees", "\n".join([head, *reversed(lines)]))
    pd.testing.assert_frame_equal(one.frame, other.frame)


def test_a_digest_follows_the_content_of_a_rejected_row_and_gives_none_away(tmp_path):
    def digest(cell: str) -> str:
        text = f"employee_id,week_no,question_id,score\nE1,4,Q1,{cell}\n"
        return str(taken(tmp_path, "pulse_responses", text).quarantine["row_digest"].iloc[0])

    assert digest("9") == digest("9")
    assert digest("nine") != digest("ten")


def test_mail_addresses_leave_free_text(tmp_path):
    text = (
        "issue_id,opened_on,kind,severity,title,status\n"
        "I1,2026-01-07,configuration,3,Ask jane.doe+x@mail.acme.example (or bob@acme.example).,open\n"
    )
    title = taken(tmp_path, "issue_log", text).frame.loc[0, "title"]
    assert title == "Ask [e-mail removed] (or [e-mail removed])."


def test_gaps_are_named_with_what_they_switch_off(tmp_path):
    notes = taken(tmp_path, "employees", HR.replace(",email,", ",Mail,"), ignore=["Mail"]).notes
    assert "employees: no column is mapped to email; the SSO checkpoint cannot join sign-ins to people." in notes
    empty = taken(tmp_path, "enrolments", "employee_id,arm,withdrawn_at\nE1,pilot,\n").notes
    assert "enrolments: withdrawn_at is empty in every row; only the consents feed tells of withdrawals." in empty


def test_a_feed_with_a_header_only_is_taken_in_as_nothing(tmp_path):
    intake = taken(tmp_path, "pulse_responses", "employee_id,week_no,question_id,score\n")
    assert (intake.read.rows_read, intake.read.rows_accepted, intake.read.fresh_as_of) == (0, 0, None)
    assert list(intake.frame.columns) == list(CANON["pulse_responses"].names)
    assert tuple(intake.quarantine.columns) == QUARANTINE_COLUMNS


def test_live_rows_are_left_alone_before_go_live_and_counted_in_a_note_only(tmp_path):
    text = "manager_id,employee_id,week_start,prep_minutes\nM1,E1,2025-12-29,60\nM1,E1,2026-01-05,30\n"
    intake = taken(tmp_path, "manager_time", text, before=date(2026, 1, 5))
    assert intake.read.rows_read == 1
    assert intake.read.fresh_as_of == date(2025, 12, 29)
    assert "manager_time: rows dated from 2026-01-05 on are live data and were not looked at (1)." in intake.notes


def test_asking_for_earlier_rows_of_a_wholly_live_feed_is_a_fault_of_the_program(tmp_path):
    with pytest.raises(ValueError, match="no column that tells earlier rows"):
        taken(tmp_path, "pulse_responses", "employee_id,week_no,question_id,score\n", before=date(2026, 1, 5))


def test_self_report_never_gets_in_although_ids_are_pseudonyms_by_then(tmp_path):
    employees = taken(tmp_path, "employees", HR).frame
    text = "observation_id,employee_id,observer_id,observed_on,wave,competency_id,score\n"
    text += "O1,E0002,E0001,2026-01-02,start,C1,3\nO2,E0002,E0002,2026-01-02,start,C1,5\n"
    intake = taken(tmp_path, "manager_observations", text, ManagementLine(employees))
    assert intake.frame["observation_id"].tolist() == ["O1"]
    assert intake.quarantine["rule"].tolist() == ["observer"]


def test_the_quarantine_file_is_private_names_places_and_goes_when_the_feed_is_mended(tmp_path):
    intake = taken(tmp_path, "pulse_responses", "employee_id,week_no,question_id,score\nE1,4,Q1,9\nE2,4,Q1,4\n")
    path = write_quarantine(tmp_path / "var" / "quarantine", intake)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["row", "column", "reason"],
            ["pulse_responses.csv:2", "score", "score lies outside 1 to 5."],
        ]
    assert [one.name for one in path.parent.iterdir()] == ["pulse_responses.csv"]
    mended = taken(tmp_path, "pulse_responses", "employee_id,week_no,question_id,score\nE1,4,Q1,4\n")
    assert write_quarantine(tmp_path / "var" / "quarantine", mended) is None
    assert not path.exists()


def test_a_quarantine_file_is_whole_or_the_old_one(tmp_path, monkeypatch):
    intake = taken(tmp_path, "pulse_responses", "employee_id,week_no,question_id,score\nE1,4,Q1,9\n")
    path = write_quarantine(tmp_path / "q", intake)
    assert path is not None
    before = path.read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_quarantine(tmp_path / "q", replace(intake))
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 1


CELLS = st.sampled_from(
    ["", "E1", "E2", "E3", "=1", "4", "4.5", "0", "99", "x" * 30, "nan", '"', '"E4"', "é", "\x00", "a,b", "\n", ";"]
)


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=10), end=st.sampled_from(["", "\n", "\r\n"]))
@settings(max_examples=20, deadline=None)
def test_rows_read_are_accepted_or_quarantined_always(tmp_path_factory, rows, end):
    text = "employee_id,week_no,question_id,score\n" + "\n".join(",".join(row) for row in rows) + end
    try:
        intake = taken(tmp_path_factory.mktemp("fuzz"), "pulse_responses", text)
    except BadInput as refusal:
        assert "pulse_responses.csv" in str(refusal)
        return
    read = intake.read
    assert read.rows_read == read.rows_accepted + read.rows_quarantined
    assert read.rows_accepted == len(intake.frame)
    assert read.rows_quarantined == len(intake.quarantine[["file", "row"]].drop_duplicates())
    assert intake.frame[["employee_id", "week_no", "question_id", "score"]].notna().all(axis=None)
    assert intake.frame["score"].between(1, 5).all()
    assert not intake.frame.duplicated(["employee_id", "week_no", "question_id"]).any()
