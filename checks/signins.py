"""The asset check on live sign-ins, which warns week by week; tests before launch are a checkpoint."""

import dagster as dg

from checks.advice import ADVICE, LIVE_SIGN_INS
from checks.findings import findings_table
from checks.turn import TURN
from pilot_pipeline.config import Pilot
from pilot_pipeline.readiness.signin_weeks import check_signin_weeks
from pilot_pipeline.warehouse.connection import open_warehouse


def signins_check() -> dg.AssetChecksDefinition:
    """Return the check, a warning: the people concerned are in the pilot already."""

    @dg.asset_check(
        asset="signin_weeks",
        name=LIVE_SIGN_INS,
        description=ADVICE[LIVE_SIGN_INS].description,
        required_resource_keys={"pilot", TURN},
        pool="duckdb",
    )
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        pilot: Pilot = context.resources.pilot
        with open_warehouse(pilot.home.warehouse) as warehouse:
            result = check_signin_weeks(warehouse.read("readiness.signin_weeks"), pilot.config)
        return dg.AssetCheckResult(
            passed=result.passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=result.detail,
            metadata={
                "checks": dg.MetadataValue.md(findings_table([result])),
                "divisions_checked": result.rows_checked,
                "divisions_failed": result.rows_failed,
                "what_to_do": dg.MetadataValue.md(ADVICE[LIVE_SIGN_INS].remedy),
            },
        )

    return check
