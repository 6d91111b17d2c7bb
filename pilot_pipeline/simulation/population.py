"""Draws the people of the synthetic company: its tree of posts and who holds them; what they do later is `world`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from pilot_pipeline.simulation.catalogue import (
    CHIEF_EXECUTIVE,
    DEPARTMENTS,
    DIRECTOR,
    FRAMEWORK,
    HEAD_COUNT,
    LOCATIONS,
    PILOT_TEAMS,
    SPECIALIST_DIRECTORS,
    TEAM_LEAD,
    VICE_PRESIDENT,
    Department,
    Framework,
    Role,
)
from pilot_pipeline.simulation.names import FIRST_NAMES, LAST_NAMES
from pilot_pipeline.simulation.randomness import stream

RATINGS = (2.5, 3.0, 3.5, 4.0, 4.5)
RATING_SHARES = (0.08, 0.26, 0.36, 0.22, 0.08)
GENDERS = ("female", "male", "nonbinary")
GENDER_SHARES = (0.485, 0.495, 0.02)
ETHNICITIES = ("asian", "black", "mixed", "white")
ETHNICITY_SHARES = (0.18, 0.12, 0.1, 0.6)


@dataclass(frozen=True)
class Population:
    """The company's people and the comparable colleague that each participant-to-be has.

    Attributes:
        people: One row per person on the day of the first snapshot, in the order of the organisation chart: the
            canonical columns of `employees` without `as_of`, and `director_id` (the manager's manager of team members),
            `leads_team` and `in_team` (whether the person leads a team, or works in one and leads nobody).
        pairs: participant_id, colleague_id, manager_id (the participant's); thirty rows.
        framework: Its competencies and pathways.
        failing_department: Where the first sign-in test of the HR administrators fails; empty: nowhere.
        real: Whether the people are those of an export: then nobody joins, moves or is invented.
    """

    people: pd.DataFrame
    pairs: pd.DataFrame
    framework: Framework = FRAMEWORK
    failing_department: str = "Finance"
    real: bool = False

    @property
    def departments(self) -> tuple[str, ...]:
        """The departments, in the order in which they first occur after the chief executive's."""
        return tuple(dict.fromkeys([*self.people["department"].iloc[1:], *self.people["department"].iloc[:1]]))


@dataclass(frozen=True)
class _Post:
    department: str
    business_unit: str
    role: Role
    manager: int | None


def draw_population(seed: int, on: date) -> Population:
    """Draw everyone who works for the company on a day.

    The pairs exist by construction: a colleague of the same team and role (for two data scientists: of a sister team)
    resembles the participant in rating, tenure and age. Matching has to find them again without being told.
    """
    posts = _posts()
    people = _people(posts, stream(seed, "people"), on)
    pairs = _plan_pairs(posts, stream(seed, "pairs"))
    people = _resemble(people, pairs, stream(seed, "resemblance"), on)
    return Population(people, _named(pairs, people))


def _posts() -> list[_Post]:
    """The organisation chart, top down: every post names the position of its manager in this list."""
    posts = [_Post("People", "Corporate", CHIEF_EXECUTIVE, None)]
    leads: list[tuple[Department, int]] = []
    for department in DEPARTMENTS:
        head = _add(posts, department, VICE_PRESIDENT, 0)
        directors = [_add(posts, department, DIRECTOR, head) for _ in range(department.directors)]
        spread = np.array_split(np.arange(department.leads), department.directors)
        for director, share in zip(directors, spread, strict=True):
            leads += [(department, _add(posts, department, TEAM_LEAD, director)) for _ in share]
    size, larger = divmod(HEAD_COUNT - len(posts), len(leads))
    for number, (department, lead) in enumerate(leads):
        for role in _team(department, size + (number < larger)):
            _add(posts, department, role, lead)
    return posts


def _add(posts: list[_Post], department: Department, role: Role, manager: int) -> int:
    posts.append(_Post(department.name, department.business_unit, role, manager))
    return len(posts) - 1


def _team(department: Department, size: int) -> list[Role]:
    team = [department.specialist] if department.specialist else []
    junior, senior = department.roles
    juniors = round((size - len(team)) * junior.share)
    return team + [junior] * juniors + [senior] * (size - len(team) - juniors)


def _people(posts: list[_Post], rng: np.random.Generator, on: date) -> pd.DataFrame:
    count = len(posts)
    levels = np.array([post.role.level for post in posts])
    ids = np.array([f"E{number}" for number in rng.choice(90_000, count, replace=False) + 10_000])
    tenure = np.clip(rng.gamma(1.4, 3.2, count), 0.15, 24)
    age = np.clip(20 + levels + tenure + rng.gamma(2.5, 4.0, count), 20, 65)
    hired = pd.Timestamp(on) - pd.to_timedelta(np.round(tenure * 365.25), unit="D")
    managers = [None if post.manager is None else ids[post.manager] for post in posts]
    tops = [None if post.manager is None else managers[post.manager] for post in posts]
    people = pd.DataFrame(
        {
            "employee_id": ids,
            "email": [_email(number) for number in rng.choice(_NAMES, count, replace=False)],
            "manager_id": pd.Series(managers, dtype="str"),
            "department": [post.department for post in posts],
            "business_unit": [post.business_unit for post in posts],
            "role": [post.role.name for post in posts],
            "role_level": pd.array(levels, dtype="Int64"),
            "location": _with_gaps(rng, rng.choice(LOCATIONS, count, p=(0.45, 0.2, 0.15, 0.2)), 0.03),
            "employment_status": np.where((rng.random(count) < 0.02) & (levels < TEAM_LEAD.level), "leave", "active"),
            "hired_on": pd.Series(hired).astype("datetime64[us]"),
            "terminated_on": pd.Series(pd.NaT, index=range(count), dtype="datetime64[us]"),
            "termination_reason": pd.Series([None] * count, dtype="str"),
            "performance_score": np.where(
                rng.random(count) < 0.03, np.nan, rng.choice(RATINGS, count, p=RATING_SHARES)
            ),
            "skills": _with_gaps(rng, _skills(rng, posts), 0.04),
            "gender": _with_gaps(rng, rng.choice(GENDERS, count, p=GENDER_SHARES), 0.02),
            "ethnicity": _with_gaps(rng, rng.choice(ETHNICITIES, count, p=ETHNICITY_SHARES), 0.04),
            "birth_year": pd.array(np.floor(on.year - age).astype(int), dtype="Int64"),
            "promoted_on": _promotions(rng, pd.Series(hired), on),
            "director_id": pd.Series(tops, dtype="str"),
            "leads_team": levels == TEAM_LEAD.level,
            "in_team": levels < TEAM_LEAD.level,
        }
    )
    people["birth_year"] = people["birth_year"].mask(pd.Series(rng.random(count) < 0.02))
    return people


def new_identities(people: pd.DataFrame, count: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return ids and e-mail addresses that nobody in `people` has."""
    ids = [f"E{number}" for number in range(10_000, 100_000)]
    free_ids = np.setdiff1d(ids, people["employee_id"].to_numpy(dtype=str))
    free_emails = np.setdiff1d([_email(n) for n in range(_NAMES)], people["email"].to_numpy(dtype=str))
    return (
        [str(value) for value in rng.choice(free_ids, count, replace=False)],
        [str(value) for value in rng.choice(free_emails, count, replace=False)],
    )


_NAMES = len(FIRST_NAMES) * len(LAST_NAMES)


def _email(number: int) -> str:
    first, last = FIRST_NAMES[number // len(LAST_NAMES)], LAST_NAMES[number % len(LAST_NAMES)]
    return f"{first}.{last}@northwind.example".lower()


def _skills(rng: np.random.Generator, posts: list[_Post]) -> list[str]:
    return [";".join(sorted(rng.choice(post.role.skills, 3, replace=False))) for post in posts]


def _with_gaps(rng: np.random.Generator, values: object, share: float) -> pd.Series:
    series = pd.Series(values, dtype="str")
    return series.mask(rng.random(len(series)) < share)


def _promotions(rng: np.random.Generator, hired: pd.Series, on: date) -> pd.Series:
    served = (pd.Timestamp(on) - hired).dt.days.to_numpy()
    at = hired + pd.to_timedelta(np.floor(served * rng.random(len(hired))), unit="D")
    promoted: pd.Series = at.where((rng.random(len(hired)) < 0.3) & (served > 365)).astype("datetime64[us]")
    return promoted


def _plan_pairs(posts: list[_Post], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Pick participants and comparable colleagues by position: within team and role, and the data scientists across."""
    pairs: list[tuple[int, int]] = []
    specialists_left = SPECIALIST_DIRECTORS
    for department in DEPARTMENTS:
        directors = _reports(posts, DIRECTOR, department.name)
        for director, quotas in zip(directors, PILOT_TEAMS.get(department.name, ()), strict=False):
            leads = [n for n, post in enumerate(posts) if post.manager == director]
            for position, (lead, quota) in enumerate(zip(leads, quotas, strict=False)):
                across = int(bool(department.specialist) and position == 0 and specialists_left > 0)
                if across:
                    pairs.append((_specialist(posts, lead), _specialist(posts, leads[-1])))
                    specialists_left -= 1
                pairs += _within_team(posts, lead, quota - across, rng)
    return pairs


def _reports(posts: list[_Post], role: Role, department: str) -> list[int]:
    return [n for n, post in enumerate(posts) if post.role == role and post.department == department]


def _specialist(posts: list[_Post], lead: int) -> int:
    return next(n for n, post in enumerate(posts) if post.manager == lead and post.role.share == 0)


def _within_team(posts: list[_Post], lead: int, quota: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    team = [n for n, post in enumerate(posts) if post.manager == lead and post.role.share > 0]
    candidates: list[tuple[int, int]] = []
    for role in dict.fromkeys(posts[n].role.name for n in team):
        members = rng.permutation([n for n in team if posts[n].role.name == role])
        candidates += [(int(a), int(b)) for a, b in zip(members[::2], members[1::2], strict=False)]
    return [candidates[n] for n in sorted(rng.choice(len(candidates), quota, replace=False))]


def _resemble(people: pd.DataFrame, pairs: list[tuple[int, int]], rng: np.random.Generator, on: date) -> pd.DataFrame:
    """Give both of a pair a rating, and the colleague the participant's rating and about the same tenure and age."""
    people = people.copy()
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    both = np.concatenate([first, second])
    people.loc[both, "employment_status"] = "active"
    rating = rng.choice(RATINGS, len(pairs), p=RATING_SHARES)
    people.loc[first, "performance_score"] = rating
    people.loc[second, "performance_score"] = rating
    hired = people.loc[first, "hired_on"] + pd.to_timedelta(rng.normal(0, 150, len(pairs)).round(), unit="D")
    people.loc[second, "hired_on"] = hired.clip(upper=pd.Timestamp(on) - pd.Timedelta(days=40)).to_numpy()
    years = rng.normal(0, 1.5, len(pairs)).round().astype(int)
    people.loc[second, "birth_year"] = (people.loc[first, "birth_year"].reset_index(drop=True) + years).array
    for column in ("gender", "ethnicity"):
        alike = rng.random(len(pairs)) < 0.95
        people.loc[second[alike], column] = people.loc[first[alike], column].to_numpy()
    late = people["promoted_on"] < people["hired_on"]
    people.loc[late, "promoted_on"] = pd.NaT
    return people


def _named(pairs: list[tuple[int, int]], people: pd.DataFrame) -> pd.DataFrame:
    first, second = (list(side) for side in zip(*pairs, strict=True))
    ids, managers = people["employee_id"], people["manager_id"]
    return pd.DataFrame(
        {
            "participant_id": ids.loc[first].to_numpy(),
            "colleague_id": ids.loc[second].to_numpy(),
            "manager_id": managers.loc[first].to_numpy(),
        }
    )
