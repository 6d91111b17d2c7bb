"""What the synthetic company's tool logs: events, assignments, recommendations, sign-ins; who is active is `world`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from pilot_pipeline.simulation.catalogue import MODULES
from pilot_pipeline.simulation.randomness import stream
from pilot_pipeline.simulation.recommender import MODEL_VERSION, choose
from pilot_pipeline.simulation.world import (
    STARTS_ON,
    TESTED_ON,
    TIMEZONE,
    WEEKS,
    WITHDRAWN_IN_WEEK,
    World,
    monday,
)

PERSONAS = ("employee", "manager", "hr_admin")
INCIDENT_WEEK = 3
_ZONE = ZoneInfo(TIMEZONE)
_Event = tuple[datetime, str, str, str | None, float | None]


def module_assignments(world: World) -> pd.DataFrame:
    """Return six modules per participant, one due every second week."""
    ids = world.participants["employee_id"].to_numpy()
    due = [monday(2 * number + 2) - timedelta(days=3) for number in range(len(MODULES))]
    return pd.DataFrame(
        {
            "employee_id": np.repeat(ids, len(MODULES)),
            "module_id": np.tile(np.array(MODULES), len(ids)),
            "assigned_on": pd.Timestamp(STARTS_ON).as_unit("us"),
            "due_on": np.tile(np.array(due, dtype="datetime64[us]"), len(ids)),
        }
    )


def tool_events(world: World) -> pd.DataFrame:
    """Return the tool's log in order of time, instants in UTC; columns of `tool_events`."""
    rng = stream(world.seed, "events")
    events: list[_Event] = []
    for employee, weeks in zip(world.participants["employee_id"], world.active, strict=True):
        events += _person_events(world, employee, weeks, rng)
    for employee in world.exposed:
        events += _person_events(world, employee, rng.random(WEEKS) < 0.6, rng)
    events.append(_incident(world, rng))
    events.sort(key=lambda event: (event[0], event[1], event[2]))
    frame = pd.DataFrame(events, columns=["occurred_at", "employee_id", "event_type", "module_id", "duration_s"])
    frame.insert(0, "event_id", [f"T{number:06d}" for number in range(1, len(frame) + 1)])
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True).dt.as_unit("us")
    return frame.astype({"module_id": "str", "duration_s": "float64"})


def _person_events(world: World, employee: str, active: np.ndarray, rng: np.random.Generator) -> list[_Event]:
    """One person's log; being shown a recommendation is logged in idle weeks too, and is no use of the tool."""
    events: list[_Event] = []
    last = WITHDRAWN_IN_WEEK - 1 if employee == world.withdrawn else WEEKS
    for week in range(1, last + 1):
        if rng.random() < 0.5:
            events.append((_instant(week, rng), employee, "recommendation_viewed", None, None))
        if active[week - 1]:
            for _ in range(1 + rng.poisson(1.2)):
                events.append((_instant(week, rng), employee, "session", None, float(rng.integers(240, 2400))))
            if rng.random() < 0.4:
                events.append((_instant(week, rng), employee, "reflection", None, float(rng.integers(60, 600))))
    return events + _module_events(world, employee, active, rng)


def _module_events(world: World, employee: str, active: np.ndarray, rng: np.random.Generator) -> list[_Event]:
    weeks = np.flatnonzero(active) + 1
    events: list[_Event] = []
    for number, module in enumerate(MODULES):
        completes, pick = rng.random() < world.scenario.completion, rng.random()
        near = weeks[(weeks > 2 * number) & (weeks <= 2 * number + 3)]
        if completes and len(near):
            done = _instant(int(near[int(pick * len(near))]), rng)
            events.append((done - timedelta(minutes=25), employee, "module_started", module, None))
            events.append((done, employee, "module_completed", module, 1500.0))
    return events


def _incident(world: World, rng: np.random.Generator) -> _Event:
    """One team mate opens the tool once on a participant's screen: an exposure incident, below every threshold."""
    colleague = str(rng.choice(np.sort(world.population.pairs["colleague_id"])))
    return (_instant(INCIDENT_WEEK, rng), colleague, "session", None, 300.0)


