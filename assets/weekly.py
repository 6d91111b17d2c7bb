"""The weekly assets that Python computes: intervals and signals; counts and sums are SQL."""

from typing import Any

import dagster as dg

from assets.live import live_asset
from assets.stage import Stage
from assets.summaries import picture, row_count
from pilot_pipeline.charts.plots import weekly_curves
from pilot_pipeline.kpis.weekly import add_intervals
from pilot_pipeline.privacy.suppression import suppress_hierarchy
from pilot_pipeline.warehouse.tables import TABLES

INTERVALS = TABLES["weekly.kpi_intervals"]
SIGNALS = TABLES["weekly.unit_signals"]


def weekly_assets(weeks: dg.PartitionsDefinition[str]) -> list[dg.AssetsDefinition]:
    """Return the partitioned Python assets."""

    @live_asset(group="weekly", described=INTERVALS, deps=["kpi_weeks"], partitions=weeks)
    def kpi_intervals(stage: Stage) -> dg.MaterializeResult[Any]:
        """Put the 90 % intervals on the week's sums."""
        for week in stage.weeks:
            rows = add_intervals(stage.warehouse.read("weekly.kpi_weeks", week), stage.pilot.config)
            stage.warehouse.write(INTERVALS.table, rows, week, columns=INTERVALS.types)
        return dg.MaterializeResult(metadata={"dagster/row_count": row_count(stage.warehouse, INTERVALS.table)})

    @live_asset(group="weekly", described=SIGNALS, deps=["unit_weeks"], partitions=weeks)
    def unit_signals(stage: Stage) -> dg.MaterializeResult[Any]:
        """Suppress every unit that is too small, or that would reveal one that is."""
        minimum = stage.pilot.config.privacy.min_group_size
        for week in stage.weeks:
            units = stage.warehouse.read("weekly.unit_weeks", week)
            units["adoption"] = units["active"] / units["n"]
            units["module_completion"] = units["completed"] / units["assigned"].where(units["assigned"] > 0)
            rows = suppress_hierarchy(units, minimum, ("adoption", "module_completion"))[list(SIGNALS.types)]
            stage.warehouse.write(SIGNALS.table, rows, week, columns=SIGNALS.types)
        return dg.MaterializeResult(metadata={"dagster/row_count": row_count(stage.warehouse, SIGNALS.table)})

    return [kpi_intervals, unit_signals]


def _curves(stage: Stage) -> dict[str, Any]:
    weekly = stage.warehouse.read("pilot.weekly_kpis")
    return {"curves": picture(*weekly_curves(weekly, stage.pilot.config.kpis.catalogue))}


SUMMARIES = {"weekly_kpis": _curves}
