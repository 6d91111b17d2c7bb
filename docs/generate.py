"""Writes docs/data-dictionary.md from the canon and the marts' `.yml`, and docs/verdicts.md by `verdict_table`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pilot_pipeline.config.further import FurtherKpi
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE
from pilot_pipeline.feeds.canon import CANON, Column, Feed
from pilot_pipeline.warehouse.models import Model, load_models

PAGE = Path(__file__).parent / "data-dictionary.md"

_PERSONAL = {
    "none": "",
    "person_id": "becomes a pseudonym",
    "email": "becomes a pseudonym",
    "protected": "protected attribute",
    "personal": "personal",
    "behavioural": "behavioural",
    "free_text": "free text, e-mail addresses removed",
}
_OPENING = """# Data dictionary

This page is written by `python docs/generate.py` from `pilot_pipeline/feeds/canon.py` and `dbt_like_sql/marts/*.yml`;
a test fails when it is out of date. Do not edit it by hand.

Times are UTC, dates are ISO, shares run from 0 to 1. Identifiers of people become keyed pseudonyms when a feed is read.
"""


def data_dictionary() -> str:
    """Return the page as markdown."""
    marts = [model for model in load_models().values() if model.layer == "marts"]
    parts = [
        _OPENING,
        "## Published tables\n",
        "Schema `pilot` of `published/pilot.duckdb`; each is also `published/<table>.parquet`. "
        "[How to read them](published-tables.md).\n",
        *(_mart(model) for model in marts),
        "## KPIs\n",
        "What is measured, and how it is estimated at the close-out. For every one of them more is better. "
        "[KPIs of your own](further-kpis.md) are declared under `kpis.further`:\n",
        _further(),
        "The five:\n",
        _kpis(),
        "## Feeds\n",
        "What goes in. Your own files may look different: `pilot.yaml` maps them to these columns.\n",
        *(_feed(feed) for feed in CANON.values()),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _kpis() -> str:
    lines = ["| KPI | what it is | unit | kind | made of | estimate, interval and test |", "|---|---|---|---|---|---|"]
    for kpi in KPI_CATALOGUE.values():
        feeds = ", ".join(f"`{feed}`" for feed in kpi.feeds)
        feeds += ", with rows from before the pilot" if kpi.baseline else ""
        cells = (f"`{kpi.name}`", kpi.meaning, kpi.unit, kpi.kind, feeds, kpi.estimate)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _further() -> str:
    """Return what a further KPI is declared by, from the model that reads it."""
    lines = ["| key | default | what it is |", "|---|---|---|"]
    for name, field in FurtherKpi.model_fields.items():
        default = "" if field.is_required() else _default(field.default)
        lines.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join([*lines, ""])


def _default(value: object) -> str:
    return "none" if value is None else f"`{str(value).lower()}`"


def _mart(model: Model) -> str:
    grain = ", ".join(f"`{name}`" for name in model.grain)
    rows = [(f"`{c.name}`", c.type, "yes" if c.nullable else "", c.description) for c in model.columns]
    return _section(model.name, [model.description, f"One row per {grain}."], ("type", "may be NULL"), rows)


def _feed(feed: Feed) -> str:
    said = [f"One row is {feed.grain}; {', '.join(f'`{name}`' for name in feed.key)} identifies it."]
    said += ["Required for a run."] if feed.required else []
    if feed.live:
        said.append("Live: read only once go-live holds.")
    elif feed.live_from:
        said.append(f"Rows whose `{feed.live_from}` is in the pilot are live: read only once go-live holds.")
    rows = [(f"`{c.name}`", c.type, "yes" if c.nullable else "", " ".join(_column(c))) for c in feed.columns]
    return _section(feed.name, said, ("type", "may be blank"), rows)


def _column(column: Column) -> Iterator[str]:
    yield column.description
    if column.vocabulary:
        yield f"One of {', '.join(f'`{word}`' for word in column.vocabulary)}."
    if column.minimum is not None and column.maximum is not None:
        yield f"From {column.minimum:g} to {column.maximum:g}."
    elif column.minimum is not None:
        yield f"At least {column.minimum:g}."
    if _PERSONAL[column.personal]:
        yield f"*{_PERSONAL[column.personal][0].upper()}{_PERSONAL[column.personal][1:]}.*"


def _section(name: str, said: list[str], heads: tuple[str, str], rows: list[tuple[str, str, str, str]]) -> str:
    head = f"| column | {heads[0]} | {heads[1]} | what it is |\n|---|---|---|---|"
    lines = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    return f"### {name}\n\n{' '.join(said)}\n\n{head}\n{lines}\n"


if __name__ == "__main__":
    import verdict_table

    PAGE.write_text(data_dictionary(), encoding="utf-8", newline="\n")
    verdict_table.PAGE.write_text(verdict_table.verdict_page(), encoding="utf-8", newline="\n")
