"""The proxy of the operating guide, with a real nginx: a password first, then the UI, whose secrets stay outside."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PASSWORD = "g3heim"

pytestmark = pytest.mark.server


class Ui(BaseHTTPRequestHandler):
    """Stands for the UI: says which headers reached it."""

    def do_GET(self) -> None:
        body = "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


def secrets(place: Path) -> None:
    """Make what the guide makes, with its own commands where their tools are here."""
    (made,) = re.findall(r"^openssl req .*$", GUIDE, re.M)
    _run(made.replace("/etc/nginx/secrets", str(place)))
    (asked,) = re.findall(r"^htpasswd -(\w+) /etc/nginx/secrets/htpasswd (\w+)$", GUIDE, re.M)
    if shutil.which("htpasswd"):
        _run(f"htpasswd -b{asked[0]} {place}/htpasswd {asked[1]} {PASSWORD}")
    else:
        hashed = _run(f"openssl passwd -6 {PASSWORD}").strip()
        (place / "htpasswd").write_text(f"{asked[1]}:{hashed}\n", encoding="utf-8")
    place.chmod(0o755)
    (place / "htpasswd").chmod(0o644)  # its workers read it, as another user


def _run(command: str) -> str:
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def ui() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Ui)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def proxy() -> Iterator[str]:
    if NGINX is None or shutil.which("openssl") is None:
        pytest.skip("no nginx or no openssl on this machine")
    with tempfile.TemporaryDirectory() as place:  # not pytest's, which nginx's workers may not enter
        yield from _served(Path(place))


def _served(place: Path) -> Iterator[str]:
    secrets(place)
    port = free_port()
    with ui() as upstream:
        text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        for there, here in (("8443", str(port)), ("127.0.0.1:3000", f"127.0.0.1:{upstream}")):
            assert there in text
            text = text.replace(there, here)
        (place / "pilot.conf").write_text(text.replace("/etc/nginx/secrets", str(place)), encoding="utf-8")
        paths = "".join(
            f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (place / "nginx.conf").write_text(
            f"pid {place}/pid; error_log {place}/error.log; events {{}}\n"
            f"http {{ access_log off; {paths} include {place}/pilot.conf; }}\n",
            encoding="utf-8",
        )
        with subprocess.Popen([NGINX, "-p", place, "-c", place / "nginx.conf", "-g", "daemon off;"]) as nginx:
            try:
                _wait(port, nginx)
                yield f"https://127.0.0.1:{port}/"
            finally:
                nginx.terminate()


def _wait(port: int, nginx: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert nginx.poll() is None, "nginx did not start"
        threading.Event().wait(0.1)
    raise AssertionError("nginx does not answer")


def fetched(address: str, password: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(address)
    if password is not None:
        request.add_header("Authorization", "Basic " + b64encode(f"analyst:{password}".encode()).decode())
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


@pytest.mark.parametrize("password", [None, "", "another"])
def test_without_the_password_nothing_of_the_ui_is_seen(proxy: str, password: str | None) -> None:
    code, body = fetched(proxy, password)
    assert code == 401 and "Host:" not in body


def test_with_it_the_ui_answers_and_does_not_learn_it(proxy: str) -> None:
    code, body = fetched(proxy, PASSWORD)
    assert code == 200 and "Host: 127.0.0.1" in body
    assert "authorization" not in body.casefold()
