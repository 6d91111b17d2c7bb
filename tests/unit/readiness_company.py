"""A small sound company for readiness tests: 8 teams of 5 in two departments; faults are planted by the tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd

from pilot_pipeline.config import PilotConfig, parse_config

START = pd.Timestamp("2026-01-05")
KEY = "a key for tests only"
ROLES = ("Engineer", "Scientist")


def config(**sections: Any) -> PilotConfig:
    """A valid configuration; sections are merged into it one level deep."""
    data: dict[str, Any] = {
        "pilot": {"starts_on": "2026-01-05", "timezone": "Europe/Berlin", "configured_on": "2025-12-29"},
        "organisation": {"employees": 50},
        "cohort": {"size": 20},
        "governance": {
            "data_owner": "Head of People Analytics",
            "answers": {
                "data_collected": "Session times and module progress.",
                "who_can_access": "The analytics team.",
                "retention": "180 days after close-out, then deleted.",
                "influence_on_pay_or_termination": "None.",
                "contract_end": "The vendor certifies deletion within 30 days.",
            },
            "privacy_brief_published_on": "2025-12-19",
        },
        "privacy": {"pseudonym_key": KEY},
        "feeds": {name: {"source": f"{name}.csv"} for name in ("employees", "consents", "tool_events")},
    }
    for name, section in sections.items():
        data[name] = {**data.get(name, {}), **section}
    return parse_config(data, {}, "a test")


def employees() -> pd.DataFrame:
    """One snapshot: a head, 8 managers with 5 reports each."""
    rows = [person("p_head", None, "Sales", "Director", 6)]
    for team in range(8):
        department = "Sales" if team % 2 else "Research"
        rows.append(person(f"p_m{team}", "p_head", department, "Manager", 5))
        rows += [person(f"p_{team}_{i}", f"p_m{team}", department, ROLES[i % 2], 2 + i % 3) for i in range(5)]
    frame = pd.DataFrame(rows)
    text = dict.fromkeys([c for c in frame.columns if frame[c].dtype == object], "str")
    dates = dict.fromkeys(["as_of", "hired_on"], "datetime64[us]")
    return frame.astype(text).astype({**dates, "role_level": "Int64", "birth_year": "Int64"})


def person(employee_id: str, manager: str | None, department: str, role: str, level: int) -> dict[str, Any]:
    return {
        "as_of": "2025-12-15",
        "employee_id": employee_id,
        "email": employee_id.replace("p_", "e_"),
        "manager_id": manager,
        "department": department,
        "business_unit": "Europe",
        "role": role,
        "role_level": level,
        "location": "Berlin",
        "employment_status": "active",
        "hired_on": "2020-03-01",
        "performance_score": 3.0,
        "skills": "python;sql",
        "gender": "female",
        "ethnicity": "a",
        "birth_year": 1985,
    }


def members(people: pd.DataFrame) -> pd.DataFrame:
    """The first two of each team take part, the next two are their controls (16 pairs)."""
    team = people.loc[people["role"].isin(ROLES)].copy()
    place = team.groupby("manager_id").cumcount()
    team = team.loc[place < 4]
    team["arm"] = pd.Series(["pilot" if i < 2 else "control" for i in place[place < 4]], index=team.index, dtype="str")
    return team[["employee_id", "arm", "manager_id", "department", "role", "role_level"]].reset_index(drop=True)


def signins(people: pd.DataFrame) -> pd.DataFrame:
    """A successful test for every persona by one person of each department."""
    rows = []
    for department in ("Research", "Sales"):
        email = people.loc[(people["department"] == department) & people["role"].isin(ROLES), "email"].iloc[0]
        rows += [
            {
                "event_id": f"s{department}{persona}",
                "occurred_at": pd.Timestamp("2025-12-30 09:00"),
                "email": email,
                "persona": persona,
                "outcome": "success",
                "failure_reason": None,
                "is_test": True,
            }
            for persona in ("employee", "manager", "hr_admin")
        ]
    frame = pd.DataFrame(rows)
    text = dict.fromkeys(["event_id", "email", "persona", "outcome", "failure_reason"], "str")
    return frame.astype({**text, "occurred_at": "datetime64[us]", "is_test": "boolean"})


def competencies() -> pd.DataFrame:
    """Two competencies."""
    rows = [("c1", "Feedback", "Engineer;Scientist"), ("c2", "Planning", "Engineer; Manager")]
    return pd.DataFrame(rows, columns=["competency_id", "name", "roles"], dtype="str")


def pathways() -> pd.DataFrame:
    """Three pathways, all right."""
    rows = [
        ("w1", "Listening", "c1", "Engineer;Scientist", "communication"),
        ("w2", "Roadmaps", "c2", "Engineer", "strategy"),
        ("w3", "One on ones", "c1", "Scientist", "communication"),
    ]
    return pd.DataFrame(rows, columns=["pathway_id", "name", "competency_id", "roles", "theme"], dtype="str")


def consents(cohort: pd.DataFrame) -> pd.DataFrame:
    """Everybody in the pilot arm was briefed on the 19th and opted in on the 20th of December."""
    people = cohort.loc[cohort["arm"] == "pilot", ["employee_id"]].reset_index(drop=True)
    return people.assign(
        briefed_at=pd.Timestamp("2025-12-19 10:00"),
        decision=pd.Series("opted_in", index=people.index, dtype="str"),
        decided_at=pd.Timestamp("2025-12-20 10:00"),
    )


def enrolments(cohort: pd.DataFrame) -> pd.DataFrame:
    """Accounts were made on the second of January."""
    frame = cohort[["employee_id", "arm"]].copy()
    made = pd.Series(pd.Timestamp("2026-01-02 08:00"), index=frame.index)
    return frame.assign(provisioned_at=made.where(frame["arm"] == "pilot"), withdrawn_at=pd.NaT)


def sessions(cohort: pd.DataFrame) -> pd.DataFrame:
    """Every manager had ninety minutes on everything in two sessions in December."""
    managers = cohort[["manager_id"]].drop_duplicates().reset_index(drop=True)
    first = managers.assign(held_on=pd.Timestamp("2025-12-10"), minutes=60.0, topics="signals; one_on_ones")
    second = managers.assign(held_on=pd.Timestamp("2025-12-17"), minutes=30.0, topics="limits")
    return pd.concat([first, second], ignore_index=True).astype({"topics": "str"})


def checkpoint_frames(people: pd.DataFrame, settings: PilotConfig) -> dict[str, dict[str, pd.DataFrame | None]]:
    """What each checkpoint's expectations look at, all of it sound."""
    from pilot_pipeline.readiness.sso import sso_matrix

    tests = signins(people)
    twins = pd.DataFrame({"synthetic_id": ["s1", "s2", "s3"]}, dtype="str")
    answers = twins.assign(pathway_id="w1", rank=pd.array([1, 1, None], dtype="Int64"), model_version="1")
    return {
        "hris_feed": {"employees": people},
        "sso_matrix": {"sso_signins": tests, "sso_matrix": sso_matrix(tests, people, members(people), settings)},
        "pathways": {"pathways": pathways(), "competencies": competencies()},
        "synthetic_audit": {"synthetic_recommendations": answers, "twins": twins, "pathways": pathways()},
    }


@dataclass(frozen=True)
class Read:
    """Counts of a feed."""

    rows_read: int = 50
    rows_quarantined: int = 0


def quarantine(*rules: str) -> pd.DataFrame:
    """One quarantined row per rule."""
    rows = [("employees", "hr.csv", i, "manager_id", rule, "A sentence.", f"d{i}") for i, rule in enumerate(rules)]
    columns = ["feed", "file", "row", "column_name", "rule", "reason", "row_digest"]
    text = dict.fromkeys([name for name in columns if name != "row"], "str")
    return pd.DataFrame(rows, columns=columns).astype({**text, "row": "int64"})


@dataclass(frozen=True)
class Company:
    """All of it."""

    people: pd.DataFrame = field(default_factory=employees)
    config: PilotConfig = field(default_factory=config)

    @property
    def cohort(self) -> pd.DataFrame:
        """Members of both arms."""
        return members(self.people)

    def with_people(self, people: pd.DataFrame) -> Company:
        """The same with another snapshot."""
        return replace(self, people=people)


LOCKED = date(2025, 12, 22)
