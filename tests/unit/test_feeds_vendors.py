"""Identity logs, learning records and surveys in their vendors' shapes; every row is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from checks.contracts import contract_for
from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.intake import Intake, take_in
from pilot_pipeline.privacy.pseudonyms import Pseudonyms

KEY = Pseudonyms("a key that is long enough")
ANN, BOB = "Ann@Acme.example", "bob@acme.example"


def taken(root: Path, feed: str, content: Any, name: str = "x.json", **source: Any) -> Intake:
    text = content if isinstance(content, str) else json.dumps(content)
    (root / name).write_text(text, encoding="utf-8")
    mapping = FeedSource(source=name, **source)
    directory = pd.DataFrame({"as_of": [pd.Timestamp("2025-12-15")], "email": [ANN], "employee_id": ["E1"]})
    directory = directory.assign(email=KEY.email(directory["email"]), employee_id=KEY.person(directory["employee_id"]))
    contracts = [contract_for(feed)]
    intake = take_in(CANON[feed], mapping, root, contracts, KEY, ZoneInfo("Europe/Berlin"), directory=directory)
    assert intake.read.rows_read == intake.read.rows_accepted + intake.read.rows_quarantined
    return intake


def rules(intake: Intake) -> list[tuple[int, str]]:
    return list(zip(intake.quarantine["row"], intake.quarantine["rule"], strict=True))


def signins(intake: Intake) -> list[list[object]]:
    shown = intake.frame[["event_id", "outcome", "failure_reason"]].sort_values("event_id")
    return shown.astype(object).where(shown.notna(), None).to_numpy().tolist()


def okta(
    kind: str, result: str, number: int, *, actor: str = ANN, actor_type: str = "User", **more: Any
) -> dict[str, Any]:
    return {
        "uuid": f"e{number}",
        "published": f"2025-12-30T08:00:0{number}.123Z",
        "eventType": kind,
        "actor": {"type": actor_type, "alternateId": actor, "displayName": "Ann Lee"},
        "outcome": {"result": result, "reason": more.pop("reason", None)},
        "target": [{"type": "User", "alternateId": BOB, "displayName": "Bob Ray"}],
        **more,
    }


def test_okta_events_are_sign_ins_of_people_or_set_aside_with_a_reason(tmp_path):
    log = [
        okta("user.session.start", "SUCCESS", 1),
        okta("user.authentication.sso", "FAILURE", 2, reason="INVALID_CREDENTIALS"),
        okta("user.account.lock", "FAILURE", 3, actor="system", actor_type="SystemPrincipal"),
        okta("policy.evaluate_sign_on", "DENY", 4, reason="Sign-on policy"),
        okta("policy.evaluate_sign_on", "ALLOW", 5),
        okta("user.authentication.auth_via_IDP", "SUCCESS", 6, actor_type="SystemPrincipal"),
        okta("user.authentication.auth_via_mfa", "CHALLENGE", 7),
        okta("group.user_membership.add", "SUCCESS", 8),
    ]
    text = "\n".join(map(json.dumps, log))
    intake = taken(tmp_path, "sso_signins", text, format="okta_system_log", constants={"is_test": "true"})
    assert signins(intake) == [
        ["e1", "success", None],
        ["e2", "failure", "INVALID_CREDENTIALS"],
        ["e3", "failure", "LOCKED_OUT"],
        ["e4", "failure", "Sign-on policy"],
    ]
    assert rules(intake) == [(5, "other_event"), (6, "system_actor"), (7, "vocabulary"), (8, "other_event")]
    assert intake.frame["email"].tolist() == KEY.email(pd.Series([ANN, ANN, BOB, ANN])).tolist()
    assert "Ann" not in intake.frame.to_csv() + intake.read.reasons


def test_a_vendor_s_own_field_may_be_mapped_in_place_of_what_its_reader_makes(tmp_path):
    event = okta("user.session.start", "SUCCESS", 1, client={"userAgent": {"os": "tester"}})
    more = {
        "columns": {"persona": "client.userAgent.os", "email": "target.0.alternateId"},
        "constants": {"is_test": "1"},
    }
    intake = taken(tmp_path, "sso_signins", [event], format="okta_system_log", **more)
    assert intake.frame["persona"].tolist() == ["tester"]
    assert intake.frame["email"].tolist() == KEY.email(pd.Series([BOB])).tolist()


def entra(number: int, code: int | None, reason: str = "", who: str | None = ANN) -> dict[str, Any]:
    status = {} if code is None else {"errorCode": code, "failureReason": reason, "additionalDetails": None}
    return {
        "id": f"s{number}",
        "createdDateTime": f"2025-12-30T08:00:0{number}Z",
        "userPrincipalName": who,
        "status": status,
    }


@pytest.mark.parametrize("wrapped", ["pages", "azure monitor"])
def test_entra_sign_ins_are_read_from_either_export(tmp_path, wrapped):
    log = [
        entra(1, 0, "Other."),
        entra(2, 50053, "Account is locked."),
        entra(3, 50140, "Keep me signed in interrupt"),
        entra(4, None),
        entra(5, 0, who=None),
    ]
    if wrapped == "pages":
        pages = [{"@odata.nextLink": "https://next.example", "value": log[:2]}, {"value": log[2:]}, {"value": []}]
        text = "\n".join(map(json.dumps, pages))
    else:
        text = json.dumps({"records": [{"category": "SignInLogs", "properties": event} for event in log]})
    intake = taken(tmp_path, "sso_signins", text, format="entra_signin", constants={"is_test": "true"})
    assert signins(intake) == [["s1", "success", None], ["s2", "failure", "50053: Account is locked."]]
    assert rules(intake) == [(3, "interrupted"), (4, "missing"), (5, "system_actor")]


def google(unique: str, *names: str, who: str | None = ANN) -> dict[str, Any]:
    why = [{"name": "login_failure_type", "value": "login_failure_invalid_password"}, {"name": "x", "boolValue": True}]
    return {
        "kind": "admin#reports#activity",
        "id": {"time": "2025-12-30T08:00:00.123Z", "uniqueQualifier": unique, "applicationName": "login"},
        "actor": {"email": who, "profileId": "1"},
        "events": [{"type": "login", "name": name, "parameters": why} for name in names],
    }


def test_every_event_of_a_google_activity_is_a_row(tmp_path):
    page = {
        "kind": "admin#reports#activities",
        "items": [
            google("-1", "login_success"),
            google("-2", "login_challenge", "login_failure"),
            google("-3", "login_success", who=None),
            google("-4"),
        ],
    }
    intake = taken(tmp_path, "sso_signins", page, format="google_login", constants={"is_test": "true"})
    assert signins(intake) == [["-1", "success", None], ["-2.1", "failure", "login_failure_invalid_password"]]
    assert rules(intake) == [(2, "other_event"), (3, "system_actor"), (4, "other_event")]


def statement(number: int, verb: str, actor: dict[str, Any], **result: Any) -> dict[str, Any]:
    return {
        "id": f"x{number}",
        "timestamp": "2026-01-06T08:00:00.123456789+01:00",
        "actor": actor,
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": "https://lms.example/m/1"},
        "result": {"response": "what somebody wrote", **result},
    }


def test_statements_are_modules_started_and_completed_and_more_only_where_the_mapping_says_so(tmp_path):
    account, mailbox = {"account": {"name": "E1"}}, {"mbox": f"mailto:{ANN}"}
    log = {
        "statements": [
            statement(1, "initialized", account),
            statement(2, "completed", account, duration="PT1H2M3.5S"),
            statement(3, "played", account),
            statement(4, "paused", account),
            statement(5, "passed", account, duration="a while"),
        ]
    }
    intake = taken(tmp_path, "tool_events", log, format="xapi", values={"event_type": {"played": "session"}})
    assert intake.frame["event_type"].tolist() == ["module_started", "module_completed", "session"]
    assert intake.frame["duration_s"].dropna().tolist() == [3723.5]
    assert rules(intake) == [(4, "vocabulary"), (5, "type")]
    assert "somebody wrote" not in intake.frame.to_csv()
    by_address = taken(
        tmp_path, "tool_events", [statement(1, "passed", mailbox)], format="xapi", by_email=["employee_id"]
    )
    assert by_address.frame["employee_id"].tolist() == KEY.person(pd.Series(["E1"])).tolist()


def test_an_address_of_nobody_is_quarantined_and_never_taken_for_an_id(tmp_path):
    rows = "event_id,occurred_at,employee_id,event_type\nt1,2026-01-06T08:00:00Z,nobody@acme.example,session\n"
    intake = taken(tmp_path, "tool_events", rows, "x.csv", by_email=["employee_id"])
    assert rules(intake) == [(2, "orphan")]
    assert (
        intake.read.reasons == "1 row, employee_id: employee_id is an e-mail address of nobody in the employees feed."
    )


SURVEY = (
    "StartDate,Status,ResponseId,ExternalReference,Q1,Q1,Q2\n"
    '"Start\nDate",Response Type,Response ID,External Data Reference,How are\nyou?,Why?,And now?\n'
    '"{""ImportId"":""startDate""}","{""ImportId"":""status""}","{""ImportId"":""_recordId""}",'
    '"{""ImportId"":""externalDataReference""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2""}","{""ImportId"":""QID3""}"\n'
    "2026-01-30 08:00:00,IP Address,R_1,E1,4,because,5\n"
    "2026-01-30 08:01:00,Survey Preview,R_2,E2,1,because,1\n"
    "2026-01-30 08:02:00,IP Address,R_3,E3,,because,323\n"
).replace("How are\nyou?", '"How are\nyou?"')


def test_a_survey_with_three_header_rows_becomes_an_answer_per_question(tmp_path):
    intake = taken(
        tmp_path,
        "pulse_responses",
        SURVEY,
        "pulse_week_04.csv",
        format="qualtrics",
        columns={"employee_id": "ExternalReference"},
        unpivot={"columns": ["Q1 (1)", "Q2"], "name": "question_id", "value": "score"},
        constants={"week_no": "4"},
        ignore=["Q1 (2)"],
    )
    assert intake.frame[["question_id", "score"]].to_numpy().tolist() == [["Q1 (1)", 4.0], ["Q2", 5.0]]
    assert [rule for _, rule in rules(intake)] == ["preview", "preview", "range"]
    assert intake.read.rows_read == 5
    assert any("1 cells of the unpivoted columns are empty" in note for note in intake.notes)


def test_a_question_that_is_neither_mapped_nor_ignored_is_refused_and_metadata_is_not(tmp_path):
    with pytest.raises(BadInput) as refusal:
        taken(
            tmp_path,
            "pulse_responses",
            SURVEY,
            "x.csv",
            format="qualtrics",
            columns={"employee_id": "ExternalReference", "score": "Q2"},
            constants={"week_no": "4", "question_id": "Q2"},
        )
    assert "the columns Q1 (1), Q1 (2) are neither mapped nor ignored" in str(refusal.value)


def test_what_is_no_qualtrics_export_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(BadInput, match=r"x\.csv is no Qualtrics export: .* format: csv"):
        taken(tmp_path, "pulse_responses", "a,b\n1,2\n3,4\n5,6\n", "x.csv", format="qualtrics")


BAMBOO = {
    "title": "Report",
    "fields": [{"id": "id", "type": "int", "name": "Employee #"}],
    "employees": [
        {
            "id": "1",
            "displayName": "Ann Lee",
            "department": "Ops",
            "jobTitle": "Head",
            "status": "Active",
            "hireDate": "2019-03-01",
            "supervisor": None,
        },
        {
            "id": "2",
            "displayName": "Bob Ray",
            "department": "Ops",
            "jobTitle": "Clerk",
            "status": "Active",
            "hireDate": "0000-00-00",
            "supervisor": "Lee, Ann",
        },
        {
            "id": "3",
            "displayName": "Cy Day",
            "department": "Ops",
            "jobTitle": "Clerk",
            "status": "Inactive",
            "hireDate": "2020-01-02",
            "supervisor": "Ann Lee",
        },
    ],
}


def test_a_bamboohr_report_is_an_employees_feed_by_mapping_alone(tmp_path):
    intake = taken(
        tmp_path,
        "employees",
        BAMBOO,
        "bamboo_2025-12-15.json",
        records="employees",
        columns={
            "employee_id": "id",
            "department": "department",
            "role": "jobTitle",
            "employment_status": "status",
            "hired_on": "hireDate",
            "manager_id": "supervisor",
        },
        by_name={"manager_id": ["displayName"]},
        values={"employment_status": {"Inactive": "terminated"}},
        filename={"as_of": "%Y-%m-%d"},
        constants={"role_level": "3"},
    )
    assert rules(intake) == [(2, "missing")]
    people = intake.frame.set_index("employee_id")
    ann, cy = KEY.person(pd.Series(["1", "3"]))
    assert people.loc[cy, "manager_id"] == ann
    assert any("manager_id was found by name or e-mail in 2 rows" in note for note in intake.notes)


def worker(number: str, name: str, manager: str | None) -> dict[str, Any]:
    return {
        "Employee_ID": number,
        "Worker": {"Descriptor": f"{name} ({number})", "Status": "1"},
        "Position": [
            {"Job_Profile": "Clerk", "Level": "Grade 3", "Org": "Ops", "Manager": manager and {"Descriptor": manager}}
        ],
        "Hire_Date": "2019-03-01-08:00",
    }


def test_workday_reports_nested_and_paged_are_one_feed(tmp_path):
    pages = [
        {"Report_Entry": [worker("0071", "Ann Lee", None)]},
        {"Report_Entry": [worker("0072", "Bob Ray", "Ann Lee (0071)"), worker("0073", "Cy Day", "Dan Poe (9)")]},
    ]
    intake = taken(
        tmp_path,
        "employees",
        pages,
        records="Report_Entry",
        columns={
            "employee_id": "Employee_ID",
            "role": "Position.0.Job_Profile",
            "department": "Position.0.Org",
            "employment_status": "Worker.Status",
        },
        split={
            "manager_id": {"column": "Position.0.Manager.Descriptor", "pattern": r"\((\w+)\)$"},
            "role_level": {"column": "Position.0.Level", "pattern": "Grade ([0-9]+)"},
            "hired_on": {"column": "Hire_Date", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})"},
        },
        values={"employment_status": {"1": "active", "0": "terminated"}},
        constants={"as_of": "2025-12-15"},
        ignore=["Worker.Descriptor"],
    )
    assert intake.read.rows_accepted == 3
    assert intake.frame["role_level"].tolist() == [3, 3, 3]
    assert intake.identities["identifier"].tolist() == sorted(
        ["0071", "0072", "0073", "9"], key=lambda i: KEY.person(pd.Series([i]))[0]
    )


def test_a_page_without_the_records_that_the_mapping_names_is_a_row_with_a_reason(tmp_path):
    intake = taken(
        tmp_path,
        "competencies",
        [{"data": [{"competency_id": "c", "name": "n", "roles": "r"}]}, {"error": "denied"}],
        records="data",
    )
    assert (intake.read.rows_accepted, rules(intake)) == (1, [(2, "shape")])
