"""What the warehouse holds now, as readiness judges it: the evidence of each checkpoint and every requirement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from pilot_pipeline.config import Pilot
from pilot_pipeline.config.further import BASELINE_WEEKS
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.readiness.consent import check_consent, consent_order
from pilot_pipeline.readiness.enablement import check_enablement, enablement
from pilot_pipeline.readiness.evidence import (
    Evidence,
    hris_evidence,
    pathways_evidence,
    sso_evidence,
    start_instant,
    synthetic_evidence,
)
from pilot_pipeline.readiness.governance import check_governance
from pilot_pipeline.readiness.measurability import check_measurability, measurability
from pilot_pipeline.readiness.pathways import reachable_by
from pilot_pipeline.readiness.results import HRIS_FEED, PATHWAYS, SSO_MATRIX, SYNTHETIC_AUDIT, Requirement
from pilot_pipeline.readiness.sso import matrix_complete_at
from pilot_pipeline.readiness.switched_off import SwitchedOff, switched_off
from pilot_pipeline.readiness.timeline import Timeline, check_timeline, moments
from pilot_pipeline.registration.design import judged_snapshot, lock_state
from pilot_pipeline.warehouse.connection import Warehouse

MEMBERS = "cohort.cohort_members"
ANSWERS = "fairness.synthetic_answers"
_JUDGED_FEEDS = ("employees", "sso_signins", "pathways", "competencies", "synthetic_recommendations")


def feed_rows(warehouse: Warehouse, pilot: Pilot, feed: str) -> pd.DataFrame | None:
    """Return a feed's accepted rows, or None where it is not configured or was never read."""
    table = f"feeds.{feed}"
    if pilot.config.feeds.get(feed) is None or not warehouse.exists(table):
        return None
    return warehouse.read(table)


def quarantined(warehouse: Warehouse, *feeds: str) -> pd.DataFrame | None:
    """Return the rows of these feeds that were set aside."""
    if not warehouse.exists("feeds.quarantine"):
        return None
    return warehouse.query(
        "SELECT * FROM feeds.quarantine WHERE list_contains($feeds, feed) ORDER BY ALL", {"feeds": list(feeds)}
    )


def synthetic_answers(warehouse: Warehouse) -> pd.DataFrame | None:
    """Return the tool's answers about synthetic employees, from whichever way they came."""
    return warehouse.read(ANSWERS) if warehouse.exists(ANSWERS) else None


def snapshot_rows(warehouse: Warehouse, pilot: Pilot) -> pd.DataFrame:
    """Return the employees of the judged snapshot."""
    employees = warehouse.read("feeds.employees")
    as_of = judged_snapshot(employees, pilot)
    return employees.loc[employees["as_of"] == pd.Timestamp(as_of)]


def latest_rows(warehouse: Warehouse) -> pd.DataFrame:
    """Return the employees of the newest snapshot."""
    return warehouse.query("SELECT * FROM feeds.employees WHERE as_of = (SELECT max(as_of) FROM feeds.employees)")


def people_before(warehouse: Warehouse, snapshot: pd.DataFrame) -> int | None:
    """Return how many people had not left in the snapshot before this one; None where there is none."""
    as_of = snapshot["as_of"].max()
    found = warehouse.query(
        "SELECT count(*) AS n FROM feeds.employees WHERE employment_status <> 'terminated' AND as_of = "
        "(SELECT max(as_of) FROM feeds.employees WHERE as_of < $as_of)",
        {"as_of": None if pd.isna(as_of) else pd.Timestamp(as_of).date()},
    )
    return int(found["n"].iloc[0]) or None


def current_evidence(warehouse: Warehouse, pilot: Pilot) -> dict[str, Evidence]:
    """Return checkpoint to evidence hash, from the rows and the configuration as they are now.

    A checkpoint whose rows are not in the warehouse has no evidence and is left out. Every live asset asks for this on
    opening the warehouse, so the last answer is remembered for as long as nothing that it depends on was written.
    """
    key = _evidence_key(warehouse, pilot)
    if key not in _REMEMBERED:
        _REMEMBERED.clear()
        _REMEMBERED[key] = _evidence(warehouse, pilot)
    return dict(_REMEMBERED[key])


_REMEMBERED: dict[tuple[str, ...], dict[str, Evidence]] = {}


def _evidence_key(warehouse: Warehouse, pilot: Pilot) -> tuple[str, ...]:
    """Return all that evidence depends on: versions of whole tables, and the few quarantined rows themselves.

    The quarantine is one table for all feeds and is written with every live feed too.
    """
    lock, broken = lock_state(pilot)
    rejected = quarantined(warehouse, *_JUDGED_FEEDS)
    return (
        *warehouse.versions(*(f"feeds.{feed}" for feed in _JUDGED_FEEDS), ANSWERS, MEMBERS),
        "" if rejected is None else rejected.to_csv(index=False),
        pilot.config.model_dump_json(),
        lock.sha256 if lock else str(broken),
    )


def _evidence(warehouse: Warehouse, pilot: Pilot) -> dict[str, Evidence]:
    config = pilot.config
    if not warehouse.exists("feeds.employees") or warehouse.read("feeds.employees").empty:
        return {}
    snapshot = snapshot_rows(warehouse, pilot)
    before = people_before(warehouse, snapshot)
    evidence = {HRIS_FEED: hris_evidence(snapshot, quarantined(warehouse, "employees"), config, before)}
    evidence[SYNTHETIC_AUDIT] = synthetic_evidence(
        synthetic_answers(warehouse), quarantined(warehouse, "synthetic_recommendations"), config
    )
    if not warehouse.exists(MEMBERS):
        return evidence
    members = warehouse.read(MEMBERS)
    signins = feed_rows(warehouse, pilot, "sso_signins")
    evidence[SSO_MATRIX] = sso_evidence(signins, quarantined(warehouse, "sso_signins"), snapshot, members, config)
    evidence[PATHWAYS] = pathways_evidence(
        feed_rows(warehouse, pilot, "pathways"),
        feed_rows(warehouse, pilot, "competencies"),
        quarantined(warehouse, "pathways", "competencies"),
        members,
        reachable_by(snapshot),
        config,
    )
    return evidence


