"""The four checkpoints and go-live as blocking asset checks; what each rule means is `pilot_pipeline.readiness`."""

from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from checks.advice import ADVICE, GOLIVE_HOLDS
from checks.contracts import contract_for
from checks.expectations import run_suite
from checks.findings import findings_table
from checks.instant import run_instant
from checks.turn import TURN
from pilot_pipeline.config import Pilot
from pilot_pipeline.errors import PilotError
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.readiness import results as names
from pilot_pipeline.readiness.current import (
    current_evidence,
    feed_rows,
    people_before,
    quarantined,
    snapshot_rows,
    synthetic_answers,
)
from pilot_pipeline.readiness.golive import golive_state, record_checks
from pilot_pipeline.readiness.hris import check_hris
from pilot_pipeline.readiness.pathways import check_pathways
from pilot_pipeline.readiness.results import CheckResult
from pilot_pipeline.readiness.sso import check_sso
from pilot_pipeline.readiness.synthetic import check_synthetic
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse

Judge = Callable[[Warehouse, Pilot], Sequence[CheckResult]]


def checkpoint_checks() -> list[dg.AssetChecksDefinition]:
    """Return the blocking checks: one per checkpoint, and one on the go-live record itself."""
    return [
        _checkpoint(names.HRIS_FEED, "employees", _hris),
        _checkpoint(names.SSO_MATRIX, "sso_matrix", _sso),
        _checkpoint(names.PATHWAYS, "pathway_review", _pathways),
        _checkpoint(names.SYNTHETIC_AUDIT, "synthetic_rates", _synthetic),
        _golive(),
    ]


def _checkpoint(name: str, asset: str, judge: Judge) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name=name,
        blocking=True,
        description=ADVICE[name].description,
        required_resource_keys={"pilot", TURN},
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        pilot: Pilot = context.resources.pilot
        now = run_instant(context)
        try:
            with open_warehouse(pilot.home.warehouse) as warehouse:
                results = list(judge(warehouse, pilot))
                record_checks(warehouse, results, current_evidence(warehouse, pilot)[name], now)
        except PilotError as refusal:
            raise dg.Failure(description=str(refusal), allow_retries=False) from None
        return _result(name, results, pilot)

    return check


def _golive() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="golive",
        name=GOLIVE_HOLDS,
        blocking=True,
        description=ADVICE[GOLIVE_HOLDS].description,
        required_resource_keys={"pilot", TURN},
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        pilot: Pilot = context.resources.pilot
        with open_warehouse(pilot.home.warehouse) as warehouse:
            state = golive_state(warehouse, current_evidence(warehouse, pilot))
        return dg.AssetCheckResult(
            passed=state.holds,
            description=state.sentence,
            metadata={
                "conditions": len(state.conditions),
                "blocking_failures": len(state.blockers),
                "open": dg.MetadataValue.md("\n".join(f"* {c.name}: {c.detail}" for c in state.blockers) or "None."),
                "what_to_do": dg.MetadataValue.md(ADVICE[GOLIVE_HOLDS].remedy),
            },
        )

    return check


def _result(name: str, results: Sequence[CheckResult], pilot: Pilot) -> dg.AssetCheckResult:
    failed = [result for result in results if result.blocks]
    metadata: dict[str, Any] = {
        "checks": dg.MetadataValue.md(findings_table(results)),
        "checks_made": len(results),
        "checks_failed": sum(not result.passed for result in results),
        "blocking_failures": len(failed),
        "rows_checked": max((r.rows_checked for r in results), default=0),
        "rows_failed": sum(r.rows_failed for r in failed),
        "what_to_do": dg.MetadataValue.md(ADVICE[name].remedy),
    }
    pages = pilot.home.data_docs / name / "index.html"
    if pages.is_file():
        metadata["data_docs"] = dg.MetadataValue.path(pages)
    said = " ".join(result.detail for result in failed) or f"All {len(results)} checks hold."
    return dg.AssetCheckResult(
        passed=not failed, severity=dg.AssetCheckSeverity.ERROR, description=said, metadata=metadata
    )


