"""Claims about deadlines as Dagster judges them: a live feed that was not read in its week is overdue in the UI."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.freshness_evaluator import CronFreshnessPolicyEvaluator
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time

from assets.freshness import LIVE
from pilot_pipeline.config import Home, Pilot, parse_config
from pilot_pipeline.definitions import build_defs
from pilot_pipeline.simulation.template import example_config

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
FEED = dg.AssetKey("tool_events")


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Pilot:
    settings = example_config()
    settings["feeds"]["pulse_responses"] = {"source": "feeds/pulse.csv"}
    config = parse_config(settings, {"PILOT_PSEUDONYM_KEY": "a key for tests only"}, "the example")
    return Pilot(config, Home(tmp_path_factory.mktemp("pilot")))


def at(pilot: Pilot, week: int, day: int, hour: int) -> datetime:
    """An hour of a day (Monday is 0) of a week of the pilot, in its time zone."""
    date = pilot.config.pilot.week_start(week) + timedelta(days=day)
    return datetime(date.year, date.month, date.day, hour, tzinfo=pilot.config.pilot.zone)


def dated(pilot: Pilot, now: datetime) -> set[str]:
    definitions = build_defs(pilot, now=lambda: now)
    return {
        spec.key.to_user_string()
        for asset in definitions.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
        for spec in asset.specs
        if spec.freshness_policy
    }


def test_the_live_feeds_of_pilot_yaml_have_a_deadline_while_the_pilot_is_under_way(pilot: Pilot) -> None:
    section = pilot.config.pilot
    begins, ends = (datetime.combine(day, time()) for day in (section.starts_on, section.ends_on))
    expected = {"tool_events", "pulse_responses"}  # employees are no live feed, manager_time is not configured
    assert expected < LIVE
    assert dated(pilot, begins + timedelta(days=1)) == expected
    assert dated(pilot, ends + timedelta(days=2)) == expected  # the close-out has its deadline too
    assert dated(pilot, begins - timedelta(days=2)) == dated(pilot, ends + timedelta(days=9)) == set()


def test_a_feed_that_monday_did_not_read_is_overdue_on_tuesday_until_it_is_read(pilot: Pilot, tmp_path: Path) -> None:
    graph = (
        build_defs(pilot, now=lambda: datetime.combine(pilot.config.pilot.starts_on, time(12)))
        .get_repository_def()
        .asset_graph
    )
    with dg.DagsterInstance.ephemeral(str(tmp_path)) as instance:

        def state(when: datetime) -> FreshnessState:
            with freeze_time(when):
                judged = CronFreshnessPolicyEvaluator().evaluate_freshness(
                    LoadingContextForTest(instance), graph.get(FEED)
                )
                return asyncio.run(judged)

        def read(when: datetime) -> None:
            with freeze_time(when):
                instance.report_runless_asset_event(dg.AssetMaterialization(FEED))

        assert state(at(pilot, 2, 1, 12)) == FreshnessState.UNKNOWN  # never read: readiness blocks
        read(at(pilot, 3, 0, 6))
        assert state(at(pilot, 3, 0, 7)) == FreshnessState.PASS
        assert state(at(pilot, 4, 1, 5)) == FreshnessState.PASS
        assert state(at(pilot, 4, 1, 7)) == FreshnessState.FAIL
        read(at(pilot, 4, 2, 9))
        assert state(at(pilot, 4, 2, 10)) == FreshnessState.PASS
