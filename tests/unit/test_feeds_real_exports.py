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
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.intake import Intake, take_in
from pilot_pipeline.privacy.pseudonyms import Pseudonyms

_BESIDE = (parent / "shared" / "data" for parent in Path(__file__).resolve().parents)
DATA = next((path for path in _BESIDE if path.is_dir()), Path("no shared data"))

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
        "sso_signins", source="okta_system_log.jsonl", format="okta_system_log", constants={"is_test": "true"}
    )
    assert (intake.read.rows_read, intake.read.rows_accepted) == (10, 5)
    # The system's own event, a push, a password change, and one id on two different payloads.
    rules = dict(zip(intake.quarantine["row"], intake.quarantine["rule"], strict=True))
    assert rules == {2: "system_actor", 4: "duplicate_key", 6: "duplicate_key", 8: "other_event", 10: "other_event"}
    assert intake.frame["outcome"].value_counts().to_dict() == {"success": 3, "failure": 2}
    assert set(intake.frame["failure_reason"].dropna()) == {"LOCKED_OUT", "INVALID_CREDENTIALS"}
    assert "@" not in intake.frame.to_csv()


def test_learning_statements_become_tool_events():
    source = {"source": "xapi_statements.jsonl", "format": "xapi"}
    plain = taken("tool_events", **source)
    assert plain.read.rows_read == 1500
    assert plain.frame["event_type"].value_counts().to_dict() == {"module_started": 94, "module_completed": 49}
    assert set(plain.quarantine["rule"]) == {"vocabulary"}
    active = taken("tool_events", **source, values={"event_type": {"played": "session", "interacted": "session"}})
    assert active.read.rows_accepted == 94 + 49 + 450 + 230


def test_the_survey_is_read_with_its_three_header_rows():
    intake = taken(
        "pulse_responses",
        source="qualtrics_survey.csv",
        format="qualtrics",
        columns={"employee_id": "ResponseId", "score": "Q1"},
        constants={"week_no": "4", "question_id": "Q1"},
        ignore=["Q2*"],
    )
    assert (intake.read.rows_read, intake.read.rows_accepted) == (1, 1)
    assert intake.frame["score"].tolist() == [2.0]
    assert pd.isna(intake.read.fresh_as_of)
