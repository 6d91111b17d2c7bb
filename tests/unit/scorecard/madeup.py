"""A made-up pilot's published frames, for the tests and for looking at the page; nothing here is measured."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

START = date(2026, 1, 5)
TARGETS = {
    "adoption": 0.70,
    "module_completion": 0.60,
    "behaviour_change": 0.30,
    "prep_time_reduction": 0.15,
    "pulse": 3.5,
}


def weekly_kpis(weeks: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows: list[dict[str, Any]] = []
    for week in range(1, weeks + 1):
        for arm in ("pilot", "control"):
            for kpi, target in TARGETS.items():
                value = _value(kpi, arm, week, rng)
                width = {"adoption": 0.11, "module_completion": 0.04, "prep_time_reduction": 0.06}.get(kpi, 0.22)
                rows.append(
                    {
                        "week_no": week,
                        "week_start": START + timedelta(weeks=week - 1),
                        "arm": arm,
                        "kpi": kpi,
                        "n": 30 if value is not None else 0,
                        "value": value,
                        "ci_low": None if value is None else value - width * (value > 0),
                        "ci_high": None if value is None else value + width,
                        "target": target if arm == "pilot" else None,
                        "on_track": (value >= target) if arm == "pilot" and value is not None else None,
                        "suppressed": False,
                        "restated_at": datetime(2026, 3, 3, 5) if week == 4 else None,
                    }
                )
    frame = pd.DataFrame(rows)
    return frame.astype({"n": "Int64", "value": "float64", "on_track": "boolean"})


def _value(kpi: str, arm: str, week: int, rng: np.random.Generator) -> float | None:
    noise = float(rng.normal(0, 0.02))
    if kpi == "adoption":
        return 0.0 if arm == "control" else min(0.98, 0.62 + 0.05 * week - 0.0028 * week**2 + noise)
    if kpi == "module_completion":
        return None if arm == "control" else 0.06 * week + noise
    if kpi == "behaviour_change":
        return None if week < 12 else (0.47 if arm == "pilot" else 0.06)
    if kpi == "prep_time_reduction":
        return (0.025 * week if arm == "pilot" else 0.03) + noise
    return 3.4 + 0.03 * week if week in (4, 8, 12) and arm == "pilot" else None


def kpi_scorecard() -> pd.DataFrame:
    rows = [
        ("adoption", "threshold", 0.70, 25 / 30, None, 0.681, 0.932, None, None, True, "met"),
        ("module_completion", "threshold", 0.60, 0.714, None, 0.652, 0.779, None, None, True, "met"),
        ("behaviour_change", "effect", 0.30, 0.41, 0.41, 0.27, 0.55, 0.0001, 0.0039, True, "met"),
        ("prep_time_reduction", "effect", 0.15, 0.21, 0.21, 0.08, 0.34, 0.004, 0.0117, True, "met"),
        ("pulse", "threshold", 3.5, 3.42, None, 3.21, 3.63, None, None, False, "not_met"),
    ]
    columns = [
        "kpi",
        "kind",
        "target",
        "actual",
        "effect",
        "ci_low",
        "ci_high",
        "p_pair",
        "p_manager",
        "met",
        "evidence",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(n_pairs=30, n_managers=9, label="confirmatory")


def cohort_balance() -> pd.DataFrame:
    rows = [
        ("performance_score", 0.42, 0.04, 1.21, 1.05, 0.18, 0.10, 0.09, 0.03, True),
        ("tenure_years", -0.31, -0.09, 0.84, 0.92, 0.21, 0.13, 0.10, 0.04, True),
        ("role_level", 0.22, 0.00, 0.95, 1.00, 0.12, 0.03, 0.05, 0.01, True),
        ("birth_year", 0.12, 0.16, 1.02, 0.95, 0.11, 0.15, 0.04, 0.05, True),
    ]
    measures = ["variance_ratio_before", "variance_ratio", "ks_before", "ks", "ecdf_before", "ecdf"]
    return pd.DataFrame(rows, columns=["covariate", "smd_before", "smd_after", *measures, "within_tolerance"])


def cohort_summary() -> pd.DataFrame:
    rows = [
        ("people", 30.0, 30.0, 812.0, False),
        ("mean performance_score", 3.28, 3.26, 3.19, False),
        ("mean tenure_years", 5.1, 5.3, 6.2, False),
        ("gender: f", 0.47, 0.50, 0.48, False),
        ("gender: x", None, None, None, True),
    ]
    return pd.DataFrame(rows, columns=["metric", "pilot", "control", "workforce", "suppressed"])


def bias_audit(verdict: str = "no_evidence") -> pd.DataFrame:
    rng = np.random.default_rng(2)
    groups = {"gender": ["f", "m", "x"], "ethnicity": ["A", "B", "C", "other"], "age_band": ["20-29", "30-39", "40-49"]}
    pathways = ["communication", "strategy", "delegation", "feedback", "planning", "resilience"]
    rows = []
    for audit, as_of in (("synthetic", date(2025, 12, 22)), ("live", date(2026, 3, 23))):
        for attribute, values in groups.items():
            steered = verdict == "bias_found" and attribute == "gender"
            for group in values:
                rates = rng.dirichlet(np.full(6, 40.0))
                if steered and group in "fm":
                    rates = np.array([0.5, 0.08, 0.1, 0.12, 0.1, 0.1]) if group == "f" else rates
                hidden = group == "x"
                for pathway, rate in zip(pathways, rates, strict=True):
                    rows.append(
                        {
                            "audit": audit,
                            "as_of": as_of,
                            "attribute": attribute,
                            "group_value": group,
                            "pathway_id": pathway,
                            "n": None if hidden else 12,
                            "rate": None if hidden else float(rate),
                            "impact_ratio": None if hidden else min(1.0, float(rate) / 0.25),
                            "p_value": 0.0002 if steered else 0.41,
                            "q_value": 0.0006 if steered else 0.77,
                            "verdict": "bias_found" if steered else "no_evidence",
                            "suppressed": hidden,
                        }
                    )
    return pd.DataFrame(rows).astype({"n": "Int64"})


def roi() -> pd.DataFrame:
    rows = [
        ("manager_time", True, None, 61_000.0, 128_000.0, 205_000.0, None),
        ("attrition", True, None, -3_850_000.0, 24_000.0, 3_900_000.0, None),
        (
            "performance",
            False,
            "No link from behaviour scores to a business outcome was declared in advance.",
            *[None] * 4,
        ),
        ("total_without_attrition", True, None, -152_000.0, -88_000.0, -11_000.0, 0.93),
        ("total", True, None, -3_920_000.0, -62_000.0, 3_780_000.0, 0.51),
    ]
    return pd.DataFrame(rows, columns=["lever", "estimable", "reason", "p10", "p50", "p90", "probability_of_loss"])


def checkpoints() -> pd.DataFrame:
    names = [
        ("hris_feed", "no cycle in the hierarchy", "sql", True, "error", 812, 0),
        ("hris_feed", "quarantined share", "sql", True, "error", 812, 3),
        ("hris_feed", "several roots", "sql", False, "warn", 812, 2),
        ("sso_matrix", "every persona and division", "sql", True, "error", 18, 0),
        ("pathways", "wrong role-to-skill mappings", "sql", True, "error", 6, 0),
        ("synthetic_audit", "direction", "scipy", True, "error", 2000, 0),
    ]
    frame = pd.DataFrame(
        names, columns=["checkpoint", "check_name", "tool", "passed", "severity", "rows_checked", "rows_failed"]
    )
    return frame.assign(checked_at=datetime(2026, 1, 2, 9), evidence_hash="a" * 64)


def data_quality() -> pd.DataFrame:
    rows = [
        ("employees", 815, 812, 3, "3 × an employee who is not in the snapshot manages this person", 0),
        ("tool_events", 4120, 4113, 7, "7 × the same event twice", 41),
        ("consents", 61, 61, 0, None, 0),
    ]
    columns = ["feed", "rows_read", "rows_accepted", "rows_quarantined", "reasons", "late_rows"]
    return pd.DataFrame(rows, columns=columns).assign(fresh_as_of=datetime(2026, 3, 29, 22))


def issue_log() -> pd.DataFrame:
    rows = [
        (
            "I-1",
            "configuration",
            4,
            "Delegation pathway opens in the wrong language",
            9,
            "Set the locale per site",
            "open",
        ),
        ("I-2", "culture_fit", 3, "Managers discuss sessions in team meetings", 3, "Repeat the limits topic", "open"),
        ("I-3", "configuration", 5, "Sign-on loop on tablets", 12, "Patch of week 2", "fixed"),
    ]
    columns = ["issue_id", "kind", "severity", "title", "affected", "fix", "status"]
    return pd.DataFrame(rows, columns=columns).assign(opened_on=date(2026, 2, 1)).astype({"affected": "Int64"})


def sso_states() -> pd.DataFrame:
    divisions = ["Engineering", "Sales", "Operations", "People", "Finance", "Research & Development"]
    cells = [
        {"persona": p, "division": d, "state": "passed"} for d in divisions for p in ("employee", "manager", "hr_admin")
    ]
    cells[4]["state"], cells[7]["state"] = "failed", "untested"
    return pd.DataFrame(cells)


def tornado() -> pd.DataFrame:
    rows = [
        ("Minutes saved", -62_000.0, -139_000.0, 22_000.0),
        ("Adoption kept", -62_000.0, -101_000.0, -18_000.0),
        ("Manager hour cost", -62_000.0, -81_000.0, -40_000.0),
    ]
    return pd.DataFrame(rows, columns=["input", "centre", "total_low", "total_high"])


def card(decision: str | None = "reconfigure", **changes: Any) -> Any:
    from pilot_pipeline.closeout.card import PilotFacts, Provenance, Scorecard
    from pilot_pipeline.closeout.issues import top_issues

    weeks = 12 if decision else 7
    issues = top_issues(checkpoints(), data_quality(), bias_audit(), kpi_scorecard(), issue_log(), min_group=5)
    given: dict[str, Any] = {
        "pilot": PilotFacts(
            name="AI coaching pilot",
            starts_on=START,
            ends_on=START + timedelta(weeks=12),
            weeks=12,
            weeks_done=weeks,
            design="matched_control",
            n_pairs=30,
            n_managers=9,
            data_owner="Head of People Analytics",
            min_group_size=5,
            currency="EUR",
            departments=6,
        ),
        "provenance": Provenance(
            lock_state="attested",
            lock_sha256="3f" * 32,
            data_sha256="a7" * 32,
            code_version="0.1.0",
            decided_on=START + timedelta(weeks=12) if decision else None,
            run_id="5d3a",
            attested_by="Head of People Analytics",
        ),
        "decision": decision,
        "label": "confirmatory" if decision else "interim",
        "reasons": (
            "Participant pulse is 3.42 against a target of 3.50 over 28 answers.",
            "25 of 30 people were active in week 6; 23 were needed.",
            "Behaviour change: +0.41 points (target 0.30), p = 0.004 over 9 clusters.",
        ),
        "kpi_scorecard": kpi_scorecard(),
        "weekly_kpis": weekly_kpis(weeks),
        "cohort_balance": cohort_balance(),
        "cohort_summary": cohort_summary(),
        "bias_audit": bias_audit(),
        "roi": roi(),
        "top_issues": issues,
        "checkpoints": checkpoints(),
        "data_quality": data_quality(),
        "conditions": (),
        "kpi_notes": (
            "Adoption: 25 of 30 people were active in the deadline week; a go needs 23.",
            "Behaviour change: +0.38 points without adjustment for the start score.",
            "Pulse: between 3.21 and 3.70, had those who were silent answered at their worst or best.",
        ),
        "deviations": (),
        "cohort_notes": ("26 of 30 pairs share manager and role; 4 share the manager's manager.",),
        "bias_findings": ("Live audit: no evidence of bias by gender, ethnicity or age band (p = 0.77).",),
        "value_notes": ("A year counts 46 working weeks. Licences are paid for everyone, active or not.",),
        "switched_off": ("business_outcomes: no outcome is linked to performance.",),
        "tipping_points": ("0.19 points (0.27 SD) of rater favouritism would turn behaviour change.",),
        "false_go_rate": 0.012,
        "power": 0.81,
        "sso_matrix": sso_states(),
        "tornado": tornado(),
        "break_even": pd.DataFrame(
            [
                ("Minutes saved", "minutes per report and week", 8.8, 7.5),
                ("Licence price", "per person and year", 240, 287),
            ],
            columns=["input", "unit", "assumed", "break_even"],
        ),
        "costs": (("licences", 192_000.0), ("integration", 18_000.0)),
    }
    return Scorecard(**given | changes)
