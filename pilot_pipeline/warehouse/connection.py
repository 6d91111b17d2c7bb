"""The working DuckDB file: opening it for one process, reading, and transactional writes; SQL models are `models`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.warehouse.frames import from_arrow, sql_type, to_arrow
from pilot_pipeline.warehouse.restating import RESTATED, stage_restated
from pilot_pipeline.warehouse.storing import (
    VERSIONS_TABLE,
    WEEKS_TABLE,
    Target,
    check_columns,
    check_table_name,
    relation_types,
    store,
    transaction,
)

SCHEMAS = ("feeds", "readiness", "cohort", "weekly", "fairness", "value", "closeout", "published", "pilot")
_INCOMING = "incoming_rows"
_HOLDER = re.compile(r"\(PID (\d+)\)")


@contextmanager
def open_warehouse(path: Path, patience_s: float = 10) -> Iterator[Warehouse]:
    """Open the warehouse for this process alone, making it (0600, its directory 0700) where there is none.

    Timestamps are read and written in UTC; Python variables are never taken for tables. Runs take turns
    (`operation.turns`); `patience_s` is for whoever looks in for a moment, such as `pilot status`.

    Raises:
        BadInput: another process holds the file for longer than that, it is not a DuckDB database, or its place
            cannot be written.
    """
    connection = _connect(path, time.monotonic() + patience_s)
    try:
        path.chmod(0o600)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET python_enable_replacements = false")
        warehouse = Warehouse(connection)
        if not warehouse.exists(VERSIONS_TABLE):
            with transaction(connection):
                _furnish(connection)
        yield warehouse
    finally:
        connection.close()


def _furnish(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas and the bookkeeping of a new warehouse."""
    for schema in (*SCHEMAS, WEEKS_TABLE.split(".")[0]):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    weeks = "table_name VARCHAR NOT NULL, week_no BIGINT NOT NULL, rows BIGINT NOT NULL"
    connection.execute(f"CREATE TABLE IF NOT EXISTS {WEEKS_TABLE} ({weeks})")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {VERSIONS_TABLE} (table_name VARCHAR NOT NULL, version UUID)")


def _connect(path: Path, until: float) -> duckdb.DuckDBPyConnection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        while True:
            try:
                return duckdb.connect(str(path))
            except duckdb.IOException as error:
                if "Could not set lock" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(0.1)
    except OSError as error:
        raise BadInput(f"{path.parent} cannot be used for the warehouse: {error.strerror}.") from None
    except duckdb.IOException as error:
        if "Could not set lock" in str(error):
            holder = _HOLDER.search(str(error))
            process = f"process {holder[1]}" if holder else "another process"
            raise BadInput(
                f"{path} is in use by {process}, and only one may write; let it finish or end it, then run this again."
            ) from None
        raise BadInput(
            f"{path} cannot be opened as a DuckDB database; move it away and run again, "
            "the warehouse is rebuilt from the feeds."
        ) from None


