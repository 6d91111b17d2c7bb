"""What an asset shows on its page in the UI: counts, small tables, plots; aggregates only, never a person."""

from collections.abc import Mapping, Sequence
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
    """Show the first rows of a published table, of a weekly one those of the last weeks."""
    by = ("week_no DESC", *(name for name in order if name != "week_no")) if "week_no" in order else order
    rows = warehouse.query(f"SELECT * FROM {table} ORDER BY {', '.join(by)} LIMIT {PREVIEW_ROWS}")
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


def with_summary(metadata: Mapping[str, Any], sentence: str) -> dict[str, Any]:
    """Gather tables and plots below a sentence as one `summary`, so that one click on the asset's page shows it all."""
    shown = {key: str(value.value) for key, value in metadata.items() if _is_shown(key, value)}
    parts = [sentence, *(f"**{key.replace('_', ' ').capitalize()}**\n\n{text}" for key, text in shown.items())]
    rest = {key: value for key, value in metadata.items() if key not in shown and key != "summary"}
    return {"summary": dg.MetadataValue.md("\n\n".join(parts)), **rest}


def _is_shown(key: str, value: Any) -> bool:
    markdown = isinstance(value, dg.MarkdownMetadataValue) and key not in _APART
    return markdown and (value.value.startswith("| ") or "](data:image" in value.value)


_APART = ("summary", "column_lineage", "query")
