"""Recognises whose shape a file has: a vendor's log, a page of an API, a survey; reading it is the readers'."""

from __future__ import annotations

from itertools import islice
from typing import Any

from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.formats.decoding import decode
from pilot_pipeline.feeds.formats.json_lines import json_records

_LOOKED_AT = 5
_MARKS = {
    "okta_system_log": ("eventType", "published", "actor"),
    "entra_signin": ("createdDateTime", "userPrincipalName", "status"),
    "xapi": ("verb", "actor", "object"),
}


def shape_of(data: bytes, form: str) -> dict[str, str]:
    """Return the keys of a mapping that a file's shape asks for: `format`, or `records` for a page of some API.

    Args:
        data: the file.
        form: the format that its ending tells.
    """
    try:
        text = decode(data, "the file").text if form in ("csv", "jsonl") else ""
    except BadInput:
        return {}
    if form == "csv":
        return {"format": "qualtrics"} if '""ImportId""' in "".join(text.splitlines(keepends=True)[:12]) else {}
    documents = [found for _, found in islice(json_records(text, None), _LOOKED_AT) if isinstance(found, dict)]
    if form != "jsonl" or not documents:
        return {}
    for page in ("", "value", "records", "items", "statements"):
        vendor = _vendor(_first(documents[0], page))
        if vendor:
            return {"format": vendor}
    lists = [name for name, value in documents[0].items() if _records(value)]
    return {"records": lists[0]} if len(lists) == 1 and len(documents[0]) < 12 else {}


def _first(document: dict[str, Any], page: str) -> dict[str, Any]:
    record = document if not page else next(iter(document.get(page) or [{}]), {})
    inner = record.get("properties") if isinstance(record, dict) else None
    return inner if isinstance(inner, dict) else record if isinstance(record, dict) else {}


def _vendor(record: dict[str, Any]) -> str | None:
    if str(record.get("kind", "")).startswith("admin#reports"):
        return "google_login"
    return next((name for name, marks in _MARKS.items() if all(mark in record for mark in marks)), None)


def _records(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(item, dict) for item in value)
