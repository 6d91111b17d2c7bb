"""Runs a job of the definitions in this process, with a progress bar; what the jobs are stands in `assets.jobs`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pilot_pipeline.cli.progress import step_bar
from pilot_pipeline.config import Pilot
from pilot_pipeline.operation.interrupts import noticed

if TYPE_CHECKING:
    from dagster import DagsterEvent, DagsterInstance, Definitions

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Outcome:
    """How a job ended: the sentences of the steps that failed, in the order in which they did."""

    run_id: str
    success: bool
    sentences: tuple[str, ...]
    exit_code: int = 0


def run_job(
    pilot: Pilot,
    defs: Definitions,
    instance: DagsterInstance,
    job_name: str,
    title: str,
    *,
    now: datetime,
    weeks: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
) -> Outcome:
    """Run one job to its end.

    Args:
        pilot: whose warehouse stays open meanwhile; opening the file for every asset takes longer than most assets.
        defs: the pilot's definitions.
        instance: an open Dagster instance.
        job_name: a job of the definitions.
        title: what the progress bar says.
        now: the run's instant, naive UTC; every asset sees the same one.
        weeks: partition keys (Mondays) of a contiguous range, for a partitioned job.
        tags: further tags of the run.
    """
    from checks.instant import NOW_TAG
    from checks.turn import BY_TAG, COMMAND
    from pilot_pipeline.warehouse.connection import open_warehouse

    job = defs.resolve_job_def(job_name)
    all_tags = {**(tags or {}), NOW_TAG: now.isoformat(), BY_TAG: COMMAND, "dagster/max_retries": "0"}
    if weeks:
        all_tags |= {"dagster/asset_partition_range_start": weeks[0], "dagster/asset_partition_range_end": weeks[-1]}
    run_id = _run_id(instance, job_name, now)
    with noticed() as stopped:
        with open_warehouse(pilot.home.warehouse), step_bar(instance, run_id, title, len(job.graph.node_dict)):
            result = job.execute_in_process(
                instance=instance, run_id=run_id, raise_on_error=False, tags=all_tags, run_config=_QUIET
            )
        if stopped() and not result.success:
            raise KeyboardInterrupt  # Dagster turns Ctrl-C into a failed step
    failures = [event for event in result.all_events if event.is_step_failure]
    code = max((_exit_code(event) for event in failures), default=0)
    return Outcome(run_id, result.success, _sentences(failures), code)


def _run_id(instance: DagsterInstance, job_name: str, now: datetime) -> str:
    """Name the run by what it is, so that the same inputs, history and instant give the same scorecard."""
    count = instance.get_runs_count()
    while True:
        run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job_name}/{now.isoformat()}/{count}"))
        if not instance.has_run(run_id):
            return run_id
        count += 1


def _sentences(failures: Sequence[DagsterEvent]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentence for event in failures if (sentence := _sentence(event))))


def _exit_code(failure: DagsterEvent) -> int:
    """Return 1 where readiness said no, 2 where something could not be used or went wrong."""
    data: Any = failure.step_failure_data
    if data.error and "DagsterAssetCheckFailedError" in (data.error.cls_name or ""):
        return 1
    told = data.user_failure_data.metadata.get("exit_code") if data.user_failure_data else None
    return int(told.value) if told else 2


def _sentence(event: DagsterEvent) -> str | None:
    """Return what a failed step said; a blocking check has said its own in its result."""
    data: Any = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    if data.error and "DagsterAssetCheckFailedError" in (data.error.cls_name or ""):
        return None
    return f"{event.step_key} failed: {data.error.cls_name if data.error else 'no reason given'}."
