"""Planted people, tools and configurations for the tests of the bias audit; nothing is asserted here."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.config import PilotConfig, parse_config

PATHWAYS = pd.DataFrame(
    {
        "pathway_id": ["coaching", "conflict", "feedback", "finance", "planning", "strategy"],
        "theme": ["communication", "communication", "communication", "business", "business", "business"],
    }
)


def make_config(**fairness: Any) -> PilotConfig:
    data = {
        "pilot": {"starts_on": date(2026, 1, 5)},
        "organisation": {"employees": 400},
        "privacy": {"pseudonym_key": "k" * 32},
        "fairness": {"twins": 500, **fairness},
        "feeds": {name: {"source": "x.csv"} for name in ("employees", "consents", "tool_events")},
    }
    return parse_config(data, {}, "test")


def make_workforce() -> pd.DataFrame:
    """400 people; women sit mostly in Berlin, and nothing else goes with gender."""
    rng = np.random.default_rng(11)
    n = 400
    gender = rng.choice(["female", "male"], n)
    berlin = rng.random(n) < np.where(gender == "female", 0.9, 0.1)
    return pd.DataFrame(
        {
            "employee_id": [f"E{number:05d}" for number in rng.permutation(n)],
            "id_rank": np.arange(n),
            "manager_id": "E00001",
            "role": rng.choice(["Engineer", "Scientist", "Seller"], n, p=[0.5, 0.3, 0.2]),
            "role_level": rng.integers(2, 6, n),
            "department": rng.choice(["North", "South"], n),
            "location": np.where(berlin, "Berlin", "Munich"),
            "performance_score": np.round(rng.normal(3.2, 0.6, n).clip(1, 5), 1),
            "skills": rng.choice(["sql;python", "python;writing", "writing"], n),
            "hired_on": pd.Timestamp("2014-03-01") + pd.to_timedelta(rng.integers(0, 4000, n), unit="D"),
            "gender": gender,
            "ethnicity": rng.choice(["A", "B", "C"], n, p=[0.6, 0.3, 0.1]),
            "birth_year": rng.integers(1962, 2003, n),
        }
    )


def make_people(n: int, seed: int = 0) -> pd.DataFrame:
    """n audited people: three roles, gender half and half, two ethnicities, three age bands."""
    rng = np.random.default_rng([seed, n])
    return pd.DataFrame(
        {
            "employee_id": [f"p_{number:04d}" for number in range(n)],
            "id_rank": np.arange(n),
            "role": np.array(["Engineer", "Scientist", "Seller"])[np.arange(n) % 3],
            "gender": np.where((np.arange(n) // 3) % 2 == 0, "female", "male"),
            "ethnicity": rng.permutation(np.where(np.arange(n) % 5 < 3, "A", "B")),
            "age_band": rng.permutation(np.array(["20-29", "30-39", "40-49"])[np.arange(n) % 3]),
        }
    )


def chances_of(severe: bool) -> np.ndarray:
    """Chances of six pathways for women (row 0) and everybody else: even, or severe steering."""
    chances = np.full((2, 6), 1 / 6)
    if severe:
        chances[:] = 0.35 / 4
        chances[0, [0, 5]], chances[1, [0, 5]] = (0.60, 0.05), (0.10, 0.55)
    return chances


def recommend(people: pd.DataFrame, *, severe: bool, weeks: int = 1, seed: int = 0) -> pd.DataFrame:
    """One pathway per person and week."""
    rng = np.random.default_rng([seed, 77])
    drawn = chances_of(severe)[np.where(people["gender"].eq("female").fillna(False), 0, 1)]
    names = PATHWAYS["pathway_id"].to_numpy()
    parts = [
        pd.DataFrame(
            {
                "employee_id": people["employee_id"],
                "pathway_id": names[rng.multinomial(1, drawn).argmax(axis=1)],
                "rank": 1,
                "week_no": week,
            }
        )
        for week in range(1, weeks + 1)
    ]
    return pd.concat(parts, ignore_index=True)


def answer(employees: pd.DataFrame, steered: np.ndarray | None = None, seed: int = 0) -> pd.DataFrame:
    """A tool that answers at random, and with `coaching` where `steered` says so."""
    rng = np.random.default_rng([seed, 78])
    chosen = rng.integers(0, 6, len(employees))
    chosen = chosen if steered is None else np.where(steered, 0, chosen)
    names = PATHWAYS["pathway_id"].to_numpy()
    return pd.DataFrame({"synthetic_id": employees["synthetic_id"].to_numpy(), "pathway_id": names[chosen], "rank": 1})
