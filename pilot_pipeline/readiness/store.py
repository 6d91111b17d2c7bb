"""The part of the warehouse that readiness keeps its record in; what is recorded stands in `golive` and `expiry`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pandas as pd


class Store(Protocol):
    """The part of the warehouse that the record needs."""

    def exists(self, table: str, /) -> bool:
        """Return whether the table `schema.name` is there."""
        ...

    def read(self, table: str, /) -> pd.DataFrame:
        """Return all rows of a table."""
        ...

    def write(self, table: str, frame: pd.DataFrame, /, *, columns: Mapping[str, str] | None = None) -> object:
        """Replace a table's rows, in one transaction."""
        ...


def read_rows(store: Store, table: str, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of a table that may not be there yet, with these columns and types."""
    frame = store.read(table)[list(columns)] if store.exists(table) else pd.DataFrame(columns=list(columns))
    return typed(frame, columns)


def replace_rows(store: Store, table: str, parts: Sequence[pd.DataFrame], columns: Mapping[str, str]) -> None:
    """Write the parts in a total order, so that the table does not depend on the order of runs."""
    kept = [part for part in parts if len(part)]
    rows = pd.concat(kept, ignore_index=True) if kept else parts[0]
    order = [name for name in ("checkpoint", "check_name", "evidence_hash", "part") if name in columns]
    store.write(table, rows.sort_values(order, ignore_index=True), columns=columns)


_PANDAS_TYPES: Mapping[str, str] = {
    "VARCHAR": "str",
    "BOOLEAN": "bool",
    "BIGINT": "int64",
    "TIMESTAMP": "datetime64[us]",
}


def typed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the columns in their order and types."""
    return frame[list(columns)].astype({name: _PANDAS_TYPES[kind] for name, kind in columns.items()})