def lock_deviations(warehouse: Warehouse, pilot: Pilot) -> tuple[str, ...]:
    """Return a sentence per thing that is not as it was locked: settings, targets, rule and cohort."""
    lock, broken = lock_state(pilot)
    if lock is None:
        return (broken,) if broken else ()
    facts = warehouse.query("SELECT statement FROM cohort.cohort_facts WHERE fact = 'match_hash'")["statement"]
    return lock.deviations(pilot.config, str(facts.iloc[0]))


def order_deviations(warehouse: Warehouse, pilot: Pilot) -> tuple[str, ...]:
    """Return a sentence per step that came out of order, measured against the lock."""
    return _timeline(warehouse, pilot).deviations


def judge_requirements(warehouse: Warehouse, pilot: Pilot) -> tuple[Requirement, ...]:
    """Return governance, consent, order in time, enablement and measurability, in the pilot's steps."""
    config = pilot.config
    members = warehouse.read(MEMBERS)
    enrolments = feed_rows(warehouse, pilot, "enrolments")
    sessions = feed_rows(warehouse, pilot, "enablement_sessions")
    consent = consent_order(warehouse.read("feeds.consents"), enrolments, members, start_instant(config.pilot))
    table = None if sessions is None else enablement(sessions, enrolments, members, config)
    return (
        *check_governance(config),
        *check_consent(consent, config),
        *_timeline(warehouse, pilot).requirements,
        *unchanged_since_lock(warehouse, pilot),
        _cohort(warehouse),
        check_enablement(table, config),
        *check_measurability(
            measurability(config, present_rows(warehouse, pilot, baseline=True), baseline_rows(warehouse, pilot))
        ),
        *(Requirement(f"{gap.feed}_feed", "1 KPIs", False, "warn", gap.sentence) for gap in gaps(warehouse, pilot)),
    )


def unchanged_since_lock(warehouse: Warehouse, pilot: Pilot) -> Iterator[Requirement]:
    """Say whether everything is as it was locked; a deviation does not block, but costs the confirmatory label."""
    if not pilot.home.lock_file.exists():
        return
    changed = lock_deviations(warehouse, pilot)
    detail = " ".join(changed) or "KPIs, targets, cohort and decision rule are as they were locked."
    cost = " The result is directional." if changed else ""
    yield Requirement("unchanged_since_lock", "1 KPIs", not changed, "warn", detail + cost)


def _cohort(warehouse: Warehouse) -> Requirement:
    """Say whether the cohort is the one that a pilot needs (R9)."""
    found = warehouse.query("SELECT statement FROM cohort.cohort_facts WHERE fact = 'violation' ORDER BY position")
    detail = " ".join(found["statement"]) or "Size, departments and role levels are those of a pilot."
    return Requirement("cohort_design", "2 cohort", found.empty, "error", detail)


def _timeline(warehouse: Warehouse, pilot: Pilot) -> Timeline:
    config, members = pilot.config, warehouse.read(MEMBERS)
    enrolments = feed_rows(warehouse, pilot, "enrolments")
    snapshot = snapshot_rows(warehouse, pilot)
    lock, _ = lock_state(pilot)
    when = moments(
        config,
        snapshot=pd.Timestamp(snapshot["as_of"].iloc[0]).date(),
        locked=lock.locked_on if lock else None,
        consent=consent_order(warehouse.read("feeds.consents"), enrolments, members, start_instant(config.pilot)),
        sso_complete_at=matrix_complete_at(feed_rows(warehouse, pilot, "sso_signins"), snapshot, members, config),
    )
    return check_timeline(when)


def gaps(warehouse: Warehouse, pilot: Pilot) -> tuple[SwitchedOff, ...]:
    """Return what each missing or empty feed switches off; a live feed counts as there until it may be read."""
    present, config = present_rows(warehouse, pilot, baseline=False), pilot.config
    return switched_off(present, config.fairness.recommender.asks, bool(config.kpis.further))


def present_rows(warehouse: Warehouse, pilot: Pilot, *, baseline: bool) -> Mapping[str, int | None]:
    """Return feed to number of accepted rows; of a feed that is live from some day on, those of the baseline.

    A feed that may not have been read yet counts one row; one that is not configured counts None.
    """
    counts: dict[str, int | None] = {}
    for name, feed in CANON.items():
        table = f"feeds.{name}_baseline" if feed.live_from and baseline else f"feeds.{name}"
        if pilot.config.feeds.get(name) is None:
            counts[name] = None
        elif not warehouse.exists(table):
            counts[name] = 1
        else:
            counts[name] = int(warehouse.query(f"SELECT count(*) AS n FROM {table}")["n"].iloc[0])
    return counts


def baseline_rows(warehouse: Warehouse, pilot: Pilot) -> Mapping[str, int] | None:
    """Return metric to its number of values in the baseline weeks; None where measurements were never read."""
    if not warehouse.exists("feeds.measurements_baseline"):
        return None
    rows = warehouse.query(
        "SELECT metric, count(value) AS n FROM feeds.measurements_baseline WHERE measured_on >= $first GROUP BY metric",
        {"first": pilot.config.pilot.week_start(BASELINE_WEEKS[0])},
    )
    return dict(zip(rows["metric"], rows["n"].astype(int), strict=True))
