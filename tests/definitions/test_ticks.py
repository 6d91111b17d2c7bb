"""Claims about what launches by itself, tick by tick, the present instant given: the right weeks, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from assets.requests import FILES_TAG, PILOT_WEEK
from checks.instant import NOW_TAG
from checks.turn import BY_TAG, COMMAND, bury
from pilot_pipeline.config import Home, Pilot, parse_config
from pilot_pipeline.definitions import build_defs
from pilot_pipeline.operation.arrivals import files_state
from pilot_pipeline.operation.turns import Holder
from pilot_pipeline.simulation.template import example_config

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


class Site:
    """A pilot whose instant a test sets, with Dagster's storage and the definitions as a code server has them."""

    def __init__(self, root: Path, instance: dg.DagsterInstance) -> None:
        settings = {**example_config(), "operation": {"look_back_weeks": 2}}
        config = parse_config(settings, {"PILOT_PSEUDONYM_KEY": "a key for tests only"}, "the example")
        self.pilot, self.instance, self.now = Pilot(config, Home(root)), instance, datetime(2025, 1, 1)
        self.repository = build_defs(self.pilot, now=lambda: self.now).get_repository_def()

    def monday(self, week: int, hour: int = 6) -> datetime:
        """The instant, in UTC, of an hour of the Monday on which a week begins."""
        day = self.pilot.config.pilot.week_start(week)
        local = datetime(day.year, day.month, day.day, hour, tzinfo=self.pilot.config.pilot.zone)
        return local.astimezone(UTC)

    def at(self, week: int, hour: int = 6) -> None:
        self.now = self.monday(week, hour).replace(tzinfo=None)

    def weeks(self, request: dg.RunRequest) -> tuple[int, int]:
        first = self.pilot.config.pilot.starts_on
        ends = (datetime.fromisoformat(request.tags[tag]).date() for tag in (START, END))
        begin, end = (1 + (day - first).days // 7 for day in ends)
        return begin, end

    def tick(self, week: int) -> list[dg.RunRequest]:
        context = dg.build_schedule_context(
            self.instance, scheduled_execution_time=self.monday(week), repository_def=self.repository
        )
        return self.repository.get_schedule_def("monday_morning").evaluate_tick(context).run_requests

    def look(self, sensor: str, cursor: str | None = None):
        context = dg.build_sensor_context(self.instance, cursor=cursor, repository_def=self.repository)
        return self.repository.get_sensor_def(sensor).evaluate_tick(context)

    def drop(self, name: str, text: str) -> None:
        path = self.pilot.home.root / "feeds" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def was_run(self, *weeks: int) -> None:
        for week in weeks:
            key = self.pilot.config.pilot.week_start(week).isoformat()
            self.instance.report_runless_asset_event(dg.AssetMaterialization("weekly_kpis", partition=key))

    def run(self, tags: dict[str, str], status=dg.DagsterRunStatus.SUCCESS) -> None:
        run = dg.DagsterRun(PILOT_WEEK, tags=tags, status=status)
        self.instance.add_run(run)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Site(tmp_path, instance)


@pytest.fixture(scope="module")
def _stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance:
        yield instance


@pytest.fixture
def scheduled(tmp_path: Path, _stored: dg.DagsterInstance) -> Iterator[Site]:
    """A schedule's context opens Dagster's storage by itself, so it must be on disk."""
    _stored.wipe()
    yield Site(tmp_path, _stored)


def test_on_monday_morning_the_week_that_has_just_ended_runs_with_its_look_back(scheduled: Site) -> None:
    scheduled.was_run(1, 2, 3, 4)
    (request,) = scheduled.tick(6)
    assert request.job_name in (None, PILOT_WEEK)
    assert scheduled.weeks(request) == (3, 5)
    assert datetime.fromisoformat(request.tags[NOW_TAG]) == scheduled.monday(6).replace(tzinfo=None)


def test_weeks_that_were_never_run_are_caught_up_with(scheduled: Site) -> None:
    scheduled.was_run(1, 3)
    (request,) = scheduled.tick(6)
    assert scheduled.weeks(request) == (2, 5)


@pytest.mark.parametrize(("monday", "asked"), [(0, 0), (1, 0), (2, 1), (12, 1), (13, 0), (14, 0), (40, 0)])
def test_the_schedule_asks_once_per_week_and_leaves_the_last_to_the_close_out(scheduled: Site, monday, asked) -> None:
    assert len(scheduled.tick(monday)) == asked


def test_two_evaluations_of_a_tick_are_one_run(scheduled: Site) -> None:
    (first,), (again,) = scheduled.tick(4), scheduled.tick(4)
    assert first.run_key == again.run_key
    assert first.run_key != scheduled.tick(5)[0].run_key


def test_the_close_out_starts_by_itself_after_the_last_week_and_covers_every_week(site: Site) -> None:
    site.was_run(*range(1, 12))
    site.at(13, 5)
    assert not site.look("close_out").run_requests
    site.at(13, 6)
    (request,) = site.look("close_out").run_requests
    assert site.weeks(request) == (1, 12)
    site.run(request.tags, dg.DagsterRunStatus.STARTED)
    assert not site.look("close_out").run_requests


def test_it_has_one_key_for_ever_so_a_failed_close_out_is_not_launched_over_and_over(site: Site) -> None:
    site.at(13)
    (request,) = site.look("close_out").run_requests
    site.run(request.tags, dg.DagsterRunStatus.FAILURE)
    site.at(20)
    (again,) = site.look("close_out").run_requests
    assert again.run_key == request.run_key


def test_a_close_out_by_hand_is_enough(site: Site) -> None:
    site.at(14)
    tags = site.look("close_out").run_requests[0].tags
    early = {**tags, NOW_TAG: site.monday(10).replace(tzinfo=None).isoformat()}
    site.run(early)
    assert site.look("close_out").run_requests
    site.run({**tags, BY_TAG: "command"})
    assert not site.look("close_out").run_requests


def test_a_dropped_file_launches_the_finished_weeks_once(site: Site) -> None:
    site.was_run(1, 2, 3, 4)
    site.at(5)
    first = site.look("arriving_feeds")
    assert not first.run_requests
    site.drop("consents.csv", "employee_id\n")
    seen = site.look("arriving_feeds", first.cursor)
    assert not seen.run_requests and "once they stay so" in (seen.skip_message or "")
    launched = site.look("arriving_feeds", seen.cursor)
    (request,) = launched.run_requests
    assert request.job_name == PILOT_WEEK and site.weeks(request) == (2, 4)
    repeated = site.look("arriving_feeds", seen.cursor)  # killed before its cursor was kept
    assert repeated.run_requests[0].run_key == request.run_key
    assert not site.look("arriving_feeds", launched.cursor).run_requests


def test_a_file_that_is_still_being_written_waits(site: Site) -> None:
    site.at(5)
    cursor = site.look("arriving_feeds").cursor
    for text in ("a", "ab", "abc"):
        site.drop("consents.csv", text)
        tick = site.look("arriving_feeds", cursor)
        assert not tick.run_requests
        cursor = tick.cursor
    assert len(site.look("arriving_feeds", cursor).run_requests) == 1


def test_files_that_a_run_has_read_launch_no_other(site: Site) -> None:
    site.at(5)
    cursor = site.look("arriving_feeds").cursor
    site.drop("consents.csv", "by hand")
    cursor = site.look("arriving_feeds", cursor).cursor
    site.run({FILES_TAG: files_state(site.pilot)})
    tick = site.look("arriving_feeds", cursor)
    assert not tick.run_requests and "read these files already" in (tick.skip_message or "")


def test_before_week_1_has_ended_an_arriving_file_asks_for_readiness(site: Site) -> None:
    site.at(1)
    cursor = site.look("arriving_feeds").cursor
    site.drop("consents.csv", "x")
    cursor = site.look("arriving_feeds", cursor).cursor
    (request,) = site.look("arriving_feeds", cursor).run_requests
    assert request.job_name == "readiness" and START not in request.tags


def test_a_killed_run_is_marked_as_failed_and_no_other(site: Site) -> None:
    states = {"dead": "STARTED", "waiting": "STARTED", "done": "SUCCESS"}
    runs = {name: dg.DagsterRun(PILOT_WEEK, status=dg.DagsterRunStatus(state)) for name, state in states.items()}
    for run in runs.values():
        site.instance.add_run(run)
    lock = site.pilot.home.var / "turn.lock"
    lock.parent.mkdir()
    holder = {"what": PILOT_WEEK, "process": 1, "run_id": runs["dead"].run_id, "since": "2026-01-01 06:00 UTC"}
    lock.write_text(json.dumps(holder), encoding="utf-8")  # as a killed process leaves it
    for _ in range(2):
        site.look("killed_runs")
    now = {name: site.instance.get_run_by_id(run.run_id).status.value for name, run in runs.items()}
    assert now == states | {"dead": "FAILURE"}


def test_a_command_that_was_killed_leaves_no_run_behind(site: Site) -> None:
    dead, other = (
        dg.DagsterRun(PILOT_WEEK, tags=tags, status=dg.DagsterRunStatus.STARTED) for tags in ({BY_TAG: COMMAND}, {})
    )
    for run in (dead, other):
        site.instance.add_run(run)
    bury(site.instance, Holder("pilot run", 1, None, "2026-01-01 06:00 UTC"))
    statuses = [site.instance.get_run_by_id(run.run_id).status.value for run in (dead, other)]
    assert statuses == ["FAILURE", "STARTED"]
