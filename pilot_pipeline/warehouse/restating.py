"""Decides `restated_at`: which rows of a week differ from those written before; replacing rows is `storing`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import duckdb

from pilot_pipeline.errors import BadInput
from pilot_pipeline.warehouse.storing import (
    Target,
    cast_list,
    check_casts,
    check_week,
    first_row,
    quoted,
    relation_types,
)

RESTATED = "restated_rows"


def stage_restated(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    target: Target,
    now: datetime,
    key: Sequence[str],
    *,
    written_before: bool,
) -> None:
    """Make the temporary table `restated_rows`: the relation's rows with `restated_at`, ordered by key.

    `restated_at` is NULL on the first writing of the week (`written_before` false). Later it is `now` for a row that
    differs from the stored row of its key in any column, or has none, and the stored value for an unchanged row.

    Raises:
        BadInput: the key is not unique or not a column, a row lies outside the week, a value does not fit its type.
    """
    plain = {column: kind for column, kind in target.types.items() if column != "restated_at"}
    unstamped = Target(target.table, plain, target.week)
    _check_key(connection, relation, unstamped, key)
    check_week(connection, relation, unstamped)
    check_casts(connection, relation, unstamped, relation_types(connection, relation))
    rows = f"SELECT {cast_list(plain)} FROM {relation}"
    params: dict[str, Any] = {}
    if written_before:
        # IS NOT DISTINCT FROM: a NULL that stays NULL is no change. No match leaves every old column NULL.
        same, on = (" AND ".join(_unchanged(column) for column in columns) for columns in (plain, key))
        rows = (
            f"SELECT new.*, CASE WHEN old.week_no IS NOT NULL AND {same} THEN old.restated_at "
            f"ELSE CAST($now AS TIMESTAMP) END AS restated_at FROM ({rows}) AS new "
            f"LEFT JOIN (SELECT * FROM {target.table} WHERE week_no = $week) AS old ON {on}"
        )
        params = {"week": target.week, "now": now}
    else:
        rows = f"SELECT *, CAST(NULL AS TIMESTAMP) AS restated_at FROM ({rows})"
    order = ", ".join(map(quoted, key))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {RESTATED} AS {rows} ORDER BY {order}", params)


def _unchanged(column: str) -> str:
    return f"new.{quoted(column)} IS NOT DISTINCT FROM old.{quoted(column)}"


def _check_key(connection: duckdb.DuckDBPyConnection, relation: str, target: Target, key: Sequence[str]) -> None:
    unknown = [column for column in key if column not in target.types]
    if unknown or not key:
        raise BadInput(f"{target.table}: its key needs columns of it; {unknown[0] if unknown else 'none'} is not one.")
    names = ", ".join(map(quoted, key))
    groups = f"SELECT 1 FROM {relation} GROUP BY {names} HAVING count(*) > 1"
    (twice,) = first_row(connection, f"SELECT count(*) FROM ({groups})")
    if twice:
        raise BadInput(f"{target.table}: {twice} keys ({', '.join(key)}) occur more than once in the rows.")
