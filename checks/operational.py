"""Asset checks that warn week by week about rows that came after launch; what was judged before it is `checkpoints`."""

from collections.abc import Callable, Sequence

import dagster as dg

from checks.advice import ADVICE, LATEST_SNAPSHOT, LIVE_SIGN_INS
from checks.findings import findings_table
from checks.turn import TURN
from pilot_pipeline.config import Pilot
from pilot_pipeline.readiness.current import latest_rows, people_before, quarantined, snapshot_rows
from pilot_pipeline.readiness.hris import check_hris
from pilot_pipeline.readiness.results import CheckResult
from pilot_pipeline.readiness.signin_weeks import check_signin_weeks
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse

Judge = Callable[[Warehouse, Pilot], Sequence[CheckResult]]


def operational_checks() -> list[dg.AssetChecksDefinition]:
    """Return the checks, all of them warnings: the people concerned are in the pilot already."""
    return [
        _check("signin_weeks", LIVE_SIGN_INS, _live_signins),
        _check("employees", LATEST_SNAPSHOT, _latest_snapshot),
    ]


def _check(asset: str, name: str, judge: Judge) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name=name,
        description=ADVICE[name].description,
        required_resource_keys={"pilot", TURN},
        pool="duckdb",
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        pilot: Pilot = context.resources.pilot
        with open_warehouse(pilot.home.warehouse) as warehouse:
            results = judge(warehouse, pilot)
        failed = [result for result in results if result.blocks or (not result.passed and len(results) == 1)]
        return dg.AssetCheckResult(
            passed=not failed,
            severity=dg.AssetCheckSeverity.WARN,
            description=" ".join(result.detail for result in failed or results[:1]),
            metadata={
                "checks": dg.MetadataValue.md(findings_table(results)),
                "checks_made": len(results),
                "checks_failed": len(failed),
                "rows_failed": sum(result.rows_failed for result in failed),
                "what_to_do": dg.MetadataValue.md(ADVICE[name].remedy),
            },
        )

    return check


def _live_signins(warehouse: Warehouse, pilot: Pilot) -> list[CheckResult]:
    return [check_signin_weeks(warehouse.read("readiness.signin_weeks"), pilot.config)]


def _latest_snapshot(warehouse: Warehouse, pilot: Pilot) -> list[CheckResult]:
    """Judge the newest snapshot as the checkpoint judged its own, without touching the evidence of go-live."""
    latest, judged = latest_rows(warehouse), snapshot_rows(warehouse, pilot)
    read = warehouse.query("SELECT * FROM feeds.feed_reads WHERE feed = 'employees'").iloc[0]
    before = people_before(warehouse, latest)
    results = check_hris(latest, quarantined(warehouse, "employees"), read, pilot.config, before)
    day = latest["as_of"].max().date()
    same = "the one that go-live rests on" if day == judged["as_of"].max().date() else "later than go-live's"
    about = f"The latest snapshot is of {day}, {same}."
    return [CheckResult(results[0].checkpoint, "snapshot", "sql", True, "warn", len(latest), 0, about), *results]
