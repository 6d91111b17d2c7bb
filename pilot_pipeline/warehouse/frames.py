"""Data frames to Arrow and back with stable types; what a table may hold is decided in `storing`, not here."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from pilot_pipeline.errors import BadInput

_PANDAS_TYPES = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def to_arrow(frame: pd.DataFrame, name: str) -> Any:
    """Turn a frame into an Arrow table for DuckDB, the index left out, NaN and NaT as null.

    Raises:
        BadInput: a column name occurs twice or a column mixes kinds of values; `name` is the place named.
    """
    names = [str(column) for column in frame.columns]
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise BadInput(f"{name}: column {twice[0]} occurs twice.")
    arrays = [_plain(frame.iloc[:, position], f"{name}.{column}") for position, column in enumerate(names)]
    return pa.table(dict(zip(names, arrays, strict=True)))


def _plain(series: pd.Series[Any], place: str) -> Any:
    # Arrow's own errors quote the value that did not fit, so they are never passed on.
    try:
        array = pa.Array.from_pandas(series)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        raise BadInput(f"{place} mixes kinds of values and cannot be stored; give the column one type.") from None
    return array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array


def from_arrow(table: Any) -> pd.DataFrame:
    """Turn an Arrow table into a frame whose types depend on the SQL types alone, never on the values.

    Whole numbers (HUGEINT sums too) are Int64, other numbers float64, truth values boolean, text str, dates and
    timestamps datetime64[us] without zone (UTC); `DataFrame.df()` would make float64 of any column with a null.
    """
    stable = pa.schema([pa.field(field.name, _stable(field.type)) for field in table.schema])
    frame: pd.DataFrame = table.cast(stable).to_pandas(types_mapper=_PANDAS_TYPES.get, date_as_object=False)
    return frame


def _stable(kind: Any) -> Any:
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_temporal(kind) and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return pa.timestamp("us")
    if pa.types.is_null(kind):
        return pa.string()
    return kind


def sql_type(kind: Any) -> str | None:
    """Return the SQL type for an Arrow type: None for a column that is null throughout, '' for one not storable."""
    if pa.types.is_null(kind):
        return None
    tests = (
        (pa.types.is_boolean, "BOOLEAN"),
        (pa.types.is_integer, "BIGINT"),
        (pa.types.is_floating, "DOUBLE"),
        (pa.types.is_decimal, "DOUBLE"),
        (pa.types.is_string, "VARCHAR"),
        (pa.types.is_large_string, "VARCHAR"),
        (pa.types.is_date, "DATE"),
        (pa.types.is_timestamp, "TIMESTAMP"),
    )
    return next((name for test, name in tests if test(kind)), "")
