"""The flaws that every real export has, planted in extra rows: a few everywhere, many where a scenario breaks the HRIS.

Sound rows are never touched, so what a flaw-free reader accepts is exactly what was drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from pilot_pipeline.simulation.population import new_identities
from pilot_pipeline.simulation.randomness import stream
from pilot_pipeline.simulation.world import SNAPSHOTS, World

Rows = pd.DataFrame
"""Rows of a feed as text, the columns of the feed, null where a cell is blank."""


def with_flaws(feed: str, rows: Rows, world: World) -> Rows:
    """Append the flawed rows of a feed; fewer than one row in a hundred, none in small feeds."""
    flaws = [make(rows, world) for make in _FLAWS.get(feed, ())]
    return pd.concat([rows, *flaws], ignore_index=True) if flaws else rows


def with_broken_hierarchy(rows: Rows, world: World) -> Rows:
    """Append what makes an employees export unfit, to each snapshot.

    Three people who manage each other, orphans, ids with two contradicting rows, and a role that no framework knows:
    about three rows in a hundred.
    """
    rng = stream(world.seed, "broken hierarchy")
    made = _invented(rows, world, rng, 23)
    ring = made.iloc[:3].copy()
    ring["manager_id"] = np.roll(ring["employee_id"].to_numpy(), 1)
    orphans = made.iloc[3:12].assign(manager_id="E00000")
    once = made.iloc[12:17]
    twice = once.assign(location="Unknown", role_level="4")
    unmapped = made.iloc[17:].assign(role="Scrum Alchemist")
    broken = pd.concat([ring, orphans, once, twice, unmapped], ignore_index=True)
    return pd.concat([rows, *(broken.assign(as_of=as_of.isoformat()) for as_of in SNAPSHOTS)], ignore_index=True)


def _invented(rows: Rows, world: World, rng: np.random.Generator, count: int) -> Rows:
    """Copy team members outside the observed teams under new ids: nobody reports to them, nobody is matched to them."""
    first = rows[rows["as_of"] == SNAPSHOTS[0].isoformat()]
    models = first[first["employee_id"].isin(world.unobserved["employee_id"])]
    made = models.iloc[np.sort(rng.choice(len(models), count, replace=False))].copy()
    made["employee_id"], made["email"] = new_identities(rows, count, rng)
    return made


def _employees(rows: Rows, world: World) -> Rows:
    """A level off the scale, a blank department and a row exported twice, all in the first snapshot."""
    rng = stream(world.seed, "flaws of employees")
    made = _invented(rows, world, rng, 2).assign(role_level=["0", "3"])
    made.loc[made.index[1], "department"] = None
    twice = rows[rows["as_of"] == SNAPSHOTS[0].isoformat()].tail(1)
    return pd.concat([made, twice], ignore_index=True)


def _changed(number: int, **cells: str | None) -> Callable[[Rows, World], Rows]:
    """Copy a row of somebody (the position counts from the end) with other cells."""

    def make(rows: Rows, world: World) -> Rows:
        return rows.iloc[[-number]].assign(**cells)

    return make


def _self_report(rows: Rows, world: World) -> Rows:
    row = rows.iloc[[len(rows) // 3]]
    return row.assign(observation_id="O90001", observer_id=row["employee_id"].to_numpy())


def _twice(rows: Rows, world: World) -> Rows:
    return rows.iloc[[len(rows) // 2]]


_FLAWS: dict[str, tuple[Callable[[Rows, World], Rows], ...]] = {
    "employees": (_employees,),
    "consents": (_changed(1, decision="perhaps", decided_at="2025-12-20T08:00:00Z"),),
    "sso_signins": (_changed(2, event_id="S90001", email=None, is_test="false"),),
    "tool_events": (
        _twice,
        _changed(3, event_id="T900001", event_type="heartbeat"),
        _changed(4, event_id="T900002", duration_s="-60"),
    ),
    "module_assignments": (_changed(1, module_id="M-99", assigned_on=None),),
    "manager_observations": (_self_report, _changed(2, observation_id="O90002", score="6"), _twice),
    "manager_time": (
        _changed(1, week_start="2025-11-24", prep_minutes="-15"),
        _changed(40, week_start="2025-11-24", prep_minutes="half an hour"),
    ),
    "pulse_responses": (_changed(1, question_id="Q-other", score="9"),),
    "recommendations": (_changed(1, recommendation_id="R90001", pathway_id=None),),
    "business_outcomes": (_changed(1, metric="net_promoter_score", value="n/k"),),
}
