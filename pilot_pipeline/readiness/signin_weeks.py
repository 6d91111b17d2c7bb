"""Live sign-ins, week by week: how many fail in each division; tests before launch are `sso`."""

from __future__ import annotations

import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.readiness.evidence import start_instant
from pilot_pipeline.readiness.results import SSO_MATRIX, CheckResult, counted, listed, percent
from pilot_pipeline.readiness.sqlrun import select
from pilot_pipeline.readiness.sso import NO_DIVISION

NOT_IN_SNAPSHOT = "(not in the snapshot)"
"""Stands for the division of accounts that no e-mail of the snapshot is for."""

_WEEKS = """
    WITH attempts AS (
        SELECT live.week_no, coalesce(person.{division}, CASE WHEN person.email IS NULL THEN $strange ELSE $none END)
            AS division, live.email, live.outcome
        FROM live LEFT JOIN (SELECT DISTINCT ON (email) email, {division} FROM people WHERE email IS NOT NULL
            ORDER BY email, {division}) AS person USING (email)
    ),
    counted AS (
        SELECT week_no, division, count(DISTINCT email) AS people, count(*) AS attempts,
            count(*) FILTER (outcome = 'failure') AS failures
        FROM attempts GROUP BY week_no, division
    )
    SELECT week_no, division, people < $least AS suppressed,
        CASE WHEN people >= $least THEN people END AS people,
        CASE WHEN people >= $least THEN attempts END AS attempts,
        CASE WHEN people >= $least THEN failures END AS failures,
        CASE WHEN people >= $least THEN failures / attempts END AS failure_share
    FROM counted ORDER BY week_no, division
"""


def signin_weeks(signins: pd.DataFrame | None, employees: pd.DataFrame, config: PilotConfig) -> pd.DataFrame:
    """Return week_no, division, suppressed, people, attempts, failures, failure_share of sign-ins since `starts_on`.

    Weeks are the pilot's local weeks. A division in which fewer people than `privacy.min_group_size` tried in a week
    is suppressed: its counts are missing.

    Args:
        signins: feeds.sso_signins; None where the feed is missing: no row.
        employees: feeds.employees, the rows of one snapshot.
        config: the pilot's.
    """
    rows = pd.DataFrame(columns=["week_no", "email", "outcome"]) if signins is None else _live(signins, config)
    parameters = {"least": config.privacy.min_group_size, "none": NO_DIVISION, "strange": NOT_IN_SNAPSHOT}
    sql = _WEEKS.format(division=config.readiness.sso_division)
    frames = {"live": rows.astype({"week_no": "int64", "email": "str", "outcome": "str"}), "people": employees}
    found = select(sql, frames, parameters)
    return found.astype({"division": "str", **dict.fromkeys(("people", "attempts", "failures"), "Int64")})


def check_signin_weeks(weeks: pd.DataFrame, config: PilotConfig) -> CheckResult:
    """Judge the last week that has sign-ins; it warns, for launch is behind us."""
    name, limit = "live_sign_ins", config.readiness.max_signin_failure_share
    if weeks.empty:
        return CheckResult(SSO_MATRIX, name, "sql", True, "warn", 0, 0, "There is no live sign-in yet.")
    last = weeks.loc[weeks["week_no"] == weeks["week_no"].max()]
    shown = last.loc[~last["suppressed"]]
    bad = shown.loc[shown["failure_share"] > limit]
    week = f"week {int(last['week_no'].iloc[0])}"
    said = [f"{row.division} ({percent(float(row.failure_share))} of {row.attempts:,})" for row in bad.itertuples()]
    detail = (
        f"In {week} more than {percent(limit)} of sign-ins failed in {counted(len(bad), 'division')}: {listed(said)}."
        if said
        else f"In {week} no division had more than {percent(limit)} of its sign-ins fail."
    )
    return CheckResult(SSO_MATRIX, name, "sql", bad.empty, "warn", len(last), len(bad), detail, tuple(bad["division"]))


def _live(signins: pd.DataFrame, config: PilotConfig) -> pd.DataFrame:
    """Return sign-ins of the pilot's weeks; from the first day on none is a test, whatever the log says."""
    start, zone = start_instant(config.pilot), config.pilot.zone
    live = signins.loc[signins["occurred_at"] >= start, ["occurred_at", "email", "outcome"]]
    days = live["occurred_at"].dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    week_no = (days - pd.Timestamp(config.pilot.starts_on)).dt.days // 7 + 1
    rows: pd.DataFrame = live.assign(week_no=week_no).loc[week_no <= config.pilot.weeks]
    return rows
