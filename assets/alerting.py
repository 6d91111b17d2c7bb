"""The sensors that tell people of a failed run or checkpoint and of a late feed; wording is `operation.alerts`."""

import json
from collections.abc import Sequence

import dagster as dg

from assets.failures import EVERY_SECONDS, RUNNING, failed_checks, failure_sensor, is_check, sentence_of
from assets.requests import CLOCK, run_weeks
from pilot_pipeline.closeout.standing import standing_of
from pilot_pipeline.config import Pilot
from pilot_pipeline.operation.alerts import Alert, checkpoint_failed, feeds_late, run_failed
from pilot_pipeline.operation.sending import send, ways

_NOWHERE = "No alert is configured: alerts.webhook and alerts.email in pilot.yaml are unset."


def alert_sensors(pilot: Pilot, now: CLOCK) -> list[dg.SensorDefinition]:
    """Return the sensors; without a webhook and a mail server they do nothing and say so."""
    return [tell_failures(pilot), tell_late_feeds(pilot, now)]


def tell_failures(pilot: Pilot) -> dg.SensorDefinition:
    """Tell of a failed run, or of the checkpoint that stopped it: one alert per run."""

    def tell(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if not ways(pilot.config.alerts):
            return dg.SkipReason(_NOWHERE)
        send(_alert(pilot, context), pilot.config.alerts)
        return None

    return failure_sensor(
        tell,
        name="tell_failures",
        description="Sends one alert per failed run: which checkpoint does not hold, or which step failed and why.",
    )


def _alert(pilot: Pilot, context: dg.RunFailureSensorContext) -> Alert:
    run = context.dagster_run
    checks = failed_checks(context.instance, run.run_id)
    failures = context.get_step_failure_events()
    stopped = {name for name, _ in checks}
    others = [event for event in failures if not is_check(event)]
    if stopped and not others:
        return checkpoint_failed(pilot, run.run_id, checks)
    return run_failed(pilot, run.job_name, run.run_id, [sentence_of(event) for event in others])


def tell_late_feeds(pilot: Pilot, now: CLOCK) -> dg.SensorDefinition:
    """Tell of feeds that have no row of a week that was run: one alert per feed and week."""

    @dg.sensor(
        name="tell_late_feeds",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=RUNNING,
        description="After a week was run, sends an alert about weekly feeds that have no row of it, once per feed "
        "and week.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not ways(pilot.config.alerts):
            return dg.SkipReason(_NOWHERE)
        standing = standing_of(pilot, now())
        if standing.unread:
            return dg.SkipReason(standing.unread)
        week = standing.calendar.finished
        if week not in run_weeks(pilot, context.instance):
            return dg.SkipReason(f"Week {week} was not run yet." if week else "No week has ended yet.")
        told: Sequence[str] = json.loads(context.cursor) if context.cursor else []
        late = [feed for feed in standing.late_feeds if f"{feed.feed} {week}" not in told]
        if late:
            send(feeds_late(pilot, late), pilot.config.alerts)
            context.update_cursor(json.dumps([*told, *(f"{feed.feed} {week}" for feed in late)]))
        return dg.SkipReason(f"Told of {', '.join(feed.feed for feed in late)}." if late else "No feed is newly late.")

    return sensor
