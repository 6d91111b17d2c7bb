"""Where a column of a SQL model comes from, column by column, found by SQLGlot; running models is `models`."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from sqlglot import exp
from sqlglot.lineage import Node, lineage

from pilot_pipeline.warehouse.models import Model

TableTypes = Mapping[str, Mapping[str, str]]
"""schema.table to its columns and their types."""


def column_lineage(model: Model, tables: TableTypes) -> pd.DataFrame:
    """Return the source columns of every column of a model, one model deep.

    Args:
        model: The model.
        tables: Columns of every table that it reads; SQLGlot needs them to resolve stars and bare names.

    Returns:
        column, source_table, source_column (text), in the model's column order, then sorted. A column made of
        constants, parameters, row counts or unnested lists alone has one row with both sources missing.
    """
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for table in model.depends_on:
        namespace, name = table.split(".")
        schema.setdefault(namespace, {})[name] = dict(tables[table])
    nodes = lineage(None, model.sql, schema=dict(schema), dialect="duckdb")
    assert isinstance(nodes, dict)
    rows = []
    for column in model.types:
        sources: list[tuple[str | None, str | None]] = [*_sources(nodes[column])]
        rows += [(column, *source) for source in sources or [(None, None)]]
    return pd.DataFrame(rows, columns=["column", "source_table", "source_column"], dtype="str")


def lineage_markdown(rows: pd.DataFrame) -> str:
    """Render `column_lineage` as a Markdown table, one line per column; the Dagster UI draws none by itself."""
    lines = ["| column | comes from |", "|---|---|"]
    for column, group in rows.groupby("column", sort=False):
        known = group.dropna()
        names = [f"`{t}.{c}`" for t, c in zip(known["source_table"], known["source_column"], strict=True)]
        lines.append(f"| `{column}` | {', '.join(names) or 'computed here'} |")
    return "\n".join(lines)


def _sources(node: Node) -> list[tuple[str, str]]:
    leaves = [leaf for leaf in node.walk() if not leaf.downstream]
    found = {
        (f"{leaf.source.db}.{leaf.source.name}", leaf.name.rpartition(".")[2])
        for leaf in leaves
        if isinstance(leaf.source, exp.Table)
    }
    return sorted(found)
