"""What a schedule or sensor asks for when it launches a run: which weeks, as of when, of which files."""

from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from checks.instant import NOW_TAG
from pilot_pipeline.config import Pilot
from pilot_pipeline.operation.arrivals import files_state
from pilot_pipeline.operation.weeks import weeks_to_run

PILOT_WEEK = "pilot_week"
FILES_TAG = "pilot/files"
CLOCK = Callable[[], datetime]
"""Gives the present instant, naive UTC."""
_LOST = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def clock() -> datetime:
    """Return the present instant, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def week_request(
    pilot: Pilot, instance: dg.DagsterInstance, finished: int, now: datetime, run_key: str
) -> dg.RunRequest:
    """Ask for the weeks that a run covers when so many have finished, all of them in one run."""
    section = pilot.config.pilot
    weeks = weeks_to_run(section, finished, run_weeks(pilot, instance), pilot.config.operation.look_back_weeks)
    return dg.RunRequest(
        run_key=run_key,
        job_name=PILOT_WEEK,
        tags={
            NOW_TAG: now.isoformat(),
            FILES_TAG: files_state(pilot),
            ASSET_PARTITION_RANGE_START_TAG: section.week_start(weeks[0]).isoformat(),
            ASSET_PARTITION_RANGE_END_TAG: section.week_start(weeks[-1]).isoformat(),
        },
    )


def run_weeks(pilot: Pilot, instance: dg.DagsterInstance) -> set[int]:
    """Return the weeks that were run at least once, as Dagster has it: nothing needs to open the warehouse for that."""
    section = pilot.config.pilot
    mondays = {section.week_start(week).isoformat(): week for week in range(1, section.weeks + 1)}
    made = instance.get_materialized_partitions(dg.AssetKey("weekly_kpis"))
    return {mondays[key] for key in made if key in mondays}


def closed_out(pilot: Pilot, instance: dg.DagsterInstance) -> bool:
    """Say whether a run of every week was made, or is under way, since the pilot ended."""
    section = pilot.config.pilot
    tags = {
        ASSET_PARTITION_RANGE_START_TAG: section.starts_on.isoformat(),
        ASSET_PARTITION_RANGE_END_TAG: section.week_start(section.weeks).isoformat(),
    }
    runs = instance.get_runs(filters=dg.RunsFilter(job_name=PILOT_WEEK, tags=tags))
    ended = datetime.combine(section.ends_on, datetime.min.time(), section.zone).astimezone(UTC).replace(tzinfo=None)
    return any(
        run.status not in _LOST and datetime.fromisoformat(run.tags.get(NOW_TAG, "0001-01-01")) >= ended for run in runs
    )


def files_taken(instance: dg.DagsterInstance, state: str) -> bool:
    """Say whether a run was launched for the feeds' files as they are now."""
    return bool(instance.get_runs(filters=dg.RunsFilter(tags={FILES_TAG: state}), limit=1))
