"""The close-out as assets: KPI results, issues, verdict and scorecard; deciding is `pilot_pipeline.closeout`."""

from typing import Any

import dagster as dg
import pandas as pd

from assets.live import live_asset
from assets.stage import Stage
from assets.summaries import markdown_table, picture
from pilot_pipeline.charts.plots import kpi_effects, verdict_shares
from pilot_pipeline.closeout.issues import top_issues
from pilot_pipeline.closeout.judging import judge_pilot, results_frame, score_pilot, verdict_frame
from pilot_pipeline.closeout.page import build_scorecard
from pilot_pipeline.closeout.scorecard import render_scorecard
from pilot_pipeline.error_rates.characteristics import rates_of
from pilot_pipeline.error_rates.reading import close_out_rates
from pilot_pipeline.kpis.results import scorecard_frame
from pilot_pipeline.readiness.current import feed_rows
from pilot_pipeline.warehouse.tables import TABLES

RESULTS = TABLES["closeout.kpi_results"]
RATES = TABLES["closeout.error_rates"]
ISSUES = TABLES["closeout.issues"]
VERDICT = TABLES["closeout.verdict"]
PAGE = TABLES["closeout.scorecard"]


@live_asset(
    group="closeout",
    described=RESULTS,
    deps=[
        "activity_weeks",
        "module_weeks",
        "behaviour_weeks",
        "prep_outcomes",
        "pulse_weeks",
        "measurement_outcomes",
        "kpi_weeks",
        "covariate_balance",
        "live_rates",
    ],
)
def kpi_results(stage: Stage) -> dg.MaterializeResult[Any]:
    """Score the KPIs at the judging level."""
    results = score_pilot(stage.warehouse, stage.pilot)
    published = scorecard_frame(results)
    stage.warehouse.write(RESULTS.table, results_frame(results, published), columns=RESULTS.types)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(published),
            "results": markdown_table(published),
            "effects": picture(kpi_effects(published, stage.pilot.config.kpis.catalogue)),
        }
    )


@live_asset(
    group="closeout", described=ISSUES, deps=["checkpoints", "data_quality", "bias_audit", "kpi_scorecard", "issue_log"]
)
def issues(stage: Stage) -> dg.MaterializeResult[Any]:
    """Rank the three most significant configuration or culture-fit issues."""
    read = stage.warehouse.read
    frame = top_issues(
        read("pilot.checkpoints"),
        read("pilot.data_quality"),
        read("pilot.bias_audit"),
        read("pilot.kpi_scorecard"),
        feed_rows(stage.warehouse, stage.pilot, "issue_log"),
        min_group=stage.pilot.config.privacy.min_group_size,
        catalogue=stage.pilot.config.kpis.catalogue,
    )
    stage.warehouse.write(ISSUES.table, frame, columns=ISSUES.types)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(frame), "issues": markdown_table(frame)})


@live_asset(
    group="closeout",
    described=RATES,
    deps=["kpi_results", "activity_weeks", "behaviour_weeks", "prep_outcomes", "measurement_outcomes"],
)
def error_rates(stage: Stage) -> dg.MaterializeResult[Any]:
    """Simulate pilots of this cohort through the estimators and the gate; nothing before the last week is over."""
    frame = close_out_rates(stage.warehouse, stage.pilot)
    stage.warehouse.write(RATES.table, frame, columns=RATES.types)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "rates": markdown_table(frame),
            "plot": picture(verdict_shares(frame)),
        }
    )


@live_asset(group="closeout", described=VERDICT, deps=["kpi_results", "error_rates", "issue_log", "golive"])
def verdict(stage: Stage) -> dg.MaterializeResult[Any]:
    """Put the evidence before the decision gate."""
    _, judged = judge_pilot(stage.warehouse, stage.pilot)
    rates = rates_of(stage.warehouse.read(RATES.table), stage.pilot.config)
    frame = verdict_frame(judged, stage.warehouse, stage.pilot, *rates)
    stage.warehouse.write(VERDICT.table, frame, columns=VERDICT.types)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "decision": judged.decision if len(frame) else "none yet",
            "label": judged.label,
            "reasons": dg.MetadataValue.md("\n\n".join((*judged.reasons, *judged.conditions))),
        }
    )


@live_asset(
    group="closeout",
    described=PAGE,
    kinds={"python", "html"},
    deps=[
        "verdict",
        "decision",
        "kpi_scorecard",
        "weekly_kpis",
        "cohort_balance",
        "cohort_summary",
        "bias_audit",
        "roi",
        "top_issues",
        "checkpoints",
        "data_quality",
        "detectable_effects",
        "input_profile",
        "exposure",
        "per_protocol",
    ],
)
def scorecard(stage: Stage) -> dg.MaterializeResult[Any]:
    """Render the scorecard as one self-contained page."""
    evidence, judged = judge_pilot(stage.warehouse, stage.pilot)
    card = build_scorecard(stage.warehouse, stage.pilot, evidence, judged, stage.context.run.run_id)
    page = render_scorecard(card)
    stage.warehouse.write(PAGE.table, pd.DataFrame({"page": [page]}), columns=PAGE.types)
    return dg.MaterializeResult(metadata={"dagster/row_count": 1, "bytes": len(page.encode())})


ASSETS = [kpi_results, error_rates, issues, verdict, scorecard]
