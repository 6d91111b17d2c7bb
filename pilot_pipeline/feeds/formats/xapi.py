"""Reads xAPI statements as tool events: modules started and completed; what counts as activity is the mapping's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from pilot_pipeline.feeds.formats.json_lines import Record
from pilot_pipeline.feeds.formats.raw import PLAIN, Options, RawTable
from pilot_pipeline.feeds.formats.vendor_json import text_at, vendor_table

_COLUMNS = ("event_id", "occurred_at", "employee_id", "event_type", "module_id", "duration_s")

# The last part of a verb's id; https://registry.tincanapi.com and the ADL vocabulary.
_STARTED = frozenset(("initialized", "attempted", "launched"))
_COMPLETED = frozenset(("completed", "passed", "mastered"))


def parse_xapi(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read statements, alone or as a store pages them (`statements`).

    Any other verb stays as it is in `event_type`: `values: {event_type: {played: session}}` makes it count, and
    otherwise the contract refuses the row. Answers and extensions of a statement are never mapped by this reader.

    Raises:
        BadInput: the file is empty or no text.
    """
    return vendor_table(data, place, options, ("statements",), _COLUMNS, _row)


def _row(statement: dict[str, Any]) -> Iterator[Record]:
    verb = (text_at(statement, "verb", "id") or "").rstrip("/").rpartition("/")[2]
    event = "module_started" if verb in _STARTED else "module_completed" if verb in _COMPLETED else verb or None
    made = {
        "event_id": text_at(statement, "id"),
        "occurred_at": text_at(statement, "timestamp") or text_at(statement, "stored"),
        "employee_id": _actor(statement),
        "event_type": event,
        "module_id": text_at(statement, "object", "id"),
        "duration_s": _seconds(text_at(statement, "result", "duration")),
    }
    yield Record(statement, made)


def _actor(statement: dict[str, Any]) -> str | None:
    mailbox = text_at(statement, "actor", "mbox")
    return text_at(statement, "actor", "account", "name") or (mailbox and mailbox.removeprefix("mailto:"))


def _seconds(duration: str | None) -> str | None:
    """Return an ISO 8601 duration in seconds; one that cannot be read stays as it is, for the contract to refuse."""
    if duration is None:
        return None
    try:
        return repr(pd.Timedelta(duration).total_seconds())
    except (ValueError, OverflowError):
        return duration
