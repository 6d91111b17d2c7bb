"""Reads what the KPIs are scored from out of the warehouse; which rows count was decided by the SQL models."""

from __future__ import annotations

import pandas as pd

from pilot_pipeline.kpis.scoring import KpiInputs
from pilot_pipeline.warehouse.connection import Warehouse


def last_week(warehouse: Warehouse) -> int:
    """Return the latest week that was aggregated."""
    return max(warehouse.weeks("weekly.kpi_weeks"))


def read_kpi_inputs(warehouse: Warehouse) -> KpiInputs:
    """Return the person-level frames as of the latest aggregated week."""
    week = {"week": last_week(warehouse)}
    return KpiInputs(
        members=warehouse.read("cohort.cohort_members"),
        adoption=warehouse.query(
            "SELECT week_no, employee_id, active FROM weekly.activity_weeks WHERE arm = 'pilot' AND week_no <= $week",
            week,
        ),
        modules=warehouse.query(
            "SELECT employee_id, due AS assigned, due_completed AS completed FROM weekly.module_weeks "
            "WHERE arm = 'pilot' AND week_no = $week",
            week,
        ),
        behaviour=warehouse.query(
            "SELECT employee_id, start_score, end_score, same_observer FROM weekly.behaviour_weeks "
            "WHERE week_no = $week",
            week,
        ),
        prep=warehouse.query("SELECT employee_id, before_minutes, during_minutes FROM weekly.prep_outcomes"),
        pulse=warehouse.query(
            "SELECT week_no, employee_id, score FROM weekly.pulse_weeks WHERE arm = 'pilot' AND week_no <= $week", week
        ),
        further=further_outcomes(warehouse),
        through_week=week["week"],
    )


def further_outcomes(warehouse: Warehouse) -> pd.DataFrame | None:
    """Return `KpiInputs.further`; None where no further KPI is declared, or in a warehouse older than those."""
    if not warehouse.exists("weekly.measurement_outcomes"):
        return None
    found = warehouse.query("SELECT kpi, employee_id, before_value, during_value FROM weekly.measurement_outcomes")
    return None if found.empty else found


def control_exposure(warehouse: Warehouse) -> tuple[int, int]:
    """Return how many controls were ever active in the tool, and how many controls there are."""
    row = warehouse.query(
        "SELECT count(DISTINCT employee_id) FILTER (WHERE active) AS exposed, count(DISTINCT employee_id) AS controls "
        "FROM weekly.activity_weeks WHERE arm = 'control'"
    ).iloc[0]
    return int(row["exposed"]), int(row["controls"])