def _instant(week: int, rng: np.random.Generator) -> datetime:
    """A moment of a working day of that week, local time, as UTC."""
    return _at(monday(week) + timedelta(days=int(rng.integers(0, 5))), rng)


def _at(day: date, rng: np.random.Generator) -> datetime:
    moment = datetime.combine(day, time(8), _ZONE) + timedelta(seconds=int(rng.integers(0, 10 * 3600)))
    return moment.astimezone(ZoneInfo("UTC"))


def recommendations(world: World) -> pd.DataFrame:
    """Return two ranked recommendations per participant and week, issued on Monday morning."""
    people = world.participants
    frames = []
    for week in range(1, WEEKS + 1):
        first, second = choose(people, world.seed + 7919 * week, world.scenario.steering)
        issued = pd.Timestamp(datetime.combine(monday(week), time(6), _ZONE)).tz_convert("UTC").as_unit("us")
        stays = ~((people["employee_id"] == world.withdrawn) & (week >= WITHDRAWN_IN_WEEK)).to_numpy()
        for rank, pathway in ((1, first), (2, second)):
            frame = pd.DataFrame({"issued_at": issued, "employee_id": people["employee_id"], "pathway_id": pathway})
            frames.append(frame.assign(rank=rank, model_version=MODEL_VERSION)[stays])
    frame = pd.concat(frames, ignore_index=True).sort_values(["issued_at", "employee_id", "rank"], ignore_index=True)
    frame.insert(0, "recommendation_id", [f"R{number:05d}" for number in range(1, len(frame) + 1)])
    return frame.astype({"rank": "Int64"})


def sso_signins(world: World) -> pd.DataFrame:
    """Return the sign-in tests of every persona in every department, then the participants' sign-ins after launch."""
    rng = stream(world.seed, "signins")
    frame = pd.concat([_test_signins(world, rng), _live_signins(world, rng)], ignore_index=True)
    frame = frame.sort_values(["occurred_at", "email", "persona"], ignore_index=True)
    frame.insert(0, "event_id", [f"S{number:05d}" for number in range(1, len(frame) + 1)])
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], utc=True).dt.as_unit("us")
    return frame


def _test_signins(world: World, rng: np.random.Generator) -> pd.DataFrame:
    people = world.population.people
    rows = []
    for department in world.population.departments:
        staff = people[(people["department"] == department) & people["email"].notna()]
        leads = np.sort(staff.loc[staff["leads_team"], "email"].to_numpy())
        others = np.sort(staff.loc[staff["in_team"], "email"].to_numpy())
        for persona in PERSONAS:
            testers = _two(leads if persona == "manager" else others, staff, rng)
            # The department is outside the cohort: its first try shows what a failure looks like in the matrix.
            fails = department == world.population.failing_department and persona == "hr_admin"
            outcomes = ["failure" if fails else "success", "success"]
            for day, tester, outcome in zip(TESTED_ON, testers, outcomes, strict=False):
                reason = "group not mapped" if outcome == "failure" else None
                rows.append((_at(day, rng), str(tester), persona, outcome, reason, True))
    return pd.DataFrame(rows, columns=["occurred_at", "email", "persona", "outcome", "failure_reason", "is_test"])


def _two(emails: np.ndarray, staff: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Choose two testers; a small department sends whom it has, one of them twice if need be, or nobody."""
    if len(emails) < 2:
        emails = np.sort(staff["email"].to_numpy())
    if not len(emails):
        return emails
    chosen: np.ndarray = rng.choice(emails, 2, replace=len(emails) < 2)
    return chosen


def _live_signins(world: World, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for email, weeks in zip(world.participants["email"], world.active, strict=True):
        for week in np.flatnonzero(weeks) + 1 if pd.notna(email) else ():
            fails = rng.random() < 0.03
            reason = "expired session" if fails else None
            rows.append((_instant(int(week), rng), email, "employee", "failure" if fails else "success", reason, False))
    return pd.DataFrame(rows, columns=["occurred_at", "email", "persona", "outcome", "failure_reason", "is_test"])
