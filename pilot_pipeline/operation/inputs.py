"""What each week was computed from, so that a week whose inputs changed is found; restating rows is `warehouse`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from pilot_pipeline.config.planning import PilotSection
from pilot_pipeline.operation.weeks import spelt
from pilot_pipeline.warehouse.connection import Warehouse
from pilot_pipeline.warehouse.tables import TABLES

WEEK_INPUTS = TABLES["weekly.week_inputs"]

# Not //, which rounds towards zero and would count the six days before the pilot as its first week.
_DAY = "1 + cast(floor(({0} - $starts_on) / 7) AS BIGINT)"
_INSTANT = _DAY.format("cast(({0} AT TIME ZONE 'UTC') AT TIME ZONE $timezone AS DATE)")
_PLACES = {
    "feeds.tool_events": _INSTANT.format("rows.occurred_at"),
    "feeds.recommendations": _INSTANT.format("rows.issued_at"),
    "feeds.manager_time": _DAY.format("rows.week_start"),
    "feeds.manager_observations": _DAY.format("rows.observed_on"),
    "feeds.pulse_responses": "rows.week_no",
    "feeds.measurements": _DAY.format("rows.measured_on"),
    "feeds.module_assignments": _DAY.format("rows.assigned_on"),
    "weekly.departures": _INSTANT.format("rows.left_at"),
}
"""Table to the week of a row; rows from before the pilot count as week 0, the baseline of every week."""


@dataclass(frozen=True)
class Changed:
    """One input of one week that is not what the week was computed from; `rows` now, `before` then."""

    week: int
    feed: str
    before: int
    rows: int

    @property
    def sentence(self) -> str:
        """Week, feed and by how many rows."""
        gap = self.rows - self.before
        how = f"{abs(gap)} row{'s' * (abs(gap) != 1)} {'more' if gap > 0 else 'fewer'}" if gap else "other values"
        return f"{f'Week {self.week}' if self.week else 'Baseline'}: {self.feed} has {how}."


def read_inputs(warehouse: Warehouse, section: PilotSection) -> pd.DataFrame:
    """Return week_no, feed, rows and digest: what the cohort's rows of each feed are now, by local week.

    The digest is of the rows' values, whatever their order, and of nothing else: it changes when a row comes, goes or
    is corrected. A week without a row of a feed has no line.
    """
    parts = [_prints(table, week) for table, week in _PLACES.items() if warehouse.exists(table)]
    columns = ["week_no", "feed", "rows", "digest"]
    if not parts:
        return pd.DataFrame(columns=columns)
    values = {"starts_on": section.starts_on, "timezone": section.timezone, "weeks": section.weeks}
    sql = f"SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE week_no <= $weeks ORDER BY week_no, feed"
    used = {name: value for name, value in values.items() if f"${name}" in sql}
    return warehouse.query(sql, used)[columns]


def changed_inputs(before: pd.DataFrame, now: pd.DataFrame) -> tuple[Changed, ...]:
    """Return the inputs that differ, of the weeks that were recorded before, by week and feed."""
    recorded = set(before["week_no"])
    both = before.merge(now, on=["week_no", "feed"], how="outer", suffixes=("_before", ""))
    both = both[both["week_no"].isin(recorded) & (both["digest_before"].fillna("") != both["digest"].fillna(""))]
    both = both.sort_values(["week_no", "feed"]).fillna({"rows_before": 0, "rows": 0})
    columns = (both["week_no"].tolist(), both["feed"].tolist(), both["rows_before"].tolist(), both["rows"].tolist())
    return tuple(Changed(int(w), str(f), int(old), int(new)) for w, f, old, new in zip(*columns, strict=True))


def record_inputs(
    warehouse: Warehouse, section: PilotSection, weeks: Sequence[int], now: datetime
) -> tuple[tuple[Changed, ...], tuple[Changed, ...]]:
    """Keep what the given weeks, and the baseline, are computed from; `changed_at` is when that last changed.

    Returns:
        What changed in these weeks, and what changed in weeks that are not computed again now.
    """
    inputs = read_inputs(warehouse, section)
    stored = warehouse.read(WEEK_INPUTS.table) if warehouse.exists(WEEK_INPUTS.table) else None
    changes = () if stored is None else changed_inputs(stored[[*inputs.columns]], inputs)
    computed = {0, *weeks}
    taken = tuple(change for change in changes if change.week in computed)
    when = {(change.week, change.feed): now for change in taken}
    kept = (
        {}
        if stored is None
        else dict(zip(zip(stored["week_no"], stored["feed"], strict=True), stored["changed_at"], strict=True))
    )
    for week in sorted(computed):
        rows = inputs[inputs["week_no"] == week]
        stamps = [when.get(key, kept.get(key)) for key in zip(rows["week_no"], rows["feed"], strict=True)]
        stamped = rows.assign(changed_at=pd.Series(stamps, index=rows.index, dtype="datetime64[us]"))
        warehouse.write(WEEK_INPUTS.table, stamped, week, columns=WEEK_INPUTS.types)
    return taken, tuple(change for change in changes if change.week not in computed)


def left_out(changes: Sequence[Changed]) -> str | None:
    """Return what to do about weeks that changed and were not computed again; None where there are none."""
    weeks = spelt([change.week for change in changes])
    if not weeks:
        return None
    return (
        f"Feeds changed after {weeks} had been computed, beyond operation.look_back_weeks. The close-out takes every "
        "week in; `pilot run`, or launching these partitions of pilot_week, does so now."
    )


def _prints(table: str, week: str) -> str:
    name = table.partition(".")[2]
    return (
        f"SELECT greatest({week}, 0)::BIGINT AS week_no, '{name}' AS feed, count(*) AS rows, "
        # An exclusive or does not ask for an order; md5 is the same in every version of DuckDB.
        "printf('%016x', bit_xor(md5_number_lower(CAST(rows AS VARCHAR)))) AS digest "
        f"FROM {table} AS rows SEMI JOIN cohort.cohort_members USING (employee_id) GROUP BY ALL"
    )
