"""How rows replace rows: names, casts and the week are checked first, then one transaction; opening is `connection`.

Everything here works on a relation that DuckDB can already see (a registered Arrow table or a temporary table), so
that frames and the results of SQL models pass the same gate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from pilot_pipeline.errors import BadInput

WEEKS_TABLE = "bookkeeping.weeks"
VERSIONS_TABLE = "bookkeeping.versions"
_TABLE_NAME = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_FRACTIONS = ("DOUBLE", "FLOAT", "DECIMAL")


@dataclass(frozen=True)
class Target:
    """Where rows go: a table with its column types, and the week they replace (None: the whole table)."""

    table: str
    types: Mapping[str, str]
    week: int | None = None
    order_by: tuple[str, ...] = ()


def check_table_name(table: str) -> str:
    """Return `table` when it reads schema.name in lower case; BadInput otherwise."""
    if not _TABLE_NAME.fullmatch(table):
        raise BadInput(f"'{table}' is not a table of the warehouse; write schema.name in lower case.")
    return table


def quoted(name: str) -> str:
    """Quote a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def first_row(
    connection: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    """Return the only row of a query. All of it is fetched: an unfinished result blocks the connection."""
    return tuple(connection.execute(sql, None if params is None else dict(params)).fetchall()[0])


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit on success, roll back on any exception, an interrupt included."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def relation_types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Return column to SQL type of a table, view or registered relation, in its order."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def check_columns(table: str, have: Sequence[str], want: Sequence[str]) -> None:
    """Refuse missing and extra columns by name; their order does not matter.

    Raises:
        BadInput: one sentence that lists what is missing and what is extra.
    """
    missing = [column for column in want if column not in have]
    extra = [column for column in have if column not in want]
    faults = [f"missing {', '.join(missing)}"] * bool(missing) + [f"not expected {', '.join(extra)}"] * bool(extra)
    if faults:
        raise BadInput(f"{table}: the rows do not fit the table's columns: {'; '.join(faults)}.")


def check_casts(connection: duckdb.DuckDBPyConnection, relation: str, target: Target, have: Mapping[str, str]) -> None:
    """Refuse a column whose values would be lost or changed by the cast to its type.

    DuckDB rounds 2.5 to 2 and cuts the hour off a timestamp without a word; both are refused here, as are numbers
    that arrive where text is stored. `have` are the relation's own types. The sentence names column and count, never
    a value.
    """
    checks = {c: _lost(quoted(c), have[c], kind.upper()) for c, kind in target.types.items()}
    asked = {column: test for column, test in checks.items() if test is not None}
    if not asked:
        return
    counts = ", ".join(f"count(*) FILTER (WHERE {test})" for test in asked.values())
    row = first_row(connection, f"SELECT {counts} FROM {relation}")
    for column, lost in zip(asked, row, strict=True):
        if lost:
            raise BadInput(
                f"{target.table}: {lost} value{'s' * (lost > 1)} of column {column} cannot be stored as "
                f"{target.types[column]} without changing (they arrive as {have[column]})."
            )


def _lost(column: str, have: str, want: str) -> str | None:
    """Return the SQL condition under which a value does not survive the cast; None where every value does."""
    if have in (want, '"NULL"'):
        return None
    if want == "VARCHAR":
        return f"{column} IS NOT NULL"
    cast = f"TRY_CAST({column} AS {want})"
    fails = f"{column} IS NOT NULL AND {cast} IS NULL"
    rounds = want in _INTEGERS and (have.startswith(_FRACTIONS) or have == "VARCHAR")
    truncates = want == "DATE" and have.startswith("TIMESTAMP")
    # 7 would become true, and 2^53 + 1 an even number.
    coarsens = want == "BOOLEAN" or (want == "DOUBLE" and have in _INTEGERS)
    if rounds or truncates or coarsens:
        return f"({fails}) OR ({column} IS NOT NULL AND TRY_CAST({cast} AS {have}) IS DISTINCT FROM {column})"
    return fails


def check_week(connection: duckdb.DuckDBPyConnection, relation: str, target: Target) -> None:
    """Refuse rows outside the week that is being written."""
    if target.week is None:
        return
    if "week_no" not in target.types:
        raise BadInput(f"{target.table} has no column week_no, so a single week of it cannot be written.")
    outside = f"SELECT count(*) FROM {relation} WHERE week_no IS DISTINCT FROM $week"
    (count,) = first_row(connection, outside, {"week": target.week})
    if count:
        raise BadInput(f"{target.table}: {count} row{'s' * (count > 1)} lie outside week {target.week}.")


def check_stored_types(connection: duckdb.DuckDBPyConnection, target: Target) -> None:
    """Refuse a week of a table whose other weeks are stored with other columns or types."""
    stored = relation_types(connection, target.table)
    check_columns(target.table, list(target.types), list(stored))
    for column, kind in canonical_types(connection, target.types).items():
        if kind != stored[column]:
            raise BadInput(
                f"{target.table}: column {column} is stored as {stored[column]} but now declared {kind}; "
                "delete the warehouse file and run again from week 1."
            )


_CANONICAL: dict[str, str] = {}
"""What was asked before: every write of a week would ask again."""


def canonical_types(connection: duckdb.DuckDBPyConnection, types: Mapping[str, str]) -> dict[str, str]:
    """Return the types by the names that DuckDB gives them: INT becomes INTEGER."""
    new = sorted({*types.values()} - _CANONICAL.keys())
    if new:
        names = ", ".join(f"typeof(CAST(NULL AS {kind}))" for kind in new)
        _CANONICAL.update(zip(new, map(str, first_row(connection, f"SELECT {names}")), strict=True))
    return {column: _CANONICAL[kind] for column, kind in types.items()}


def cast_list(types: Mapping[str, str]) -> str:
    """Return the select list that casts every column to its type."""
    return ", ".join(f"CAST({quoted(column)} AS {kind}) AS {quoted(column)}" for column, kind in types.items())


def store(connection: duckdb.DuckDBPyConnection, relation: str, target: Target, exists: bool) -> int:
    """Replace the target's rows, or those of its week, by the relation's; return how many were written.

    DELETE and INSERT are one transaction and the insert goes by name: whatever fails, the old rows stay.
    """
    have = relation_types(connection, relation)
    check_columns(target.table, list(have), list(target.types))
    if exists and target.week is not None:
        check_stored_types(connection, target)
    check_week(connection, relation, target)
    check_casts(connection, relation, target, have)
    order = f" ORDER BY {', '.join(map(quoted, target.order_by))}" if target.order_by else ""
    create = "CREATE OR REPLACE TABLE" if target.week is None else "CREATE TABLE IF NOT EXISTS"
    columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in target.types.items())
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {target.table.split('.')[0]}")
    connection.execute(f"{create} {target.table} ({columns})")
    if target.week is not None:
        connection.execute(f"DELETE FROM {target.table} WHERE week_no = $week", {"week": target.week})
    insert = f"INSERT INTO {target.table} BY NAME SELECT {cast_list(target.types)} FROM {relation}{order}"
    (rows,) = first_row(connection, insert)
    _record_week(connection, target, int(rows))
    _record_version(connection, target.table)
    return int(rows)


def _record_version(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Give the table a new version, in the same transaction as its rows."""
    connection.execute(f"DELETE FROM {VERSIONS_TABLE} WHERE table_name = $table", {"table": table})
    connection.execute(f"INSERT INTO {VERSIONS_TABLE} VALUES ($table, uuid())", {"table": table})


def _record_week(connection: duckdb.DuckDBPyConnection, target: Target, rows: int) -> None:
    """Remember which weeks were written, an empty one too; a full replacement forgets them."""
    key = {"table": target.table, "week": target.week}
    where = "table_name = $table AND ($week IS NULL OR week_no = $week)"
    connection.execute(f"DELETE FROM {WEEKS_TABLE} WHERE {where}", key)
    if target.week is not None:
        connection.execute(f"INSERT INTO {WEEKS_TABLE} VALUES ($table, $week, $rows)", {**key, "rows": rows})
