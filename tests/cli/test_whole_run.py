"""Ctrl-C in the middle leaves a pilot that the next command takes to its verdict; a pipe reads it as plain lines."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commandline import start, wait

pytestmark = pytest.mark.slow


def interrupt_at(process: subprocess.Popen[str], line: str, seconds: float) -> int:
    """Send Ctrl-C some seconds after a line was printed; return the exit code."""
    assert process.stdout is not None
    for printed in process.stdout:
        if printed.startswith(line):
            break
    else:
        raise AssertionError(f"ended before '{line}': {process.stderr.read() if process.stderr else ''}")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    ended = wait(process, 60)
    assert "Stopped. What was published before stands" in ended.err
    return ended.code


def test_a_demo_that_was_stopped_anywhere_can_be_taken_to_its_verdict(tmp_path: Path) -> None:
    at = ("--config", "demo/pilot.yaml")
    # Stopped while the company is made, while the cohort is formed and while the weeks run.
    assert interrupt_at(start("demo", "--dir", "demo", cwd=tmp_path), "Making", 0.5) == 130
    assert interrupt_at(start("demo", "--dir", "demo", cwd=tmp_path), "Forming", 0.5) == 130
    assert interrupt_at(start("demo", "--dir", "demo", cwd=tmp_path), "Week 1 to 12", 4) == 130
    interim = json.loads(wait(start("status", *at, "--json", cwd=tmp_path)).out)
    assert interim["lock"]["state"] == "attested"
    assert interim["release"]["kind"] == "none"

    ran = wait(start("run", *at, cwd=tmp_path))
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    lines = ran.out.splitlines()
    assert lines[:2] == ["Loading ...", "Week 1 to 12 ..."]
    assert lines[-3:] == [
        "Scorecard    demo/published/scorecard.html",
        "Tables       demo/published/pilot.duckdb",
        "Dagster UI   pilot ui --config demo/pilot.yaml",
    ]
    assert max(map(len, lines)) <= 80
    assert (tmp_path / "demo/published/scorecard.html").is_file()

    stands = json.loads(wait(start("status", *at, "--json", cwd=tmp_path)).out)
    assert stands["gate"]["holds"] is True
    assert (stands["release"]["kind"], stands["release"]["decision"]) == ("verdict", "go")
    assert {feed["state"] for feed in stands["feeds"]} == {"fresh", "read"}

    checked = wait(start("check", *at, "--json", cwd=tmp_path))
    data = json.loads(checked.out)
    assert checked.code == 0
    assert list(data) == ["ready", "conditions", "notes", "gaps", "sentences", "quarantine"]
    assert data["ready"] is True
    assert {condition["state"] for condition in data["conditions"]} == {"holds"}
    assert checked.err.splitlines() == ["Loading ...", "Checking readiness ..."]
    # A later check reads baselines again; the feeds that were read whole are not late for that.
    again = json.loads(wait(start("status", *at, "--json", cwd=tmp_path)).out)
    assert [feed for feed in again["feeds"] if feed["state"] == "late"] == []
