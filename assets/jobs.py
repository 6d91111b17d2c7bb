"""The jobs, the weekly schedule and the sensor that publishes a block; what they run is in the other files."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

# Dagster hands this type out and does not export it.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

DESIGN = "design"
READINESS = "readiness"
PILOT_WEEK = "pilot_week"
PUBLISH_BLOCK = "publish_block"
# The asset that the job runs; Dagster refuses a job and an asset of the same name.
BLOCKED_RELEASE = "blocked_release"
DESIGN_ASSETS = (
    "competencies",
    "employees",
    "consents",
    "enrolments",
    "cohort_members",
    "covariate_balance",
    "cohort_profile",
    "detectable_effects",
)


def jobs(every: Sequence[str], calm: Sequence[str]) -> list[UnresolvedAssetJobDefinition]:
    """Return the jobs, from `every` asset and the `calm` ones, which touch no live data."""
    return [
        dg.define_asset_job(
            DESIGN,
            selection=list(DESIGN_ASSETS),
            description="Reads the HRIS feed and the volunteers, and forms the cohort: what `pilot lock` freezes.",
        ),
        dg.define_asset_job(
            READINESS,
            selection=[name for name in calm if name != BLOCKED_RELEASE],
            description="Everything that may run before go-live, up to the go-live record: what `pilot check` shows.",
        ),
        dg.define_asset_job(
            PILOT_WEEK,
            selection=[name for name in every if name != BLOCKED_RELEASE],
            description="Everything from feeds to release for one week or a range of weeks, gate included.",
        ),
        dg.define_asset_job(
            PUBLISH_BLOCK,
            selection=[BLOCKED_RELEASE],
            description="Publishes the checkpoints and the data quality of a run that readiness stopped.",
        ),
    ]


def weekly_schedule(job: UnresolvedAssetJobDefinition) -> Any:
    """Run the finished week every Monday at six in the pilot's time zone."""
    return dg.build_schedule_from_partitioned_job(
        job, name="monday_morning", hour_of_day=6, description="Every Monday at 06:00: the week that has just ended."
    )


def publish_the_block(job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Publish why a week's run was stopped, so that the block is seen where the numbers are read."""

    @dg.run_failure_sensor(
        name="publish_the_block",
        request_job=job,
        monitor_all_code_locations=False,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="After a failed weekly run, publishes its checkpoints and data quality.",
    )
    def sensor(context: dg.RunFailureSensorContext) -> dg.RunRequest | dg.SkipReason:
        if context.dagster_run.job_name != PILOT_WEEK:
            return dg.SkipReason("Only a weekly run is published as blocked.")
        return dg.RunRequest(run_key=context.dagster_run.run_id)

    return sensor
