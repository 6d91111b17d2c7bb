"""What readers of vendors' JSON share: finding the records, making canonical cells of each; no vendor is known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pilot_pipeline.feeds.formats.decoding import decode
from pilot_pipeline.feeds.formats.json_lines import Record, as_record, json_records, table_of_objects
from pilot_pipeline.feeds.formats.raw import Options, RawTable

NOT_A_PERSON = ("system_actor", "The event was done by the system or an application, not by a person.")
"""Refuses an event that no employee stands behind."""

NO_SIGN_IN = ("other_event", "The event is no sign-in.")
"""Refuses an event of another kind in a log of sign-ins."""


def vendor_table(
    data: bytes,
    place: str,
    options: Options,
    pages: Sequence[str],
    columns: Sequence[str],
    interpret: Callable[[dict[str, Any]], Iterator[Record]],
) -> RawTable:
    """Read a vendor's JSON; the vendor's own fields stay beside the canonical columns and need no mapping.

    Args:
        data: the file.
        place: its name for messages.
        options: `records` overrides `pages`.
        pages: fields that hold the records where a document is a page of the vendor's API; else it is a record.
        columns: the canonical columns that `interpret` makes.
        interpret: a record as one row or several.

    Raises:
        BadInput: the file is empty or no text.
    """
    decoded = decode(data, place, options.encoding)
    made = {name: f"={name}" for name in columns}
    rows = (
        (line, row)
        for line, found in _records(decoded.text, options.records, pages)
        for row in ([as_record(found)] if isinstance(found, str) else interpret(found))
    )
    table = table_of_objects(rows, decoded.notes, made)
    return replace(table, known=frozenset(table.frame.columns))


def _records(text: str, path: str | None, pages: Sequence[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    if path:
        yield from json_records(text, path)
        return
    number = 0
    for _, document in json_records(text, None):
        page = (
            next((document[name] for name in pages if name in document), None) if isinstance(document, dict) else None
        )
        for record in page if isinstance(page, list) else [document]:
            number += 1
            yield number, record if isinstance(record, dict | str) else "The record is not a JSON object."


def text_at(record: Any, *path: str) -> str | None:
    """Return the text at a path of fields, None where there is none or where it is no plain value."""
    value = record
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return None if value is None or isinstance(value, dict | list) else str(value)


def objects_at(record: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects of a list, without whatever else is in it; none where there is no list."""
    value = record.get(name) if isinstance(record, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
