"""Fills the gaps of a real HRIS export with simulated values, managers first; what the export has is never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pandas as pd

from pilot_pipeline.simulation.catalogue import framework_for
from pilot_pipeline.simulation.export import Export
from pilot_pipeline.simulation.population import (
    ETHNICITIES,
    ETHNICITY_SHARES,
    GENDER_SHARES,
    GENDERS,
    RATING_SHARES,
    RATINGS,
    Population,
)
from pilot_pipeline.simulation.randomness import stream

TEAM_SIZE = 10
TEAMS_PER_DIRECTOR = 6
LOCATIONS = ("Site A", "Site B", "Site C")
SKILLS = ("analysis", "negotiation", "planning", "presenting", "problem solving", "writing")
PRESENT = ("active", "leave")
_Draw = Callable[[pd.DataFrame, np.random.Generator, date], pd.Series]


def complete(export: Export, seed: int, on: date) -> Population:
    """Return the export's people with every column that it lacks simulated; nobody is paired yet.

    A simulated manager is one of the department's own people: the highest levels head it, direct and lead teams of
    about ten, mostly of one role. Blank cells of a column that the export has stay blank.
    """
    people = export.people.copy()
    for name in export.simulated:
        if name in _DRAWN:
            people[name] = _DRAWN[name](people, stream(seed, f"rehearsal {name}"), on)
    people = _in_order_of_time(people, export)
    if "manager_id" in export.simulated:
        people["manager_id"] = _managers(people, stream(seed, "rehearsal managers"))
    roles = tuple(sorted(people["role"].unique()))
    nobody = pd.DataFrame({name: pd.Series(dtype="str") for name in ("participant_id", "colleague_id", "manager_id")})
    return Population(_placed(people), nobody, framework_for(roles), failing_department="", real=True)


def _placed(people: pd.DataFrame) -> pd.DataFrame:
    """Say who leads a team and who works in one: has a manager who is there, and leads nobody."""
    here = people["employment_status"].isin(PRESENT)
    managers = people.set_index("employee_id")["manager_id"]
    leads = people["employee_id"].isin(people.loc[here, "manager_id"].dropna())
    led = people["manager_id"].isin(people.loc[here, "employee_id"]) & (people["manager_id"] != people["employee_id"])
    director = people["manager_id"].map(managers)
    return people.assign(
        director_id=director.where(director.notna(), None).astype("str"),
        leads_team=leads & here,
        in_team=(people["employment_status"] == "active") & led & ~leads,
    )


def _managers(people: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Give everyone a manager from the own department; the heads of departments report to the highest of them."""
    luck = pd.Series(rng.random(len(people)), index=people.index)
    here = people["employment_status"].isin(PRESENT)
    order = people.assign(luck=luck)[here].sort_values(["role_level", "luck"], ascending=[False, True])
    manager = pd.Series(index=people.index, dtype="object")
    heads = []
    for _, staff in order.groupby("department", sort=True):
        heads.append(staff.index[0])
        for person, boss in _department(staff):
            manager[person] = boss
    top = order.loc[order.index.isin(heads)].index[0]
    for head in heads:
        manager[head] = None if head == top else top
    teams = manager.dropna()
    for department, gone in people[~here].groupby("department", sort=True):
        bosses = np.sort(teams[teams.index.isin(order.index[order["department"] == department])].unique().astype(int))
        manager[gone.index] = rng.choice(bosses, len(gone)) if len(bosses) else top
    ids = people["employee_id"]
    return manager.map(ids, na_action="ignore").where(manager.notna(), None).astype("str")


