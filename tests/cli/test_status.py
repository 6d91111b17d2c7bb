"""`pilot status` tells week, gate, lateness, lock and next run from what is stored, and changes nothing."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from commandline import Command

from pilot_pipeline.closeout.standing import read_calendar
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.simulation.company import pilot_yaml, pseudonym_key
from pilot_pipeline.warehouse.connection import open_warehouse


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    monkeypatch.setenv("PILOT_PSEUDONYM_KEY", pseudonym_key(1))
    (tmp_path / "pilot.yaml").write_text(pilot_yaml("effective", 1), encoding="utf-8")
    return load_pilot(tmp_path / "pilot.yaml")


def store_reads(pilot: Pilot, **newest: str | None) -> None:
    """Write when each feed was last fresh, as an intake does, with the golive record that let it."""
    reads = pd.DataFrame({"feed": list(newest), "fresh_as_of": pd.to_datetime(pd.Series(list(newest.values())))})
    with open_warehouse(pilot.home.warehouse) as warehouse:
        warehouse.write("feeds.feed_reads", reads, columns={"feed": "VARCHAR", "fresh_as_of": "DATE"})


def files(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def asked(pilot: Command, at: Path, now: str) -> dict[str, dict[str, object]]:
    ended = pilot("status", "--config", at / "pilot.yaml", "--now", now, "--json")
    assert (ended.code, ended.err) == (0, "")
    data: dict[str, dict[str, object]] = json.loads(ended.out)
    return data


@pytest.mark.parametrize(
    ("now", "week", "finished", "next_run"),
    [
        ("2025-12-01T00:00:00", None, 0, "2026-01-12T05:00:00Z"),
        ("2026-01-04T22:59:59", None, 0, "2026-01-12T05:00:00Z"),
        ("2026-01-04T23:00:00", 1, 0, "2026-01-12T05:00:00Z"),
        ("2026-01-12T04:59:59", 2, 1, "2026-01-12T05:00:00Z"),
        ("2026-01-12T05:00:00", 2, 1, "2026-01-19T05:00:00Z"),
        ("2026-03-29T12:00:00", 12, 11, "2026-03-30T04:00:00Z"),  # summer time has begun
        ("2026-03-30T04:00:00", None, 12, None),
    ],
)
def test_the_week_and_the_next_run_are_those_of_the_pilots_own_time_zone(
    stored: Pilot, now: str, week: int | None, finished: int, next_run: str | None
) -> None:
    calendar = read_calendar(stored.config.pilot, datetime.fromisoformat(now))
    shown = calendar.next_run.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if calendar.next_run else None
    assert (calendar.week, calendar.finished, shown) == (week, finished, next_run)


def test_the_hour_is_that_of_pilot_yaml(stored: Pilot) -> None:
    calendar = read_calendar(stored.config.pilot, datetime(2025, 12, 1), run_at_hour=9)
    assert calendar.next_run is not None and calendar.next_run.hour == 9


def test_before_anything_ran_it_says_so_and_makes_no_file(pilot: Command, stored: Pilot) -> None:
    before = files(stored.home.root)
    data = asked(pilot, stored.home.root, "2025-12-01")
    words = pilot("status", "--config", stored.home.root / "pilot.yaml", "--now", "2025-12-01").out
    assert data["lock"]["state"] == "absent"
    assert data["gate"] == {"holds": None, "blockers": [], "detail": None}
    assert data["release"]["kind"] == "none"
    assert "1 of 12 begins on 2026-01-05, in 35 days" in words
    assert "never checked" in words and "not locked" in words
    assert files(stored.home.root) == before


def test_the_keys_are_those_that_the_help_documents(pilot: Command, stored: Pilot) -> None:
    data = asked(pilot, stored.home.root, "2025-12-01")
    words = pilot("status", "--help").out
    assert list(data) == [
        *("pilot", "now", "starts_on", "ends_on", "week", "weeks", "weeks_finished", "next_run"),
        *("lock", "gate", "feeds", "release"),
    ]
    nested = [key for section in ("lock", "gate", "release") for key in data[section]]
    assert all(key in words for key in (*data, *nested, "fresh_as_of", "blockers"))


def test_a_weekly_feed_without_a_row_of_the_last_finished_week_is_late(pilot: Command, stored: Pilot) -> None:
    store_reads(stored, tool_events="2026-02-06", recommendations="2026-02-01", employees="2025-12-15")
    before = stored.home.warehouse.read_bytes()
    data = asked(pilot, stored.home.root, "2026-02-11")
    states = {str(feed["feed"]): feed for feed in data["feeds"]}  # type: ignore[index]
    assert data["week"] == 6
    assert states["tool_events"]["state"] == "fresh"  # type: ignore[index]
    assert states["recommendations"] == {
        "feed": "recommendations",
        "state": "late",
        "fresh_as_of": "2026-02-01",
        "detail": "Newest row is of 2026-02-01. Nothing from week 5 (2026-02-02 to 2026-02-08).",
    }
    assert states["employees"]["state"] == "read"  # type: ignore[index]
    assert states["consents"]["state"] == "unread"  # type: ignore[index]
    assert states["pulse_responses"]["state"] == "waiting"  # type: ignore[index]
    assert stored.home.warehouse.read_bytes() == before


def test_while_a_run_writes_it_says_so_and_still_knows_the_week(pilot: Command, stored: Pilot) -> None:
    import subprocess

    store_reads(stored, tool_events="2026-02-06")
    holder = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(stored.home.warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline()
        data = asked(pilot, stored.home.root, "2026-02-11")
        process.communicate(b"")
    assert data["week"] == 6
    assert "A run is writing to the warehouse at this moment" in str(data["gate"]["detail"])


def test_a_broken_lock_a_broken_warehouse_and_a_broken_release_are_said(pilot: Command, stored: Pilot) -> None:
    stored.home.lock_file.write_text("{}", encoding="utf-8")
    stored.home.var.mkdir()
    stored.home.warehouse.write_bytes(b"not a database" * 500)
    data = asked(pilot, stored.home.root, "2026-02-11")
    assert data["lock"]["state"] == "broken"
    assert "cannot be opened as a DuckDB database" in str(data["gate"]["detail"])
    stored.home.published.mkdir()
    (stored.home.published / "decision.parquet").write_bytes(b"PAR1")
    ended = pilot("status", "--config", stored.home.root / "pilot.yaml")
    assert ended.code == 2
    assert "cannot be read as Parquet" in ended.err


@pytest.mark.parametrize(
    ("decision", "weeks", "kind", "words"),
    [
        ([("no_go", "confirmatory")], [11, 12], "verdict", "NO-GO (confirmatory), through week 12"),
        ([], [3, 4], "interim", "interim, through week 4; week 5 has ended since, `pilot run` brings it in"),
        ([], [], "blocked", "blocked: checkpoints and data quality only"),
    ],
)
def test_the_last_release_is_told(
    pilot: Command, stored: Pilot, decision: list[tuple[str, str]], weeks: list[int], kind: str, words: str
) -> None:
    stored.home.published.mkdir()
    for name, rows in (("decision", pd.DataFrame(decision, columns=["decision", "label"])), ("weekly_kpis", weeks)):
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame({"week_no": pd.Series(rows, dtype="int64")})
        duckdb.from_df(frame).write_parquet(str(stored.home.published / f"{name}.parquet"))
    assert asked(pilot, stored.home.root, "2026-02-11")["release"]["kind"] == kind
    shown = pilot("status", "--config", stored.home.root / "pilot.yaml", "--now", "2026-02-11").out
    assert words in " ".join(shown.split())
