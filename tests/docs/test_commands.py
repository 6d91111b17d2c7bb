"""Every command that README and tutorial show runs, ends with the code they state and prints the lines they show."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from console_blocks import Command, commands, run

ROOT = Path(__file__).parents[2]
SERVED = re.compile(r"pilot ui\b")
MADE = re.compile(r"make (\w+)$")
START_SECONDS = 120


@pytest.fixture
def environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_tutorial_runs_from_init_to_verdict_as_it_is_printed(tmp_path: Path, environment: dict[str, str]):
    told = commands(ROOT / "docs" / "tutorial.md")
    assert [command.text for command in told if command.text.startswith("pilot")][:2] == [
        "pilot demo",
        "pilot init my-pilot",
    ]
    for command in told:
        _hold(command, *run(command.text, tmp_path, environment))
    _hold_the_ways_to_read(tmp_path / "my-pilot")


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(1800)
def test_the_commands_of_the_readme_run_as_they_are_printed(tmp_path: Path, environment: dict[str, str]):
    (tmp_path / "pilot-demo").mkdir()
    told = commands(ROOT / "README.md")
    assert [command.text for command in told][:2] == ["make demo", "make test"]
    for command in told:
        if MADE.match(command.text):
            _hold_make(command, environment)
        elif SERVED.match(command.text):
            run("rm -r pilot-demo && pilot init pilot-demo", tmp_path, environment)
            _hold_server(command, tmp_path, environment)
        else:
            _hold(command, *run(command.text, tmp_path, environment))


def _hold(command: Command, code: int, output: str) -> None:
    assert code == command.code, f"$ {command.text}\n{output}"
    assert not command.missing(output), f"$ {command.text}\n{output}"


def _hold_the_ways_to_read(pilot: Path) -> None:
    """The snippets on the page about the published tables work on this release."""
    page = (ROOT / "docs" / "published-tables.md").read_text(encoding="utf-8")
    sql, python = (re.search(rf"^```{kind}\n(.*?)^```", page, re.M | re.S)[1] for kind in ("sql", "python"))
    with contextlib.chdir(pilot):
        with duckdb.connect() as connection:
            assert len(connection.execute(sql).fetchall()) == 24
        names: dict[str, Any] = {}
        exec(python, names)
        assert len(names["scorecard"]) == 5
        with duckdb.connect("published/pilot.duckdb", read_only=True) as connection:
            with pytest.raises(duckdb.BinderException, match="Ambiguous"):
                connection.sql("SELECT count(*) FROM pilot.weekly_kpis")
            connection.execute("USE pilot.pilot")
            assert connection.execute("SELECT count(*) FROM weekly_kpis").fetchone() == (120,)


def _hold_make(command: Command, environment: dict[str, str]) -> None:
    """A target is not made here (it would install, or run these tests again): its recipe is what the page says."""
    code, recipe = run(
        f"make --no-print-directory --dry-run --always-make {command.text.removeprefix('make ')}", ROOT, environment
    )
    assert code == 0, recipe
    final = {"demo": "/pilot demo", "test": "/python -m pytest"}[command.text.removeprefix("make ")]
    assert final in recipe.strip().splitlines()[-1]


def _hold_server(command: Command, directory: Path, environment: dict[str, str]) -> None:
    """Start a server on a free port, wait for its line, and stop it as Ctrl-C does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = directory / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command.text.split(), "--port", str(port)],
            cwd=directory,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while "Dagster UI" not in log.read_text() and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.5)
        finally:
            server.send_signal(signal.SIGINT)
            code = server.wait(timeout=60)
    _hold(command, code, log.read_text().replace(f":{port}", ":3000"))
