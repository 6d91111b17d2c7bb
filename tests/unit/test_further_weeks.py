"""Which values of a further KPI count for which week, by the SQL models themselves on a warehouse of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from further_planted import ANCOVA, MEAN, SHARE, further_config

from assets.sql import parameters
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.storing import feed_table
from pilot_pipeline.kpis.reading import further_outcomes
from pilot_pipeline.operation.inputs import read_inputs
from pilot_pipeline.readiness.current import baseline_rows
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse
from pilot_pipeline.warehouse.models import load_models, run_model

MODELS = load_models()
CONFIG = further_config(
    {**ANCOVA, "name": "calls"},
    {**MEAN, "name": "level", "metric": "calls"},
    {**SHARE, "name": "few", "metric": "calls", "direction": "less", "reached": 4.0},
)
STARTS = pd.Timestamp("2026-01-05")


def day(week: int, weekday: int = 0) -> pd.Timestamp:
    return STARTS + pd.Timedelta(days=7 * (week - 1) + weekday)


def rows(*values: tuple[str, pd.Timestamp, float | None]) -> pd.DataFrame:
    frame = pd.DataFrame(values, columns=["employee_id", "measured_on", "value"]).assign(metric="calls")
    return frame[list(CANON["measurements"].names)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        members = pd.DataFrame({"employee_id": ["p", "c", "left"], "arm": ["pilot", "control", "pilot"]})
        warehouse.write("cohort.cohort_members", members)
        left = pd.DataFrame({"employee_id": ["left"], "left_at": [datetime(2026, 2, 10)]})
        warehouse.write("weekly.departures", left)
        yield warehouse


def weeks(warehouse: Warehouse, feed: pd.DataFrame, *numbers: int) -> pd.DataFrame:
    table = feed_table(CANON["measurements"])
    warehouse.write(table.table, feed, columns=table.types)
    for week in numbers:
        run_model(warehouse, MODELS["measurement_weeks"], week, parameters(CONFIG))
    return warehouse.read("weekly.measurement_weeks").set_index(["kpi", "week_no", "employee_id"]).sort_index()


def outcomes(warehouse: Warehouse, feed: pd.DataFrame, last: int = 12) -> pd.DataFrame:
    weeks(warehouse, feed, 1)
    warehouse.write("weekly.kpi_weeks", pd.DataFrame({"week_no": [last]}))
    run_model(warehouse, MODELS["measurement_outcomes"], None, parameters(CONFIG))
    found = further_outcomes(warehouse)
    assert found is not None
    return found.set_index(["kpi", "employee_id"]).sort_index()


def test_a_week_is_the_mean_of_the_persons_values_from_monday_to_sunday(warehouse: Warehouse) -> None:
    feed = rows(
        ("p", day(1), 2), ("p", day(1, 6), 4), ("p", day(2), 9), ("p", day(0, 6), 50), ("c", day(1), None),
        ("other", day(1), 7),
    )  # fmt: skip
    found = weeks(warehouse, feed, 1, 2)
    assert found["value"].to_dict() == {
        (kpi, week, "p"): value for kpi in ("calls", "level", "few") for week, value in ((1, 3.0), (2, 9.0))
    }
    reached = found["reached"]
    assert reached.loc[["calls", "level"]].isna().all()
    assert reached.loc["few"].tolist() == [True, False]  # at most 4


def test_before_is_weeks_minus_4_to_0_and_an_effect_begins_in_week_5(warehouse: Warehouse) -> None:
    feed = rows(
        ("p", day(-4), 1), ("p", day(0, 6), 3), ("p", day(-5, 6), 100),
        ("p", day(1), 10), ("p", day(4, 6), 10), ("p", day(5), 20), ("p", day(12, 6), 40), ("p", day(13), 999),
    )  # fmt: skip
    found = outcomes(warehouse, feed)
    assert found.loc[("calls", "p")].tolist() == [2.0, 30.0]
    assert found.loc[("level", "p")].tolist() == [2.0, 20.0]


def test_every_value_weighs_the_same_and_later_weeks_wait_for_their_time(warehouse: Warehouse) -> None:
    feed = rows(("p", day(5), 1), ("p", day(5, 1), 1), ("p", day(6), 4), ("p", day(7), 100))
    assert outcomes(warehouse, feed, last=6).loc[("calls", "p"), "during_value"] == 2.0


def test_missing_stays_missing_and_values_after_leaving_are_not_read(warehouse: Warehouse) -> None:
    feed = rows(
        ("c", day(-1), 5), ("c", day(6), None),
        ("left", day(-1), 5), ("left", pd.Timestamp("2026-02-09"), 7), ("left", pd.Timestamp("2026-02-11"), 70),
    )  # fmt: skip
    found = outcomes(warehouse, feed)
    assert found.loc[("calls", "c"), "before_value"] == 5 and pd.isna(found.loc[("calls", "c"), "during_value"])
    assert found.loc[("calls", "left"), "during_value"] == 7


def test_without_a_further_kpi_both_tables_are_there_and_empty(warehouse: Warehouse) -> None:
    table, plain = feed_table(CANON["measurements"]), parameters(further_config())
    warehouse.write(table.table, rows(("p", day(1), 2)), columns=table.types)
    run_model(warehouse, MODELS["measurement_weeks"], 1, plain)
    warehouse.write("weekly.kpi_weeks", pd.DataFrame({"week_no": [1]}))
    run_model(warehouse, MODELS["measurement_outcomes"], None, plain)
    assert warehouse.read("weekly.measurement_weeks").empty
    assert further_outcomes(warehouse) is None
    assert "further_kpis" in MODELS["measurement_weeks"].parameters


def test_a_late_value_is_found_in_its_own_week_and_the_days_before_the_start_in_the_baseline(
    warehouse: Warehouse,
) -> None:
    table = feed_table(CANON["measurements"])
    warehouse.write(table.table, rows(("p", day(0, 6), 2), ("p", day(3, 6), 2)), columns=table.types)
    found = read_inputs(warehouse, CONFIG.pilot)
    assert found.loc[found["feed"] == "measurements", "week_no"].tolist() == [0, 3]


def test_only_values_of_baseline_weeks_make_a_kpi_measurable(warehouse: Warehouse, tmp_path: Path) -> None:
    from pilot_pipeline.config import Home, Pilot

    pilot = Pilot(CONFIG, Home(tmp_path))
    assert baseline_rows(warehouse, pilot) is None
    table = feed_table(CANON["measurements"], "measurements_baseline")
    old = rows(("p", day(-5, 6), 2), ("p", day(0), None))
    warehouse.write(table.table, old, columns=table.types)
    assert not (baseline_rows(warehouse, pilot) or {}).get("calls")
    warehouse.write(table.table, rows(("p", day(-4), 2)), columns=table.types)
    assert baseline_rows(warehouse, pilot) == {"calls": 1}
