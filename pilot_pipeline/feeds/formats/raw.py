"""What a reader hands over: a file's cells as text, and what was wrong with the file; nothing here knows the canon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

MAX_CELL_CHARACTERS = 1_000_000
"""A longer cell is not data of any feed of the contract."""

WHOLE_ROW = "(whole row)"
"""The column of a fault that concerns no single cell."""


@dataclass(frozen=True)
class Fault:
    """Something wrong in the file itself: `position` counts the table's rows from 0, `column` is the source's name."""

    position: int
    column: str
    rule: str
    reason: str


@dataclass(frozen=True)
class Options:
    """What a mapping may tell a reader: a text's encoding, a workbook's sheet, the place of the rows in JSON."""

    encoding: str | None = None
    sheet: str | None = None
    records: str | None = None


PLAIN = Options()
"""Nothing told: everything is found out."""


@dataclass(frozen=True)
class RawTable:
    """The cells of one file as text.

    `frame` has the original column names, dtype `str`, a RangeIndex, null where the file says so; `lines` gives each
    row's place in the file, counted as a person would (text and workbooks: the line it starts on; else the row). A row
    that could not be read is there, empty, with a fault, so that no row is ever lost. `typed` names the columns whose
    type the file itself states. `made` gives canonical columns that were made of others (a vendor's shape, a join),
    by the name of their column in `frame`; `known` names columns that need neither mapping nor ignoring.
    `typed_cells` says that single cells may be typed dates, which stand as ISO text among whatever else people
    typed.
    """

    frame: pd.DataFrame
    lines: tuple[int, ...]
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    typed: frozenset[str] = frozenset()
    optional_columns: bool = False
    made: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    typed_cells: bool = False


@dataclass(frozen=True)
class SourceFile:
    """One file of a feed: where it is, what its bytes were, and its cells.

    `relative` is the path as seen from the pilot's directory, `sha256` the digest of the bytes that were read.
    """

    path: Path
    relative: str
    sha256: str
    table: RawTable

    @property
    def frame(self) -> pd.DataFrame:
        """The cells as text, with the original column names."""
        return self.table.frame


def text_frame(columns: Mapping[str, Sequence[Any]], rows: int) -> pd.DataFrame:
    """Build a frame of dtype `str` from columns of text and None, each `rows` long."""
    index = pd.RangeIndex(rows)
    return pd.DataFrame({name: pd.Series(cells, index=index, dtype="str") for name, cells in columns.items()}, index)


def clean_cell(cell: str) -> tuple[str | None, str | None]:
    """Return the cell, or None and the rule it breaks: `size` (enormous) or `encoding` (bytes that are no text).

    Undecodable bytes arrive as lone surrogates (see `decoding`), which no Arrow string can hold.
    """
    if len(cell) > MAX_CELL_CHARACTERS:
        return None, "size"
    if cell.isascii():
        return (None, "encoding") if "\0" in cell else (cell, None)
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return None, "encoding"
    return (None, "encoding") if "\0" in cell else (cell, None)


CELL_REASONS = {
    "size": f"The cell holds more than {MAX_CELL_CHARACTERS:,} characters.",
    "encoding": "The cell holds bytes that are not text in the file's encoding.",
}


def plain_text(value: Any) -> str:
    """Return a typed value as the text that `cells` reads back without loss; a whole float loses its `.0`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, timedelta):
        return repr(value.total_seconds())
    if isinstance(value, list | tuple):
        return ";".join(plain_text(item) for item in value if item is not None)
    return str(value)
