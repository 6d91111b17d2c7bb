"""Two runs of one pilot at once: the second says for whom it waits, then does its work."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import Command, start, wait

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
