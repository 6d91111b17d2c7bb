"""Sends an alert to a webhook and by e-mail; what it says is `alerts`."""

from __future__ import annotations

import json
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial
from urllib.parse import unquote, urlsplit

from pilot_pipeline.config.operating import AlertsSection, EmailAlerts
from pilot_pipeline.errors import NotReady
from pilot_pipeline.operation.alerts import Alert

_PAUSES = (1.0, 4.0)
"""Seconds between tries; an alert that cannot be sent in three is given up, and its sensor says so."""


def ways(alerts: AlertsSection) -> tuple[str, ...]:
    """Return where alerts go: webhook, email, both or nowhere."""
    by_mail = alerts.email.server is not None and bool(alerts.email.recipients)
    return ("webhook",) * (alerts.webhook is not None) + ("email",) * by_mail


def send(alert: Alert, alerts: AlertsSection, pause: Callable[[float], None] = time.sleep) -> tuple[str, ...]:
    """Send an alert every way that is configured; return the ways.

    Raises:
        NotReady: a way did not work in three tries. The other one was used nevertheless; no address is quoted.
    """
    lost = []
    for way in ways(alerts):
        try:
            _persist(partial(_WAYS[way], alert, alerts), pause)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            lost.append(f"The alert could not be sent by {way}: {_reason(error)}.")
    if lost:
        raise NotReady(" ".join(lost))
    return ways(alerts)


def _persist(action: Callable[[], None], pause: Callable[[float], None]) -> None:
    for seconds in _PAUSES:
        try:
            return action()
        except (OSError, smtplib.SMTPException):
            pause(seconds)
    return action()


def _to_webhook(alert: Alert, alerts: AlertsSection) -> None:
    assert alerts.webhook is not None
    body = json.dumps(alert.payload, ensure_ascii=False).encode()
    request = urllib.request.Request(
        alerts.webhook, body, {"Content-Type": "application/json; charset=utf-8", "User-Agent": "pilot-pipeline"}
    )
    with urllib.request.urlopen(request, timeout=alerts.timeout_s) as answer:
        answer.read(1024)


def _by_mail(alert: Alert, alerts: AlertsSection) -> None:
    settings = alerts.email
    with _mail_server(settings, alerts.timeout_s) as server:
        server.send_message(_message(alert, settings))


def _mail_server(settings: EmailAlerts, timeout: float) -> smtplib.SMTP:
    """Connect, encrypted wherever the server can, and never give a password away unencrypted."""
    parts = urlsplit(settings.server or "")
    host, tls = parts.hostname or "", ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=timeout, context=tls)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=timeout)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=tls)
            server.ehlo()
        elif parts.username:
            server.close()
            raise ValueError("the mail server offers no encryption, and a password is not sent without")
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _message(alert: Alert, settings: EmailAlerts) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(alert.title.split())
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.recipients)
    message["X-Pilot-Alert"] = alert.kind
    message.set_content(alert.text)
    return message


_WAYS: dict[str, Callable[[Alert, AlertsSection], None]] = {"webhook": _to_webhook, "email": _by_mail}


def _reason(error: Exception) -> str:
    """Return why, without a URL or an address: both are secrets, and servers like to quote them."""
    if isinstance(error, urllib.error.HTTPError):
        return f"it answered {error.code}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server answered {error.smtp_code}"
    if isinstance(error, ValueError):
        return str(error)
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    told = getattr(cause, "strerror", None)
    return str(told) if told else type(cause).__name__
