"""What a table says this time, in one sentence for its page in the UI; groups only, never a person."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import dagster as dg

from pilot_pipeline.operation.weeks import spelt
from pilot_pipeline.warehouse.connection import Warehouse

Saying = Callable[[Warehouse, datetime], str]


def sentence_for(
    name: str, warehouse: Warehouse, now: datetime, weeks: tuple[int, ...], told: Mapping[str, Any]
) -> str:
    """Return the asset's sentence: its own where it has one, else what was counted.

    Args:
        name: The asset.
        warehouse: As the asset left it.
        now: The run's instant.
        weeks: The weeks that the run computed.
        told: The metadata that the asset's body returned; a `summary` there is the sentence.
    """
    own = told.get("summary")
    if own is not None:
        return str(getattr(own, "value", own))
    if name in SENTENCES:
        return SENTENCES[name](warehouse, now)
    if "rows_read" in told:
        return f"{told['rows_read']:,} rows were read, {told['rows_quarantined']:,} of them set aside."
    rows = told.get("dagster/row_count")
    count = rows.value if isinstance(rows, dg.IntMetadataValue) else rows
    computed = spelt(weeks)
    return f"{count or 0:,} row{'s' * (count != 1)}" + (f"; {computed} computed in this run." if computed else ".")


def _one(warehouse: Warehouse, sql: str, **values: Any) -> dict[str, Any]:
    rows = warehouse.query(sql, values or None)
    return {} if rows.empty else dict(rows.iloc[0])


def _weekly_kpis(warehouse: Warehouse, now: datetime) -> str:
    last = _one(
        warehouse,
        "SELECT week_no, n, value, target, on_track FROM pilot.weekly_kpis "
        "WHERE kpi = 'adoption' AND arm = 'pilot' AND NOT suppressed AND n > 0 ORDER BY week_no DESC LIMIT 1",
    )
    said = "No week has a figure that may be shown."
    if last:
        track = "on track" if last["on_track"] else "below it"
        said = (
            f"Week {last['week_no']}: {last['value']:.0%} of {last['n']} participants were active, against a target of "
            f"{last['target']:.0%} ({track})."
        )
    restated = warehouse.query(
        "SELECT DISTINCT week_no FROM pilot.weekly_kpis WHERE restated_at = $now ORDER BY week_no", {"now": now}
    )["week_no"]
    weeks = spelt([int(week) for week in restated])
    return f"{said} {f'This run restated {weeks}.' if weeks else 'This run restated nothing.'}"


def _scorecard(warehouse: Warehouse, _now: datetime) -> str:
    row = _one(
        warehouse,
        "SELECT count(*) FILTER (WHERE evidence = 'met') AS met, count(*) AS n, any_value(label) AS label "
        "FROM pilot.kpi_scorecard",
    )
    return f"{row['met']} of {row['n']} KPIs are met; the result is {row['label']}." if row.get("n") else "No KPI yet."


def _decision(warehouse: Warehouse, _now: datetime) -> str:
    row = _one(warehouse, "SELECT decision, label, decided_on FROM pilot.decision")
    if not row:
        return "No verdict yet: the pilot's last week has not ended."
    decision = str(row["decision"]).replace("_", "-").capitalize()
    return f"{decision} ({row['label']}), decided on {row['decided_on']:%Y-%m-%d}."


def _checkpoints(warehouse: Warehouse, _now: datetime) -> str:
    row = _one(
        warehouse,
        "SELECT count(*) AS n, count(*) FILTER (WHERE NOT passed AND severity = 'error') AS failed, "
        "count(*) FILTER (WHERE NOT passed AND severity <> 'error') AS warned FROM pilot.checkpoints",
    )
    return f"{row['n']} checks: {row['failed']} failed and block, {row['warned']} warn."


def _data_quality(warehouse: Warehouse, _now: datetime) -> str:
    row = _one(
        warehouse,
        "SELECT count(*) AS feeds, coalesce(sum(rows_read), 0)::BIGINT AS n, "
        "coalesce(sum(rows_quarantined), 0)::BIGINT AS bad, coalesce(sum(late_rows), 0)::BIGINT AS late "
        "FROM pilot.data_quality",
    )
    return f"{row['feeds']} feeds with {row['n']:,} rows: {row['bad']:,} set aside, {row['late']:,} came late."


def _bias_audit(warehouse: Warehouse, _now: datetime) -> str:
    found = warehouse.query(
        "SELECT audit, string_agg(DISTINCT attribute, ', ' ORDER BY attribute) AS attributes FROM pilot.bias_audit "
        "WHERE verdict = 'bias_found' GROUP BY audit ORDER BY audit"
    )
    if found.empty:
        return "Neither audit found bias; each group's verdict says whether it could have."
    parts = [f"the {audit} audit found it by {names}" for audit, names in found.itertuples(index=False)]
    return f"Bias: {'; '.join(parts)}."


def _roi(warehouse: Warehouse, _now: datetime) -> str:
    row = _one(warehouse, "SELECT estimable, p10, p50, p90 FROM pilot.roi WHERE lever = 'total'")
    if not row or not row["estimable"]:
        return "The total value cannot be estimated; each lever says why."
    return f"In total {row['p50']:,.0f} is likely, between {row['p10']:,.0f} (the headline) and {row['p90']:,.0f}."


SENTENCES: Mapping[str, Saying] = MappingProxyType(
    {
        "weekly_kpis": _weekly_kpis,
        "kpi_scorecard": _scorecard,
        "decision": _decision,
        "checkpoints": _checkpoints,
        "data_quality": _data_quality,
        "bias_audit": _bias_audit,
        "roi": _roi,
    }
)
"""By asset; every other one says how many rows it has."""
