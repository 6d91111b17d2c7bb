"""The demo from feeds to verdict: what it prints and what it publishes."""

from __future__ import annotations

import json
import stat

import pandas as pd
import pytest
from whole_pilots import MADE_ON, TABLES, Site, pilot

from pilot_pipeline.warehouse.models import load_models

pytestmark = pytest.mark.slow
MARTS = {name: model for name, model in load_models().items() if model.layer == "marts"}

# Written down a second time, from the contract and not from the models: the names that reports rely on.
CONTRACT = {
    "weekly_kpis": "week_no week_start arm kpi n value ci_low ci_high target on_track suppressed restated_at",
    "kpi_scorecard": (
        "kpi kind target actual effect ci_low ci_high p_pair p_manager n_pairs n_managers met evidence label"
    ),
    "cohort_balance": "covariate smd_before smd_after variance_ratio ks within_tolerance",
    "cohort_summary": "metric pilot control workforce suppressed",
    "bias_audit": (
        "audit as_of attribute group_value pathway_id n rate impact_ratio p_value q_value verdict suppressed"
    ),
    "checkpoints": "checkpoint check_name tool passed severity rows_checked rows_failed checked_at evidence_hash",
    "data_quality": "feed rows_read rows_accepted rows_quarantined reasons late_rows fresh_as_of",
    "manager_signals": "unit level week_no n adoption module_completion suppressed",
    "roi": "lever estimable reason p10 p50 p90 probability_of_loss",
    "top_issues": "rank kind title evidence affected fix",
    "decision": ("decision label reasons false_go_rate power lock_sha256 data_sha256 code_version decided_on"),
}


def test_the_demo_ends_in_go_and_exit_0(effective: Site) -> None:
    assert effective.told.code == 0, effective.told.err
    assert "GO (confirmatory)" in effective.told.words


def test_it_prints_its_reasons_and_where_to_look(effective: Site) -> None:
    for reason in effective.table("decision")["reasons"].iloc[0].splitlines():
        assert " ".join(reason.split()) in effective.told.words
    for path in ("published/scorecard.html", "published/pilot.duckdb"):
        assert f"effective/{path}" in effective.told.out
    assert "pilot ui --config " in effective.told.out


def test_the_decision_is_one_row_that_names_lock_data_and_code(effective: Site) -> None:
    (row,) = effective.table("decision").to_dict("records")
    assert (row["decision"], row["label"]) == ("go", "confirmatory")
    assert pd.Timestamp(row["decided_on"]) == pd.Timestamp("2026-03-30")
    assert row["lock_sha256"] in effective.told.out
    assert len(row["data_sha256"]) == 64
    assert row["code_version"]


def test_the_rules_own_error_rates_are_published_and_the_command_gives_them_again(effective: Site) -> None:
    (row,) = effective.table("decision").to_dict("records")
    assert 0 < row["false_go_rate"] < 0.05 < 0.5 < row["power"] <= 1
    assert "What this rule says about simulated pilots of this very cohort" in effective.scorecard
    truths = ("no_behaviour_change", "no_prep_time_reduction", "very_good")
    asked = ["--pilots", "1500", *(word for truth in truths for word in ("--truth", truth))]
    config = effective.root / "pilot.yaml"
    told = json.loads(pilot("simulate", "--config", config, "--json", *asked, cwd=effective.root.parent).out)
    assert (told["design"]["own"], told["design"]["pairs"]) == (True, 30)
    assert (told["false_go_rate"], told["power"]) == (row["false_go_rate"], row["power"])


def test_the_lock_holds_no_person_by_name(effective: Site) -> None:
    lock = json.loads((effective.root / "pilot.lock.json").read_text(encoding="utf-8"))
    assert lock["attested_by"] == "the demo"
    assert "@" not in json.dumps(lock)


def test_exactly_the_eleven_tables_are_published_with_their_twins(effective: Site) -> None:
    found = effective.query("SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL")
    assert found == [("pilot", name) for name in sorted(TABLES)]
    files = {path.name for path in effective.published.iterdir()}
    assert files == {"pilot.duckdb", "scorecard.html", *(f"{name}.parquet" for name in TABLES)}


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_the_contracts_columns_with_the_types_of_its_yml(effective: Site, name: str) -> None:
    described = effective.query(f"SELECT column_name, column_type FROM (DESCRIBE pilot.pilot.{name})")
    assert dict(described) == MARTS[name].types
    assert set(CONTRACT[name].split()) <= {column for column, _ in described}
    parquet = effective.query(
        f"SELECT column_name, column_type FROM (DESCRIBE FROM '{effective.published / name}.parquet')"
    )
    assert parquet == described


