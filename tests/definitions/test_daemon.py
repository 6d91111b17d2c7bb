"""Claims about a real daemon on a pilot whose weeks have just ended: what launches by itself, once, and who is told.

Time is moved by `starts_on` in pilot.yaml, and for the schedule by saying that it was switched on a week ago. The
pilot has no usable feeds, so each run ends at the door: what a run computes is not the claim here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.scheduler.instigation import InstigatorState, ScheduleInstigatorData
from local_sinks import Sinks, local_sinks

from pilot_pipeline.cli.dagster_home import dagster_home
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.simulation.template import write_template

pytestmark = [pytest.mark.server, pytest.mark.slow]
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
PERSON = "zebulon.quackenbush@northwind.example"
WEEKS = 12


@dataclass
class Watched:
    """What the daemon did."""

    pilot: Pilot
    runs: list[dg.DagsterRun]
    sinks: Sinks

    def launched_by(self, name: str) -> list[dg.DagsterRun]:
        by = ("dagster/sensor_name", "dagster/schedule_name")
        return [run for run in self.runs if name in (run.tags.get(tag) for tag in by)]

    def weeks(self, run: dg.DagsterRun) -> tuple[int, int]:
        first = self.pilot.config.pilot.starts_on
        begin, end = (1 + (date.fromisoformat(run.tags[tag]) - first).days // 7 for tag in (START, END))
        return begin, end  # as `starts_on` was before time moved on


def running_pilot(root: Path, sinks: Sinks) -> Pilot:
    """A new pilot whose last week but one ended with last Sunday."""
    write_template(root)
    today = date.today()
    starts_on = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    path = root / "pilot.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["pilot"] |= {"starts_on": starts_on, "timezone": "UTC"}
    settings["operation"] |= {"run_at_hour": 0, "look_back_weeks": 2}
    settings["alerts"] = sinks.settings
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return load_pilot(path)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[Watched]:
    root = tmp_path_factory.mktemp("daemon") / "pilot"
    with local_sinks() as sinks, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")
        pilot = running_pilot(root, sinks)
        with dagster_home(pilot) as instance:
            with daemon(pilot, checkout):
                wait_for(lambda: schedule_states(instance) and first_look(instance))
                assert not instance.get_runs()
                drop_a_file(root)
                wait_for(lambda: launched(instance, "arriving_feeds"))
            switched_on_a_week_ago(instance)
            with daemon(pilot, checkout):
                wait_for(lambda: launched(instance, "monday_morning"))
            starts_earlier(root)
            with daemon(pilot, checkout):
                wait_for(lambda: launched(instance, "close_out"))
                wait_for(lambda: len(sinks.mails) >= 3)
                time.sleep(35)  # one more look of every sensor: nothing may come twice
            yield Watched(pilot, instance.get_runs(), sinks)


def drop_a_file(root: Path) -> None:
    """Drop an export that lacks most columns."""
    (root / "feeds" / "employees").mkdir()
    text = f"as_of,employee_id,email\n2026-01-01,E1,{PERSON}\n"
    (root / "feeds" / "employees" / "export.csv").write_text(text, encoding="utf-8")


def starts_earlier(root: Path) -> None:
    """Move time on by a week: the pilot began, and so ended, a week earlier."""
    path = root / "pilot.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["pilot"]["starts_on"] -= timedelta(weeks=1)
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")


class daemon:
    """`dagster-daemon run`, as a systemd unit starts it."""

    def __init__(self, pilot: Pilot, checkout: Path) -> None:
        self._log = pilot.home.var / "daemon.log"
        environment = {**os.environ, "PILOT_CONFIG": str(pilot.home.root / "pilot.yaml")}
        command = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(checkout / "workspace.yaml")]
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        finally:
            os.killpg(self._process.pid, signal.SIGKILL) if self._process.poll() is None else None


def launched(instance: dg.DagsterInstance, by: str) -> bool:
    tags = [{"dagster/sensor_name": by}, {"dagster/schedule_name": by}]
    return any(instance.get_runs(filters=dg.RunsFilter(tags=one), limit=1) for one in tags)


def schedule_states(instance: dg.DagsterInstance) -> list[InstigatorState]:
    return [one for one in instance.all_instigator_state() if one.instigator_name == "monday_morning"]


def first_look(instance: dg.DagsterInstance) -> bool:
    states = [one for one in instance.all_instigator_state() if one.instigator_name == "arriving_feeds"]
    return any(getattr(one.instigator_data, "cursor", None) for one in states)


def switched_on_a_week_ago(instance: dg.DagsterInstance) -> None:
    """Let the next daemon catch up with the last Monday, as after a machine that was off."""
    (state,) = schedule_states(instance)
    data = state.instigator_data
    assert isinstance(data, ScheduleInstigatorData)
    since = ScheduleInstigatorData(data.cron_schedule, data.start_timestamp - 7 * 86_400)
    instance.update_instigator_state(state.with_data(since))


def wait_for(happened: Callable[[], bool], seconds: float = 150) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(1)


def test_the_schedule_launches_the_week_of_its_tick_and_what_was_never_run(watched: Watched) -> None:
    (run,) = watched.launched_by("monday_morning")
    assert watched.weeks(run) == (1, WEEKS - 1)  # no week was ever run


def test_the_close_out_starts_by_itself_and_once(watched: Watched) -> None:
    (run,) = watched.launched_by("close_out")
    assert watched.weeks(run) == (0, WEEKS - 1)  # weeks 1 to 12 of the pilot that began a week earlier


def test_a_dropped_file_launches_one_run(watched: Watched) -> None:
    (run,) = watched.launched_by("arriving_feeds")
    assert run.job_name == "pilot_week" and watched.weeks(run) == (1, WEEKS - 1)


def test_nothing_else_was_launched_and_nothing_is_left_waiting(watched: Watched) -> None:
    assert Counter(run.job_name for run in watched.runs) == {"pilot_week": 3}
    assert all(run.is_finished for run in watched.runs)


def test_each_failed_run_is_told_once_each_way_and_names_nobody(watched: Watched) -> None:
    failed = sorted(run.run_id for run in watched.runs)
    assert sorted(post["run_id"] for post in watched.sinks.posts) == failed
    assert {post["kind"] for post in watched.sinks.posts} == {"run_failed"}
    assert len(watched.sinks.mails) == len(failed)
    said = watched.sinks.everything.casefold()
    assert "zebulon" not in said and "quackenbush" not in said
    assert any("employees" in sentence for post in watched.sinks.posts for sentence in post["sentences"])


def test_the_daemons_log_names_nobody(watched: Watched) -> None:
    log = (watched.pilot.home.var / "daemon.log").read_text(encoding="utf-8").casefold()
    assert "monday_morning" in log
    assert "quackenbush" not in log
