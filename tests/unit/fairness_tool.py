"""A small recommender on 127.0.0.1 for the tests of asking; nothing is asserted here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pandas as pd

Reply = Callable[[list[dict[str, Any]], int], tuple[int, dict[str, str], bytes]]


class Tool(ThreadingHTTPServer):
    """Replies as it is told and remembers what it was sent."""

    daemon_threads = True

    def __init__(self, reply: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply, self.batches = reply, list[list[dict[str, Any]]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/recommend"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients hang up on slow replies."""


class _Handler(BaseHTTPRequestHandler):
    server: Tool

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["employees"]
        self.server.batches.append(sent)
        status, headers, body = self.server.reply(sent, len(self.server.batches))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


def serving() -> Iterator[Callable[[Reply], Tool]]:
    """Yield a function that starts tools, and stop them afterwards; the body of a fixture."""
    running: list[Tool] = []

    def run(reply: Reply) -> Tool:
        tool = Tool(reply)
        running.append(tool)
        threading.Thread(target=tool.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return tool

    yield run
    for tool in running:
        tool.shutdown()
        tool.server_close()


def rows_of(answers: pd.DataFrame) -> tuple[int, dict[str, str], bytes]:
    """Return answers as the tool's reply."""
    rows = answers.astype(object).where(answers.notna(), None).to_dict("records")
    return 200, {}, json.dumps({"recommendations": rows}).encode()
