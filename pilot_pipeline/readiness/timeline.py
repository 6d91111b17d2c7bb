"""The order in time of a pilot's steps; whether each step was done well is judged by its own module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.config.planning import PilotSection
from pilot_pipeline.readiness.results import Requirement, Severity, Step


@dataclass(frozen=True)
class Moments:
    """When each step happened, as local dates; None where it has not happened or is not known."""

    snapshot: date | None = None
    brief_published: date | None = None
    last_opt_in: date | None = None
    locked: date | None = None
    configured: date | None = None
    sso_tested: date | None = None
    first_account: date | None = None
    starts: date | None = None


@dataclass(frozen=True)
class Timeline:
    """The steps in order: `requirements` for the readiness table, `deviations` as sentences for the scorecard.

    A deviation costs the result its confirmatory label; it does not block.
    """

    requirements: tuple[Requirement, ...]
    deviations: tuple[str, ...]


@dataclass(frozen=True)
class _Order:
    """Two neighbouring steps: `earlier` comes before `later`, on the same day where `same_day` allows it."""

    name: str
    earlier: str
    later: str
    sentence: str
    same_day: bool = True
    severity: Severity = "warn"


_WORDS = {
    "snapshot": "the HRIS snapshot",
    "brief_published": "the privacy brief",
    "last_opt_in": "the last opt-in",
    "locked": "the lock",
    "configured": "the tool's first configuration",
    "sso_tested": "the complete SSO test",
    "first_account": "the first account",
    "starts": "the pilot's start",
}

_ORDER: Sequence[_Order] = (
    _Order("snapshot_before_lock", "snapshot", "locked", "The cohort rests on data that came after the lock."),
    _Order("brief_before_lock", "brief_published", "locked", "The lock did not wait for the privacy brief."),
    _Order("opt_in_before_lock", "last_opt_in", "locked", "The cohort was locked before everybody in it had opted in."),
    _Order(
        "lock_before_configuration",
        "locked",
        "configured",
        "KPIs and decision rule were fixed when the tool could already be tried.",
        same_day=False,
    ),
    _Order("sso_after_configuration", "configured", "sso_tested", "Sign-ins were tested before there was a tool."),
    _Order(
        "sso_before_access", "sso_tested", "first_account", "Access was given before sign-in had been shown to work."
    ),
    _Order("accounts_before_start", "first_account", "starts", "Nobody could use the tool from the first day."),
    _Order("configuration_before_access", "configured", "first_account", "Accounts are older than the configuration."),
)


def moments(
    config: PilotConfig,
    *,
    snapshot: date | None,
    locked: date | None,
    consent: pd.DataFrame,
    sso_complete_at: pd.Timestamp | None,
) -> Moments:
    """Collect the moments of a pilot.

    Args:
        config: the pilot's.
        snapshot: `as_of` of the HRIS snapshot that the cohort rests on.
        locked: the day of the lock; None without one.
        consent: table of `consent.consent_order`.
        sso_complete_at: from `sso.matrix_complete_at`, naive UTC.
    """
    opted = consent.loc[consent["opted_in"].astype(bool), "decided_at"]
    return Moments(
        snapshot=snapshot,
        brief_published=config.governance.privacy_brief_published_on,
        last_opt_in=local_date(opted.max(), config.pilot) if len(opted) else None,
        locked=locked,
        configured=config.pilot.configured_on,
        sso_tested=local_date(sso_complete_at, config.pilot),
        first_account=local_date(consent["provisioned_at"].min(), config.pilot),
        starts=config.pilot.starts_on,
    )


def check_timeline(when: Moments) -> Timeline:
    """Return the order of the steps: snapshot, brief, opt-in, lock, configuration, SSO tests, accounts, start.

    A missing lock and a step out of order are deviations. Two steps of which one has no date cannot be compared; that
    is said once for the step that has none, and counts as a deviation only where the lock is concerned.
    """
    requirements = [_lock(when), *_known(when), *_ordered(when)]
    failed = [item.detail for item in requirements if not item.passed and item.name not in _UNDATED]
    return Timeline(tuple(requirements), tuple(failed))


def local_date(instant: pd.Timestamp | None, pilot: PilotSection) -> date | None:
    """Return the pilot's local date of a naive UTC instant; None stays None."""
    if instant is None or pd.isna(instant):
        return None
    return pd.Timestamp(instant).tz_localize("UTC").tz_convert(pilot.zone).date()


_UNDATED = ("configuration_dated",)


def _lock(when: Moments) -> Requirement:
    locked = when.locked is not None
    detail = (
        f"KPIs, targets, cohort and decision rule were locked on {when.locked}."
        if locked
        else "Not pre-registered: there is no lock; `pilot lock` makes one."
    )
    return Requirement("pre_registered", "1 KPIs", locked, "warn", detail)


def _known(when: Moments) -> Iterator[Requirement]:
    known = when.configured is not None
    detail = (
        f"The tool was first configured on {when.configured}."
        if known
        else "pilot.configured_on is not set, so nothing shows that the lock came first."
    )
    yield Requirement("configuration_dated", "1 KPIs", known, "warn", detail)


def _ordered(when: Moments) -> Iterator[Requirement]:
    for order in _ORDER:
        earlier, later = getattr(when, order.earlier), getattr(when, order.later)
        if earlier is None or later is None:
            continue
        in_order = earlier <= later - timedelta(days=0 if order.same_day else 1)
        first, second = _WORDS[order.earlier], _WORDS[order.later]
        stated = f"{first[0].upper()}{first[1:]} ({earlier}) is {{}} {second} ({later})."
        detail = stated.format("before" if earlier < later else "on the day of")
        if not in_order:
            detail = f"{stated.format('not before' if earlier == later else 'after')} {order.sentence}"
        step: Step = "1 KPIs" if "locked" in (order.earlier, order.later) else "4 checkpoints"
        yield Requirement(order.name, step, in_order, order.severity, detail)
