"""A webhook and a mail server of this machine's own that keep what they get."""

from __future__ import annotations

import email
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer

from pilot_pipeline.config.operating import AlertsSection

RECIPIENT = "people-analytics@company.example"


@dataclass
class Sinks:
    """What came in, and the settings of `pilot.yaml` that lead here."""

    posts: list[dict] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """Codes that the webhook answers with, one per post; then 200."""
    ports: tuple[int, int] = (0, 0)

    @property
    def settings(self) -> dict:
        web, mail = self.ports
        address = {"server": f"smtp://127.0.0.1:{mail}", "recipients": [RECIPIENT]}
        return {"webhook": f"http://127.0.0.1:{web}/hook/secret", "email": address}

    @property
    def section(self) -> AlertsSection:
        return AlertsSection.model_validate(self.settings)

    @property
    def everything(self) -> str:
        """All that anybody could read in what was sent."""
        return "\n".join([json.dumps(self.posts, ensure_ascii=False), *(str(mail) for mail in self.mails)])


@contextmanager
def local_sinks() -> Iterator[Sinks]:
    """Listen on two ports of 127.0.0.1."""
    sinks = Sinks()

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code = sinks.answers.pop(0) if sinks.answers else 200
            if code == 200:
                sinks.posts.append(json.loads(body))
            self.send_response(code)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Mail(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 sink\r\n")
            while line := self.rfile.readline():
                command = line.split()[0].upper()
                if command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    text = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        text += part
                    message = email.message_from_bytes(text, policy=default)
                    assert isinstance(message, EmailMessage)
                    sinks.mails.append(message)
                self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")
                if command == b"QUIT":
                    return

    with HTTPServer(("127.0.0.1", 0), Web) as web, socketserver.TCPServer(("127.0.0.1", 0), Mail) as mail:
        sinks.ports = (web.server_address[1], mail.server_address[1])
        for server in (web, mail):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield sinks
        finally:
            web.shutdown()
            mail.shutdown()
