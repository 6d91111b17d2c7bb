"""A PostgreSQL server of this machine's own in a directory that goes with it; Debian's package has what it takes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

OWNER, PASSWORD = "owner", "s3cret"


@dataclass(frozen=True)
class Server:
    """Where it listens, on 127.0.0.1."""

    port: int

    def address(self, scheme: str, database: str = "postgres") -> str:
        return f"{scheme}://{OWNER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"


@contextmanager
def local_postgres() -> Iterator[Server]:
    """Run a server; skip the test, with the reason, where none can be."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    if os.getuid() == 0 and (shutil.which("runuser") is None or shutil.which("psql") is None):
        pytest.skip("PostgreSQL does not run as root, and there is no runuser to be somebody else")
    made = subprocess.run(_as_server(["mktemp", "-d"]), capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no directory could be made for a PostgreSQL server: {made.stderr.strip()}")
    home = Path(made.stdout.strip())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(home / "data")
    try:
        for step in _steps(binaries, home, data, port):
            _done(step)
        yield Server(port)
    finally:
        stop = [str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "stop"]
        subprocess.run(_as_server(stop), capture_output=True, check=False, cwd="/")
        shutil.rmtree(home, ignore_errors=True)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _steps(binaries: Path, home: Path, data: str, port: int) -> list[list[str]]:
    options = f"-p {port} -h 127.0.0.1 -k {home} -c fsync=off"
    made = ["-D", data, "-U", OWNER, "-A", "scram-sha-256", "--pwfile", str(home / "password"), "-E", "UTF8"]
    return [
        ["sh", "-c", f"umask 077; echo {PASSWORD} > {home}/password"],
        [str(binaries / "initdb"), *made],
        [str(binaries / "pg_ctl"), "-D", data, "-l", str(home / "log"), "-o", options, "-w", "-t", "60", "start"],
    ]


def _done(step: list[str]) -> None:
    done = subprocess.run(
        _as_server(step),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd="/",
        timeout=120,
    )
    if done.returncode:
        pytest.skip(f"PostgreSQL would not start here: {done.stderr.strip().splitlines()[-1]}")


def _as_server(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; Debian's package brings a user for it."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else command
