"""Reads the Google Workspace login audit as sign-ins; who signs in where is the mapping's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pilot_pipeline.feeds.formats.json_lines import Record
from pilot_pipeline.feeds.formats.raw import PLAIN, Options, RawTable
from pilot_pipeline.feeds.formats.vendor_json import NO_SIGN_IN, NOT_A_PERSON, objects_at, text_at, vendor_table

_COLUMNS = ("event_id", "occurred_at", "email", "outcome", "failure_reason")
_OUTCOMES = {"login_success": "success", "login_failure": "failure"}


def parse_google_login(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read activities of the Reports API, application `login`, alone or as the API pages them (`items`).

    An activity holds one event or several; each is a row
    (https://developers.google.com/workspace/admin/reports/v1/appendix/activity/login).

    Raises:
        BadInput: the file is empty or no text.
    """
    return vendor_table(data, place, options, ("items",), _COLUMNS, _rows)


def _rows(activity: dict[str, Any]) -> Iterator[Record]:
    events = objects_at(activity, "events")
    if not events:
        yield Record(activity, refused=NO_SIGN_IN)
    when, unique, email = (
        text_at(activity, *path) for path in (("id", "time"), ("id", "uniqueQualifier"), ("actor", "email"))
    )
    for number, event in enumerate(events):
        name = text_at(event, "name") or ""
        made = {
            "event_id": f"{unique}.{number}" if unique and len(events) > 1 else unique,
            "occurred_at": when,
            "email": email,
            "outcome": _OUTCOMES.get(name),
            "failure_reason": _parameter(event, "login_failure_type") if name == "login_failure" else None,
        }
        refused = NO_SIGN_IN if name not in _OUTCOMES else None if email else NOT_A_PERSON
        yield Record({**activity, "events": [event]}, made, refused)


def _parameter(event: dict[str, Any], name: str) -> str | None:
    found = (item for item in objects_at(event, "parameters") if text_at(item, "name") == name)
    return next((text_at(item, "value") for item in found), None)
