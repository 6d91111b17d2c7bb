"""Puts what was taken in into the warehouse and beside it; reading and judging rows is `intake`."""

from __future__ import annotations

from datetime import date

import pandas as pd

from pilot_pipeline.config import Home
from pilot_pipeline.feeds.canon import SQL_TYPES, Feed
from pilot_pipeline.feeds.intake import Intake, write_quarantine
from pilot_pipeline.privacy.pseudonyms import update_identities
from pilot_pipeline.warehouse.connection import Warehouse
from pilot_pipeline.warehouse.tables import TABLES, Table, TableColumn, no_rows

QUARANTINE = TABLES["feeds.quarantine"]
FEED_READS = TABLES["feeds.feed_reads"]
SOURCE_FILES = TABLES["feeds.source_files"]
_WEEKLY_DATES = ("occurred_at", "issued_at", "week_start", "measured_on")


def feed_table(feed: Feed, name: str | None = None) -> Table:
    """Return the warehouse table of a feed; `employees` also carries the rank of the original id."""
    columns = [TableColumn(c.name, SQL_TYPES[c.type], c.description) for c in feed.columns]
    if feed.name == "employees":
        columns.append(TableColumn("id_rank", "BIGINT", "Rank of the original id, which breaks ties in matching."))
    return Table("feeds", name or feed.name, f"One row is {feed.grain}.", tuple(columns))


def store_intake(
    warehouse: Warehouse, home: Home, feed: Feed, intake: Intake, table: Table, published: date | None
) -> None:
    """Replace a feed's rows, its quarantine and its read record in one transaction; then the files beside it.

    `published` is the end (exclusive) of the last published week: rows dated before it that were not there at the
    previous reading are late. A baseline reading never takes the place of what the whole feed left on record.
    """
    update_identities(home.identities, intake.identities)
    if table.name != feed.name and warehouse.exists(f"feeds.{feed.name}"):
        warehouse.write(table.table, intake.frame, columns=table.types)
        return
    late = _late_rows(warehouse, feed, intake.frame, table, published)
    read = intake.read
    record = pd.DataFrame(
        {
            "feed": [feed.name],
            "rows_read": [read.rows_read],
            "rows_accepted": [read.rows_accepted],
            "rows_quarantined": [read.rows_quarantined],
            "reasons": [read.reasons],
            "late_rows": [late],
            "fresh_as_of": pd.to_datetime(pd.Series([read.fresh_as_of])),
            "gaps": ["\n".join(intake.gaps)],
        }
    )
    with warehouse.transaction():
        warehouse.write(table.table, intake.frame, columns=table.types)
        _replace_feed(warehouse, FEED_READS, feed.name, record)
        _replace_feed(warehouse, QUARANTINE, feed.name, intake.quarantine)
        _replace_feed(warehouse, SOURCE_FILES, feed.name, intake.sources.assign(feed=feed.name))
    write_quarantine(home.quarantine, intake)


def store_absence(warehouse: Warehouse, feed: Feed, table: Table) -> None:
    """Leave an empty table for a feed that is not configured, and forget an earlier reading of it."""
    with warehouse.transaction():
        warehouse.write(table.table, no_rows(table), columns=table.types)
        for shared in (FEED_READS, QUARANTINE, SOURCE_FILES):
            _replace_feed(warehouse, shared, feed.name, None)


def _replace_feed(warehouse: Warehouse, table: Table, feed: str, rows: pd.DataFrame | None) -> None:
    """Replace one feed's rows in a table that all feeds share."""
    parts = [] if rows is None or rows.empty else [rows[list(table.types)]]
    if warehouse.exists(table.table):
        earlier = warehouse.read(table.table)
        parts.append(earlier.loc[earlier["feed"] != feed])
    kept = [part for part in parts if len(part)]
    together = pd.concat(kept, ignore_index=True) if kept else no_rows(table)
    order = [name for name in ("feed", "path", "file", "row", "column_name") if name in together]
    warehouse.write(table.table, together.sort_values(order, ignore_index=True), columns=table.types)


def _late_rows(warehouse: Warehouse, feed: Feed, frame: pd.DataFrame, table: Table, published: date | None) -> int:
    dated = next((c.name for c in feed.columns if c.name in _WEEKLY_DATES), None)
    if published is None or dated is None or not warehouse.exists(table.table):
        return 0
    known = warehouse.query(f"SELECT {', '.join(feed.key)} FROM {table.table}")
    if known.empty:
        return 0
    old = frame.loc[frame[dated] < pd.Timestamp(published), list(feed.key)]
    merged = old.merge(known, on=list(feed.key), how="left", indicator=True)
    return int((merged["_merge"] == "left_only").sum())
