"""Readiness as assets: the SSO matrix, the pathway review, the requirements and the stored go-live record."""

from typing import Any

import dagster as dg
import pandas as pd

from assets.stage import Stage, stage_asset
from assets.summaries import markdown_table, picture
from pilot_pipeline.charts.plots import sso_matrix as sso_plot
from pilot_pipeline.readiness.current import current_evidence, feed_rows, judge_requirements, snapshot_rows
from pilot_pipeline.readiness.golive import GOLIVE_COLUMNS, golive_state, store_golive
from pilot_pipeline.readiness.pathways import reachable_by, review_pathways
from pilot_pipeline.readiness.signin_weeks import signin_weeks as count_signins
from pilot_pipeline.readiness.sso import sso_matrix as build_matrix
from pilot_pipeline.warehouse.tables import TABLES, Table, TableColumn

MATRIX = TABLES["readiness.sso_matrix"]
REVIEW = TABLES["readiness.pathway_review"]
SIGNIN_WEEKS = TABLES["readiness.signin_weeks"]
REQUIREMENTS = TABLES["readiness.requirements"]
RECORD = Table(
    "readiness",
    "golive",
    "The stored go-live record: every condition with the evidence that it was judged on.",
    tuple(TableColumn(name, kind, name.replace("_", " ").capitalize() + ".") for name, kind in GOLIVE_COLUMNS.items()),
)


@stage_asset(group="readiness", described=MATRIX, deps=["sso_signins", "employees", "cohort_members"])
def sso_matrix(stage: Stage) -> dg.MaterializeResult[Any]:
    """Lay the test sign-ins over every persona and division of the cohort."""
    matrix = build_matrix(
        feed_rows(stage.warehouse, stage.pilot, "sso_signins"),
        snapshot_rows(stage.warehouse, stage.pilot),
        stage.warehouse.read("cohort.cohort_members"),
        stage.pilot.config,
    )
    stage.warehouse.write(MATRIX.table, matrix, columns=MATRIX.types)
    shown = {"matrix": markdown_table(matrix), "plot": picture(sso_plot(matrix))} if len(matrix) else {}
    return dg.MaterializeResult(metadata={"dagster/row_count": len(matrix), **shown})


@stage_asset(group="readiness", described=REVIEW, deps=["pathways", "competencies", "employees", "cohort_members"])
def pathway_review(stage: Stage) -> dg.MaterializeResult[Any]:
    """Hold the pathways against the competency framework and the cohort's roles."""
    review = review_pathways(
        feed_rows(stage.warehouse, stage.pilot, "pathways"),
        feed_rows(stage.warehouse, stage.pilot, "competencies"),
        stage.warehouse.read("cohort.cohort_members"),
        reachable_by(snapshot_rows(stage.warehouse, stage.pilot)),
        stage.pilot.config.privacy.min_group_size,
    )
    stage.warehouse.write(REVIEW.table, review, columns=REVIEW.types)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(review), "review": markdown_table(review)})


@stage_asset(group="readiness", described=SIGNIN_WEEKS, deps=["sso_signins", "employees"])
def signin_weeks(stage: Stage) -> dg.MaterializeResult[Any]:
    """Count the live sign-ins that failed, by division and week; the check `live_sign_ins` judges the last week."""
    weeks = count_signins(
        feed_rows(stage.warehouse, stage.pilot, "sso_signins"),
        snapshot_rows(stage.warehouse, stage.pilot),
        stage.pilot.config,
    )
    stage.warehouse.write(SIGNIN_WEEKS.table, weeks, columns=SIGNIN_WEEKS.types)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(weeks), "weeks": markdown_table(weeks)})


@stage_asset(
    group="readiness",
    described=REQUIREMENTS,
    deps=[
        "consents",
        "enrolments",
        "enablement_sessions",
        "manager_observations_baseline",
        "manager_time_baseline",
        "measurements_baseline",
        "module_assignments",
        "cohort_members",
        "sso_matrix",
    ],
)
def requirements(stage: Stage) -> dg.MaterializeResult[Any]:
    """Judge governance, consent, the order of the steps, enablement and what can be measured at all."""
    found = judge_requirements(stage.warehouse, stage.pilot)
    frame = pd.DataFrame(
        [[r.step, r.name, r.passed, r.severity, r.detail] for r in found], columns=[*REQUIREMENTS.types]
    )
    stage.warehouse.write(REQUIREMENTS.table, frame, columns=REQUIREMENTS.types)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(frame), "requirements": markdown_table(frame)})


@stage_asset(
    group="readiness",
    described=RECORD,
    deps=["requirements", "employees", "sso_matrix", "pathway_review", "synthetic_rates", "covariate_balance"],
)
def golive(stage: Stage) -> dg.MaterializeResult[Any]:
    """Store the go-live record; every live asset asserts it again, in every later run."""
    record = store_golive(stage.warehouse, judge_requirements(stage.warehouse, stage.pilot), stage.now)
    state = golive_state(stage.warehouse, current_evidence(stage.warehouse, stage.pilot))
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(record),
            "holds": state.holds,
            "summary": dg.MetadataValue.md(state.sentence or "Every condition of go-live holds."),
            "conditions": markdown_table(record[["requirement", "passed", "detail"]]),
        }
    )


ASSETS = [sso_matrix, pathway_review, signin_weeks, requirements, golive]
