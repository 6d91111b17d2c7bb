"""The HRIS exports of the synthetic company, with joiners, leavers and moves; what is wrong with them is `faults`."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.simulation.population import new_identities
from pilot_pipeline.simulation.randomness import stream
from pilot_pipeline.simulation.world import ON_LEAVE_WEEKS, SNAPSHOTS, STARTS_ON, WEEKS, World, monday

JOINERS = 9


def employee_snapshots(world: World) -> pd.DataFrame:
    """Return every sound row of `employees`, canonical columns and types, one row per person and snapshot."""
    joiners = _joiners(world)
    frames = [_snapshot(world, joiners, as_of) for as_of in SNAPSHOTS]
    return pd.concat(frames, ignore_index=True)


def _snapshot(world: World, joiners: pd.DataFrame, as_of: date) -> pd.DataFrame:
    day = pd.Timestamp(as_of)
    frame = pd.concat([world.population.people, joiners[joiners["hired_on"] <= day]], ignore_index=True)
    frame.insert(0, "as_of", pd.Series(day, index=frame.index).astype("datetime64[us]"))
    if not world.population.real and as_of >= STARTS_ON + timedelta(weeks=3):
        frame = _with_move(world, frame)
    if monday(ON_LEAVE_WEEKS["first"]) <= as_of < monday(ON_LEAVE_WEEKS["last"] + 1):
        frame.loc[frame["employee_id"] == world.on_leave, "employment_status"] = "leave"
    gone = world.leavers[world.leavers["terminated_on"] <= day].set_index("employee_id")
    left = frame["employee_id"].isin(gone.index) & (frame["employment_status"] != "terminated")
    frame.loc[left, "employment_status"] = "terminated"
    for column in ("terminated_on", "termination_reason"):
        frame.loc[left, column] = gone[column].reindex(frame.loc[left, "employee_id"]).to_numpy()
    return frame[list(CANON["employees"].names)].sort_values("employee_id", ignore_index=True)


def _joiners(world: World) -> pd.DataFrame:
    """Hire a few people into teams outside the observed ones; they have no rating yet."""
    rng = stream(world.seed, "joiners")
    outside = world.unobserved
    if world.population.real:
        return outside.head(0)
    frame = outside.iloc[np.sort(rng.choice(len(outside), JOINERS, replace=False))].copy()
    frame["employee_id"], frame["email"] = new_identities(world.population.people, len(frame), rng)
    days = np.sort(rng.integers(7, WEEKS * 7, len(frame)))
    frame["hired_on"] = pd.to_datetime([STARTS_ON + timedelta(days=int(day)) for day in days]).as_unit("us")
    frame["employment_status"] = "active"
    frame["performance_score"] = np.nan
    frame["promoted_on"] = pd.NaT
    return frame


def _with_move(world: World, frame: pd.DataFrame) -> pd.DataFrame:
    """Move one person outside the observed teams to a neighbouring team: an ordinary reorganisation."""
    away = frame[
        ~frame["employee_id"].isin(world.observed["employee_id"]) & (frame["role"] == "Operations Analyst")
    ].sort_values("employee_id")
    mover = away.iloc[0]
    target = away.loc[away["manager_id"] != mover["manager_id"], "manager_id"].iloc[0]
    frame.loc[frame["employee_id"] == mover["employee_id"], "manager_id"] = target
    return frame
