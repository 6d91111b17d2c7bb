"""What a SELECT reads and binds, found by SQLGlot; what is promised of its rows is `models`."""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pilot_pipeline.errors import BadInput

_PURE_SOURCES = frozenset({"range", "generate_series", "generateseries", "unnest"})


@dataclass(frozen=True)
class Select:
    """The tables that a query reads (schema.table, sorted) and the named parameters that it mentions (sorted)."""

    tables: tuple[str, ...]
    parameters: tuple[str, ...]


def parse_select(sql: str, place: str) -> Select:
    """Read one SELECT (WITH and set operations included) of DuckDB's dialect.

    Raises:
        BadInput: not SQL, more or other than one SELECT, a table without its schema, a source outside the warehouse
            (a file, a URL), or a parameter that has no name; `place` is the file named in the sentence.
    """
    query = _one_query(sql, place)
    ctes = {cte.alias for cte in query.find_all(exp.CTE)}
    tables = {_table(table, ctes, place) for table in query.find_all(exp.Table)}
    parameters = {placeholder.name for placeholder in query.find_all(exp.Placeholder)}
    nameless = [name for name in parameters if not name.isidentifier()]
    if nameless:
        raise BadInput(f"{place}: a parameter has no name; write $name instead of ? or $1.")
    return Select(tuple(sorted(tables - {""})), tuple(sorted(parameters)))


def _one_query(sql: str, place: str) -> exp.Query:
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="duckdb") if statement is not None]
    except SqlglotError as error:
        raise BadInput(f"{place} is not SQL: {str(error).partition(chr(10))[0]}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise BadInput(f"{place} must be exactly one SELECT.")
    return statements[0]


def _table(table: exp.Table, ctes: set[str], place: str) -> str:
    """Return schema.table, or '' for a common table expression or a generated series."""
    if not isinstance(table.this, exp.Identifier):
        function = table.this.name if isinstance(table.this, exp.Anonymous) else type(table.this).__name__
        if function.lower() in _PURE_SOURCES:
            return ""
        raise BadInput(f"{place} reads from {function}(); a model reads tables of the warehouse only.")
    if table.catalog:
        raise BadInput(f"{place} names a database for {table.name}; write schema.table.")
    if not table.db and table.name in ctes:
        return ""
    if not table.db:
        raise BadInput(f"{place} reads {table.name} without its schema; write schema.table.")
    return f"{table.db}.{table.name}".lower()
