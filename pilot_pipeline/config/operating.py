"""Sections of `pilot.yaml` on running by itself and telling people; when the pilot runs is `planning`."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from pilot_pipeline.config.frozen import Frozen


class OperationSection(Frozen):
    """How the pilot runs week by week, where `pilot ui` or its daemon serves it."""

    run_at_hour: int = Field(6, ge=0, le=23, description="Hour of Monday, in the pilot's time zone, of the weekly run.")
    look_back_weeks: int = Field(
        4, ge=0, description="Finished weeks before the last one that every run computes again, for late rows."
    )
    watch_feeds: bool = Field(True, description="Run again when a file of a feed is new or changed.")


class EmailAlerts(Frozen):
    """Alerts by e-mail; without a server there are none."""

    server: str | None = Field(
        None,
        repr=False,
        description="A secret, as ${VARIABLE} from .env: smtp://host:25, smtp://user:password@host:587 (STARTTLS) "
        "or smtps://user:password@host:465.",
    )
    sender: str = Field("pilot@localhost", description="The address that alerts come from.")
    recipients: tuple[str, ...] = Field((), description="Who is told.")

    @field_validator("server")
    @classmethod
    def _mail_server(cls, value: str | None) -> str | None:
        return value if value is None else _url(value, ("smtp", "smtps"))

    @field_validator("sender", "recipients")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if "@" not in address or any(character.isspace() or character in ",;<>" for character in address):
                raise ValueError("an address reads name@host, one per entry")
        return value


class AlertsSection(Frozen):
    """Where a failed run, a failed checkpoint and a late feed are told; an unset variable disables a way."""

    webhook: str | None = Field(None, repr=False, description="A secret URL, as ${VARIABLE} from .env.")
    email: EmailAlerts = EmailAlerts()
    timeout_s: float = Field(10, gt=0, description="Seconds to wait for the webhook or the mail server.")

    @field_validator("webhook")
    @classmethod
    def _web(cls, value: str | None) -> str | None:
        return value if value is None else _url(value, ("https", "http"))


def _url(value: str, schemes: tuple[str, ...]) -> str:
    """Return a URL that can be used; the message never quotes it, because it is a secret."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return value
