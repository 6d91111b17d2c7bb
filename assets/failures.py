"""Failed runs: the sensor that looks for them, which checks did not hold, what the failed steps said."""

from collections.abc import Callable, Iterable

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.tags import WILL_RETRY_TAG

from assets.stage import EXIT_CODE

RUNNING = dg.DefaultSensorStatus.RUNNING
EVERY_SECONDS = 30
Answer = dg.RunRequest | dg.SkipReason | None


def failure_sensor(
    body: Callable[[dg.RunFailureSensorContext], Answer],
    *,
    name: str,
    description: str,
    job: UnresolvedAssetJobDefinition | None = None,
) -> dg.SensorDefinition:
    """Return a sensor on runs that failed for good: one that Dagster launches once more does not count."""

    @dg.run_failure_sensor(
        name=name,
        description=description,
        request_job=job,
        monitor_all_code_locations=False,
        default_status=RUNNING,
        minimum_interval_seconds=EVERY_SECONDS,
    )
    def sensor(context: dg.RunFailureSensorContext) -> Answer:
        if launched_again(context):
            return dg.SkipReason("It was stopped from outside and is launched once more; that one counts.")
        return body(context)

    return sensor


def failed_checks(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str]]:
    """Return name and finding of the blocking checks that did not hold in a run."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    found = [record.event_log_entry.asset_check_evaluation for record in records]
    return [(one.check_name, one.description or "") for one in found if one and not one.passed and one.blocking]


def is_check(event: dg.DagsterEvent) -> bool:
    """Say whether a step failed because a blocking check did not hold."""
    error = event.step_failure_data.error
    return bool(error and "DagsterAssetCheckFailedError" in (error.cls_name or ""))


def sentence_of(event: dg.DagsterEvent) -> str:
    """Return what a failed step said in words of ours; an exception's own message may quote a cell."""
    told = event.step_failure_data.user_failure_data
    if told and told.description:
        return f"{event.step_key}: {told.description}"
    error = event.step_failure_data.error
    cause = error.cause or error if error else None  # Dagster wraps what the step raised
    return f"{event.step_key} stopped with a {cause.cls_name if cause else 'fault'}."


def not_readiness(events: Iterable[dg.DagsterEvent]) -> bool:
    """Say whether a step failed for another reason than readiness: bad input, or a fault."""
    return any(_exit_code(event) != 1 for event in events if not is_check(event))


def _exit_code(event: dg.DagsterEvent) -> int:
    told = event.step_failure_data.user_failure_data
    value = told.metadata.get(EXIT_CODE) if told and told.metadata else None
    return int(value.value) if isinstance(value, dg.IntMetadataValue) and value.value is not None else 2


def launched_again(context: dg.RunFailureSensorContext) -> bool:
    """Say whether Dagster launches a failed run once more, because its process was ended from outside."""
    run = context.instance.get_run_by_id(context.dagster_run.run_id)
    return run is not None and run.tags.get(WILL_RETRY_TAG) == "true"
