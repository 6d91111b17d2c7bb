"""How long a proposal takes in a company of 10,000, and how near it comes to every quota.

    python benchmarks/proposal.py

CPU seconds of forming the whole cohort (pairs, quotas, choice, coin) and of the command `pilot propose`, reading its
feeds from CSV included. Seats off: held by another group than the workforce's shares call for.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from recording import record

from pilot_pipeline.cohort.cohort import form_cohort
from pilot_pipeline.cohort.workforce import build_workforce
from pilot_pipeline.config import PilotConfig

AS_OF = date(2025, 12, 15)
ROLES = (("Engineer", 2), ("Scientist", 3), ("Seller", 4))
TEAM = 12


def company(teams: int, seed: int) -> pd.DataFrame:
    """One HRIS snapshot: a head, a director per ten teams, a manager and twelve people of three roles per team."""
    rng = np.random.default_rng(seed)
    directors = (teams + 9) // 10
    boss = ["", *["E0"] * directors, *(f"D{team // 10}" for team in range(teams))]
    ids = ["E0", *(f"D{number}" for number in range(directors)), *(f"M{team}" for team in range(teams))]
    role = ["Head", *["Director"] * directors, *["Manager"] * teams]
    level = [9, *[7] * directors, *[5] * teams]
    for team in range(teams):
        for member in range(TEAM):
            ids.append(f"P{team}-{member}")
            boss.append(f"M{team}")
            role.append(ROLES[member % 3][0])
            level.append(ROLES[member % 3][1])
    people = len(ids)
    unit = rng.permutation(people)
    frame = pd.DataFrame({"employee_id": ids, "manager_id": boss, "role": role, "role_level": level})
    team = np.array([int(name[1:].split("-")[0]) if name[0] in "PM" else 0 for name in ids])
    frame["department"] = np.array(["A", "B", "C", "D", "E"])[team // 10 % 5]
    frame["business_unit"] = np.array(["North", "South"])[team // 50 % 2]
    frame["employment_status"] = "active"
    frame["hired_on"] = (pd.Timestamp(AS_OF) - pd.to_timedelta(rng.integers(30, 5000, people), unit="D")).date
    frame["performance_score"] = np.clip(rng.normal(3.2, 0.6, people), 1, 5).round(2)
    frame["gender"] = rng.choice(["female", "male"], people)
    frame["ethnicity"] = rng.choice(["w", "x", "y"], people, p=[0.6, 0.3, 0.1])
    frame["birth_year"] = 1962 + unit % 40
    return frame.assign(as_of=AS_OF)


def settings(design: str, size: int) -> dict[str, Any]:
    """A pilot.yaml for these feeds."""
    names = {"employees": "employees.csv", "consents": "consents.csv", "tool_events": "events.csv"}
    return {
        "pilot": {"starts_on": "2026-01-05"},
        "organisation": {"employees": 10_000},
        "cohort": {"design": design, "size": size},
        "privacy": {"pseudonym_key": "k" * 32},
        "feeds": {name: {"source": source} for name, source in names.items()},
    }


def volunteers(people: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The consents of a random share of those who lead nobody."""
    rng = np.random.default_rng(seed)
    willing = people.loc[(people["role_level"] < 5) & (rng.random(len(people)) < share), "employee_id"]
    consents = pd.DataFrame({"employee_id": willing, "decision": "opted_in"})
    return consents.assign(briefed_at=pd.Timestamp("2025-12-16"), decided_at=pd.Timestamp("2025-12-17"))


def form(people: pd.DataFrame, consents: pd.DataFrame, design: str, size: int) -> dict[str, Any]:
    """Form one cohort and say how long it took and what came out."""
    config = PilotConfig.model_validate(settings(design, size))
    typed = people.assign(as_of=pd.Timestamp(AS_OF), hired_on=pd.to_datetime(people["hired_on"]))
    typed["manager_id"] = typed["manager_id"].replace("", None)
    workforce = build_workforce(typed, config, AS_OF)
    begun = time.process_time()
    cohort = form_cohort(workforce, None, consents, config)
    seconds = time.process_time() - begun
    best = cohort.attempts[0]
    return {
        "employees": len(people),
        "volunteers": len(consents),
        "design": design,
        "pairs": cohort.n_pairs,
        "of": best.available,
        "clusters": cohort.n_clusters,
        "seats off": best.proposal.seats_off,
        "fewest possible": best.proposal.least_off,
        "relaxed": best.relaxed,
        "CPU s": round(seconds, 2),
    }


def command(people: pd.DataFrame, consents: pd.DataFrame, design: str, size: int) -> float:
    """CPU seconds of `pilot propose` on these feeds, start of Python included."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        people.to_csv(root / "employees.csv", index=False)
        stamped = consents.assign(briefed_at="2025-12-16T09:00:00Z", decided_at="2025-12-17T09:00:00Z")
        stamped.to_csv(root / "consents.csv", index=False)
        raw = settings(design, size)
        raw["feeds"]["employees"]["dates"] = {"as_of": ["%Y-%m-%d"], "hired_on": ["%Y-%m-%d"]}
        (root / "pilot.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        code = "from pilot_pipeline.cli import main; main()"
        call = [sys.executable, "-c", code, "propose", "--config", str(root / "pilot.yaml"), "--now", "2025-12-20"]
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


def main() -> None:
    people = company(760, 1)
    rows = []
    for share in (0.06, 0.3):
        consents = volunteers(people, share, 2)
        for design in ("matched_pair_randomised", "matched_control"):
            for size in (30, 50):
                rows.append(form(people, consents, design, size))
                rows[-1]["command CPU s"] = command(people, consents, design, size)
    print(pd.DataFrame(rows).to_string(index=False))
    record("proposal", rows)


if __name__ == "__main__":
    main()
