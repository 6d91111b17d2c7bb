"""What managers, participants and units report: observations, preparation time, pulse, results; use is `usage`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from pilot_pipeline.simulation.catalogue import PULSE_QUESTIONS
from pilot_pipeline.simulation.randomness import stream
from pilot_pipeline.simulation.world import STARTS_ON, WEEKS, WITHDRAWN_IN_WEEK, World, monday

BASELINE_WEEKS = range(-4, 1)
PULSE_WEEKS = (4, 8, 12)
START_WAVE = date(2025, 12, 8)
END_WAVE = STARTS_ON + timedelta(weeks=WEEKS - 2)


@dataclass(frozen=True)
class Noise:
    """How people differ, in score points and minutes.

    A pair's difference in the adjusted end score has a standard deviation of about 0.5 points, its difference in
    saved minutes one of about 8; the effect differs by manager with 0.3 of those (`manager_effect_*`).
    """

    person_score: float = 0.35
    rating_slope: float = 0.3
    manager_score: float = 0.25
    manager_drift: float = 0.15
    person_change: float = 0.2
    competency: float = 0.3
    season_score: float = 0.08
    manager_effect_score: float = 0.12
    baseline_minutes: float = 32.0
    manager_minutes: float = 5.0
    person_minutes: float = 5.0
    person_change_minutes: float = 4.2
    weekly_minutes: float = 6.0
    season_minutes: float = -1.0
    manager_effect_minutes: float = 2.4
    missing_cells: float = 0.04
    missing_people: float = 0.005


NOISE = Noise()


def manager_observations(world: World) -> pd.DataFrame:
    """Return both waves of observed behaviour: one row per person, competency and wave, scores in half points."""
    rng = stream(world.seed, "observations")
    people = world.observed
    start = _start_level(people, rng)
    end = start + _change(world, rng)
    waves = [_wave(world, start, "start", START_WAVE, rng), _wave(world, end, "end", END_WAVE, rng)]
    frame = pd.concat(waves, ignore_index=True)
    gone = frame["employee_id"].isin(world.leavers["employee_id"]) | (frame["employee_id"] == world.withdrawn)
    frame = frame[~(gone & (frame["wave"] == "end"))].reset_index(drop=True)
    frame.insert(0, "observation_id", [f"O{number:05d}" for number in range(1, len(frame) + 1)])
    return frame


def _start_level(people: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    manager, count = _by_manager(people, rng), len(people)
    rating = people["performance_score"].fillna(3.5).to_numpy() - 3.5
    own = rng.normal(0, NOISE.person_score, count)
    level: np.ndarray = 3.0 + NOISE.rating_slope * rating + NOISE.manager_score * manager + own
    return level


def _change(world: World, rng: np.random.Generator) -> np.ndarray:
    people = world.observed
    drift = NOISE.season_score + NOISE.manager_drift * _by_manager(people, rng)
    effect = world.scenario.behaviour_effect + _if_any(world.scenario.behaviour_effect) * (
        NOISE.manager_effect_score * _by_manager(people, rng)
    )
    change: np.ndarray = drift + world.treated * effect + rng.normal(0, NOISE.person_change, len(people))
    return change


def _if_any(effect: float) -> float:
    """A tool without an effect has none anywhere: its effect does not differ by manager either."""
    return float(effect != 0)


def _wave(world: World, level: np.ndarray, wave: str, first_day: date, rng: np.random.Generator) -> pd.DataFrame:
    people, framework = world.observed, world.population.framework
    seen = rng.random(len(people)) >= NOISE.missing_people
    rows = [
        (employee, manager, competency, score)
        for employee, manager, role, score, present in zip(
            people["employee_id"], people["manager_id"], people["role"], level, seen, strict=True
        )
        for competency in framework.competencies_of(role)
        if present
    ]
    frame = pd.DataFrame(rows, columns=["employee_id", "observer_id", "competency_id", "level"])
    score = np.clip(np.round(2 * (frame["level"] + rng.normal(0, NOISE.competency, len(frame)))) / 2, 1, 5)
    days = pd.Series(rng.integers(0, 5, len(frame)) + 7 * rng.integers(0, 2, len(frame)))
    frame["observed_on"] = pd.Timestamp(first_day).as_unit("us") + pd.to_timedelta(days, unit="D")
    frame = frame.assign(wave=wave, score=score)[rng.random(len(frame)) >= NOISE.missing_cells]
    return frame[["employee_id", "observer_id", "observed_on", "wave", "competency_id", "score"]]


def _by_manager(people: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Draw one standard normal value per manager and hand it to each of the manager's people."""
    code, managers = pd.factorize(people["manager_id"], sort=True)
    drawn: np.ndarray = rng.standard_normal(len(managers))[code]
    return drawn


