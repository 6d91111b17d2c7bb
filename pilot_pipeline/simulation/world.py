"""What truly happens in the synthetic pilot: who takes part, uses the tool, withdraws, leaves; no feed is made here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from pilot_pipeline.simulation.population import Population, draw_population
from pilot_pipeline.simulation.randomness import stream
from pilot_pipeline.simulation.scenarios import Scenario

STARTS_ON: Final = date(2026, 1, 5)
WEEKS: Final = 12
TIMEZONE: Final = "Europe/Berlin"
BRIEFED_ON: Final = date(2025, 12, 19)
LOCKED_ON: Final = date(2025, 12, 22)
CONFIGURED_ON: Final = date(2025, 12, 29)
TESTED_ON: Final = (date(2025, 12, 30), date(2025, 12, 31))
PROVISIONED_ON: Final = date(2026, 1, 2)
SNAPSHOTS: Final = tuple(date(2025, 12, 15) + timedelta(weeks=weeks) for weeks in (0, 4, 8, 12, 15))
"""HRIS exports: one before the lock, then every four weeks, and one on the day after the last week."""

WITHDRAWN_IN_WEEK: Final = 9
ON_LEAVE_WEEKS: Final = MappingProxyType({"first": 7, "last": 10})


@dataclass(frozen=True)
class World:
    """The synthetic pilot as it truly went.

    Attributes:
        scenario: The planted truth.
        seed: What everything was drawn from.
        population: The company.
        participants: One row per participant, in order of id: the columns of `people`.
        observed: Team members whose managers score behaviour and log preparation time, in order of id.
        exposed: Ids of team mates who use the tool although they should not.
        active: participants × weeks: used the tool in that week.
        withdrawn: The participant who withdraws in week 9.
        on_leave: The participant who is on leave in weeks 7 to 10.
        leavers: employee_id, terminated_on, termination_reason; team members only.
        volunteers: Ids of those who opted in besides the participants; None where `participation` draws them.
    """

    scenario: Scenario
    seed: int
    population: Population
    participants: pd.DataFrame
    observed: pd.DataFrame
    exposed: tuple[str, ...]
    active: np.ndarray
    withdrawn: str
    on_leave: str
    leavers: pd.DataFrame
    volunteers: tuple[str, ...] | None = None

    @property
    def treated(self) -> np.ndarray:
        """Whether the tool reaches each person of `observed`, in that order."""
        reached = {*self.participants["employee_id"], *self.exposed}
        return self.observed["employee_id"].isin(reached).to_numpy()

    @property
    def unobserved(self) -> pd.DataFrame:
        """Team members far from the pilot: nobody there is a participant, a control or an observer."""
        people = self.population.people
        far = ~people["director_id"].isin(self.observed["director_id"])
        return people[far & people["in_team"]]


def monday(week_no: int) -> date:
    """Return the Monday of a pilot week; baseline weeks are 0 and below."""
    return STARTS_ON + timedelta(weeks=week_no - 1)


def draw_world(scenario: Scenario, seed: int) -> World:
    """Draw a pilot; for one seed the company and the luck are the same in every scenario."""
    population = draw_population(seed, SNAPSHOTS[0])
    people, pairs = population.people, population.pairs
    directors = people.set_index("employee_id")["director_id"].loc[pairs["participant_id"]]
    return unfold(scenario, seed, population, people[people["director_id"].isin(directors) & people["in_team"]])


def unfold(
    scenario: Scenario,
    seed: int,
    population: Population,
    observed: pd.DataFrame,
    volunteers: tuple[str, ...] | None = None,
) -> World:
    """Draw what happens to a population; `observed` are the rows of its people whose managers score and log."""
    people, pairs = population.people, population.pairs
    participants = people[people["employee_id"].isin(pairs["participant_id"])]
    participants = participants.sort_values("employee_id").reset_index(drop=True)
    observed = observed.sort_values("employee_id").reset_index(drop=True)
    withdrawn, on_leave = stream(seed, "interruptions").choice(participants["employee_id"].to_numpy(), 2, replace=False)
    return World(
        scenario=scenario,
        seed=seed,
        population=population,
        participants=participants,
        observed=observed,
        exposed=_exposed(scenario, seed, observed, pairs),
        active=_activity(scenario, seed, participants["employee_id"].to_numpy(), withdrawn, on_leave),
        withdrawn=str(withdrawn),
        on_leave=str(on_leave),
        leavers=_leavers(seed, population, str(withdrawn)),
        volunteers=volunteers,
    )


def _exposed(scenario: Scenario, seed: int, observed: pd.DataFrame, pairs: pd.DataFrame) -> tuple[str, ...]:
    luck = pd.Series(stream(seed, "exposure").random(len(observed)), index=observed["employee_id"])
    near = observed["manager_id"].isin(pairs["manager_id"]) | observed["employee_id"].isin(pairs["colleague_id"])
    mates = observed.loc[near & ~observed["employee_id"].isin(pairs["participant_id"]), "employee_id"]
    return tuple(mates[(luck.loc[mates] < scenario.exposure).to_numpy()])


def _activity(scenario: Scenario, seed: int, ids: np.ndarray, withdrawn: str, on_leave: str) -> np.ndarray:
    rng = stream(seed, "activity")
    weeks = np.arange(1, WEEKS + 1)
    habit = np.log(scenario.adoption / (1 - scenario.adoption)) + rng.normal(0, 0.5, len(ids))
    chance = np.outer(1 / (1 + np.exp(-habit)), scenario.adoption_kept ** (weeks - 1))
    active: np.ndarray = rng.random(chance.shape) < chance
    active &= ~np.outer(ids == withdrawn, weeks >= WITHDRAWN_IN_WEEK)
    away = (weeks >= ON_LEAVE_WEEKS["first"]) & (weeks <= ON_LEAVE_WEEKS["last"])
    return active & ~np.outer(ids == on_leave, away)


def _leavers(seed: int, population: Population, withdrawn: str) -> pd.DataFrame:
    """Draw about a fifteen per cent yearly attrition; of the comparable colleagues exactly one leaves."""
    rng = stream(seed, "leavers")
    people, pairs = population.people, population.pairs
    team = people[people["in_team"]]
    kept = {*pairs["participant_id"], *pairs["colleague_id"]}
    pool = np.sort(team.loc[~team["employee_id"].isin(kept), "employee_id"].to_numpy())
    partner = pairs.loc[pairs["participant_id"] == withdrawn, "colleague_id"].iloc[0]
    colleague = rng.choice(np.sort([c for c in pairs["colleague_id"] if c != partner]))
    ids = [*rng.choice(pool, min(25, len(pool) // 25) if population.real else 25, replace=False), colleague]
    days = rng.integers(0, WEEKS * 7 - 7, len(ids))
    return pd.DataFrame(
        {
            "employee_id": pd.Series(ids, dtype="str"),
            "terminated_on": pd.to_datetime([STARTS_ON + timedelta(days=int(day)) for day in days]).as_unit("us"),
            "termination_reason": rng.choice(["voluntary", "involuntary", "other"], len(ids), p=(0.7, 0.2, 0.1)),
        }
    ).sort_values("employee_id", ignore_index=True)
