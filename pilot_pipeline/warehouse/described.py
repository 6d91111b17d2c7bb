"""What a described table is: its name, columns, types and words; which tables there are stands in `tables`."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class TableColumn:
    """One column: name, DuckDB type and what it says."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Table:
    """One table that Python writes, `schema.name`."""

    schema: str
    name: str
    description: str
    columns: tuple[TableColumn, ...]

    @property
    def table(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"

    @property
    def types(self) -> dict[str, str]:
        """Column name to DuckDB type, in order."""
        return {column.name: column.type for column in self.columns}


def no_rows(table: Table) -> pd.DataFrame:
    """Return an empty frame with the table's columns."""
    return pd.DataFrame({name: pd.Series(dtype="object") for name in table.types})


def described(qualified: str, description: str, columns: str) -> Table:
    """Read `name TYPE what it says` lines."""
    schema, name = qualified.split(".")
    rows = (line.strip().split(maxsplit=2) for line in columns.strip().splitlines())
    return Table(schema, name, description, tuple(TableColumn(*row) for row in rows))
