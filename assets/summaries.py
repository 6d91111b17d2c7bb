"""What an asset shows on its page in the UI: counts, small tables, plots; aggregates only, never a person."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from pilot_pipeline.warehouse.connection import Warehouse

PREVIEW_ROWS = 12


def row_count(warehouse: Warehouse, table: str) -> dg.IntMetadataValue:
    """Count the rows of a table."""
    return dg.MetadataValue.int(int(warehouse.query(f"SELECT count(*) AS n FROM {table}")["n"].iloc[0]))


def table_preview(warehouse: Warehouse, table: str, order: Sequence[str]) -> dg.MarkdownMetadataValue:
    """Show the first rows of a published table."""
    rows = warehouse.query(f"SELECT * FROM {table} ORDER BY {', '.join(order)} LIMIT {PREVIEW_ROWS}")
    return markdown_table(rows)


def markdown_table(frame: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """Write a small frame of aggregates as a markdown table."""
    head = "| " + " | ".join(frame.columns) + " |\n|" + "---|" * len(frame.columns)
    rows = ("| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.itertuples(index=False))
    return dg.MetadataValue.md("\n".join([head, *rows]))


def _cell(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)) or value is pd.NA:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return value.strftime("%Y-%m-%d")
    return str(value).replace("|", "\\|").replace("\n", "<br>")


def sentences(said: Sequence[str]) -> dg.MarkdownMetadataValue:
    """Show sentences one below the other."""
    return dg.MetadataValue.md("\n\n".join(said) or "None.")


def picture(*charts: Any) -> dg.MarkdownMetadataValue:
    """Embed charts, each below its title."""
    from pilot_pipeline.charts.render import picture_markdown

    return dg.MetadataValue.md("\n\n".join(picture_markdown(chart) for chart in charts))