@pytest.mark.parametrize("name", TABLES)
def test_each_table_and_column_says_what_it_is(effective: Site, name: str) -> None:
    ((told,),) = effective.query(f"SELECT comment FROM duckdb_tables() WHERE table_name = '{name}'")
    assert told == MARTS[name].description
    columns = effective.query(f"SELECT column_name, comment FROM duckdb_columns() WHERE table_name = '{name}'")
    assert columns
    assert all(comment and len(comment) > 3 for _, comment in columns), columns


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_rows_the_same_in_both_forms(effective: Site, name: str) -> None:
    twin = effective.published / f"{name}.parquet"
    ((rows,),) = effective.query(f"SELECT count(*) FROM pilot.pilot.{name}")
    assert rows > 0
    assert effective.query(f"(FROM pilot.pilot.{name} EXCEPT ALL FROM '{twin}')") == []
    assert effective.query(f"SELECT count(*) FROM '{twin}'") == [(rows,)]


def test_weekly_kpis_has_every_week_arm_and_kpi(effective: Site) -> None:
    weekly = effective.table("weekly_kpis")
    kpis = {"adoption", "module_completion", "behaviour_change", "prep_time_reduction", "pulse"}
    expected = {(week, arm, kpi) for week in range(1, 13) for arm in ("pilot", "control") for kpi in kpis}
    assert set(weekly[["week_no", "arm", "kpi"]].itertuples(index=False, name=None)) == expected
    assert len(weekly) == len(expected)
    assert weekly.loc[weekly["arm"] == "control", ["target", "on_track"]].isna().all(axis=None)
    unmeasured = weekly[weekly["n"] == 0]
    assert unmeasured["value"].isna().all()
    assert weekly["restated_at"].isna().all()


def test_no_published_row_is_about_one_person(effective: Site) -> None:
    signals = effective.table("manager_signals")
    assert (signals.loc[~signals["suppressed"], "n"] >= 5).all()
    assert signals.loc[signals["suppressed"], ["n", "adoption", "module_completion"]].isna().all(axis=None)
    weekly = effective.table("weekly_kpis")
    assert (weekly.loc[~weekly["suppressed"] & weekly["n"].gt(0), "n"] >= 5).all()
    for name in TABLES:
        assert not {"employee_id", "manager_id", "email"} & set(effective.table(name).columns)


def test_every_checkpoint_was_judged_with_its_tools(effective: Site) -> None:
    checks = effective.table("checkpoints")
    assert set(checks["checkpoint"]) == {"hris_feed", "sso_matrix", "pathways", "synthetic_audit"}
    assert {"pandera", "great_expectations", "sql"} <= set(checks["tool"])
    assert checks.loc[checks["severity"] == "error", "passed"].all()
    assert set(checks["checked_at"]) == {pd.Timestamp(MADE_ON)}
    suites = checks.loc[checks["tool"] == "great_expectations", "checkpoint"]
    assert set(suites) == set(checks["checkpoint"])


def test_rows_read_are_accepted_or_quarantined(effective: Site) -> None:
    quality = effective.table("data_quality")
    assert (quality["rows_read"] == quality["rows_accepted"] + quality["rows_quarantined"]).all()
    assert quality["rows_quarantined"].sum() > 0
    for row in quality[quality["rows_quarantined"] > 0].itertuples():
        listed = pd.read_csv(effective.root / "var" / "quarantine" / f"{row.feed}.csv")
        assert listed[["row", "column", "reason"]].notna().all(axis=None)
        assert row.reasons


def test_the_scorecard_is_one_page_that_asks_nobody(effective: Site) -> None:
    page = effective.scorecard
    assert page.lower().startswith("<!doctype html>")
    assert 'src="http' not in page and 'href="http' not in page
    assert page.count("<svg") >= 4
    decision = effective.table("decision").iloc[0]
    assert decision["lock_sha256"][:12] in page
    assert decision["data_sha256"][:12] in page


def test_what_is_ours_is_closed_to_others(effective: Site) -> None:
    var = effective.root / "var"
    assert stat.S_IMODE(var.stat().st_mode) == 0o700
    for private in ("warehouse.duckdb", "identities.parquet", "quarantine/employees.csv"):
        assert stat.S_IMODE((var / private).stat().st_mode) == 0o600


def test_dagster_keeps_no_copy_of_a_value(effective: Site) -> None:
    assert not list((effective.root / "var" / "dagster").glob("storage/**/result"))
