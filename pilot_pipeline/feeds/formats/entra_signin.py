"""Reads Microsoft Entra sign-in logs as sign-ins; who signs in where is the mapping's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pilot_pipeline.feeds.formats.json_lines import Record
from pilot_pipeline.feeds.formats.raw import PLAIN, Options, RawTable
from pilot_pipeline.feeds.formats.vendor_json import NOT_A_PERSON, text_at, vendor_table

_COLUMNS = ("event_id", "occurred_at", "email", "outcome", "failure_reason")

# Codes by which Entra asks for a further step; the sign-in's end is an event of its own.
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_INTERRUPTS = frozenset(
    (
        "16000",
        "50058",
        "50072",
        "50074",
        "50076",
        "50079",
        "50097",
        "50125",
        "50127",
        "50129",
        "50140",
        "50143",
        "65001",
    )
)
_STEP = ("interrupted", "The sign-in was interrupted for a further step, so it is neither a success nor a failure.")


def parse_entra_signin(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read sign-ins as Microsoft Graph pages them (`value`) or as Azure Monitor exports them (`properties`).

    Error code 0 is a success. The code stands before the reason: 50053 is a locked account.

    Raises:
        BadInput: the file is empty or no text.
    """
    return vendor_table(data, place, options, ("value", "records"), _COLUMNS, _row)


def _row(event: dict[str, Any]) -> Iterator[Record]:
    inner = event.get("properties")
    signin = inner if isinstance(inner, dict) else event
    code = text_at(signin, "status", "errorCode")
    reason = text_at(signin, "status", "failureReason")
    failed = code not in (None, "0")
    made = {
        "event_id": text_at(signin, "id"),
        "occurred_at": text_at(signin, "createdDateTime"),
        "email": text_at(signin, "userPrincipalName"),
        "outcome": None if code is None else "failure" if failed else "success",
        "failure_reason": ": ".join(part for part in (code, reason) if part) if failed else None,
    }
    refused = _STEP if code in _INTERRUPTS else None if made["email"] else NOT_A_PERSON
    yield Record(event, made, refused)
