"""Exports that nobody here wrote are read by mapping alone; skipped where the shared data are absent."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from checks.contracts import contract_for
from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.intake import Intake, take_in
from pilot_pipeline.feeds.rules import Hierarchy
from pilot_pipeline.privacy.pseudonyms import Pseudonyms

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared example exports are not beside this checkout")

IBM_COLUMNS = {
    "employee_id": "EmployeeNumber",
    "department": "Department",
    "role": "JobRole",
    "role_level": "JobLevel",
    "employment_status": "Attrition",
    "performance_score": "PerformanceRating",
    "gender": "Gender",
}
IBM = {
    "source": "hris_ibm_attrition.csv",
    "columns": IBM_COLUMNS,
    "values": {"employment_status": {"0": "active", "1": "terminated"}},
    "constants": {"as_of": "2025-12-15", "hired_on": "2015-01-01"},
    "ignore": "*",
}


def taken(feed: str, **source) -> Intake:
    contracts = [contract_for(feed), *([Hierarchy()] if feed == "employees" else [])]
    pseudonyms = Pseudonyms("a key that is long enough")
    return take_in(CANON[feed], FeedSource(**source), DATA, contracts, pseudonyms, ZoneInfo("Europe/Berlin"))


def test_the_ibm_export_is_an_employees_feed_by_mapping_alone():
    intake = taken("employees", **IBM)
    assert (intake.read.rows_read, intake.read.rows_accepted) == (1470, 1470)
    assert intake.read.fresh_as_of == date(2025, 12, 15)
    assert intake.frame["role"].nunique() == 9
    assert intake.frame["employment_status"].value_counts().to_dict() == {"active": 1233, "terminated": 237}


def test_its_gaps_are_named_in_sentences():
    notes = " ".join(taken("employees", **IBM).notes)
    assert "no column is mapped to email; the SSO checkpoint cannot join sign-ins to people." in notes
    assert "no column is mapped to manager_id; matching under the same manager" in notes


def test_what_it_lacks_is_refused_and_not_invented():
    with pytest.raises(BadInput, match="has no column for hired_on, which employees cannot do without"):
        taken("employees", **{**IBM, "constants": {"as_of": "2025-12-15"}})


def test_its_other_columns_have_to_be_ignored_on_purpose():
    with pytest.raises(BadInput, match=r"Age, BusinessTravel, DailyRate, .* are neither mapped nor ignored"):
        taken("employees", **{**IBM, "ignore": []})


def test_the_identity_log_gives_every_event_an_answer():
    intake = taken(
        "sso_signins",
        source="okta_system_log.jsonl",
        columns={
            "event_id": "uuid",
            "occurred_at": "published",
            "email": "actor.alternateId",
            "outcome": "outcome.result",
            "failure_reason": "outcome.reason",
        },
        values={"outcome": {"ALLOW": "success"}},
        constants={"is_test": "true"},
        ignore="*",
    )
    assert intake.read.rows_read == 10
    assert intake.read.rows_accepted >= 5
    assert set(intake.frame["outcome"]) == {"success", "failure"}
    assert "@" not in intake.frame.to_csv()


def test_learning_statements_become_tool_events():
    intake = taken(
        "tool_events",
        source="xapi_statements.jsonl",
        columns={
            "event_id": "id",
            "occurred_at": "timestamp",
            "employee_id": "actor.account.name",
            "event_type": "verb.display.en-US",
            "module_id": "object.id",
        },
        values={"event_type": {"initialized": "module_started", "completed": "module_completed", "played": "session"}},
        ignore="*",
    )
    assert intake.read.rows_read == 1500
    assert set(intake.quarantine["rule"]) <= {"vocabulary", "missing", "duplicate_row", "duplicate_key"}
    assert {"module_started", "module_completed", "session"} == set(intake.frame["event_type"])


def test_the_survey_s_extra_header_rows_are_quarantined_and_its_answer_is_read():
    intake = taken(
        "pulse_responses",
        source="qualtrics_survey.csv",
        columns={"employee_id": "ResponseId", "score": "Q1"},
        constants={"week_no": "4", "question_id": "Q1"},
        ignore="*",
    )
    assert (intake.read.rows_read, intake.read.rows_accepted) == (3, 1)
    assert intake.quarantine["row"].tolist() == [2, 3]
    assert pd.isna(intake.read.fresh_as_of)
