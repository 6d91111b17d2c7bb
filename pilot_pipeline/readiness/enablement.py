"""Managers before employees (R29): who was enabled, on what and in time; what it did to adoption is `kpis`."""

from __future__ import annotations

import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.readiness.results import Requirement, Step, counted
from pilot_pipeline.readiness.sqlrun import select

_STEP: Step = "5 managers"

_TABLE = """
    WITH reports AS (
        SELECT member.manager_id, count(*) AS reports,
            min(coalesce(account.provisioned_on, $starts_on)) AS first_account
        FROM members AS member LEFT JOIN accounts AS account USING (employee_id)
        WHERE member.arm = 'pilot' AND member.manager_id IS NOT NULL
        GROUP BY member.manager_id
    ),
    in_time AS (
        SELECT report.manager_id, sum(session.minutes) AS minutes,
            list_distinct(flatten(list(list_transform(string_split(session.topics, ';'), lambda topic: trim(topic)))))
                AS topics
        FROM reports AS report
        JOIN sessions AS session
            ON session.manager_id = report.manager_id AND CAST(session.held_on AS DATE) < report.first_account
        GROUP BY report.manager_id
    ),
    ever AS (SELECT manager_id, sum(minutes) AS minutes FROM sessions GROUP BY manager_id),
    joined AS (
        SELECT report.manager_id, report.reports, report.first_account,
            coalesce(ever.minutes, 0.0) AS minutes, coalesce(early.minutes, 0.0) AS minutes_in_time,
            array_to_string(
                list_filter($topics, lambda topic: NOT coalesce(list_contains(early.topics, topic), false)), ';'
            ) AS topics_missing
        FROM reports AS report
        LEFT JOIN in_time AS early USING (manager_id)
        LEFT JOIN ever USING (manager_id)
    )
    SELECT *, CASE
        WHEN minutes = 0 THEN 'absent'
        WHEN minutes < $wanted THEN 'short'
        WHEN minutes_in_time < $wanted THEN 'late'
        WHEN topics_missing <> '' THEN 'topics_missing'
        ELSE 'in_time'
    END AS state
    FROM joined ORDER BY manager_id
"""


def enablement(
    sessions: pd.DataFrame, enrolments: pd.DataFrame | None, members: pd.DataFrame, config: PilotConfig
) -> pd.DataFrame:
    """Return one row per manager of a participant: manager_id, reports, first_account (local date), minutes,
    minutes_in_time, topics_missing (`;`-separated), state (in_time, late, short, topics_missing, absent).

    In time is a session on a day before the first account of the manager's reports; without a dated account the
    pilot's start stands for it. Minutes add up over sessions, as topics do.

    Args:
        sessions: feeds.enablement_sessions.
        enrolments: feeds.enrolments; None where the feed is missing.
        members: cohort_members; manager_id as at the lock.
        config: the pilot's.
    """
    accounts = {"employee_id": pd.Series(dtype="str"), "provisioned_on": pd.Series(dtype="datetime64[us]")}
    if enrolments is not None:
        local = enrolments["provisioned_at"].dt.tz_localize("UTC").dt.tz_convert(config.pilot.timezone)
        accounts = {"employee_id": enrolments["employee_id"], "provisioned_on": local.dt.tz_localize(None)}
    frames = {
        "sessions": sessions,
        "accounts": pd.DataFrame(accounts).assign(provisioned_on=lambda rows: rows["provisioned_on"].dt.normalize()),
        "members": members[["employee_id", "arm", "manager_id"]],
    }
    params = {
        "starts_on": config.pilot.starts_on,
        "topics": list(config.enablement.topics),
        "wanted": config.enablement.minutes,
    }
    return select(_TABLE, frames, params).astype(dict.fromkeys(("manager_id", "topics_missing", "state"), "str"))


def check_enablement(table: pd.DataFrame | None, config: PilotConfig) -> Requirement:
    """Return the requirement on managers, counting those who are not ready; None stands for a missing feed.

    It warns: adoption is later compared between briefed and other managers (R30), so an exception is shown, not
    hidden by refusing the pilot.
    """
    name, step = "managers_enabled", _STEP
    if table is None:
        detail = "The feed enablement_sessions is not configured; whether managers were enabled first is not known."
        return Requirement(name, step, False, "warn", detail)
    bad = table.loc[table["state"] != "in_time", "state"]
    wanted = f"{config.enablement.minutes} minutes on {len(config.enablement.topics)} topics"
    if bad.empty:
        return Requirement(name, step, True, "warn", f"All {counted(len(table), 'manager')} had {wanted} in time.")
    reasons = ", ".join(f"{count} {_STATES[str(state)]}" for state, count in bad.value_counts().sort_index().items())
    detail = f"{len(bad)} of {counted(len(table), 'manager')} did not have {wanted} before their reports: {reasons}."
    return Requirement(name, step, False, "warn", detail)


_STATES = {
    "late": "too late",
    "short": "too short",
    "topics_missing": "without every topic",
    "absent": "not at all",
}
