"""Reads the Okta System Log as sign-ins; what an event means is Okta's, who signs in where is the mapping's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pilot_pipeline.feeds.formats.json_lines import Record
from pilot_pipeline.feeds.formats.raw import PLAIN, Options, RawTable
from pilot_pipeline.feeds.formats.vendor_json import NO_SIGN_IN, NOT_A_PERSON, objects_at, text_at, vendor_table

_COLUMNS = ("event_id", "occurred_at", "email", "outcome", "failure_reason")
_LOCKED = ("user.account.lock", "user.account.lock.limit")
_POLICY = "policy.evaluate_sign_on"
_OUTCOMES = {"SUCCESS": "success", "ALLOW": "success", "FAILURE": "failure", "DENY": "failure"}


def parse_okta_system_log(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read System Log events (https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/).

    Sign-ins are `user.session.start`, `user.authentication.*`, a lock-out, and a sign-on policy that denies. An
    outcome such as CHALLENGE, which is neither success nor failure, is left as it is, for the contract to refuse.

    Raises:
        BadInput: the file is empty or no text.
    """
    return vendor_table(data, place, options, (), _COLUMNS, _row)


def _row(event: dict[str, Any]) -> Iterator[Record]:
    kind, outcome = text_at(event, "eventType") or "", text_at(event, "outcome", "result") or ""
    person = _person(event, kind)
    reason = text_at(event, "outcome", "reason")
    made = {
        "event_id": text_at(event, "uuid"),
        "occurred_at": text_at(event, "published"),
        "email": person,
        "outcome": _OUTCOMES.get(outcome.upper(), outcome or None),
        "failure_reason": (reason or "LOCKED_OUT") if kind in _LOCKED else reason,
    }
    yield Record(event, made, _refusal(kind, outcome, person))


def _person(event: dict[str, Any], kind: str) -> str | None:
    """Return who signed in: the actor; where the system locks an account, the account's owner."""
    if (text_at(event, "actor", "type") or "").casefold() == "user":
        return text_at(event, "actor", "alternateId")
    owners = [item for item in objects_at(event, "target") if (text_at(item, "type") or "").casefold() == "user"]
    return text_at(owners[0], "alternateId") if kind in _LOCKED and owners else None


def _refusal(kind: str, outcome: str, person: str | None) -> tuple[str, str] | None:
    denied = kind == _POLICY and outcome.upper() == "DENY"
    if not (kind == "user.session.start" or kind.startswith("user.authentication.") or kind in _LOCKED or denied):
        return NO_SIGN_IN
    return NOT_A_PERSON if person is None else None
