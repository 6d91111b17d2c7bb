"""A made-up HRIS export of the shape of the public IBM table, with ids, names and addresses that a scan would find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

MAPPING = """
feeds:
  employees:
    columns: {employee_id: Number, department: Department, role: JobRole, role_level: JobLevel, employment_status: Left,
              performance_score: Rating, gender: Gender}
    values:
      employment_status: {"0": active, "1": terminated}
      gender: {Female: female, Male: male}
    ignore: "*"
"""
_ROLES = {
    "Research": (("Scientist", 2), ("Technician", 1), ("Senior Scientist", 3), ("Research Lead", 4)),
    "Sales": (("Sales Executive", 2), ("Sales Representative", 1), ("Sales Manager", 4)),
}


def export(people: int = 320, seed: int = 5) -> pd.DataFrame:
    """Return the rows of the export; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    departments = rng.choice(list(_ROLES), people, p=(0.6, 0.4))
    posts = [_ROLES[name][min(int(rng.gamma(1.2, 1.0)), len(_ROLES[name]) - 1)] for name in departments]
    return pd.DataFrame(
        {
            "Age": rng.integers(20, 65, people),
            "Department": departments,
            "Number": [f"EMP-{number:05d}" for number in rng.permutation(people) + 40_000],
            "Surname": [f"Quittenbaum{number}" for number in range(people)],
            "Left": (rng.random(people) < 0.1).astype(int),
            "Gender": rng.choice(["Female", "Male"], people),
            "JobLevel": [level for _, level in posts],
            "JobRole": [role for role, _ in posts],
            "Rating": rng.choice([3, 4], people, p=(0.8, 0.2)),
        }
    )


def write_export(directory: Path, rows: pd.DataFrame | None = None, mapping: str = MAPPING) -> tuple[Path, Path]:
    """Write export and mapping, and return their paths."""
    population, mapped = directory / "hris.csv", directory / "mapping.yaml"
    (export() if rows is None else rows).to_csv(population, index=False)
    mapped.write_text(mapping, encoding="utf-8")
    return population, mapped
