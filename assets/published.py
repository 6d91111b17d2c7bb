"""The release: audited tables, Parquet twins and scorecard, swapped in at once; a blocked run has its own."""

from dataclasses import replace
from typing import Any

import dagster as dg
import pandas as pd

from assets.live import live_asset
from assets.stage import Stage, stage_asset
from assets.summaries import markdown_table
from pilot_pipeline.closeout.releasing import publish_block, publish_pilot
from pilot_pipeline.warehouse.models import load_models
from pilot_pipeline.warehouse.tables import TABLES

RELEASE = TABLES["published.release"]
MARTS = tuple(model for model in load_models().values() if model.layer == "marts")


@live_asset(
    group="published", described=RELEASE, kinds={"duckdb", "parquet"}, deps=[*(m.name for m in MARTS), "scorecard"]
)
def release(stage: Stage) -> dg.MaterializeResult[Any]:
    """Publish everything at once, or nothing where an audit fails."""
    return _shown(stage, publish_pilot(stage.warehouse, stage.pilot, MARTS))


@stage_asset(
    group="published",
    described=replace(RELEASE, description="What is published of a run that readiness stopped: why it was stopped."),
    name="blocked_release",
    kinds={"duckdb", "parquet"},
    deps=["competencies", "consents"],
)
def blocked_release(stage: Stage) -> dg.MaterializeResult[Any]:
    """Publish only the checkpoints and the data quality of a run that readiness stopped; a decided release stays."""
    tables = publish_block(stage.warehouse, stage.pilot, MARTS)
    if tables is None:
        return dg.MaterializeResult(metadata={"note": "Nothing was published: go-live holds, or a verdict stands."})
    return _shown(stage, tables)


def _shown(stage: Stage, tables: pd.DataFrame) -> dg.MaterializeResult[Any]:
    stage.warehouse.write(RELEASE.table, tables[list(RELEASE.types)], columns=RELEASE.types)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": len(tables), "release": markdown_table(tables[["name", "rows"]])}
    )


ASSETS = [release, blocked_release]
