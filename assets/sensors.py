"""The sensors that launch runs: files that arrived, the close-out, a block to publish; telling people is `alerting`."""

from datetime import UTC, datetime, time

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.failures import EVERY_SECONDS, RUNNING, failed_checks, failure_sensor, not_readiness
from assets.requests import CLOCK, FILES_TAG, PILOT_WEEK, clock, closed_out, files_taken, week_request
from checks.instant import NOW_TAG
from checks.turn import BY_TAG, COMMAND, bury
from pilot_pipeline.config import Pilot
from pilot_pipeline.operation.arrivals import Watch, files_state, look
from pilot_pipeline.operation.turns import died
from pilot_pipeline.operation.weeks import finished_weeks


def arriving_feeds(
    week: UnresolvedAssetJobDefinition, before: UnresolvedAssetJobDefinition, pilot: Pilot, now: CLOCK = clock
) -> dg.SensorDefinition:
    """Run again when a file of a feed is new or changed: the finished weeks, or readiness while there is none."""

    @dg.sensor(
        name="arriving_feeds",
        jobs=[week, before],
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=RUNNING if pilot.config.operation.watch_feeds else dg.DefaultSensorStatus.STOPPED,
        description="When a file of a feed is new or changed, and no longer being written: runs the finished weeks "
        "(the last ones, as many as the look-back says), or readiness before week 1 has ended.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        state = files_state(pilot)
        before_now = Watch.from_text(context.cursor)
        watch, due = look(before_now, state)
        context.update_cursor(watch.to_text())
        if not due:
            return dg.SkipReason("Files changed, and are taken up once they stay so." if watch.settling else "No news.")
        if files_taken(context.instance, state):
            return dg.SkipReason("A run has read these files already.")
        instant = now()
        finished = finished_weeks(pilot.config.pilot, instant)
        key = f"files {state}, {watch.launches}"
        if finished:
            return dg.SensorResult([week_request(pilot, context.instance, finished, instant, key)])
        tags = {NOW_TAG: instant.isoformat(), FILES_TAG: state}
        return dg.SensorResult([dg.RunRequest(run_key=key, job_name=before.name, tags=tags)])

    return sensor


def close_out(job: UnresolvedAssetJobDefinition, pilot: Pilot, now: CLOCK = clock) -> dg.SensorDefinition:
    """Launch the run of every week once the last has ended: it ends in the verdict."""

    @dg.sensor(
        name="close_out",
        job=job,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=RUNNING,
        description="Once, from the Monday morning after the last week on: every week of the pilot in one run, which "
        "ends in the verdict. Not where `pilot run` has done so.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        section, instant = pilot.config.pilot, now()
        if instant < _due(pilot):
            return dg.SkipReason(f"The pilot ends on {section.ends_on}.")
        if closed_out(pilot, context.instance):
            return dg.SkipReason("Every week was run since the pilot ended.")
        return week_request(pilot, context.instance, section.weeks, instant, f"close-out {section.ends_on}")

    return sensor


def _due(pilot: Pilot) -> datetime:
    section = pilot.config.pilot
    local = datetime.combine(section.ends_on, time(pilot.config.operation.run_at_hour), section.zone)
    return local.astimezone(UTC).replace(tzinfo=None)


def killed_runs(pilot: Pilot) -> dg.SensorDefinition:
    """Notice a run whose process was killed, which Dagster by itself would count as under way for ever."""

    @dg.sensor(
        name="killed_runs",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=RUNNING,
        description="Marks a run as failed whose process was killed, for example for want of memory; it is then told, "
        "and launched once more.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        killed = died(pilot)
        if killed is None:
            return dg.SkipReason("None.")
        bury(context.instance, killed)
        return dg.SkipReason(f"Process {killed.process} ({killed.what}) was killed.")

    return sensor


def publish_the_block(job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Publish why a week's run was stopped, so that the block is seen where the numbers are read."""

    def publish(context: dg.RunFailureSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        if run.job_name != PILOT_WEEK:
            return dg.SkipReason("Only a weekly run is published as blocked.")
        if run.tags.get(BY_TAG) == COMMAND:
            return dg.SkipReason("`pilot run` publishes its block itself.")
        if not failed_checks(context.instance, run.run_id) and not_readiness(context.get_step_failure_events()):
            return dg.SkipReason("It did not fail on readiness, so there is no block to publish.")
        tags = {NOW_TAG: run.tags[NOW_TAG]} if NOW_TAG in run.tags else {}
        return dg.RunRequest(run_key=run.run_id, tags=tags)

    return failure_sensor(
        publish,
        name="publish_the_block",
        description="After a failed weekly run, publishes its checkpoints and data quality.",
        job=job,
    )
