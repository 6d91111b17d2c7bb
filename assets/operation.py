"""What each week was computed from, as an asset: late and corrected rows are found by it, week by week."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.live import live_asset
from assets.stage import Stage
from assets.summaries import row_count
from pilot_pipeline.operation.inputs import WEEK_INPUTS, Changed, left_out, record_inputs
from pilot_pipeline.operation.weeks import spelt

_READ = (
    *("tool_events", "recommendations", "manager_time", "manager_observations", "pulse_responses"),
    *("measurements", "module_assignments", "cohort_members", "departures"),
)


def operation_assets(weeks: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """Return the partitioned asset that keeps what each week was computed from."""

    @live_asset(group="weekly", described=WEEK_INPUTS, deps=_READ, partitions=weeks)
    def week_inputs(stage: Stage) -> dg.MaterializeResult[Any]:
        """Find weeks whose rows came late or were corrected since they were computed."""
        section = stage.pilot.config.pilot
        taken, left = record_inputs(stage.warehouse, section, stage.weeks, stage.now)
        for change in taken:
            stage.say(change.sentence)
        said = left_out(left)
        if said:
            stage.say(said)
        weeks_changed = spelt({change.week for change in taken if change.week})
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": row_count(stage.warehouse, WEEK_INPUTS.table),
                "weeks_changed": weeks_changed or "none",
                "changed": _listed(taken),
                "changed_beyond_the_look_back": _listed(left),
                "what_to_do": dg.MetadataValue.md(said or "Nothing."),
            }
        )

    return [week_inputs]


def _listed(changes: Sequence[Changed]) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md("\n".join(f"* {change.sentence}" for change in changes) or "None.")
