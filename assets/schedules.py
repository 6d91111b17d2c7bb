"""The weekly schedule: every Monday morning of the pilot, the week that has just ended; what runs is `jobs`."""

from datetime import UTC

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.requests import week_request
from pilot_pipeline.config import Pilot
from pilot_pipeline.operation.weeks import finished_weeks


def weekly_schedule(job: UnresolvedAssetJobDefinition, pilot: Pilot) -> dg.ScheduleDefinition:
    """Run the finished week, with the look-back, every Monday of the pilot; the last one is the close-out's."""
    hour = pilot.config.operation.run_at_hour

    @dg.schedule(
        name="monday_morning",
        job=job,
        cron_schedule=f"0 {hour} * * 1",
        execution_timezone=pilot.config.pilot.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Every Monday of the pilot at {hour:02}:00: the week that has just ended, the weeks of the "
        "look-back before it, and every week that was never run. After the last week `close_out` takes over.",
    )
    def monday_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        section = pilot.config.pilot
        now = context.scheduled_execution_time.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        finished = finished_weeks(section, now)
        if finished == 0:
            return dg.SkipReason(f"Week 1 ends on {section.week_start(2)}.")
        if finished == section.weeks:
            return dg.SkipReason(f"The pilot ended on {section.ends_on}; close_out runs its last week.")
        return week_request(pilot, context.instance, finished, now, f"week {finished}")

    return monday_morning