def _hris(warehouse: Warehouse, pilot: Pilot) -> list[CheckResult]:
    employees = snapshot_rows(warehouse, pilot)
    rejected = quarantined(warehouse, "employees")
    read = warehouse.query("SELECT * FROM feeds.feed_reads WHERE feed = 'employees'").iloc[0]
    return [
        *_contract(warehouse, pilot, names.HRIS_FEED, "employees"),
        *check_hris(employees, rejected, read, pilot.config, people_before(warehouse, employees)),
        *run_suite(names.HRIS_FEED, {"employees": employees}, pilot.config, pilot.home.data_docs),
    ]


def _sso(warehouse: Warehouse, pilot: Pilot) -> list[CheckResult]:
    signins, matrix = feed_rows(warehouse, pilot, "sso_signins"), warehouse.read("readiness.sso_matrix")
    frames = {"sso_signins": signins, "sso_matrix": matrix}
    return [
        *_contract(warehouse, pilot, names.SSO_MATRIX, "sso_signins"),
        *check_sso(matrix, signins, snapshot_rows(warehouse, pilot), pilot.config),
        *run_suite(names.SSO_MATRIX, frames, pilot.config, pilot.home.data_docs),
    ]


def _pathways(warehouse: Warehouse, pilot: Pilot) -> list[CheckResult]:
    pathways = feed_rows(warehouse, pilot, "pathways")
    competencies = feed_rows(warehouse, pilot, "competencies")
    frames = {"pathways": pathways, "competencies": competencies}
    return [
        *_contract(warehouse, pilot, names.PATHWAYS, "pathways"),
        *_contract(warehouse, pilot, names.PATHWAYS, "competencies"),
        *check_pathways(warehouse.read("readiness.pathway_review"), pathways, competencies),
        *run_suite(names.PATHWAYS, frames, pilot.config, pilot.home.data_docs),
    ]


def _synthetic(warehouse: Warehouse, pilot: Pilot) -> list[CheckResult]:
    said = warehouse.query(
        "SELECT kind, statement FROM fairness.audit_findings WHERE audit = 'synthetic' ORDER BY kind, position"
    )
    by_kind = said.groupby("kind")["statement"].agg(list).to_dict()
    refused = by_kind.get("refusal", [])
    verdict = None if refused else by_kind.get("verdict", [None])[0]
    frames = {
        "synthetic_recommendations": synthetic_answers(warehouse),
        "twins": warehouse.query("SELECT synthetic_id FROM fairness.synthetic_employees ORDER BY ALL"),
        "pathways": feed_rows(warehouse, pilot, "pathways"),
    }
    return [
        *check_synthetic(
            verdict,
            refused or by_kind.get("finding", []),
            int(by_kind["asked"][0]),
            int(by_kind["answered"][0]),
        ),
        *run_suite(names.SYNTHETIC_AUDIT, frames, pilot.config, pilot.home.data_docs),
    ]


def _contract(warehouse: Warehouse, pilot: Pilot, checkpoint: str, feed: str) -> list[CheckResult]:
    """Hold the accepted rows to the feed's pandera contract once more: nothing may have slipped past the door."""
    rows = feed_rows(warehouse, pilot, feed)
    if rows is None or rows.empty:
        return []
    columns = list(CANON[feed].names)
    broken = {finding.row for finding in contract_for(feed).findings(rows[columns])}
    detail = (
        f"{feed}: {len(rows):,} accepted rows meet the contract."
        if not broken
        else (f"{feed}: {len(broken):,} of {len(rows):,} accepted rows break the contract.")
    )
    return [CheckResult(checkpoint, f"{feed}_contract", "pandera", not broken, "error", len(rows), len(broken), detail)]
