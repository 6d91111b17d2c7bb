"""Who was briefed, agreed, enrolled and trained, and what the company's registers say; use of the tool is `usage`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from pilot_pipeline.simulation.randomness import stream
from pilot_pipeline.simulation.world import BRIEFED_ON, PROVISIONED_ON, TIMEZONE, WITHDRAWN_IN_WEEK, World, monday

OTHER_VOLUNTEERS = 18
DECLINED = 70
ENABLEMENT_FROM = date(2025, 12, 15)
_ZONE = ZoneInfo(TIMEZONE)


def _instants(day: date, hour: int, seconds: np.ndarray) -> pd.Series:
    """Moments counted in seconds from an hour of a local day, as UTC."""
    start = datetime.combine(day, time(hour), _ZONE).astimezone(ZoneInfo("UTC"))
    moments = pd.Series(pd.Timestamp(start) + pd.to_timedelta(seconds, unit="s"))
    return moments.astype("datetime64[us, UTC]")


def _withdrawn_at() -> pd.Timestamp:
    day = monday(WITHDRAWN_IN_WEEK)
    return pd.Timestamp(datetime.combine(day, time(9, 30), _ZONE)).tz_convert("UTC").as_unit("us")


def consents(world: World) -> pd.DataFrame:
    """Return everybody's decision, all before the lock, and one withdrawal during the pilot.

    No comparable colleague volunteers: a volunteer who is not enrolled may not be a control.
    """
    rng = stream(world.seed, "consents")
    kept = {*world.population.pairs["participant_id"], *world.population.pairs["colleague_id"]}
    others = np.sort(world.observed.loc[~world.observed["employee_id"].isin(kept), "employee_id"].to_numpy())
    if world.volunteers is None:
        chosen = rng.choice(others, OTHER_VOLUNTEERS + DECLINED, replace=False)
        yes = len(world.participants) + OTHER_VOLUNTEERS
    else:
        others = np.setdiff1d(others, world.volunteers)
        chosen = np.array([*world.volunteers, *rng.choice(others, min(DECLINED, len(others) // 3), replace=False)])
        yes = len(world.participants) + len(world.volunteers)
    ids = [*world.participants["employee_id"], *chosen]
    briefed = rng.integers(0, 3 * 3600, len(ids))
    frame = pd.DataFrame({"employee_id": pd.Series(ids, dtype="str"), "briefed_at": _instants(BRIEFED_ON, 9, briefed)})
    frame["decision"] = ["opted_in"] * yes + ["declined"] * (len(ids) - yes)
    frame["decided_at"] = _instants(BRIEFED_ON, 9, briefed + rng.integers(600, 50 * 3600, len(ids)))
    withdrawal = frame[frame["employee_id"] == world.withdrawn].assign(decision="withdrawn", decided_at=_withdrawn_at())
    return pd.concat([frame, withdrawal], ignore_index=True).sort_values(
        ["employee_id", "decided_at"], ignore_index=True
    )


def enrolments(world: World) -> pd.DataFrame:
    """Return the thirty participants; no control is named, so the pipeline finds them."""
    rng = stream(world.seed, "enrolments")
    ids = world.participants["employee_id"]
    frame = pd.DataFrame({"employee_id": ids, "arm": "pilot"})
    frame["provisioned_at"] = _instants(PROVISIONED_ON, 10, rng.integers(0, 4 * 3600, len(ids)))
    frame["withdrawn_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    frame.loc[ids == world.withdrawn, "withdrawn_at"] = _withdrawn_at()
    return frame


def enablement_sessions(world: World) -> pd.DataFrame:
    """Return the enablement of every lead of an observed team: one long session, or two shorter ones."""
    rng = stream(world.seed, "enablement")
    rows: list[tuple[str, date, float, str]] = []
    for manager in np.sort(world.observed["manager_id"].unique()):
        day = ENABLEMENT_FROM + timedelta(days=int(rng.integers(0, 4)))
        if rng.random() < 0.7:
            rows.append((manager, day, 95.0, "signals;one_on_ones;limits"))
        else:
            rows.append((manager, day, 50.0, "signals;one_on_ones"))
            rows.append((manager, day + timedelta(days=1), 45.0, "limits"))
    frame = pd.DataFrame(rows, columns=["manager_id", "held_on", "minutes", "topics"])
    return frame.assign(held_on=pd.to_datetime(frame["held_on"]).dt.as_unit("us"))


def competencies(world: World) -> pd.DataFrame:
    """Return the competency framework: competency_id, name, roles."""
    framework = world.population.framework.competencies
    rows = [(item.competency_id, item.name, ";".join(item.roles)) for item in framework]
    return pd.DataFrame(rows, columns=["competency_id", "name", "roles"])


def pathways(world: World) -> pd.DataFrame:
    """Return the tool's pathways: pathway_id, name, competency_id, roles, theme."""
    framework = world.population.framework.pathways
    rows = [(item.pathway_id, item.name, item.competency_id, ";".join(item.roles), item.theme) for item in framework]
    return pd.DataFrame(rows, columns=["pathway_id", "name", "competency_id", "roles", "theme"])


def initiatives() -> pd.DataFrame:
    """Return what else was going on: name, starts_on, ends_on, scope."""
    rows = [
        ("Spring sales campaign", date(2026, 2, 2), date(2026, 2, 27), "Sales"),
        ("New ticket system", date(2026, 1, 19), date(2026, 1, 30), "Customer Support"),
    ]
    return _dated(pd.DataFrame(rows, columns=["name", "starts_on", "ends_on", "scope"]), "starts_on", "ends_on")


def issue_log(world: World) -> pd.DataFrame:
    """Return what people reported, worst last; a steering tool is reported as such, with a fix."""
    rows: list[tuple[date, str, int, str, int | None, str | None, str]] = [
        (date(2026, 1, 14), "configuration", 2, "Reminders arrive at night", 12, "Send them in working hours", "fixed"),
        (date(2026, 1, 27), "culture_fit", 2, "Support shifts leave no quiet time", 7, "Reserve half an hour", "open"),
        (date(2026, 2, 10), "configuration", 3, "Modules of two roles are in the wrong order", 9, None, "fixed"),
        (date(2026, 3, 3), "culture_fit", 1, "Examples sound too much like sales", None, "Add two examples", "open"),
    ]
    if world.scenario.steering > 0:
        fix = "Remove gender from the tool's input and retrain its ranking"
        rows.append((date(2026, 1, 9), "configuration", 5, "Recommendations follow gender", 30, fix, "open"))
    columns = ["opened_on", "kind", "severity", "title", "affected", "fix", "status"]
    frame = _dated(pd.DataFrame(rows, columns=columns), "opened_on").astype({"affected": "Int64", "severity": "Int64"})
    frame.insert(0, "issue_id", [f"I-{number}" for number in range(1, len(frame) + 1)])
    return frame


def _dated(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.assign(**{column: pd.to_datetime(frame[column]).dt.as_unit("us") for column in columns})
