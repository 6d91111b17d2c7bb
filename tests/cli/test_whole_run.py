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
    assert list(data) == ["ready", "conditions", "notes", "expired", "gaps", "sentences", "quarantine"]
    assert data["ready"] is True and data["expired"] == []
    assert {condition["state"] for condition in data["conditions"]} == {"holds"}
    assert checked.err.splitlines() == ["Loading ...", "Checking readiness ..."]
    # A later check reads baselines again; the feeds that were read whole are not late for that.
    again = json.loads(wait(start("status", *at, "--json", cwd=tmp_path)).out)
    assert [feed for feed in again["feeds"] if feed["state"] == "late"] == []

    # One orphan among eight hundred people is set aside, blocks, and says what expired.
    feed = tmp_path / "demo" / "feeds" / "employees" / "employees_2025-12-15.csv"
    head, *rows = feed.read_text(encoding="utf-8").splitlines()
    columns = head.split(",")
    stray = dict(zip(columns, rows[0].split(","), strict=True)) | {"employee_id": "E77777", "manager_id": "E99999"}
    feed.write_text("\n".join([head, *rows, ",".join(stray.values())]), encoding="utf-8")
    refused = wait(start("check", *at, "--json", cwd=tmp_path))
    data = json.loads(refused.out)
    (blocker,) = [item for item in data["conditions"] if item["state"] != "holds"]
    assert (refused.code, blocker["name"], blocker["state"]) == (1, "hris_feed", "failed")
    assert blocker["detail"] == "1 row in quarantine with a manager who is not in the snapshot"
    assert "because the rows in quarantine changed; it was judged again." in data["expired"][0]
    assert f"{feed.name}:{len(rows) + 2},manager_id,The manager is not" in Path(
        tmp_path / "demo" / "var" / "quarantine" / "employees.csv"
    ).read_text(encoding="utf-8")
