"""Consent before access (R16, R18): briefed, then decided, then provisioned; what the brief says is elsewhere."""

from __future__ import annotations

import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.readiness.results import Requirement, Severity, Step, counted
from pilot_pipeline.readiness.sqlrun import select

_PERSONS = """
    WITH participants AS (SELECT employee_id FROM members WHERE arm = 'pilot'),
    accounts AS (SELECT employee_id, provisioned_at FROM enrolments),
    judged AS (
        SELECT participant.employee_id, account.provisioned_at, consent.decision, consent.briefed_at,
            consent.decided_at,
            row_number() OVER (
                PARTITION BY participant.employee_id
                ORDER BY consent.decided_at <= coalesce(account.provisioned_at, $start) DESC, consent.decided_at DESC
            ) AS latest
        FROM participants AS participant
        LEFT JOIN accounts AS account USING (employee_id)
        LEFT JOIN consents AS consent USING (employee_id)
    )
    SELECT employee_id, provisioned_at, decision, briefed_at, decided_at,
        coalesce(decision = 'opted_in', false) AS opted_in,
        coalesce(briefed_at <= decided_at, false) AS briefed_first,
        coalesce(decided_at <= provisioned_at, false) AS decided_first
    FROM judged WHERE latest = 1 ORDER BY employee_id
"""


def consent_order(
    consents: pd.DataFrame, enrolments: pd.DataFrame | None, members: pd.DataFrame, start: pd.Timestamp
) -> pd.DataFrame:
    """Return one row per participant: employee_id, provisioned_at, decision, briefed_at, decided_at, opted_in,
    briefed_first, decided_first.

    The decision is the latest one made before the account was (before the start, where there is no account yet), and
    where there is none the latest of all: a withdrawal during the pilot does not undo the consent it began with.

    Args:
        consents: feeds.consents.
        enrolments: feeds.enrolments; None where the feed is missing.
        members: cohort_members; participants are its pilot arm.
        start: the pilot's first instant, naive UTC.
    """
    frames = {
        "consents": consents,
        "enrolments": _accounts(enrolments),
        "members": members[["employee_id", "arm"]],
    }
    return select(_PERSONS, frames, {"start": start.to_pydatetime()})


def check_consent(order: pd.DataFrame, config: PilotConfig) -> tuple[Requirement, ...]:
    """Return what consent demands of the table from `consent_order`; people are counted, never named."""
    people = len(order)
    opted = order.loc[order["opted_in"].astype(bool)]
    late_brief = int((~opted["briefed_first"].astype(bool)).sum())
    accounts = opted.loc[opted["provisioned_at"].notna()]
    early = int((~accounts["decided_first"].astype(bool)).sum())
    undated = int(order["provisioned_at"].isna().sum())
    return (
        _counted(
            "participants_opted_in", people - len(opted), people, "had not opted in", "Every participant opted in."
        ),
        _counted(
            "brief_before_decision",
            late_brief,
            people,
            "decided before the brief",
            "Everybody was briefed, then decided.",
        ),
        _counted(
            "decision_before_account",
            early,
            people,
            "had an account before deciding",
            "Nobody had an account before deciding.",
        ),
        _counted(
            "accounts_dated",
            undated,
            people,
            "have no provisioned_at, so the order cannot be shown for them",
            "Every account has a date.",
            severity="warn",
        ),
        _published(order, config),
    )


def _accounts(enrolments: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["employee_id", "provisioned_at"]
    if enrolments is None:
        return pd.DataFrame(
            {"employee_id": pd.Series(dtype="str"), "provisioned_at": pd.Series(dtype="datetime64[us]")}
        )
    return enrolments[columns]


def _counted(name: str, bad: int, people: int, words: str, good: str, *, severity: Severity = "error") -> Requirement:
    detail = f"{bad} of {counted(people, 'participant')} {words}." if bad else good
    return Requirement(name, "2 cohort", not bad, severity, detail)


def _published(order: pd.DataFrame, config: PilotConfig) -> Requirement:
    """Check that the brief was published on a day before the first account's (both have no finer common clock)."""
    published, first = config.governance.privacy_brief_published_on, order["provisioned_at"].min()
    name = "brief_before_first_account"
    step: Step = "3 governance"
    if published is None:
        return Requirement(name, step, False, "error", "The privacy brief has no publication date.")
    if pd.isna(first):
        return Requirement(name, step, True, "error", f"Published on {published}; no account is dated yet.")
    account = pd.Timestamp(first).tz_localize("UTC").tz_convert(config.pilot.zone).date()
    words = "before" if published < account else "not before"
    detail = f"The privacy brief was published on {published}, {words} the first account on {account}."
    return Requirement(name, step, published < account, "error", detail)
