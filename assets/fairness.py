"""The bias audits as assets: twins out, answers in, the synthetic audit before launch and the live one each week."""

from typing import Any

import dagster as dg
import pandas as pd

from assets.live import live_asset
from assets.stage import Stage, stage_asset
from assets.summaries import markdown_table, picture
from pilot_pipeline.charts.plots import bias_heat_map, flip_heat_map
from pilot_pipeline.fairness import inputs
from pilot_pipeline.fairness.answer_checks import among
from pilot_pipeline.fairness.answers import collect_answers, kept_synthetic, make_synthetic
from pilot_pipeline.fairness.audit import Audit, audit_synthetic, audit_weekly
from pilot_pipeline.fairness.comparison import comparison, history_rows, model_version, remember
from pilot_pipeline.fairness.drift import Drift, audit_drift
from pilot_pipeline.fairness.result import rates_by_pathway
from pilot_pipeline.kpis.reading import last_week
from pilot_pipeline.readiness.current import current_evidence, feed_rows
from pilot_pipeline.readiness.current import synthetic_answers as read_answers
from pilot_pipeline.readiness.golive import first_seen
from pilot_pipeline.readiness.results import SYNTHETIC_AUDIT
from pilot_pipeline.registration.design import read_design
from pilot_pipeline.warehouse.connection import Warehouse
from pilot_pipeline.warehouse.tables import TABLES, no_rows

EMPLOYEES = TABLES["fairness.synthetic_employees"]
ANSWERS = TABLES["fairness.synthetic_answers"]
SYNTHETIC = TABLES["fairness.synthetic_rates"]
LIVE = TABLES["fairness.live_rates"]
FINDINGS = TABLES["fairness.audit_findings"]
HISTORY = TABLES["fairness.audit_history"]
NOTHING_READ = "No live recommendation was read."
INPUTS = TABLES["fairness.input_profile"]


@stage_asset(group="readiness", described=ANSWERS, deps=["synthetic_recommendations", "employees", "pathways"])
def synthetic_answers(stage: Stage) -> dg.MaterializeResult[Any]:
    """Take the tool's answers about the twins from its feed, or ask the tool itself, once per tool and set of twins."""
    warehouse, pilot = stage.warehouse, stage.pilot
    sent = make_synthetic(read_design(warehouse, pilot).workforce, pilot.config)
    everyone = sent.everyone
    whom = pilot.config.fairness.recommender.whom
    collected = collect_answers(
        everyone,
        pilot.config,
        feed_rows(warehouse, pilot, "pathways"),
        feed_rows(warehouse, pilot, "synthetic_recommendations"),
        read_answers(warehouse) if _whom_asked(warehouse) == whom else None,
    )
    answered = among(everyone["synthetic_id"], collected.answers["synthetic_id"]).sum()
    counts = {"asked": [str(len(everyone))], "answered": [str(answered)], "whom": [whom]}
    warehouse.write(EMPLOYEES.table, sent.kept, columns=EMPLOYEES.types)
    warehouse.write(ANSWERS.table, collected.answers[list(ANSWERS.types)], columns=ANSWERS.types)
    _state(stage, "synthetic", {**counts, "refusal": [collected.refusal] if collected.refusal else []})
    return dg.MaterializeResult(
        metadata={"dagster/row_count": len(collected.answers), "refusal": collected.refusal or "None."}
    )


def _whom_asked(warehouse: Warehouse) -> str | None:
    """Return whose answers are kept; those of another tool are no evidence about this one."""
    if not warehouse.exists(FINDINGS.table):
        return None
    told = warehouse.query("SELECT statement FROM fairness.audit_findings WHERE kind = 'whom'")["statement"]
    return str(told.iloc[0]) if len(told) else None


@stage_asset(group="readiness", described=SYNTHETIC, deps=["synthetic_answers", "pathways", "employees"])
def synthetic_rates(stage: Stage) -> dg.MaterializeResult[Any]:
    """Audit the answers about the twins: direction, instability, and whether the audit could have seen anything."""
    warehouse, pilot = stage.warehouse, stage.pilot
    refusal = warehouse.query("SELECT statement FROM fairness.audit_findings WHERE kind = 'refusal'")["statement"]
    if len(refusal):
        warehouse.write(SYNTHETIC.table, no_rows(SYNTHETIC), columns=SYNTHETIC.types)
        _state(stage, "synthetic", {"verdict": [], "finding": []})  # what earlier answers showed says nothing now
        return dg.MaterializeResult(metadata={"dagster/row_count": 0, "findings": refusal.iloc[0]})
    sent = kept_synthetic(warehouse.read(EMPLOYEES.table))
    evidence = current_evidence(warehouse, pilot)[SYNTHETIC_AUDIT]
    seen = first_seen(warehouse, SYNTHETIC_AUDIT, evidence, stage.now)
    pathways = feed_rows(warehouse, pilot, "pathways")
    answers = warehouse.read(ANSWERS.table)
    audit = audit_synthetic(sent.twins, answers, pilot.config, pathways, as_of=seen.date(), population=sent.population)
    warehouse.write(SYNTHETIC.table, audit.table, columns=SYNTHETIC.types)
    rows = history_rows(audit, evidence, seen, model_version(answers))
    history = remember(warehouse.read(HISTORY.table) if warehouse.exists(HISTORY.table) else None, rows)
    warehouse.write(HISTORY.table, history, columns=HISTORY.types)
    findings = [*audit.findings, *comparison(history, evidence)]
    _state(stage, "synthetic", {"verdict": [audit.verdict], "finding": findings})
    return dg.MaterializeResult(metadata=_shown(audit, audit.table))


