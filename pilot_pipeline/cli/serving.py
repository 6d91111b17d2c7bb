"""`pilot ui`: Dagster's webserver and daemon as two children that start and stop with us."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from types import FrameType

from pilot_pipeline.cli.dagster_home import dagster_home
from pilot_pipeline.cli.progress import console
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.errors import BadInput

HOST = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 15


def ui(config: Path, port: int) -> int:
    """Serve until Ctrl-C or SIGTERM.

    Raises:
        BadInput: the port is taken, Dagster's storage cannot be used, or the webserver does not come up.
    """
    pilot = load_pilot(config)
    if _listens(port):
        raise BadInput(f"Port {port} on {HOST} is taken; choose another one with --port.")
    _bury_what_was_killed(pilot)
    workspace = _workspace(pilot.home.dagster_home)
    environment = {**os.environ, "PILOT_CONFIG": str(pilot.home.root / config.name)}
    log = pilot.home.var / "ui.log"
    stopping = _stop_on_signals()  # before there is a child that a signal could orphan
    with log.open("ab") as out:
        log.chmod(0o600)
        commands = (
            ("dagster_webserver", "-h", HOST, "-p", str(port), "-w", str(workspace)),
            ("dagster._daemon", "run", "-w", str(workspace)),
        )
        children = [_start(command, environment, out.fileno()) for command in commands]
        try:
            return _serve(children, port, log, stopping)
        finally:
            _stop(children)


def _bury_what_was_killed(pilot: Pilot) -> None:
    """After a power cut Dagster still counts runs as under way, and its queue would wait for them for ever.

    Raises:
        BadInput: Dagster's storage cannot be used, which a child would say in `ui.log` only.
    """
    from checks.turn import bury_all
    from pilot_pipeline.operation.turns import died

    with dagster_home(pilot) as instance:
        if died(pilot):
            bury_all(instance)


def _workspace(home: Path) -> Path:
    """Return the checkout's workspace.yaml, or write the same where the software is installed without one."""
    checkout = Path(__file__).resolve().parents[2] / "workspace.yaml"
    if checkout.is_file():
        return checkout
    written = home / "workspace.yaml"
    written.write_text(
        "load_from:\n  - python_module:\n      module_name: pilot_pipeline.definitions\n"
        "      location_name: pilot_pipeline\n",
        encoding="utf-8",
    )
    return written


def _start(command: Sequence[str], environment: dict[str, str], out: int) -> subprocess.Popen[bytes]:
    # A session of its own, so that its grandchildren (code servers) can be stopped with it.
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
        start_new_session=True,
    )


def _stop_on_signals() -> Event:
    """Return what Ctrl-C, SIGTERM or a closed terminal sets."""
    stopping = Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return stopping


def _serve(children: Sequence[subprocess.Popen[bytes]], port: int, log: Path, stopping: Event) -> int:
    with console.status("Starting the Dagster UI"):
        deadline = time.monotonic() + START_SECONDS
        while not stopping.is_set() and not _listens(port):
            _refuse_dead(children, log)
            if time.monotonic() > deadline:
                raise BadInput(f"The Dagster UI did not come up within {START_SECONDS} seconds; {log} says why.")
            stopping.wait(0.3)
    if not stopping.is_set():
        console.print(f"Dagster UI   http://{HOST}:{port}   (Ctrl-C stops it)")
    while not stopping.is_set():
        _refuse_dead(children, log)
        stopping.wait(0.3)
    console.print("Stopping.")
    return 0


def _refuse_dead(children: Sequence[subprocess.Popen[bytes]], log: Path) -> None:
    if any(child.poll() is not None for child in children):
        raise BadInput(f"A part of the Dagster UI stopped by itself; {log} says why.")


def _stop(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for child in children:
            if child.poll() is None or number == signal.SIGTERM:
                _signal_group(child, number)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and any(child.poll() is None for child in children):
            time.sleep(0.1)


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    if child.poll() is not None:
        return
    os.killpg(child.pid, number)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0
