"""The asset check on late rows that no run has taken up; which rows are late is `pilot_pipeline.operation.inputs`."""

import dagster as dg

from checks.advice import ADVICE, LATE_ROWS
from checks.turn import TURN
from pilot_pipeline.config import Pilot
from pilot_pipeline.operation.inputs import WEEK_INPUTS, changed_inputs, left_out, read_inputs
from pilot_pipeline.warehouse.connection import open_warehouse


def lateness_check() -> dg.AssetChecksDefinition:
    """Return the check, a warning: it stops nothing, because the weeks in question are published as they were."""

    @dg.asset_check(
        asset=WEEK_INPUTS.name,
        name=LATE_ROWS,
        description=ADVICE[LATE_ROWS].description,
        required_resource_keys={"pilot", TURN},
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        pilot: Pilot = context.resources.pilot
        with open_warehouse(pilot.home.warehouse) as warehouse:
            inputs = read_inputs(warehouse, pilot.config.pilot)
            changes = changed_inputs(warehouse.read(WEEK_INPUTS.table)[[*inputs.columns]], inputs)
        said = left_out(changes)
        return dg.AssetCheckResult(
            passed=said is None,
            severity=dg.AssetCheckSeverity.WARN,
            description=said or "Every week was computed from its feeds as they are now.",
            metadata={
                "inputs_checked": len(inputs),
                "inputs_changed": len(changes),
                "changed": dg.MetadataValue.md("\n".join(f"* {change.sentence}" for change in changes) or "None."),
                "what_to_do": dg.MetadataValue.md(ADVICE[LATE_ROWS].remedy),
            },
        )

    return check