@stage_asset(
    group="readiness", described=INPUTS, deps=["employees", "consents", "module_assignments", "cohort_members"]
)
def input_profile(stage: Stage) -> dg.MaterializeResult[Any]:
    """Profile ratings, promotions and opportunities by group: what a tool that learns from the past inherits."""
    warehouse, pilot = stage.warehouse, stage.pilot
    members = warehouse.read("cohort.cohort_members")
    profile = inputs.input_profile(
        read_design(warehouse, pilot).workforce,
        pilot.config,
        consents=feed_rows(warehouse, pilot, "consents"),
        participants=members.loc[members["arm"] == "pilot", "employee_id"],
        assignments=feed_rows(warehouse, pilot, "module_assignments"),
    )
    warehouse.write(INPUTS.table, profile.table, columns=INPUTS.types)
    _state(stage, "inputs", {"finding": list(profile.findings)})
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(profile.table),
            "findings": dg.MetadataValue.md("\n\n".join(profile.findings)),
            "profile": markdown_table(profile.table),
        }
    )


@live_asset(
    group="fairness",
    described=LIVE,
    deps=["cohort_recommendations", "cohort_members", "kpi_weeks", "pathways", "synthetic_answers"],
)
def live_rates(stage: Stage) -> dg.MaterializeResult[Any]:
    """Audit the live recommendations, cumulative by week, at one error rate over all the weeks."""
    warehouse, pilot = stage.warehouse, stage.pilot
    recommendations = warehouse.read("weekly.cohort_recommendations")
    if recommendations.empty:
        warehouse.write(LIVE.table, no_rows(LIVE), columns=LIVE.types)
        _state(stage, "live", {"verdict": ["not_testable"], "finding": [NOTHING_READ], "context": []})
        return dg.MaterializeResult(metadata={"dagster/row_count": 0, "findings": NOTHING_READ})
    people = read_design(warehouse, pilot).workforce
    pilots = warehouse.query("SELECT employee_id FROM cohort.cohort_members WHERE arm = 'pilot'")["employee_id"]
    people = people.loc[people["employee_id"].isin(pilots)]
    pathways = feed_rows(warehouse, pilot, "pathways")
    audits = audit_weekly(recommendations, people, pilot.config, pathways, last_week(warehouse))
    table = pd.concat([audit.table for audit in audits], ignore_index=True)
    warehouse.write(LIVE.table, table, columns=LIVE.types)
    drift = _drift(stage, recommendations, people, pathways)
    said = {"finding": list(audits[-1].findings), "context": list(drift.findings)}
    _state(stage, "live", {"verdict": [audits[-1].verdict], **said})
    shown = {"drift": markdown_table(drift.table), "drift_findings": " ".join(drift.findings) or "Nothing to compare."}
    return dg.MaterializeResult(metadata=_shown(audits[-1], table) | shown)


def _drift(stage: Stage, recommendations: pd.DataFrame, people: pd.DataFrame, pathways: pd.DataFrame | None) -> Drift:
    """Hold the weeks that are over against the answers before launch."""
    over = recommendations[recommendations["week_no"] <= (last_week(stage.warehouse) or 0)]
    sent = kept_synthetic(stage.warehouse.read(EMPLOYEES.table))
    answers = stage.warehouse.read(ANSWERS.table)
    return audit_drift(over, people, sent, answers, stage.pilot.config, pathways)


def _state(stage: Stage, audit: str, statements: dict[str, list[str]]) -> None:
    """Replace an audit's statements of the given kinds."""
    rows = [(audit, kind, n, text) for kind, texts in statements.items() for n, text in enumerate(texts)]
    frame = pd.DataFrame(rows, columns=[*FINDINGS.types])
    if stage.warehouse.exists(FINDINGS.table):
        earlier = stage.warehouse.read(FINDINGS.table)
        keep = (earlier["audit"] != audit) | ~earlier["kind"].isin(list(statements))
        frame = pd.concat([earlier.loc[keep], frame.astype({"position": "int64"})], ignore_index=True)
    frame = frame.sort_values(["audit", "kind", "position"], ignore_index=True)
    stage.warehouse.write(FINDINGS.table, frame, columns=FINDINGS.types)


def _shown(audit: Audit, table: pd.DataFrame) -> dict[str, Any]:
    shown = {
        "dagster/row_count": len(table),
        "verdict": audit.verdict,
        "findings": dg.MetadataValue.md("\n\n".join(audit.findings)),
        "attributes": markdown_table(audit.attributes[["attribute", "p_value", "q_value", "verdict", "power"]]),
        "rates": picture(bias_heat_map(audit.table)),
        "table": markdown_table(rates_by_pathway(audit.table)),
    }
    if len(audit.flip_targets):
        shown["twins"] = picture(flip_heat_map(audit.flip_targets))
        shown["instability"] = markdown_table(audit.instability)
    return shown


ASSETS = [synthetic_answers, synthetic_rates, input_profile, live_rates]
