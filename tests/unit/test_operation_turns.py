"""One run of a pilot at a time: the next waits and says for whom; a killed one is noticed and waited for by nobody."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pilot_pipeline.config import Home, Pilot, parse_config
from pilot_pipeline.operation.turns import died, turn
from pilot_pipeline.simulation.template import example_config

HOLDING = """
import sys
from pathlib import Path
from types import SimpleNamespace
from pilot_pipeline.operation.turns import died, turn
pilot = SimpleNamespace(home=SimpleNamespace(var=Path(sys.argv[1])))
with turn(pilot, "pilot run", "0123456789abcdef", say=lambda said: None):
    print("mine", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def pilot(tmp_path: Path) -> Pilot:
    config = parse_config(example_config(), {"PILOT_PSEUDONYM_KEY": "a key for tests only"}, "the example")
    return Pilot(config, Home(tmp_path))


def another(pilot: Pilot) -> subprocess.Popen[str]:
    """Another process that has the turn until it is told or killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(pilot.home.var)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "mine\n"
    return process


def test_the_second_waits_says_so_once_and_then_has_its_turn(pilot: Pilot) -> None:
    told: list[str] = []

    def say(sentence: str) -> None:
        told.append(sentence)
        assert other.stdin is not None
        other.stdin.write("\n")  # it ends only after we were told that we wait
        other.stdin.flush()

    with another(pilot) as other, turn(pilot, "pilot check", say=say) as before:
        assert before is None
        assert other.wait(10) == 0
    (sentence,) = told
    assert f"Waiting for pilot run (process {other.pid}, run 01234567, since " in sentence


def test_a_killed_run_is_noticed_and_not_waited_for(pilot: Pilot) -> None:
    with another(pilot) as other:
        other.kill()
        other.wait(10)
    killed = died(pilot)
    assert killed is not None and killed.process == other.pid
    began, told = time.monotonic(), []
    with turn(pilot, "pilot run", say=told.append) as before:
        assert before == killed and before.run_id == "0123456789abcdef"
        assert died(pilot) is None
    assert not told and time.monotonic() - began < 5
    with turn(pilot, "pilot run", say=told.append) as before:
        assert before is None
    assert died(pilot) is None


def test_a_run_inside_a_command_of_the_same_process_joins_it(pilot: Pilot) -> None:
    with turn(pilot, "pilot run", say=pytest.fail), turn(pilot, "pilot_week", say=pytest.fail):
        pass
    with turn(pilot, "pilot run", say=pytest.fail) as before:
        assert before is None


def test_an_exception_gives_the_turn_back(pilot: Pilot) -> None:
    with pytest.raises(KeyError), turn(pilot, "pilot run", say=pytest.fail):
        raise KeyError
    with another(pilot) as other:
        other.communicate("\n")
    assert other.returncode == 0


def test_the_file_is_its_owners_alone_and_names_nobody(pilot: Pilot) -> None:
    with turn(pilot, "pilot run", say=pytest.fail):
        path = pilot.home.var / "turn.lock"
        assert path.stat().st_mode & 0o777 == 0o600
        assert "@" not in path.read_text(encoding="utf-8")
