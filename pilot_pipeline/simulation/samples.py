"""One sample and one table of columns per feed, from the canon and `samples.yaml`; writing them is `template`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import cast

import yaml

from pilot_pipeline.feeds.canon import CANON, Column, Feed
from pilot_pipeline.simulation.pilot_file import source_of

_SAID_OF_PERSONAL = {
    "none": "",
    "person_id": "becomes a keyed pseudonym when read",
    "email": "becomes a keyed pseudonym when read",
    "protected": "protected attribute",
    "personal": "personal",
    "behavioural": "behavioural",
    "free_text": "free text; e-mail addresses are removed",
}

_OPENING = """# Feeds

Put your exports here and say in `pilot.yaml` where they are. Beside this file lies one sample per feed,
`<feed>.sample.csv`, with its canonical columns and made-up rows; the samples are never read.

A file may be CSV, JSON lines or Parquet; its ending decides. Your columns may have other names: map them under
`feeds.<feed>.columns`. A column that is neither mapped nor ignored is refused, so nothing comes in unseen.
Identifiers are text, dates are ISO, instants carry their zone (`2026-01-05T08:15:00Z`).
"""


@cache
def _rows() -> dict[str, list[dict[str, str]]]:
    text = files("pilot_pipeline.simulation").joinpath("samples.yaml").read_text(encoding="utf-8")
    return cast(dict[str, list[dict[str, str]]], yaml.safe_load(text))


def sample_csv(feed: str) -> str:
    """Return the sample of a feed as CSV text: the canonical header and one or two made-up rows."""
    names = CANON[feed].names
    rows = [",".join(row.get(name, "") for name in names) for row in _rows()[feed]]
    return "\n".join([",".join(names), *rows]) + "\n"


def feeds_readme() -> str:
    """Return `feeds/README.md`: for every feed its grain, its default place and a table of its columns."""
    return "\n".join([_OPENING, *(_section(feed) for feed in CANON.values())])


def _section(feed: Feed) -> str:
    need = "Required for a run." if feed.required else "Without it, what needs it is switched off, and said so."
    if feed.live:
        need += " Live: read only once go-live holds."
    elif feed.live_from:
        need += f" Rows whose {feed.live_from} is in the pilot are live: read only once go-live holds."
    lines = [
        f"## {feed.name}",
        "",
        f"One row is {feed.grain}; {', '.join(f'`{name}`' for name in feed.key)} identifies it. {need}",
        f"Default place: `{source_of(feed.name)}`. Sample: `{feed.name}.sample.csv`.",
        "",
        "| column | type | may be blank | what it is |",
        "|---|---|---|---|",
        *(_line(column) for column in feed.columns),
        "",
    ]
    return "\n".join(lines)


def _line(column: Column) -> str:
    allowed = f" One of: {', '.join(column.vocabulary)}." if column.vocabulary else ""
    bounds = {"At least": column.minimum, "At most": column.maximum}
    limits = "".join(f" {words} {bound:g}." for words, bound in bounds.items() if bound is not None)
    personal = _SAID_OF_PERSONAL[column.personal]
    note = f" *({personal})*" if personal else ""
    blank = "yes" if column.nullable else "no"
    return f"| {column.name} | {column.type} | {blank} | {column.description}{allowed}{limits}{note} |"
