"""Makes one asset of each SQL model; what a model says stands in `dbt_like_sql/`, what it means in its `.yml`."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import dagster as dg

from assets.live import live_asset
from assets.stage import Body, Stage, stage_asset
from assets.summaries import row_count, table_preview
from pilot_pipeline.config import PilotConfig
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.storing import feed_table
from pilot_pipeline.warehouse.lineage import TableTypes, column_lineage, lineage_markdown
from pilot_pipeline.warehouse.models import Model, load_models, run_model
from pilot_pipeline.warehouse.tables import TABLES, Table

# Tables that several assets write together, or that belong to an asset of another name.
_WRITERS: Mapping[str, tuple[str, ...]] = {
    "feeds.feed_reads": tuple(CANON),
    "readiness.checks": ("golive",),
}
Made = Mapping[str, bool]
"""Asset key to whether it is live."""


def model_assets(
    models: Iterable[Model], live: Made, partitions: dg.PartitionsDefinition[str], summaries: Mapping[str, Any]
) -> list[dg.AssetsDefinition]:
    """Return one asset per model, live wherever something upstream is.

    `live` names every Python asset; `summaries` gives a mart's own metadata by name.
    """
    pending = {model.name: model for model in models}
    known = dict(live)
    made: list[dg.AssetsDefinition] = []
    while pending:
        ready = [m for m in pending.values() if all(dep in known or dep not in pending for dep in _upstream(m))]
        if not ready:
            raise ValueError(f"These SQL models depend on one another in a circle: {', '.join(sorted(pending))}.")
        for model in ready:
            deps = _upstream(model)
            known[model.name] = any(known.get(dep, False) for dep in deps)
            factory: Callable[..., Callable[[Body], dg.AssetsDefinition]] = (
                live_asset if known[model.name] else stage_asset
            )
            made.append(
                factory(
                    group=model.group,
                    described=model,
                    deps=deps,
                    kinds={"sql", "duckdb"},
                    partitions=partitions if model.partitioned else None,
                    about=_about(model),
                    shown={"query": dg.MetadataValue.md(f"```sql\n{model.sql.strip()}\n```")},
                )(_body(model, summaries.get(model.name)))
            )
            del pending[model.name]
    return made


def _upstream(model: Model) -> list[str]:
    names = [name for table in model.depends_on for name in _WRITERS.get(table, (table.split(".")[-1],))]
    return list(dict.fromkeys(names))


def _body(model: Model, summary: Callable[[Stage], dict[str, Any]] | None) -> Body:
    def body(stage: Stage) -> dg.MaterializeResult[Any]:
        for week in stage.weeks or (None,):
            run_model(stage.warehouse, model, week=week, params=parameters(stage.pilot.config), now=stage.now)
        table = f"{model.schema}.{model.name}"
        metadata: dict[str, Any] = {"dagster/row_count": row_count(stage.warehouse, table)}
        metadata["column_lineage"] = dg.MetadataValue.md(_lineage(model))
        if model.layer == "marts":
            metadata["rows"] = table_preview(stage.warehouse, table, model.grain)
        return dg.MaterializeResult(metadata={**metadata, **(summary(stage) if summary else {})})

    body.__name__ = model.name
    return body


def _about(model: Model) -> str:
    """Say what one row is, whether it is published, and what it is read from."""
    rows = f"One row per {', '.join(f'`{name}`' for name in model.grain)}." if model.grain else "At most one row."
    kind = "Published under the same name." if model.layer == "marts" else "Not published."
    reads = ", ".join(f"`{table}`" for table in model.depends_on)
    return f"{rows} {kind} Reads {reads}."


@cache
def _lineage(model: Model) -> str:
    return lineage_markdown(column_lineage(model, _table_types()))


@cache
def _table_types() -> TableTypes:
    """Columns of every table that a model may read."""
    feeds = (feed_table(feed) for feed in CANON.values())
    known: list[Table | Model] = [*TABLES.values(), *feeds, *load_models().values()]
    return {table.table: table.types for table in known}


def parameters(config: PilotConfig) -> dict[str, Any]:
    """Return what the models may bind, by name; `$week` is bound by the run."""
    further = config.kpis.further
    told = [kpi.definition for kpi in further]
    return {
        "starts_on": config.pilot.starts_on,
        "closes_on": config.pilot.ends_on,
        "timezone": config.pilot.timezone,
        "active_event_types": list(config.kpis.adoption.active_event_types),
        "pulse_weeks": list(config.kpis.pulse.weeks),
        "kpis": list(config.kpis.catalogue),
        "further_kpis": [kpi.name for kpi in told],
        "further_metrics": [kpi.metric for kpi in told],
        "further_from_weeks": [kpi.from_week for kpi in further],
        "further_signs": [kpi.sign for kpi in told],
        "further_reached": [kpi.reached for kpi in told],
    }
