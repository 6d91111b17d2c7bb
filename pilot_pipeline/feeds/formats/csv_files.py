"""Reads delimited text of any dialect into a `RawTable`, keeping the line of every row; it knows no feed."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.formats.decoding import decode
from pilot_pipeline.feeds.formats.raw import (
    CELL_REASONS,
    MAX_CELL_CHARACTERS,
    PLAIN,
    WHOLE_ROW,
    Fault,
    Options,
    RawTable,
    clean_cell,
    text_frame,
)
from pilot_pipeline.privacy.addresses import has_address

_DELIMITERS = (",", ";", "\t", "|")
_MARKS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_FIGURE = re.compile(r"[+-]?\d+([.,]\d+)?")
_UNCLOSED = "unexpected end of data"


@dataclass
class _Rows:
    """What has been collected so far, column by column."""

    header: list[str]
    place: str
    cells: list[list[str | None]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    blank: int = 0

    def unreadable(self, line: int, reason: str) -> None:
        self.faults.append(Fault(len(self.lines), WHOLE_ROW, "shape", reason))
        self.cells.append([None] * len(self.header))
        self.lines.append(line)

    def add(self, line: int, record: list[str]) -> None:
        width = len(self.header)
        if len(record) > width and not any(cell.strip() for cell in record[width:]):
            record = record[:width]
        together = "".join(record)
        if not together.strip():
            self.blank += 1
        elif len(record) != width:
            self.unreadable(line, f"The row has {len(record)} cells where the header has {width}.")
        else:
            # Nearly every row is short and plain; only the others are looked at cell by cell.
            plain = len(together) <= MAX_CELL_CHARACTERS and together.isascii() and "\0" not in together
            self.cells.append(list(record) if plain else [self._cell(*each) for each in enumerate(record)])
            self.lines.append(line)

    def _cell(self, position: int, cell: str) -> str | None:
        kept, rule = clean_cell(cell)
        if rule:
            self.faults.append(Fault(len(self.lines), self.header[position], rule, CELL_REASONS[rule]))
        return kept


def parse_csv(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read delimited text: separator, encoding, BOM and line ends are found out, and said where they are unusual.

    A row with too few or too many cells is kept as an empty row with a fault; wholly blank rows are passed over and
    counted in a note. Columns that share a name are told apart by a number: `Q1 (1)`, `Q1 (2)`.

    Raises:
        BadInput: the file is empty, has no usable header, or opens a quotation that never ends.
    """
    records, notes = open_records(data, place, options)
    first, record = next(records)
    header, twice = header_names(first, record, place)
    return table_of(header, records, place, (*notes, *twice))


def open_records(
    data: bytes, place: str, options: Options
) -> tuple[Iterator[tuple[int, list[str] | str]], tuple[str, ...]]:
    """Return a file's records, each (line it starts on, cells or what is wrong), and what was found out."""
    decoded = decode(data, place, options.encoding)
    delimiter = _delimiter(decoded.text)
    notes = (*decoded.notes, *_dialect(decoded.text, delimiter, place))
    return _records(decoded.text, delimiter, place), notes


def table_of(
    header: list[str], records: Iterator[tuple[int, list[str] | str]], place: str, notes: tuple[str, ...]
) -> RawTable:
    """Collect records under a header whose names differ."""
    rows = _Rows(header, place)
    for line, record in records:
        if isinstance(record, str):
            rows.unreadable(line, record)
        else:
            rows.add(line, record)
    columns = zip(*rows.cells, strict=True) if rows.cells else ([] for _ in header)
    frame = text_frame(dict(zip(header, map(list, columns), strict=True)), len(rows.lines))
    unnamed = [name for name in header if name.startswith("unnamed_") and frame[name].fillna("").eq("").all()]
    blank = (f"{place}: {rows.blank} blank rows were passed over.",) if rows.blank else ()
    return RawTable(frame.drop(columns=unnamed), tuple(rows.lines), tuple(rows.faults), notes + blank)


def _dialect(text: str, delimiter: str, place: str) -> Iterator[str]:
    """Yield what differs from the plain case, commas and line feeds."""
    ends = "CRLF" if "\r\n" in text else "CR" if "\r" in text and "\n" not in text else ""
    found = [f"separated by {_MARKS[delimiter]}" if delimiter != "," else "", f"with {ends} line ends" if ends else ""]
    if any(found):
        yield f"{place} is {' '.join(filter(None, found)) if found[0] else 'text ' + found[1]}."


def _delimiter(text: str) -> str:
    """Return the separator that cuts the first line into the most cells; a comma where none does."""
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    counts = {mark: len(next(csv.reader([first], delimiter=mark), [])) for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: counts[mark])


def _records(text: str, delimiter: str, place: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line it starts on, cells), or (line, reason) for a record that cannot be cut into cells."""
    # The limit is global in the csv module, and its 128 kB would cut a long cell in two; long cells are judged later.
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if _UNCLOSED in str(error):
                raise BadInput(
                    f"{place}, line {line}: a quotation mark opens a cell that never ends; the file is half-written, "
                    "or a quotation mark inside a cell is not doubled."
                ) from None
            yield line, "The row's quotation marks do not pair up."
            continue
        if record:
            yield line, record


def header_names(line: int, record: list[str] | str, place: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the column names, and a note on those that occur more than once."""
    if isinstance(record, str):
        raise BadInput(f"{place}, line {line}: the header cannot be read; its quotation marks do not pair up.")
    names = [name.strip().lstrip("\ufeff") or f"unnamed_{number}" for number, name in enumerate(record, start=1)]
    if _looks_like_data(names):
        raise BadInput(f"{place}, line {line}: this looks like a row of data; the first line must name the columns.")
    if any(clean_cell(name)[1] for name in names):
        raise BadInput(f"{place}, line {line}: the header holds bytes that are not text; save the file as UTF-8.")
    return told_apart(names, place)


def told_apart(names: list[str], place: str) -> tuple[list[str], tuple[str, ...]]:
    """Number the names that occur more than once, so that a mapping has to say which of them it means."""
    counts, taken = Counter(names), set(names)
    told: list[str] = []
    given: dict[str, list[str]] = {}
    for name in names:
        if counts[name] > 1:
            free = (f"{name} ({number})" for number in count(1))
            own = next(candidate for candidate in free if candidate not in taken)
            taken.add(own)
            given.setdefault(name, []).append(own)
        told.append(given[name][-1] if counts[name] > 1 else name)
    return told, tuple(
        f"{place} has several columns '{name}'; a mapping calls them {', '.join(map(repr, owned))}."
        for name, owned in sorted(given.items())
    )


def _looks_like_data(names: list[str]) -> bool:
    """Recognise a file without a header before a message could quote somebody's row as if it were column names."""
    figures = sum(_FIGURE.fullmatch(name) is not None for name in names)
    return any(has_address(name) or _DATE.fullmatch(name) for name in names) or figures * 2 >= len(names)
