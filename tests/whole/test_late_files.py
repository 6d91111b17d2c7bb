"""A file that comes late: found, taken up by the weeks that it touches, marked there, and nowhere else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest
from local_sinks import Sinks, local_sinks
from whole_pilots import Site

from assets.alerting import tell_late_feeds
from assets.requests import PILOT_WEEK
from checks.advice import LATE_ROWS
from checks.instant import NOW_TAG
from pilot_pipeline.cli.dagster_home import dagster_home
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.definitions import build_defs
from pilot_pipeline.warehouse.connection import open_warehouse

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Dagster's own, in this process
SOON, LATER = datetime(2026, 4, 11, 6), datetime(2026, 4, 12, 6)
SUBSET = ("tool_events", "cohort_events", "activity_weeks", "kpi_weeks", "kpi_intervals", "weekly_kpis", "week_inputs")


@dataclass
class Late:
    """The week touched, and what the table said before, after a run of the look-back alone, and after one of all."""

    pilot: Pilot
    touched: int
    before: pd.DataFrame
    beyond: pd.DataFrame
    after: pd.DataFrame
    warned: list[dg.AssetCheckEvaluation]
    told: list[str]
    inputs: pd.DataFrame


@pytest.fixture(scope="module")
def late(effective: Site, place: Path, monkeypatch_module) -> Late:
    root = place / "late"
    shutil.copytree(effective.root, root)
    pilot = load_pilot(root / "pilot.yaml")
    touched = drop_late_file(root)
    job = build_defs(pilot).resolve_job_def(PILOT_WEEK)
    tables, warned, told = [kpis(pilot)], [], []
    with dagster_home(pilot) as instance:
        for first, now in ((9, SOON), (1, LATER)):
            monday, last = (pilot.config.pilot.week_start(week).isoformat() for week in (first, 12))
            done = job.execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(name) for name in SUBSET],
                tags={
                    NOW_TAG: now.isoformat(),
                    "dagster/asset_partition_range_start": monday,
                    "dagster/asset_partition_range_end": last,
                },
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
            warned += [one for one in done.get_asset_check_evaluations() if one.check_name == LATE_ROWS]
            made = done.asset_materializations_for_node("week_inputs")[-1].metadata
            told.append(str(made["changed"].value))
            tables.append(kpis(pilot))
    with open_warehouse(pilot.home.warehouse) as warehouse:
        return Late(pilot, touched, *tables, warned, told, warehouse.read("weekly.week_inputs"))


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        yield patch


def kpis(pilot: Pilot) -> pd.DataFrame:
    with open_warehouse(pilot.home.warehouse) as warehouse:
        return warehouse.read("pilot.weekly_kpis").sort_values(["week_no", "arm", "kpi"], ignore_index=True)


def drop_late_file(root: Path) -> int:
    """Log a session of every participant who had none in some early week, which is returned: a file that was owed."""
    events = duckdb.sql(f"SELECT * FROM read_parquet('{root}/feeds/tool_events/*.parquet') ORDER BY event_id").df()
    participants = pd.read_csv(root / "feeds" / "enrolments.csv", dtype=str).query("arm == 'pilot'")["employee_id"]
    when = pd.to_datetime(events["occurred_at"], utc=True)
    start = pd.Timestamp("2026-01-05", tz="Europe/Berlin")
    week_of = (when.dt.tz_convert(start.tz) - start).dt.days // 7 + 1
    owing = {week: sorted(set(participants) - set(events.loc[week_of == week, "employee_id"])) for week in range(4, 9)}
    week, owed = next((week, people) for week, people in owing.items() if people)
    noon = (start + pd.DateOffset(weeks=week - 1, days=1, hours=12)).tz_convert("UTC")
    late = events.iloc[[0] * len(owed)].assign(
        event_id=[f"late-{number}" for number in range(len(owed))],
        employee_id=owed,
        event_type="session",
        occurred_at=events["occurred_at"].iloc[0] + (noon - when.iloc[0]),
    )
    late.to_parquet(root / "feeds" / "tool_events" / "late.parquet", index=False)
    return week


def test_a_run_of_the_look_back_alone_changes_nothing_and_names_the_week(late: Late) -> None:
    pd.testing.assert_frame_equal(late.before, late.beyond)
    first = late.warned[0]
    assert not first.passed and first.severity == dg.AssetCheckSeverity.WARN
    assert f"after week {late.touched} had been computed" in (first.description or "")


def test_the_week_that_it_touches_is_restated_and_no_other(late: Late) -> None:
    restated = late.after[late.after["restated_at"].notna()]
    assert list(zip(restated["week_no"], restated["arm"], restated["kpi"], strict=True)) == [
        (late.touched, "pilot", "adoption")
    ]
    assert set(restated["restated_at"]) == {pd.Timestamp(LATER)}
    for week, rows in late.after.groupby("week_no"):
        same = rows.to_csv().encode() == late.before[late.before["week_no"] == week].to_csv().encode()
        assert same == (week != late.touched), week


def test_what_changed_is_said_with_its_feed(late: Late) -> None:
    assert late.told[0] == "None."
    assert f"Week {late.touched}: tool_events has " in late.told[1] and late.told[1].count("*") == 1
    changed = late.inputs[late.inputs["changed_at"].notna()]
    assert list(zip(changed["week_no"], changed["feed"], strict=True)) == [(late.touched, "tool_events")]
    assert late.warned[1].passed


def test_a_late_feed_is_told_once(late: Late) -> None:
    with open_warehouse(late.pilot.home.warehouse) as warehouse:
        warehouse.connection.execute(
            "UPDATE feeds.feed_reads SET fresh_as_of = DATE '2026-03-20' WHERE feed = 'tool_events'"
        )
    with local_sinks() as sinks, dagster_home(late.pilot) as instance:
        alerts = late.pilot.config.alerts.model_validate(sinks.settings)
        pilot = Pilot(late.pilot.config.model_copy(update={"alerts": alerts}), late.pilot.home)
        sensor = tell_late_feeds(pilot, lambda: LATER)
        cursor = None
        for _ in range(3):
            tick = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=cursor))
            cursor = tick.cursor
        assert_one_late_feed(sinks)


def assert_one_late_feed(sinks: Sinks) -> None:
    (post,), (mail,) = sinks.posts, sinks.mails
    assert post["kind"] == "feed_late" and post["title"].endswith("tool_events is late")
    assert "Nothing from week 12 (2026-03-23 to 2026-03-29)." in mail.get_content()
