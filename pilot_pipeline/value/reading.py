"""Reads what the value is estimated from out of the warehouse; pricing it is `levers`."""

from __future__ import annotations

from datetime import timedelta

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.kpis.reading import last_week
from pilot_pipeline.kpis.scoring import KpiInputs
from pilot_pipeline.value.inputs import AttritionCount, ValueInputs, pair_differences
from pilot_pipeline.warehouse.connection import Warehouse

_LEAVERS = """
SELECT
    cohort_members.arm,
    count(DISTINCT cohort_members.employee_id) AS n,
    count(DISTINCT cohort_members.employee_id) FILTER (
        WHERE employees.termination_reason = 'voluntary'
        AND employees.terminated_on >= $first
        AND employees.terminated_on < $end
    ) AS leavers
FROM cohort.cohort_members
LEFT JOIN feeds.employees ON cohort_members.employee_id = employees.employee_id
GROUP BY cohort_members.arm
"""


def read_value_inputs(warehouse: Warehouse, inputs: KpiInputs, config: PilotConfig) -> ValueInputs:
    """Return pair differences, voluntary leavers per arm and the adoption at the deadline week."""
    weeks = last_week(warehouse)
    start = config.pilot.starts_on
    counts = warehouse.query(_LEAVERS, {"first": start, "end": start + timedelta(weeks=weeks)}).set_index("arm")
    attrition = {
        str(arm): AttritionCount(int(row["leavers"]), int(row["n"]), float(weeks)) for arm, row in counts.iterrows()
    }
    active = inputs.adoption
    deadline = None if active is None else active.loc[active["week_no"] == config.kpis.adoption.by_week, "active"]
    return ValueInputs(
        pairs=pair_differences(inputs.members, inputs.behaviour, inputs.prep),
        pilot_attrition=attrition.get("pilot"),
        control_attrition=attrition.get("control"),
        adoption=None if deadline is None or deadline.empty else float(deadline.mean()),
    )
