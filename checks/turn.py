"""The turn as a resource: a run of the daemon or the UI waits until no other process runs this pilot."""

from collections.abc import Iterator

import dagster as dg

from pilot_pipeline.config import Pilot
from pilot_pipeline.operation.turns import Holder, turn

TURN = "turn"
BY_TAG = "pilot/by"
COMMAND = "command"
"""On runs that a command runs in its own process."""
_UNDER_WAY = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]


def turn_resource(pilot: Pilot) -> dg.ResourceDefinition:
    """Return the resource that holds the turn from a run's first step to its last; every asset and check needs it."""

    @dg.resource(description="Waits until no other process runs this pilot.")
    def resource(context: dg.InitResourceContext) -> Iterator[None]:
        run = context.run
        what = run.job_name if run else "a step"
        say = context.log.info if context.log else print
        with turn(pilot, what, run.run_id if run else None, say=say) as died:
            if died and context.instance:
                bury(context.instance, died)
            yield None

    return resource


def bury(instance: dg.DagsterInstance, died: Holder) -> None:
    """Mark runs as failed whose process was killed, and give back what they held, so that nothing waits for them.

    Call it before a run of one's own is made: a command names no run, so every unfinished run of a command is meant.
    """
    meant = dg.RunsFilter(run_ids=[died.run_id]) if died.run_id else dg.RunsFilter(tags={BY_TAG: COMMAND})
    _fail(instance, meant, f"Its process ({died.process}) was killed; its tables stay as they are.")


def bury_all(instance: dg.DagsterInstance) -> None:
    """Mark every run as failed that counts as under way; only while nothing can be running, as after a power cut."""
    _fail(instance, dg.RunsFilter(), "Its process was killed; its tables stay as they are.")


def _fail(instance: dg.DagsterInstance, meant: dg.RunsFilter, why: str) -> None:
    for run in instance.get_runs(filters=meant):
        if run.status in _UNDER_WAY:
            instance.report_run_failed(run, why)
            if instance.event_log_storage.supports_global_concurrency_limits:
                instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
