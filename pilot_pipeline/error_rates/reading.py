"""Reads a pilot's own design out of the warehouse: its pairs, clusters, and after the close-out what went missing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from pilot_pipeline.closeout.judging import RESULTS, stored_results
from pilot_pipeline.config import Pilot
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.error_rates.characteristics import at_close_out, frame_of
from pilot_pipeline.error_rates.design import Design, observed_design, planned_design
from pilot_pipeline.kpis.filling import person_clusters
from pilot_pipeline.kpis.further import differences
from pilot_pipeline.kpis.pairs import Differences, behaviour_differences, locked_pairs, prep_time_differences
from pilot_pipeline.kpis.reading import last_week, read_kpi_inputs
from pilot_pipeline.kpis.scoring import KpiInputs
from pilot_pipeline.readiness.current import current_evidence
from pilot_pipeline.readiness.golive import golive_state
from pilot_pipeline.warehouse.connection import Warehouse

MEMBERS = "cohort.cohort_members"


def cohort_clusters(warehouse: Warehouse) -> npt.NDArray[np.int64] | None:
    """Return the judging cluster of each pair of the cohort as it stands; None where there is no pair yet."""
    if not warehouse.exists(MEMBERS):
        return None
    clusters = locked_pairs(warehouse.read(MEMBERS))["cluster"].to_numpy(dtype=np.int64)
    return clusters if clusters.size else None


def own_design(warehouse: Warehouse, config: PilotConfig) -> Design | None:
    """Return the design of a pilot whose KPIs were scored, with its own SDs and missing pairs; None without a pair."""
    inputs = read_kpi_inputs(warehouse)
    pairs = locked_pairs(inputs.members)
    if pairs.empty:
        return None
    plan = planned_design(config, pairs["cluster"].to_numpy(dtype=np.int64))
    pilots = inputs.members.loc[inputs.members["arm"] == "pilot"]
    people = np.unique(person_clusters(pilots), return_inverse=True)[1].astype(np.int64)
    return observed_design(plan, tuple(_differences(pairs, inputs, config)), stored_results(warehouse), people)


def closed_design(warehouse: Warehouse, pilot: Pilot) -> Design | None:
    """Return `own_design` of a pilot that closed and whose go-live holds still; None otherwise."""
    if not warehouse.exists(RESULTS) or not golive_state(warehouse, current_evidence(warehouse, pilot)).holds:
        return None
    return own_design(warehouse, pilot.config) if _closed(warehouse, pilot) else None


def close_out_rates(warehouse: Warehouse, pilot: Pilot) -> pd.DataFrame:
    """Return `Characteristics.frame` for this pilot's own cohort; no row while it runs, or without a pair."""
    design = own_design(warehouse, pilot.config) if _closed(warehouse, pilot) else None
    if design is None:
        return frame_of(())
    return at_close_out(design, pilot.config, pilot.config.cohort.seed).frame()


def _closed(warehouse: Warehouse, pilot: Pilot) -> bool:
    return last_week(warehouse) == pilot.config.pilot.weeks


def _differences(pairs: pd.DataFrame, inputs: KpiInputs, config: PilotConfig) -> Iterator[Differences]:
    if inputs.behaviour is not None and len(inputs.behaviour):
        yield behaviour_differences(pairs, inputs.behaviour)
    if inputs.prep is not None and len(inputs.prep):
        yield prep_time_differences(pairs, inputs.prep)
    for told in config.kpis.catalogue.values():
        if told.further and told.kind == "effect" and inputs.further is not None:
            yield differences(pairs, inputs.further, told)
