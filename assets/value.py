"""What the pilot is worth in money; estimating it is `pilot_pipeline.value`."""

from typing import Any

import dagster as dg

from assets.live import live_asset
from assets.stage import Stage
from assets.summaries import markdown_table, picture
from pilot_pipeline.charts.plots import roi_bars
from pilot_pipeline.kpis.reading import read_kpi_inputs
from pilot_pipeline.value import estimate_value, levers_frame
from pilot_pipeline.value.reading import read_value_inputs
from pilot_pipeline.warehouse.tables import TABLES

LEVERS = TABLES["value.levers"]


@live_asset(
    group="value",
    described=LEVERS,
    deps=["kpi_weeks", "behaviour_weeks", "prep_outcomes", "activity_weeks", "cohort_members"],
)
def levers(stage: Stage) -> dg.MaterializeResult[Any]:
    """Price manager time, attrition and performance, each with an interval or the reason why not."""
    config = stage.pilot.config
    inputs = read_value_inputs(stage.warehouse, read_kpi_inputs(stage.warehouse), config)
    frame = levers_frame(estimate_value(inputs, config.roi, config.cohort.seed))
    stage.warehouse.write(LEVERS.table, frame, columns=LEVERS.types)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "levers": markdown_table(frame),
            "plot": picture(roi_bars(frame)),
        }
    )


ASSETS = [levers]
