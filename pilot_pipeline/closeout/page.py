"""Gathers what the scorecard shows from the warehouse; how it looks is `scorecard`."""

from __future__ import annotations

from typing import Any

from pilot_pipeline import __version__
from pilot_pipeline.charts.frames import records
from pilot_pipeline.closeout.card import PilotFacts, Provenance, Scorecard
from pilot_pipeline.closeout.gate import Evidence, Verdict
from pilot_pipeline.closeout.judging import data_sha256
from pilot_pipeline.closeout.kpi_remarks import kpi_remarks
from pilot_pipeline.closeout.rehearsed import rehearsal_facts
from pilot_pipeline.closeout.set_aside import set_aside_remarks
from pilot_pipeline.closeout.tipping import tipping_points
from pilot_pipeline.config import Pilot
from pilot_pipeline.kpis.reading import last_week, read_kpi_inputs
from pilot_pipeline.readiness.current import gaps
from pilot_pipeline.registration.design import lock_state
from pilot_pipeline.value import assumptions, break_even, cost_ledger, tornado
from pilot_pipeline.value.reading import read_value_inputs
from pilot_pipeline.warehouse.connection import Warehouse


def build_scorecard(warehouse: Warehouse, pilot: Pilot, evidence: Evidence, verdict: Verdict, run_id: str) -> Scorecard:
    """Return the scorecard of the pilot as it stands in the warehouse."""
    config, finished = pilot.config, evidence.finished
    inputs = read_kpi_inputs(warehouse)
    value = read_value_inputs(warehouse, inputs, config)
    quality = warehouse.read("pilot.data_quality")
    return Scorecard(
        pilot=_facts(warehouse, pilot, evidence),
        provenance=_provenance(warehouse, pilot, evidence, run_id),
        decision=verdict.decision if finished else None,
        label=verdict.label,
        reasons=verdict.reasons,
        rehearsal=rehearsal_facts(config.rehearsal),
        kpi_scorecard=warehouse.read("pilot.kpi_scorecard"),
        weekly_kpis=warehouse.read("pilot.weekly_kpis"),
        cohort_balance=warehouse.read("pilot.cohort_balance"),
        cohort_summary=warehouse.read("pilot.cohort_summary"),
        bias_audit=warehouse.read("pilot.bias_audit"),
        roi=warehouse.read("pilot.roi"),
        top_issues=warehouse.read("pilot.top_issues"),
        checkpoints=warehouse.read("pilot.checkpoints"),
        data_quality=quality,
        conditions=verdict.conditions,
        deviations=evidence.deviations,
        cohort_notes=_statements(warehouse, "warning", "explanation", "relaxed", "note"),
        bias_findings=_findings(warehouse, "live"),
        synthetic_findings=_findings(warehouse, "synthetic"),
        input_findings=_findings(warehouse, "inputs"),
        matched_on=tuple(config.cohort.balance),
        switched_off=tuple(gap.sentence for gap in gaps(warehouse, pilot)),
        kpi_notes=(*kpi_remarks(evidence.kpis), *set_aside_remarks(evidence.kpis, quality, inputs.modules)),
        value_notes=assumptions(value, config.roi),
        tipping_points=tuple(tipping_points(verdict, evidence.kpis, inputs, config)),
        tornado=tornado(value, config.roi, config.cohort.seed),
        break_even=break_even(value, config.roi, config.cohort.seed),
        costs=cost_ledger(config.roi),
        mde=warehouse.read("cohort.detectable_effects"),
        incidents=tuple(warehouse.read("closeout.exposure")["sentence"]),
        per_protocol=warehouse.read("closeout.per_protocol"),
        sso_matrix=warehouse.read("readiness.sso_matrix"),
        kpis=config.kpis.catalogue,
        error_rates=warehouse.read("closeout.error_rates"),
        **_rates(warehouse),
    )


def _rates(warehouse: Warehouse) -> dict[str, Any]:
    """Return the two rates that are published beside the verdict; nothing while there is none."""
    published = records(warehouse.query("SELECT false_go_rate, power FROM pilot.decision"))
    return published[0] if published else {}


def _facts(warehouse: Warehouse, pilot: Pilot, evidence: Evidence) -> PilotFacts:
    section = pilot.config.pilot
    members = warehouse.read("cohort.cohort_members")
    return PilotFacts(
        name=section.name,
        starts_on=section.starts_on,
        ends_on=section.ends_on,
        weeks=section.weeks,
        weeks_done=last_week(warehouse),
        design=_statements(warehouse, "design")[0],
        n_pairs=evidence.n_pairs,
        n_managers=evidence.n_managers,
        data_owner=pilot.config.governance.data_owner,
        min_group_size=pilot.config.privacy.min_group_size,
        currency=pilot.config.roi.currency,
        departments=int(members.loc[members["arm"] == "pilot", "department"].nunique()),
    )


def _provenance(warehouse: Warehouse, pilot: Pilot, evidence: Evidence, run_id: str) -> Provenance:
    lock, _ = lock_state(pilot)
    return Provenance(
        lock_state=evidence.lock,
        lock_sha256=lock.sha256 if lock else None,
        data_sha256=data_sha256(warehouse),
        code_version=__version__,
        decided_on=pilot.config.pilot.ends_on if evidence.finished else None,
        run_id=run_id,
        attested_by=lock.attested_by if lock else None,
    )


def _statements(warehouse: Warehouse, *facts: str) -> tuple[str, ...]:
    rows = warehouse.query(
        "SELECT statement FROM cohort.cohort_facts WHERE list_contains($facts, fact) ORDER BY position",
        {"facts": list(facts)},
    )
    return tuple(rows["statement"])


def _findings(warehouse: Warehouse, audit: str) -> tuple[str, ...]:
    rows = warehouse.query(
        "SELECT statement FROM fairness.audit_findings WHERE kind IN ('finding', 'context') AND audit = $audit "
        "ORDER BY kind DESC, position",
        {"audit": audit},
    )
    return tuple(rows["statement"])
