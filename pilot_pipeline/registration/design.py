"""The design that holds now: the judged snapshot, the workforce that follows from it, and the lock if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from pilot_pipeline.cohort.workforce import build_workforce, choose_snapshot
from pilot_pipeline.config import Pilot
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.registration.lock import Lock, read_lock
from pilot_pipeline.warehouse.connection import Warehouse


@dataclass(frozen=True)
class Design:
    """The judged snapshot and the state of the lock; `broken` says why a lock that is there does not count."""

    snapshot: date
    workforce: pd.DataFrame
    lock: Lock | None
    broken: str | None


def lock_state(pilot: Pilot) -> tuple[Lock | None, str | None]:
    """Return the lock, and a sentence where the file is there but broken."""
    try:
        return read_lock(pilot.home.lock_file), None
    except BadInput as broken:
        return None, str(broken)


def refuse_seen_outcomes(warehouse: Warehouse, pilot: Pilot) -> None:
    """Refuse a lock that would come after the outcomes: whoever has seen them no longer fixes anything in advance.

    Raises:
        BadInput: live rows have been read in this pilot's directory.
    """
    if not warehouse.exists("feeds.feed_reads"):
        return
    reads = warehouse.query("SELECT feed, fresh_as_of FROM feeds.feed_reads WHERE rows_accepted > 0")
    starts = pd.Timestamp(pilot.config.pilot.starts_on)
    live = {name for name, feed in CANON.items() if feed.live or feed.live_from}
    seen = sorted(reads.loc[reads["feed"].isin(live) & (pd.to_datetime(reads["fresh_as_of"]) >= starts), "feed"])
    if seen:
        raise BadInput(
            f"Outcomes have been read already ({', '.join(seen)} from {starts.date()} on), so that a lock made now "
            "would fix nothing in advance. Without a lock the pilot can run on; its result stays directional."
        )


def judged_snapshot(employees: pd.DataFrame, pilot: Pilot) -> date:
    """Return `as_of` of the snapshot that counts: the latest up to the lock, without a lock the earliest.

    Raises:
        BadInput: no snapshot is old enough.
    """
    lock, _ = lock_state(pilot)
    return choose_snapshot(employees, lock.locked_on if lock else None)


def read_design(warehouse: Warehouse, pilot: Pilot) -> Design:
    """Return the design from feeds.employees and the lock.

    Raises:
        BadInput: no snapshot is old enough.
    """
    lock, broken = lock_state(pilot)
    employees = warehouse.read("feeds.employees")
    snapshot = judged_snapshot(employees, pilot)
    return Design(snapshot, build_workforce(employees, pilot.config, snapshot), lock, broken)