def _department(staff: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """Yield (person, manager), as rows, for a department's people, highest level first; its head has no manager here.

    The top of the order is one head, then directors (where there are more than six teams), then team leads.
    """
    rows = staff.index.to_numpy()
    teams = max(1, round(len(rows) / TEAM_SIZE))
    if teams == 1:
        yield from ((int(row), int(rows[0])) for row in rows[1:])
        return
    count = -(-teams // TEAMS_PER_DIRECTOR) if teams > TEAMS_PER_DIRECTOR else 0
    directors = rows[1 : 1 + count] if count else rows[:1]
    leads, rest = rows[1 + count : 1 + count + teams], staff.iloc[1 + count + teams :]
    if count:
        yield from ((int(director), int(rows[0])) for director in directors)
    spread = np.array_split(leads, len(directors))
    for director, led in zip(directors, spread, strict=True):
        yield from ((int(lead), int(director)) for lead in led)
    by_role = rest.sort_values(["role", "luck"]).index.to_numpy()
    for lead, team in zip(leads, np.array_split(by_role, teams), strict=True):
        yield from ((int(person), int(lead)) for person in team)


def _in_order_of_time(people: pd.DataFrame, export: Export) -> pd.DataFrame:
    """Let nobody be promoted, or leave, before the day of a simulated hiring, nor be promoted before a real one."""
    if "hired_on" in export.simulated:
        earliest = people[["promoted_on", "terminated_on"]].min(axis=1) - pd.Timedelta(days=30)
        people["hired_on"] = people["hired_on"].where(~(earliest < people["hired_on"]), earliest)
    if "promoted_on" in export.simulated:
        people["promoted_on"] = people["promoted_on"].where(people["promoted_on"] > people["hired_on"])
    return people


def _emails(people: pd.DataFrame, rng: np.random.Generator, on: date) -> pd.Series:
    """Addresses that can never be delivered and name nobody."""
    return pd.Series([f"person-{number:05d}@rehearsal.invalid" for number in range(1, len(people) + 1)], people.index)


def _statuses(people: pd.DataFrame, rng: np.random.Generator, on: date) -> pd.Series:
    return pd.Series(np.where(rng.random(len(people)) < 0.02, "leave", "active"), people.index, dtype="str")


def _hired(people: pd.DataFrame, rng: np.random.Generator, on: date) -> pd.Series:
    years = np.clip(rng.gamma(1.4, 3.2, len(people)), 0.15, 24)
    hired = pd.Timestamp(on) - pd.to_timedelta(np.round(years * 365.25), unit="D")
    return pd.Series(hired, people.index).astype("datetime64[us]")


def _born(people: pd.DataFrame, rng: np.random.Generator, on: date) -> pd.Series:
    age = np.clip(22 + people["role_level"].astype(float) + rng.gamma(3.0, 4.5, len(people)), 20, 65)
    return pd.Series(np.floor(on.year - age), people.index).astype("Int64")


def _promoted(people: pd.DataFrame, rng: np.random.Generator, on: date) -> pd.Series:
    days = pd.to_timedelta(rng.integers(30, 1500, len(people)), unit="D")
    promoted = pd.Series(pd.Timestamp(on) - days, people.index).astype("datetime64[us]")
    return promoted.where(rng.random(len(people)) < 0.3)


def _chosen(words: tuple[object, ...], shares: tuple[float, ...] | None = None) -> _Draw:
    def draw(people: pd.DataFrame, rng: np.random.Generator, on: date) -> pd.Series:
        return pd.Series(rng.choice(np.array(words), len(people), p=shares), people.index)

    return draw


def _skills(people: pd.DataFrame, rng: np.random.Generator, on: date) -> pd.Series:
    return pd.Series([";".join(sorted(rng.choice(SKILLS, 3, replace=False))) for _ in range(len(people))], people.index)


def _units(people: pd.DataFrame, rng: np.random.Generator, on: date) -> pd.Series:
    return people["department"]


_DRAWN: dict[str, _Draw] = {
    "email": _emails,
    "business_unit": _units,
    "location": _chosen(LOCATIONS),
    "employment_status": _statuses,
    "hired_on": _hired,
    "performance_score": _chosen(RATINGS, RATING_SHARES),
    "skills": _skills,
    "gender": _chosen(GENDERS, GENDER_SHARES),
    "ethnicity": _chosen(ETHNICITIES, ETHNICITY_SHARES),
    "birth_year": _born,
    "promoted_on": _promoted,
}
"""How each column is drawn; managers need all the others, and endings of contracts come with the pilot."""