class Warehouse:
    """An open warehouse. Tables are named schema.name; a weekly table has a column `week_no`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._in_transaction = False

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's own connection, for models and publishing; rows are written through `write`."""
        return self._connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several writes one: all are kept or, on any exception, none; inner transactions join the outer."""
        if self._in_transaction:
            yield
            return
        self._in_transaction = True
        try:
            with transaction(self._connection):
                yield
        finally:
            self._in_transaction = False

    def query(self, sql: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> pd.DataFrame:
        """Return a SELECT's rows with types that depend on the SQL types alone (see `frames.from_arrow`)."""
        values: Any = dict(params) if isinstance(params, Mapping) else params
        return from_arrow(self._connection.sql(sql, params=values).to_arrow_table())

    def exists(self, table: str) -> bool:
        """Say whether the table (or view) is there."""
        try:
            # Binding the name is ten times cheaper than asking information_schema, and this is asked all the time.
            self._connection.table(check_table_name(table))
        except duckdb.CatalogException:
            return False
        return True

    def versions(self, *tables: str) -> tuple[str, ...]:
        """Return what changes whenever one of the tables is written: equal versions, equal rows."""
        rows = self._connection.execute(
            f"SELECT table_name, CAST(version AS VARCHAR) FROM {VERSIONS_TABLE} "
            "WHERE list_contains($tables, table_name) ORDER BY table_name",
            {"tables": list(tables)},
        ).fetchall()
        return tuple(f"{table} {version}" for table, version in rows)

    def tables(self, schema: str) -> tuple[str, ...]:
        """Return the schema's tables as schema.name, sorted."""
        rows = self._connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database() "
            "AND table_schema = $schema ORDER BY table_name",
            {"schema": schema},
        ).fetchall()
        return tuple(f"{schema}.{row[0]}" for row in rows)

    def columns(self, table: str) -> dict[str, str]:
        """Return column to SQL type; NotReady when the table is not there."""
        self._require(table)
        return relation_types(self._connection, table)

    def weeks(self, table: str) -> tuple[int, ...]:
        """Return the weeks that were written to the table, those without a row included."""
        rows = self._connection.execute(
            f"SELECT week_no FROM {WEEKS_TABLE} WHERE table_name = $table ORDER BY week_no",
            {"table": check_table_name(table)},
        ).fetchall()
        return tuple(int(row[0]) for row in rows)

    def read(self, table: str, week: int | None = None) -> pd.DataFrame:
        """Return a table, or one week of it, in the order written; weekly tables by week first.

        Raises:
            NotReady: the table has not been written yet.
            BadInput: a week is asked of a table without `week_no`.
        """
        columns = self.columns(table)
        if week is not None and "week_no" not in columns:
            raise BadInput(f"{table} has no column week_no, so a single week of it cannot be read.")
        where = "" if week is None else "WHERE week_no = $week"
        order = "week_no, rowid" if self.weeks(table) else "rowid"
        params = None if week is None else {"week": int(week)}
        return self.query(f"SELECT * FROM {table} {where} ORDER BY {order}", params)

    def write(
        self,
        table: str,
        frame: pd.DataFrame,
        week: int | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> int:
        """Replace a table, or one week of it, by the frame; return the number of rows written.

        Columns go by name, in any order. `columns` gives the SQL types; without it those of the stored table hold
        for a week, and the frame's own for a whole table. An empty frame is a week without rows, and recorded.
        Whatever fails, the old rows stay.

        Raises:
            BadInput: a column is missing or extra, a value does not fit its type, a row lies outside the week.
        """
        with self._incoming(table, frame, columns, week) as types:
            return self.store(_INCOMING, Target(table, types, None if week is None else int(week)))

    def write_restating(
        self,
        table: str,
        frame: pd.DataFrame,
        week: int,
        now: datetime,
        key: Sequence[str],
        *,
        columns: Mapping[str, str] | None = None,
    ) -> int:
        """Write a week and fill `restated_at`: the instant of the run that last changed the row, else NULL.

        NULL when the week is written first; `now` (UTC; a naive one is taken as UTC) for a row that differs from the
        stored one of the same `key`, or is new in a week written before; else the stored value.

        Raises:
            BadInput: as `write`; also when `key` does not identify the rows.
        """
        frame = frame.drop(columns="restated_at", errors="ignore")
        given = None if columns is None else {c: kind for c, kind in columns.items() if c != "restated_at"}
        with self._incoming(table, frame, given, int(week), added=("restated_at",)) as types:
            target = Target(table, {**types, "restated_at": "TIMESTAMP"}, int(week))
            return self.store_restating(_INCOMING, target, now, key)

    def store(self, relation: str, target: Target) -> int:
        """Replace the target's rows by those of a relation that this connection sees; return how many."""
        exists = self.exists(target.table)
        with self.transaction():
            return store(self._connection, relation, target, exists)

    def store_restating(self, relation: str, target: Target, now: datetime, key: Sequence[str]) -> int:
        """Do as `write_restating` with a relation that this connection sees; the target has a `restated_at`."""
        before = target.week in self.weeks(target.table)
        stage_restated(self._connection, relation, target, _utc(now), key, written_before=before)
        try:
            return self.store(RESTATED, target)
        finally:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{RESTATED}")

    @contextmanager
    def _incoming(
        self,
        table: str,
        frame: pd.DataFrame,
        columns: Mapping[str, str] | None,
        week: int | None,
        added: tuple[str, ...] = (),
    ) -> Iterator[dict[str, str]]:
        """Show the frame to DuckDB as `incoming_rows` and yield the types its columns are to have."""
        arrow = to_arrow(frame, check_table_name(table))
        if columns is not None:
            types = dict(columns)
        elif week is not None and self.exists(table):
            types = {c: kind for c, kind in self.columns(table).items() if c not in added}
        else:
            types = {field.name: _inferred(table, field, week) for field in arrow.schema}
        self._connection.register(_INCOMING, arrow)
        try:
            check_columns(table, list(arrow.column_names), list(types))
            yield types
        finally:
            self._connection.unregister(_INCOMING)

    def _require(self, table: str) -> None:
        if not self.exists(table):
            raise NotReady(f"{table} is not in the warehouse yet; run what makes it first.")


def _inferred(table: str, field: Any, week: int | None) -> str:
    kind = sql_type(field.type)
    if kind == "":
        raise BadInput(f"{table}.{field.name} holds neither text, numbers, dates nor truth values.")
    if kind is None and week is not None:
        # Guessing text here would refuse, or turn into text, the numbers that a later week brings.
        raise BadInput(f"{table}.{field.name} has no value to tell its type from; name the columns' types.")
    return kind or "VARCHAR"


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