def manager_time(world: World) -> pd.DataFrame:
    """Return logged preparation minutes per direct report and week; a blank is missing, a left-out week too."""
    rng = stream(world.seed, "preparation")
    people = world.observed
    weeks = np.array([*BASELINE_WEEKS, *range(1, WEEKS + 1)])
    usual = NOISE.baseline_minutes + NOISE.manager_minutes * _by_manager(people, rng)
    usual = np.maximum(usual + rng.normal(0, NOISE.person_minutes, len(people)), 8)
    share = world.scenario.prep_reduction
    saved = share * usual + _if_any(share) * NOISE.manager_effect_minutes * _by_manager(people, rng)
    during = NOISE.season_minutes + rng.normal(0, NOISE.person_change_minutes, len(people)) - world.treated * saved
    expected = usual[:, None] + np.outer(during, weeks >= 1)
    minutes = np.maximum(np.round(expected + rng.normal(0, NOISE.weekly_minutes, expected.shape)), 0)
    minutes[rng.random(minutes.shape) < NOISE.missing_cells / 2] = np.nan
    logged = rng.random(minutes.shape) >= NOISE.missing_cells / 2
    frame = pd.DataFrame(
        {
            "manager_id": np.repeat(people["manager_id"].to_numpy(), len(weeks)),
            "employee_id": np.repeat(people["employee_id"].to_numpy(), len(weeks)),
            "week_start": np.tile(np.array([monday(int(week)) for week in weeks], dtype="datetime64[us]"), len(people)),
            "prep_minutes": minutes.ravel(),
        }
    )
    kept: pd.DataFrame = frame[logged.ravel() & ~_after_the_end(world, frame)].reset_index(drop=True)
    return kept


def _after_the_end(world: World, frame: pd.DataFrame) -> np.ndarray:
    """Whether a row's week begins after the person left the company or withdrew."""
    last = world.leavers.set_index("employee_id")["terminated_on"]
    last.loc[world.withdrawn] = pd.Timestamp(monday(WITHDRAWN_IN_WEEK))
    gone: np.ndarray = (frame["week_start"] > frame["employee_id"].map(last)).to_numpy()
    return gone


def pulse_responses(world: World) -> pd.DataFrame:
    """Return the participants' answers in the pulse weeks; about one in ten does not answer a wave."""
    rng = stream(world.seed, "pulse")
    ids = world.participants["employee_id"].to_numpy()
    mood = world.scenario.pulse + rng.normal(0, 0.35, len(ids))
    rows = []
    for week in PULSE_WEEKS:
        answers = rng.random(len(ids)) < 0.9
        scores = np.clip(np.round(mood[:, None] + rng.normal(0, 0.6, (len(ids), len(PULSE_QUESTIONS)))), 1, 5)
        rows += [
            (employee, week, question, score)
            for employee, answered, given in zip(ids, answers, scores, strict=True)
            for question, score in zip(PULSE_QUESTIONS, given, strict=True)
            if answered and not (employee == world.withdrawn and week >= WITHDRAWN_IN_WEEK)
        ]
    frame = pd.DataFrame(rows, columns=["employee_id", "week_no", "question_id", "score"])
    return frame.astype({"week_no": "Int64", "score": "float64"})


def business_outcomes(world: World) -> pd.DataFrame:
    """Return a weekly satisfaction index per team: manager_id, week_start, metric, value; the tool does not move it."""
    rng = stream(world.seed, "results")
    people = world.population.people
    leads = np.sort(people.loc[people["leads_team"], "employee_id"].to_numpy())
    weeks = [monday(week) for week in (*BASELINE_WEEKS, *range(1, WEEKS + 1))]
    level = np.repeat(rng.normal(74, 4, len(leads)), len(weeks))
    return pd.DataFrame(
        {
            "manager_id": np.repeat(leads, len(weeks)),
            "week_start": np.tile(np.array(weeks, dtype="datetime64[us]"), len(leads)),
            "metric": "customer_satisfaction",
            "value": np.round(level + rng.normal(0, 3, len(level)), 1),
        }
    )
