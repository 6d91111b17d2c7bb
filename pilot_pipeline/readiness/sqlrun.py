"""Runs a check's SQL over data frames in an in-memory DuckDB; the rules themselves stand beside what they judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pandas as pd


def select(sql: str, frames: Mapping[str, pd.DataFrame], params: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return the rows of one SELECT over the frames, registered under their names.

    Args:
        sql: a SELECT in DuckDB's dialect, with named parameters `$name`.
        frames: table name to rows.
        params: parameter name to value; exactly those that the SQL mentions.
    """
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, frame in frames.items():
            connection.register(name, frame)
        return connection.execute(sql, dict(params or {})).df()
