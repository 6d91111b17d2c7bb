"""Gathers a pilot's evidence from the warehouse and puts it before the gate; the gate itself is `gate`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import pandas as pd

from pilot_pipeline import __version__
from pilot_pipeline.closeout.gate import BiasState, Evidence, LockState, Verdict, decide, label_of
from pilot_pipeline.closeout.rehearsed import as_rehearsal
from pilot_pipeline.cohort.balance import worst_imbalance
from pilot_pipeline.config import Pilot
from pilot_pipeline.config.kpi_catalogue import KpiDefinition
from pilot_pipeline.kpis.reading import control_exposure, last_week, read_kpi_inputs
from pilot_pipeline.kpis.results import KpiResult
from pilot_pipeline.kpis.scoring import score_kpis
from pilot_pipeline.readiness.current import current_evidence, lock_deviations, order_deviations
from pilot_pipeline.readiness.golive import golive_state
from pilot_pipeline.registration.design import lock_state
from pilot_pipeline.warehouse.connection import Warehouse

RESULTS = "closeout.kpi_results"


def score_pilot(warehouse: Warehouse, pilot: Pilot) -> tuple[KpiResult, ...]:
    """Score every KPI as of the latest week, labelled with what lock, calendar and evidence allow together."""
    bare = gather_evidence(warehouse, pilot, ())
    results = score_kpis(read_kpi_inputs(warehouse), pilot.config, label_of(bare))
    verdict = _ruling(replace(bare, kpis=results), pilot)
    return tuple(replace(result, label=verdict.label) for result in results)


def judge_pilot(warehouse: Warehouse, pilot: Pilot) -> tuple[Evidence, Verdict]:
    """Put the stored KPI results and everything else before the gate."""
    evidence = gather_evidence(warehouse, pilot, stored_results(warehouse))
    return evidence, _ruling(evidence, pilot)


def _ruling(evidence: Evidence, pilot: Pilot) -> Verdict:
    return as_rehearsal(decide(evidence, pilot.config.decision), pilot.config.rehearsal)


def gather_evidence(warehouse: Warehouse, pilot: Pilot, kpis: Sequence[KpiResult]) -> Evidence:
    """Return all that the verdict may depend on, as the warehouse and the lock say now."""
    members = warehouse.read("cohort.cohort_members")
    covariate, smd = worst_imbalance(warehouse.read("cohort.covariate_balance"), pilot.config)
    exposed, controls = control_exposure(warehouse)
    bias, findings, fix = _bias(warehouse)
    state, deviations = _lock(warehouse, pilot)
    golive = golive_state(warehouse, current_evidence(warehouse, pilot))
    return Evidence(
        kpis=tuple(kpis),
        n_pairs=int(members["pair_id"].nunique()),
        n_managers=int(members.loc[members["pair_id"].notna(), "cluster"].nunique()),
        lock=state,
        deviations=deviations,
        stale_checkpoints=golive.stale_checkpoints,
        worst_smd=smd,
        worst_covariate=covariate,
        controls_exposed=exposed,
        controls=controls,
        bias=bias,
        bias_findings=findings,
        bias_fix=fix,
        finished=last_week(warehouse) == pilot.config.pilot.weeks,
    )


def results_frame(results: Sequence[KpiResult], published: pd.DataFrame) -> pd.DataFrame:
    """Return the published columns with the whole result beside them, so that the verdict can be traced to it."""
    return published.assign(details=[json.dumps(asdict(result), sort_keys=True) for result in results])


def stored_results(warehouse: Warehouse) -> tuple[KpiResult, ...]:
    """Read back what `results_frame` stored."""
    return tuple(_result(json.loads(text)) for text in warehouse.read(RESULTS)["details"])


def data_sha256(warehouse: Warehouse) -> str:
    """Return the SHA-256 over the sorted lines `feed/path<TAB>sha256` of every source file."""
    files = warehouse.read("feeds.source_files")
    lines = sorted(f"{row.feed}/{row.path}\t{row.sha256}" for row in files.itertuples())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def verdict_frame(
    verdict: Verdict, warehouse: Warehouse, pilot: Pilot, false_go_rate: float | None, power: float | None
) -> pd.DataFrame:
    """Return the published `decision` row, or no row while the pilot runs; the two rates come from `error_rates`."""
    lock, _ = lock_state(pilot)
    row = {
        "decision": verdict.decision,
        "label": verdict.label,
        "reasons": "\n".join((*verdict.reasons, *verdict.conditions)),
        "false_go_rate": false_go_rate,
        "power": power,
        "lock_sha256": lock.sha256 if lock else None,
        "data_sha256": data_sha256(warehouse),
        "code_version": __version__,
        "decided_on": pd.Timestamp(pilot.config.pilot.ends_on),
    }
    frame = pd.DataFrame([row]).astype({"false_go_rate": "float64", "power": "float64", "lock_sha256": "str"})
    return frame.iloc[:0] if verdict.label == "interim" else frame


def _result(stored: dict[str, Any]) -> KpiResult:
    known = {field.name for field in fields(KpiResult)}
    values = {key: value for key, value in stored.items() if key in known}
    values["response"] = tuple((int(week), float(share)) for week, share in values["response"])
    values["notes"] = tuple(values["notes"])
    if declared := values.get("declared"):
        values["declared"] = KpiDefinition(**{**declared, "feeds": tuple(declared["feeds"])})
    return KpiResult(**values)


def _lock(warehouse: Warehouse, pilot: Pilot) -> tuple[LockState, tuple[str, ...]]:
    lock, broken = lock_state(pilot)
    if lock is None:
        return ("broken" if broken else "absent"), ()
    return lock.state, (*lock_deviations(warehouse, pilot), *order_deviations(warehouse, pilot))


def _bias(warehouse: Warehouse) -> tuple[BiasState, tuple[str, ...], str | None]:
    """Return the live audit's state, its sentences, and the fix that an open configuration issue names."""
    said = warehouse.query(
        "SELECT kind, statement FROM fairness.audit_findings WHERE audit = 'live' ORDER BY kind, position"
    )
    verdict = said.loc[said["kind"] == "verdict", "statement"]
    findings = tuple(said.loc[said["kind"] == "finding", "statement"])
    if verdict.empty or verdict.iloc[0] == "not_testable":
        return "not_audited", findings, None
    if verdict.iloc[0] != "bias_found":
        return "none", findings, None
    fixes = warehouse.query(
        "SELECT fix FROM feeds.issue_log WHERE status = 'open' AND kind = 'configuration' AND fix IS NOT NULL "
        "ORDER BY severity DESC, issue_id LIMIT 1"
    )["fix"]
    return ("open", findings, None) if fixes.empty else ("open_with_fix", findings, str(fixes.iloc[0]))
