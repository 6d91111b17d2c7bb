"""Two runs of one pilot at once: the second says for whom it waits; none fails, none is lost, whoever started it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from commandline import Command, start, wait
from dagster import DagsterInstance

from pilot_pipeline.cli.dagster_home import dagster_home
from pilot_pipeline.config import load_pilot
from pilot_pipeline.operation.turns import turn
from pilot_pipeline.simulation.company import write_company

pytestmark = pytest.mark.slow
START_SECONDS = 120
WAITING = r"Waiting for {} \(process \d+.*\), which uses this pilot's warehouse"
LAUNCH = """mutation($job: String!) { launchRun(executionParams: {
  selector: {repositoryLocationName: "pilot_pipeline", repositoryName: "__repository__", jobName: $job}
}) { __typename ... on LaunchRunSuccess { run { runId } } } }"""


@pytest.fixture
def new(pilot: Command, tmp_path: Path) -> Path:
    """A new pilot without any feed, so that a command ends at the door."""
    assert pilot("init", tmp_path / "new").code == 0
    return tmp_path / "new"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated company with its lock, so that a check ends well."""
    root = tmp_path_factory.mktemp("two") / "pilot"
    root.mkdir()
    config = write_company(root, "effective", 1)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("watch_feeds: true", "watch_feeds: false"), encoding="utf-8")
    made = wait(start("lock", "--config", config, "--as-of", "2025-12-22", "--attested-by", "a test", cwd=root))
    assert made.code == 0, made.err
    return root


def test_the_second_waits_says_for_whom_and_is_not_lost(new: Path) -> None:
    told: list[str] = []
    with turn(load_pilot(new / "pilot.yaml"), "pilot run", say=told.append):
        second = start("check", "--config", new / "pilot.yaml", cwd=new)
        assert second.stdout is not None
        for line in second.stdout:
            if line.startswith("Waiting for pilot run (process "):
                break
        else:
            raise AssertionError("it did not wait")
        assert second.poll() is None
    ended = wait(second, 60)
    assert ended.code == 2 and "no file matches" in ended.err  # its own answer, after its turn
    assert not told


def test_two_commands_started_together_both_end_well(locked: Path) -> None:
    both = [start("check", "--config", locked / "pilot.yaml", cwd=locked, COLUMNS="400") for _ in range(2)]
    ended = [wait(process) for process in both]
    assert [one.code for one in ended] == [0, 0], [one.err for one in ended]
    assert all("Ready: live data may be processed." in one.out for one in ended)
    assert sum(bool(re.search(WAITING.format("pilot check"), one.out)) for one in ended) == 1
    with storage(locked) as instance:
        runs = [run.status.value for run in instance.get_runs() if run.job_name == "readiness"]
    assert runs == ["SUCCESS", "SUCCESS"]


@pytest.mark.server
def test_a_command_beside_a_run_of_the_daemon(locked: Path) -> None:
    check = ("check", "--config", locked / "pilot.yaml")
    with served(locked) as address, storage(locked) as instance:
        before = {run.run_id for run in instance.get_runs()}
        with turn(load_pilot(locked / "pilot.yaml"), "this test", say=pytest.fail):  # so that both meet, and wait
            launched = asked(address, LAUNCH, {"job": "readiness"})["launchRun"]["run"]["runId"]
            command = start(*check, cwd=locked, COLUMNS="400")
            assert command.stdout is not None
            assert any(re.match(WAITING.format("this test"), line) for line in command.stdout)
            wait_for(lambda: waits(instance, launched, "this test"))
            assert command.poll() is None
        ended = wait(command)
        assert ended.code == 0 and "Ready: live data may be processed." in ended.out, ended.err
        wait_for(lambda: all(run.is_finished for run in instance.get_runs()))
        runs = [run for run in instance.get_runs() if run.run_id not in before]
    assert launched in {run.run_id for run in runs}
    # The pilot is over, so the daemon may have launched its close-out besides: a third one that waited.
    assert sorted(run.job_name for run in runs if run.job_name != "pilot_week") == ["readiness", "readiness"]
    assert {run.status.value for run in runs} == {"SUCCESS"}


def waits(instance: DagsterInstance, run_id: str, on: str) -> bool:
    return any(re.search(WAITING.format(on), entry.user_message) for entry in instance.all_logs(run_id))


def wait_for(happened: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.5)


@contextmanager
def storage(root: Path) -> Iterator[DagsterInstance]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")
        with dagster_home(load_pilot(root / "pilot.yaml")) as instance:
            yield instance


@contextmanager
def served(root: Path) -> Iterator[str]:
    """`pilot ui`, with its webserver and its daemon, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start("ui", "--config", root / "pilot.yaml", "--port", port, cwd=root)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            assert process.poll() is None and time.monotonic() < deadline, "the UI did not come up"
            time.sleep(0.3)
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def asked(address: str, query: str, variables: dict[str, str] | None = None) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = json.load(answer)
    assert "errors" not in told, told
    data: dict[str, Any] = told["data"]
    return data
