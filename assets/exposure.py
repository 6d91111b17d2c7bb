"""Exposure as assets: what went otherwise than designed, and the effects without it; neither decides anything."""

from typing import Any

import dagster as dg

from assets.live import live_asset
from assets.stage import Stage
from assets.summaries import markdown_table, sentences
from pilot_pipeline.closeout.exposure import incidents
from pilot_pipeline.closeout.exposure_reading import read_exposure
from pilot_pipeline.closeout.judging import stored_results
from pilot_pipeline.closeout.per_protocol import per_protocol as analyse
from pilot_pipeline.kpis.reading import read_kpi_inputs
from pilot_pipeline.warehouse.tables import TABLES

INCIDENTS = TABLES["closeout.exposure"]
PROTOCOL = TABLES["closeout.per_protocol"]
_DEPS = ["activity_weeks", "prep_outcomes", "departures", "employees", "enablement_sessions", "cohort_members"]


@live_asset(group="closeout", described=INCIDENTS, deps=_DEPS)
def exposure(stage: Stage) -> dg.MaterializeResult[Any]:
    """Count who used the tool without being meant to, moved, left, or shares a trained manager."""
    found = incidents(read_exposure(stage.warehouse, stage.pilot))
    stage.warehouse.write(INCIDENTS.table, found, columns=INCIDENTS.types)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": len(found), "incidents": sentences(tuple(found["sentence"]))}
    )


@live_asset(group="closeout", described=PROTOCOL, deps=["kpi_results", "exposure"])
def per_protocol(stage: Stage) -> dg.MaterializeResult[Any]:
    """Score the effects once more among pairs in which everything went as designed."""
    warehouse, pilot = stage.warehouse, stage.pilot
    both = analyse(read_kpi_inputs(warehouse), read_exposure(warehouse, pilot), stored_results(warehouse), pilot.config)
    warehouse.write(PROTOCOL.table, both, columns=PROTOCOL.types)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(both), "analyses": markdown_table(both)})


ASSETS = [exposure, per_protocol]
