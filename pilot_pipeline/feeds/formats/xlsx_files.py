"""Reads a sheet of an Excel workbook into a `RawTable`, row by row, so that an enormous sheet is no trap."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time
from itertools import repeat
from typing import Any

from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.formats.csv_files import header_names, table_of
from pilot_pipeline.feeds.formats.raw import PLAIN, Options, RawTable, plain_text

MAX_UNPACKED_BYTES = 2_000_000_000
"""A workbook that unpacks to more is no feed; it would fill the memory before anything could be said about it."""

_FORMULA = "= (a formula without a value)"


def parse_xlsx(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read the cells of one sheet as they are stored: a date as ISO text, a whole number without decimals.

    The first row that is not blank names the columns. Of a formula the value is read that was saved with it; one
    without, and a cell in error, such as `#REF!`, stay for the contract to refuse.

    Raises:
        BadInput: the file is no whole workbook, is protected by a password, or the sheet is not there or not told.
    """
    try:
        rows = [
            (line, cells) for line, cells in _rows(data, place, options.sheet) if any(cell.strip() for cell in cells)
        ]
    except BadInput:
        raise
    except Exception:  # a damaged workbook raises errors of every kind, from the zip file to the XML inside it
        raise BadInput(
            f"{place} is not a whole workbook (.xlsx); it may be half-written, of another kind or protected."
        ) from None
    if not rows:
        raise BadInput(f"{place} is empty: there is not even a header. Was it only half transferred?")
    header, notes = header_names(*rows[0], place)
    padded = ((line, cells + [""] * (len(header) - len(cells))) for line, cells in rows[1:])
    return replace(table_of(header, padded, place, notes), typed_cells=True)


def _rows(data: bytes, place: str, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's number and its cells as text, without the blank ones at its end."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
            raise BadInput(f"{place} unpacks to more than 2 GB, which no feed of the contract does.")
        sheets = [member for member in members if member.filename.startswith("xl/worksheets/")]
        calculated = any(b"<f" in archive.read(member) for member in sheets)
    values = _stored(data, place, sheet, values=True)
    # Of a formula that nobody calculated there is no value: its text stands in, for the contract to refuse.
    formulas = _stored(data, place, sheet, values=False) if calculated else repeat(())
    for line, (row, written) in enumerate(zip(values, formulas, strict=False), start=1):
        cells = [_text(cell) for cell in row]
        for number, cell in enumerate(written):
            if number < len(cells) and not cells[number] and cell not in (None, ""):
                cells[number] = _FORMULA
        while cells and not cells[-1]:
            cells.pop()
        yield line, cells


def _stored(data: bytes, place: str, sheet: str | None, *, values: bool) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of every row: the values that were saved, or the formulas behind them."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which hold no cell
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values)
        try:
            chosen = _chosen(book, sheet, place)
            chosen.reset_dimensions()  # what the file says about its size may be wrong, or enormous
            yield from chosen.iter_rows(values_only=True)
        finally:
            book.close()


def _chosen(book: Any, sheet: str | None, place: str) -> Any:
    by_name = {each.title: each for each in book.worksheets}
    if sheet is not None:
        if sheet not in by_name:
            raise BadInput(f"{place} has no sheet '{sheet}'.{nearest(sheet, list(by_name))}")
        return by_name[sheet]
    seen = [name for name, each in by_name.items() if each.sheet_state == "visible"]
    if len(seen) != 1:
        told = f"{', '.join(seen[:12])}; name one in `sheet`" if seen else "none that can be seen"
        raise BadInput(f"{place} has {len(seen)} sheets: {told}.")
    return by_name[seen[0]]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    # A workbook knows no day without a clock time.
    whole_day = isinstance(cell, datetime) and cell.time() == time()
    return plain_text(cell.date() if whole_day else cell)
