"""Readiness that blocks: nothing live is read, what is wrong is published, and an earlier verdict stays."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from whole_pilots import TABLES, Site, Told, command

pytestmark = pytest.mark.slow
FILLED = {"checkpoints", "data_quality"}
LIVE_TABLES = ["tool_events", "recommendations", "pulse_responses", "manager_observations", "manager_time"]


def _warehouse_tables(site: Site) -> set[str]:
    with duckdb.connect(str(site.root / "var" / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables").fetchall()
    return {name for (name,) in rows}


@pytest.mark.parametrize("scenario", ["biased", "broken"])
def test_a_blocked_demo_exits_with_1_and_says_so(request: pytest.FixtureRequest, scenario: str) -> None:
    told: Told = request.getfixturevalue(scenario).told
    assert told.code == 1
    assert "Blocked: no live data was read." in told.words
    assert "Traceback" not in told.out + told.err


@pytest.mark.parametrize("scenario", ["biased", "broken"])
def test_no_live_table_exists(request: pytest.FixtureRequest, scenario: str) -> None:
    tables = _warehouse_tables(request.getfixturevalue(scenario))
    assert "feeds.employees" in tables
    assert not {f"feeds.{feed}" for feed in LIVE_TABLES} & tables
    assert not {name for name in tables if name.startswith("closeout.")}
    assert not {"weekly.cohort_events", "weekly.kpi_weeks", "pilot.weekly_kpis", "fairness.live_rates"} & tables


@pytest.mark.parametrize("scenario", ["biased", "broken"])
def test_all_eleven_tables_are_there_and_two_are_filled(request: pytest.FixtureRequest, scenario: str) -> None:
    site: Site = request.getfixturevalue(scenario)
    assert {name for name in TABLES if len(site.table(name))} == FILLED
    assert {name for name in TABLES if site.query(f"SELECT count(*) FROM pilot.pilot.{name}")[0][0]} == FILLED
    assert not (site.published / "scorecard.html").exists()


def _failed(site: Site) -> set[str]:
    checks = site.table("checkpoints")
    return set(checks.loc[~checks["passed"] & (checks["severity"] == "error"), "checkpoint"])


def test_the_biased_tool_is_stopped_at_the_synthetic_audit(biased: Site) -> None:
    assert _failed(biased) == {"synthetic_audit"}
    assert "gender" in biased.told.words


def test_the_broken_hris_is_stopped_at_its_checkpoint(broken: Site) -> None:
    assert _failed(broken) == {"hris_feed"}
    assert "hris_feed" in broken.told.words


@pytest.mark.parametrize(
    ("reason", "least"),
    [
        ("part of a reporting cycle of 3 people", 3),
        ("manager is not an employee of the same snapshot", 9),
        ("Several rows that differ have the same as_of and employee_id", 10),
        ("No competency of the framework is for this role", 6),
    ],
)
def test_the_quarantine_lists_cycle_orphans_duplicates_and_the_unmapped_role(
    broken: Site, reason: str, least: int
) -> None:
    listed = pd.read_csv(broken.root / "var" / "quarantine" / "employees.csv")
    assert listed["reason"].str.contains(reason).sum() >= least, sorted(set(listed["reason"]))
    assert listed["row"].str.match(r".*employees_\d{4}-\d\d-\d\d\.csv:\d+$").all()


def test_an_earlier_verdict_stays_when_the_hris_breaks_later(effective: Site, broken_later: Site) -> None:
    assert broken_later.told.code == 1
    assert "hris_feed" in broken_later.told.words
    assert broken_later.release() == effective.release()


def test_a_live_asset_alone_in_a_new_run_refuses_and_names_the_checkpoint(broken_later: Site) -> None:
    told = command(
        *("-m", "dagster", "asset", "materialize", "--select", "tool_events", "-m", "pilot_pipeline.definitions"),
        cwd=broken_later.root,
        DAGSTER_HOME=str(broken_later.root / "var" / "dagster"),
        PILOT_CONFIG=str(broken_later.root / "pilot.yaml"),
    )
    assert told.code != 0
    assert "Live data may not be processed. hris_feed failed: " in told.words
    assert "Run `pilot check`" in told.words
