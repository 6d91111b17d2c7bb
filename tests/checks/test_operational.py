"""Rows that come after launch are judged by a warning, and do not touch what go-live rests on."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import readiness_company as company

from checks.operational import operational_checks
from checks.turn import TURN
from pilot_pipeline.config import Home, Pilot
from pilot_pipeline.readiness.current import current_evidence
from pilot_pipeline.readiness.results import HRIS_FEED
from pilot_pipeline.readiness.signin_weeks import signin_weeks
from pilot_pipeline.warehouse.connection import open_warehouse
from pilot_pipeline.warehouse.tables import TABLES

PEOPLE = company.employees()


@pytest.fixture
def pilot(tmp_path: Path) -> Pilot:
    return Pilot(company.config(), Home(tmp_path))


def store(pilot: Pilot, *snapshots: pd.DataFrame) -> None:
    reads = pd.DataFrame({"feed": ["employees"], "rows_read": [98], "rows_accepted": [98], "rows_quarantined": [0]})
    reads = reads.assign(reasons="", late_rows=0, fresh_as_of=pd.Timestamp("2026-02-15"), gaps="")
    with open_warehouse(pilot.home.warehouse) as warehouse:
        warehouse.write("feeds.employees", pd.concat(snapshots, ignore_index=True))
        warehouse.write("feeds.feed_reads", reads, columns=TABLES["feeds.feed_reads"].types)
        live = PEOPLE.iloc[:20].assign(outcome=["failure"] * 15 + ["success"] * 5, is_test=False)
        live = live.assign(occurred_at=company.START, event_id=[f"l{i}" for i in range(20)])
        weeks = signin_weeks(live, PEOPLE, pilot.config)
        warehouse.write("readiness.signin_weeks", weeks, columns=TABLES["readiness.signin_weeks"].types)


def evidence(pilot: Pilot) -> str:
    with open_warehouse(pilot.home.warehouse) as warehouse:
        return current_evidence(warehouse, pilot)[HRIS_FEED]


def judged(pilot: Pilot) -> dict[str, dg.AssetCheckEvaluation]:
    with dg.DagsterInstance.ephemeral() as instance:
        resources = {"pilot": pilot, TURN: None}
        run = dg.Definitions(
            assets=[dg.AssetSpec("employees"), dg.AssetSpec("signin_weeks")],
            asset_checks=operational_checks(),
            jobs=[dg.define_asset_job("checks", selection=dg.AssetSelection.all_asset_checks())],
            resources=resources,
        )
        ended = run.resolve_job_def("checks").execute_in_process(instance=instance)
        return {found.check_name: found for found in ended.get_asset_check_evaluations()}


def test_a_broken_later_export_warns_and_leaves_go_live_alone(pilot: Pilot):
    store(pilot, PEOPLE)
    before = evidence(pilot)
    later = PEOPLE.assign(as_of=pd.Timestamp("2026-02-15")).astype({"as_of": "datetime64[us]"})
    two_tops = later.assign(manager_id=later["manager_id"].where(later["employee_id"] != "p_m3")).iloc[:30]
    store(pilot, PEOPLE, two_tops)
    found = judged(pilot)
    snapshot, signins = found["latest_snapshot"], found["live_sign_ins"]
    assert (snapshot.passed, snapshot.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "30 people in the snapshot, 49 in the one before" in snapshot.description
    assert "2 people without a manager" in snapshot.description
    assert "of 2026-02-15, later than go-live's." in snapshot.metadata["checks"].value
    assert (signins.passed, signins.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "more than 20 % of sign-ins failed in 2 divisions" in signins.description
    assert evidence(pilot) == before


def test_a_sound_later_export_passes(pilot: Pilot):
    store(pilot, PEOPLE, PEOPLE.assign(as_of=pd.Timestamp("2026-02-15")).astype({"as_of": "datetime64[us]"}))
    found = judged(pilot)["latest_snapshot"]
    assert found.passed
    assert found.description == "The latest snapshot is of 2026-02-15, later than go-live's."
