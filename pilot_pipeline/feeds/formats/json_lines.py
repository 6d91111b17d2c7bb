"""Reads JSON objects, one per line or one after the other, into a `RawTable` with dotted column names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pilot_pipeline.feeds.formats.decoding import decode
from pilot_pipeline.feeds.formats.raw import (
    CELL_REASONS,
    PLAIN,
    WHOLE_ROW,
    Fault,
    Options,
    RawTable,
    clean_cell,
    text_frame,
)

_NEXT_OBJECT = re.compile(r"^\{", re.MULTILINE)
_NEXT_LINE = re.compile(r"^", re.MULTILINE)
_GAP = re.compile(r"[\s,]*")
_BROKEN = "The line is not a whole JSON object; the file may be half-written."
_NO_OBJECT = "The line holds JSON that is not an object."
_TWICE = "The JSON object names the same field more than once."


@dataclass(frozen=True)
class Record:
    """One JSON object, canonical cells made of it, and, where it is refused as a whole, the rule and the reason."""

    fields: dict[str, Any] | None
    made: Mapping[str, str | None] = field(default_factory=dict)
    refused: tuple[str, str] | None = None


class _NamedTwice(ValueError):
    """An object with two values for one name."""


def parse_json_lines(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read JSON objects: one per line, pretty-printed one after the other, or in one array.

    Nested objects become dotted names (`outcome.result`), a list of plain values one text separated by semicolons, a
    list of objects numbered names (`target.0.id`). Numbers keep the text they have in the file. A broken object is
    kept as an empty row with a fault, and reading goes on with the next line that starts an object. Where the options
    say at which field of each document the records are (a page of an API), the records are the rows, numbered from 1.

    Raises:
        BadInput: the file is empty or no text.
    """
    decoded = decode(data, place, options.encoding)
    found = json_records(decoded.text, options.records)
    return table_of_objects(((line, as_record(each)) for line, each in found), decoded.notes)


def json_records(text: str, path: str | None) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield (place, record) or (place, reason): objects by line, or, below a path, records by number."""
    if path is None:
        yield from _objects(text)
        return
    number = 0
    for line, document in _objects(text):
        for record in [document] if isinstance(document, str) else _at(document, path, line):
            number += 1
            yield number, record


def _at(document: dict[str, Any], path: str, line: int) -> Iterator[dict[str, Any] | str]:
    """Yield the records of one document; an empty list is a page without records."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        yield f"The document that starts in line {line} has no list of records at {path}."
        return
    for item in value:
        yield item if isinstance(item, dict) else _NO_OBJECT


def as_record(found: dict[str, Any] | str) -> Record:
    """Return what was found at one place as a record: an object, or the reason why there is none."""
    return Record(None, refused=("shape", found)) if isinstance(found, str) else Record(found)


def table_of_objects(
    rows: Iterable[tuple[int, Record]], notes: tuple[str, ...], made: Mapping[str, str] = MappingProxyType({})
) -> RawTable:
    """Flatten records into a table; `made` names the columns of what was made of them.

    A record that is refused, or whose fields cannot be flattened, stays as a row with a fault.
    """
    lines: list[int] = []
    faults: list[Fault] = []
    columns: dict[str, dict[int, str]] = {name: {} for name in made.values()}
    for line, record in rows:
        position = len(lines)
        lines.append(line)
        cells, reason = _flatten(record.fields) if record.fields is not None else ({}, "")
        refused = record.refused or (None if cells is not None else ("shape", reason))
        if refused:
            faults.append(Fault(position, WHOLE_ROW, *refused))
        own = {made[name]: cell for name, cell in record.made.items() if cell is not None}
        faults += _kept(position, {**(cells or {}), **own}, columns)
    count = len(lines)
    dense = {name: [cells.get(position) for position in range(count)] for name, cells in columns.items()}
    frame = text_frame(dense, count)
    return RawTable(frame, tuple(lines), tuple(faults), notes, optional_columns=True, made=dict(made))


def _kept(position: int, cells: Mapping[str, str], columns: dict[str, dict[int, str]]) -> Iterator[Fault]:
    """Put one row's cells into the columns, and yield a fault for each that no column can hold."""
    for name, value in cells.items():
        kept, rule = clean_cell(value)
        if clean_cell(name)[1]:
            yield Fault(position, WHOLE_ROW, "encoding", CELL_REASONS["encoding"])
        elif kept is not None:
            columns.setdefault(name, {})[position] = kept
        else:
            columns.setdefault(name, {})
            yield Fault(position, name, str(rule), CELL_REASONS[str(rule)])


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield (line, object) or (line, reason), from the first bracket to the end."""
    decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_float=str, parse_int=str, parse_constant=str)
    start, in_array, line, counted = _skip(text, 0), False, 1, 0
    while start < len(text):
        if text[start] == ("]" if in_array else "["):
            start, in_array = _skip(text, start + 1), not in_array
            continue
        line, counted = line + text.count("\n", counted, start), start
        try:
            value, end = decoder.raw_decode(text, start)
        except _NamedTwice:
            yield line, _TWICE
            end = _resume(text, start)
        except (ValueError, RecursionError):
            yield line, _BROKEN
            end = _resume(text, start)
        else:
            yield line, value if isinstance(value, dict) else _NO_OBJECT
        start = _skip(text, end)


def _skip(text: str, start: int) -> int:
    gap = _GAP.match(text, start)
    return gap.end() if gap else start


def _resume(text: str, start: int) -> int:
    """Return where the next line starts; after a broken object, which may have many lines, the next that opens one."""
    found = (_NEXT_OBJECT if text[start] == "{" else _NEXT_LINE).search(text, start + 1)
    return found.start() if found else len(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise _NamedTwice
    return record


def _flatten(record: dict[str, Any]) -> tuple[dict[str, str] | None, str]:
    """Return the object's cells by dotted name, or None and the reason why it has none."""
    cells: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = list(reversed(record.items()))
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{name}.{key}", inner) for key, inner in reversed(value.items()))
        elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
            waiting.extend((f"{name}.{number}", item) for number, item in reversed(list(enumerate(value))))
        elif value is not None:
            if name in cells:
                return None, _TWICE
            cells[name] = _text(value)
    return cells, ""


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(_text(item) for item in value if item is not None)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
