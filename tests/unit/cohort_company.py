"""A small made-up company for the cohort tests; the tests themselves are `test_cohort_*`."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.config.models import PilotConfig

SNAPSHOT = date(2025, 12, 15)
ROLES = (("Engineer", 2), ("Scientist", 3), ("Seller", 4))


def config(**cohort: Any) -> PilotConfig:
    """A valid configuration with these keys of `cohort` set."""
    return PilotConfig.model_validate(
        {
            "pilot": {"starts_on": "2026-01-05"},
            "organisation": {"employees": 400},
            "cohort": {"design": "matched_control", **cohort},
            "privacy": {"pseudonym_key": "k" * 32},
            "feeds": {name: {"source": f"{name}.csv"} for name in ("employees", "consents", "tool_events")},
        }
    )


def employees(managers: int = 12, team: int = 24, seed: int = 1) -> pd.DataFrame:
    """One snapshot: a head, two directors per three managers, teams of three roles; ids are shuffled pseudonyms."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = [_person("head", None, "Office", "Board", "Head", 9, rng)]
    for unit in range((managers + 2) // 3):
        rows.append(_person(f"director{unit}", "head", f"D{unit % 3}", f"U{unit % 2}", "Director", 7, rng))
    for manager in range(managers):
        department, unit = f"D{manager // 3 % 3}", f"U{manager // 3 % 2}"
        boss = f"director{manager // 3}"
        rows.append(_person(f"manager{manager}", boss, department, unit, "Manager", 5, rng))
        for member in range(team):
            role, level = ROLES[member % 3]
            rows.append(_person(f"p{manager}_{member}", f"manager{manager}", department, unit, role, level, rng))
    frame = pd.DataFrame(rows)
    frame.insert(0, "as_of", pd.Timestamp(SNAPSHOT))
    frame["id_rank"] = np.arange(1, len(frame) + 1)
    names = {
        name: f"p_{code:04d}" for name, code in zip(frame["employee_id"], rng.permutation(len(frame)), strict=True)
    }
    frame["employee_id"] = frame["employee_id"].map(names)
    frame["manager_id"] = frame["manager_id"].map(names)
    return frame.astype({"employee_id": "str", "manager_id": "str", "birth_year": "Int64"})


def _person(
    name: str, manager: str | None, department: str, unit: str, role: str, level: int, rng: np.random.Generator
) -> dict[str, Any]:
    return {
        "employee_id": name,
        "manager_id": manager,
        "department": department,
        "business_unit": unit,
        "role": role,
        "role_level": level,
        "location": "Here",
        "employment_status": "active",
        "hired_on": pd.Timestamp("2025-12-01") - pd.Timedelta(days=int(rng.integers(30, 4000))),
        "performance_score": round(float(np.clip(rng.normal(3.2, 0.6), 1, 5)), 2),
        "gender": "female" if rng.random() < 0.45 else "male",
        "ethnicity": rng.choice(["a", "b", "c"], p=[0.6, 0.3, 0.1]),
        "birth_year": int(rng.integers(1962, 2003)),
    }


def consents(people: pd.Series, decision: str = "opted_in", on: str = "2025-12-18 10:00") -> pd.DataFrame:
    """The same decision by everyone in `people`."""
    return pd.DataFrame(
        {
            "employee_id": people.to_numpy(),
            "briefed_at": pd.Timestamp("2025-12-17 09:00"),
            "decision": decision,
            "decided_at": pd.Timestamp(on),
        }
    ).astype({"decision": "str"})


def enrolments(people: pd.Series, arm: str = "pilot") -> pd.DataFrame:
    """Places in the pilot for everyone in `people`."""
    frame = pd.DataFrame({"employee_id": people.to_numpy(), "arm": arm})
    frame["provisioned_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]")
    frame["withdrawn_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]")
    return frame.astype({"arm": "str"})
