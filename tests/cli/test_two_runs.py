"""Two runs of one pilot at once: the second says for whom it waits, then does its work; a killed one is buried."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from commandline import Command, start, wait

from pilot_pipeline.cli.running import dagster_home
from pilot_pipeline.config import load_pilot
from pilot_pipeline.operation.turns import turn

pytestmark = pytest.mark.slow


@pytest.fixture
def new(pilot: Command, tmp_path: Path) -> Path:
    """A new pilot without any feed, so that a command ends at the door."""
    assert pilot("init", tmp_path / "new").code == 0
    return tmp_path / "new"


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


def test_a_run_that_was_killed_holds_nobody_up_and_is_marked(new: Path) -> None:
    doomed = start("check", "--config", new / "pilot.yaml", cwd=new)
    assert doomed.stdout is not None
    next(line for line in doomed.stdout if line.startswith("Checking readiness"))
    doomed.send_signal(signal.SIGKILL)
    doomed.communicate(timeout=30)
    ended = wait(start("check", "--config", new / "pilot.yaml", cwd=new), 60)
    assert "Waiting" not in ended.out and "no file matches" in ended.err
    with dagster_home(load_pilot(new / "pilot.yaml")) as instance:
        assert all(run.is_finished for run in instance.get_runs())
