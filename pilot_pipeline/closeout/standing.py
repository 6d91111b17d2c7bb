"""Where a pilot stands at an instant: week, gate, feeds, lock, last release; it reads what is stored, runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import pandas as pd

from pilot_pipeline.config import Pilot
from pilot_pipeline.config.operating import OperationSection
from pilot_pipeline.config.planning import PilotSection
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.readiness.current import current_evidence
from pilot_pipeline.readiness.golive import GoLive, golive_state
from pilot_pipeline.registration.design import lock_state
from pilot_pipeline.warehouse.connection import Warehouse
from pilot_pipeline.warehouse.looking import look_into

WEEKLY_FEEDS = ("tool_events", "manager_time", "recommendations", "business_outcomes")
"""Feeds that have rows in every week; the others come when something happens."""

LockWord = Literal["absent", "broken", "witnessed", "attested"]
FeedState = Literal["fresh", "late", "read", "unread", "waiting", "absent"]
ReleaseKind = Literal["none", "blocked", "interim", "verdict"]


@dataclass(frozen=True)
class Calendar:
    """The pilot's weeks against today, both in its time zone.

    `week` is None before the first and after the last week; `finished` counts the weeks that have ended;
    `next_run` is the instant (with time zone) of the next scheduled run, None after the last.
    """

    today: date
    week: int | None
    finished: int
    next_run: datetime | None


@dataclass(frozen=True)
class LockStanding:
    """Whether the rule is frozen; `detail` says why a broken lock does not count, `deviations` what changed since."""

    state: LockWord
    locked_on: date | None = None
    sha256: str | None = None
    deviations: tuple[str, ...] = ()
    detail: str | None = None


@dataclass(frozen=True)
class FeedStanding:
    """One feed as of the last time that it was read: late where something that was due has not come."""

    feed: str
    state: FeedState
    fresh_as_of: date | None
    detail: str


@dataclass(frozen=True)
class ReleaseStanding:
    """What was published last; `through_week` is its last week, the decision stands once the pilot is over."""

    kind: ReleaseKind
    through_week: int | None = None
    decision: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class Standing:
    """All of it; `golive` is None where nothing was ever checked, or `unread` says why it cannot be seen now."""

    calendar: Calendar
    lock: LockStanding
    golive: GoLive | None
    feeds: tuple[FeedStanding, ...]
    release: ReleaseStanding
    unread: str | None = None

    @property
    def late_feeds(self) -> tuple[FeedStanding, ...]:
        """The feeds that are late."""
        return tuple(feed for feed in self.feeds if feed.state == "late")


def standing_of(pilot: Pilot, now: datetime) -> Standing:
    """Return where the pilot stands at `now` (naive UTC), from its files alone.

    Raises:
        BadInput: a published file cannot be read.
    """
    calendar = read_calendar(pilot.config.pilot, now, pilot.config.operation.run_at_hour)
    lock, release = _lock(pilot), _release(pilot)
    try:
        with look_into(pilot.home.warehouse) as warehouse:
            if warehouse is None:
                return Standing(calendar, lock, None, _unread_feeds(pilot), release)
            golive = golive_state(warehouse, current_evidence(warehouse, pilot))
            return Standing(calendar, lock, golive, _feeds(warehouse, pilot, calendar, golive), release)
    except BadInput as busy:
        return Standing(calendar, lock, None, (), release, unread=str(busy))


def read_calendar(section: PilotSection, now: datetime, run_at_hour: int = OperationSection().run_at_hour) -> Calendar:
    """Return the week and the next scheduled run at `now` (naive UTC); it runs on Mondays at `run_at_hour`, local."""
    instant = now.replace(tzinfo=UTC).astimezone(section.zone)
    number = 1 + (instant.date() - section.starts_on).days // 7
    finished = min(max(number - 1, 0), section.weeks)
    runs = (_run_after(section, week, run_at_hour) for week in range(1, section.weeks + 1))
    return Calendar(
        today=instant.date(),
        week=number if 1 <= number <= section.weeks else None,
        finished=finished,
        next_run=next((run for run in runs if run > instant), None),
    )


def _run_after(section: PilotSection, week: int, hour: int) -> datetime:
    return datetime.combine(section.week_start(week + 1), time(hour), tzinfo=section.zone)


def _lock(pilot: Pilot) -> LockStanding:
    lock, broken = lock_state(pilot)
    if lock is None:
        return LockStanding("broken" if broken else "absent", detail=broken)
    return LockStanding(lock.state, lock.locked_on, lock.sha256, lock.deviations(pilot.config))


def _release(pilot: Pilot) -> ReleaseStanding:
    decided = _published(pilot, "decision")
    weeks = _published(pilot, "weekly_kpis")
    if decided is None or weeks is None:
        return ReleaseStanding("none")
    through = None if weeks.empty else int(weeks["week_no"].max())
    if not decided.empty:
        row = decided.iloc[0]
        return ReleaseStanding("verdict", through, str(row["decision"]), str(row["label"]))
    return ReleaseStanding("blocked") if through is None else ReleaseStanding("interim", through, label="interim")


def _published(pilot: Pilot, table: str) -> pd.DataFrame | None:
    path = pilot.home.published / f"{table}.parquet"
    try:
        return pd.read_parquet(path) if path.exists() else None
    except (OSError, ValueError):
        raise BadInput(f"{path} cannot be read as Parquet; `pilot run` publishes it again.") from None


def _unread_feeds(pilot: Pilot) -> tuple[FeedStanding, ...]:
    return tuple(_without_reading(pilot, feed, None) for feed in _wanted(pilot))


def _feeds(warehouse: Warehouse, pilot: Pilot, calendar: Calendar, golive: GoLive) -> tuple[FeedStanding, ...]:
    read = _newest_days(warehouse)
    return tuple(
        _judged(warehouse, pilot, calendar, feed, read[feed])
        if _is_read(pilot, feed, read, golive)
        else _without_reading(pilot, feed, golive)
        for feed in _wanted(pilot)
    )


def _wanted(pilot: Pilot) -> tuple[str, ...]:
    """Return the feeds of the contract; measurements only where they are configured, as nobody misses them else."""
    return tuple(feed for feed in CANON if feed != "measurements" or pilot.config.feeds.get(feed) is not None)


def _newest_days(warehouse: Warehouse) -> dict[str, date | None]:
    """Return feed to its newest day; of a feed whose baseline was read again since, the day of its live rows."""
    if not warehouse.exists("feeds.feed_reads"):
        return {}
    reads = warehouse.query("SELECT feed, fresh_as_of FROM feeds.feed_reads")
    read = {str(feed): _day(day) for feed, day in zip(reads["feed"], reads["fresh_as_of"], strict=True)}
    for feed in CANON.values():
        if feed.live_from and feed.name in read and warehouse.exists(f"feeds.{feed.name}"):
            live = _day(warehouse.query(f"SELECT max({feed.live_from}) AS day FROM feeds.{feed.name}")["day"].iloc[0])
            read[feed.name] = max((day for day in (read[feed.name], live) if day), default=None)
    return read


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def _is_read(pilot: Pilot, feed: str, read: Mapping[str, date | None], golive: GoLive) -> bool:
    """Say whether a feed was read as far as it matters now: of a gated one the baseline alone does not count."""
    if feed not in read or pilot.config.feeds.get(feed) is None:
        return False
    day = read[feed]
    baseline_only = CANON[feed].live_from is not None and (day is None or day < pilot.config.pilot.starts_on)
    return golive.holds or not baseline_only


def _without_reading(pilot: Pilot, feed: str, golive: GoLive | None) -> FeedStanding:
    if pilot.config.feeds.get(feed) is None:
        return FeedStanding(feed, "absent", None, "Not configured in pilot.yaml.")
    if (CANON[feed].live or CANON[feed].live_from) and not (golive and golive.holds):
        return FeedStanding(feed, "waiting", None, "Live data: read once the gate holds.")
    return FeedStanding(feed, "unread", None, "Not read yet.")


def _judged(
    warehouse: Warehouse, pilot: Pilot, calendar: Calendar, feed: str, fresh_as_of: date | None
) -> FeedStanding:
    section = pilot.config.pilot
    week = calendar.finished
    if feed == "pulse_responses":
        return _pulse(warehouse, pilot, week)
    if feed == "measurements":
        return _measurements(warehouse, pilot, week, fresh_as_of)
    if feed not in WEEKLY_FEEDS or week == 0:
        return FeedStanding(feed, "read", fresh_as_of, _newest(fresh_as_of))
    monday = section.week_start(week)
    if fresh_as_of is not None and fresh_as_of >= monday:
        return FeedStanding(feed, "fresh", fresh_as_of, _newest(fresh_as_of))
    span = f"week {week} ({monday} to {monday + timedelta(days=6)})"
    return FeedStanding(feed, "late", fresh_as_of, f"{_newest(fresh_as_of)} Nothing from {span}.")


def _pulse(warehouse: Warehouse, pilot: Pilot, finished: int) -> FeedStanding:
    """Judge the pulse by its waves: its rows carry a week and no date."""
    due = max((week for week in pilot.config.kpis.pulse.weeks if week <= finished), default=None)
    newest = None
    if warehouse.exists("feeds.pulse_responses"):
        found = warehouse.query("SELECT max(week_no) AS week FROM feeds.pulse_responses")["week"].iloc[0]
        newest = None if pd.isna(found) else int(found)
    said = "No answer yet." if newest is None else f"Newest answers are of week {newest}."
    if due is None:
        return FeedStanding("pulse_responses", "read", None, said)
    if newest is not None and newest >= due:
        return FeedStanding("pulse_responses", "fresh", None, said)
    return FeedStanding("pulse_responses", "late", None, f"{said} The wave of week {due} is due.")


def _measurements(warehouse: Warehouse, pilot: Pilot, week: int, fresh_as_of: date | None) -> FeedStanding:
    """Late is a metric of a further KPI that has never come; how often it is to come, nobody has said."""
    tables = [name for name in ("feeds.measurements_baseline", "feeds.measurements") if warehouse.exists(name)]
    seen = {str(row) for table in tables for row in warehouse.query(f"SELECT DISTINCT metric FROM {table}")["metric"]}
    waiting = sorted(pilot.config.kpis.metrics - seen)
    if waiting and week:
        said = f"{_newest(fresh_as_of)} No value yet of {', '.join(waiting)}."
        return FeedStanding("measurements", "late", fresh_as_of, said)
    fresh = week > 0 and fresh_as_of is not None and fresh_as_of >= pilot.config.pilot.week_start(week)
    return FeedStanding("measurements", "fresh" if fresh else "read", fresh_as_of, _newest(fresh_as_of))


def _newest(fresh_as_of: date | None) -> str:
    return f"Newest row is of {fresh_as_of}." if fresh_as_of else "It has no dated row."
