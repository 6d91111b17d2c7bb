"""Reads what `exposure` looks at out of the warehouse, as of the latest aggregated week."""

from __future__ import annotations

import pandas as pd

from pilot_pipeline.closeout.exposure import ExposureInputs
from pilot_pipeline.config import Pilot
from pilot_pipeline.registration.design import read_design
from pilot_pipeline.warehouse.connection import Warehouse


def read_exposure(warehouse: Warehouse, pilot: Pilot) -> ExposureInputs:
    """Return who used the tool, moved, left or was trained; what is not read yet or not configured is nobody."""
    design = read_design(warehouse, pilot)
    moved = warehouse.query(
        "SELECT DISTINCT later.employee_id FROM feeds.employees AS later "
        "INNER JOIN cohort.cohort_members AS locked ON later.employee_id = locked.employee_id "
        "WHERE later.as_of > $snapshot AND later.as_of < $ends_on AND later.manager_id <> locked.manager_id",
        {"snapshot": design.snapshot, "ends_on": pilot.config.pilot.ends_on},
    )
    saved = warehouse.query("SELECT employee_id, before_minutes - during_minutes AS saved FROM weekly.prep_outcomes")
    return ExposureInputs(
        members=warehouse.read("cohort.cohort_members"),
        users=_ids(warehouse.query("SELECT DISTINCT employee_id FROM weekly.activity_weeks WHERE active")),
        moved=_ids(moved),
        left=_ids(
            warehouse.query(
                "SELECT employee_id FROM weekly.departures WHERE left_at < $ends_on",
                {"ends_on": pilot.config.pilot.ends_on},
            )
        ),
        trained=_ids(warehouse.query("SELECT DISTINCT manager_id FROM feeds.enablement_sessions")),
        team_sizes=design.workforce.groupby("manager_id").size(),
        saved=saved.set_index("employee_id")["saved"],
        limit=pilot.config.decision.max_control_exposure,
        min_group=pilot.config.privacy.min_group_size,
    )


def _ids(rows: pd.DataFrame) -> frozenset[str]:
    return frozenset(str(value) for value in rows.iloc[:, 0].dropna())
