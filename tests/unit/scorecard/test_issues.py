"""Claims about the three most significant issues: which come first, whom they touch, and that each has a fix."""

from __future__ import annotations

from typing import Any

import madeup
import pandas as pd

from pilot_pipeline.closeout.issues import COLUMNS, top_issues


def issues(**changes: Any) -> pd.DataFrame:
    given: dict[str, Any] = {
        "checks": madeup.checkpoints(),
        "data_quality": madeup.data_quality(),
        "audit_rows": madeup.bias_audit(),
        "kpi_results": madeup.kpi_scorecard(),
        "issue_log": madeup.issue_log(),
        "min_group": 5,
    }
    return top_issues(**given | changes)


def test_there_are_at_most_three_and_each_has_a_fix_and_a_kind():
    frame = issues()
    assert list(frame.columns) == list(COLUMNS)
    assert frame["rank"].tolist() == [1, 2, 3]
    assert frame["fix"].str.len().gt(0).all()
    assert set(frame["kind"]) <= {"configuration", "culture_fit"}


def test_bias_comes_before_everything_else_once_per_attribute():
    frame = issues(audit_rows=madeup.bias_audit("bias_found"))
    assert frame.loc[0, "title"] == "Recommendations depend on gender"
    assert frame["title"].str.contains("gender").sum() == 1


def test_a_failed_blocking_check_outranks_a_reported_issue_of_severity_four():
    checks = madeup.checkpoints().assign(passed=lambda f: f["checkpoint"] != "sso_matrix", severity="error")
    assert issues(checks=checks).loc[0, "title"].startswith("Single sign-on")


def test_a_fixed_issue_is_no_issue():
    assert not issues()["title"].str.contains("tablets").any()


def test_fewer_people_than_the_minimum_are_not_counted_out_loud():
    log = madeup.issue_log().assign(severity=5, status="open")
    affected = issues(issue_log=log).set_index("title")["affected"]
    assert affected["Delegation pathway opens in the wrong language"] == 9
    assert pd.isna(affected["Managers discuss sessions in team meetings"])


def test_one_matter_is_one_issue_even_when_two_sources_see_it():
    checks = madeup.checkpoints().iloc[:2].assign(passed=False)
    frame = issues(checks=checks, kpi_results=madeup.kpi_scorecard().head(0), issue_log=None)
    assert frame["title"].str.startswith("HRIS feed").sum() == 1
    assert not frame["title"].str.contains("employees").any()


def test_a_log_entry_without_a_fix_asks_for_one():
    log = madeup.issue_log().assign(fix=None, severity=5)
    assert issues(issue_log=log)["fix"].str.contains("ask the owner").any()


def test_a_clean_pilot_has_no_issue():
    kpis = madeup.kpi_scorecard().assign(evidence="met")
    quality = madeup.data_quality().assign(rows_quarantined=0)
    frame = issues(
        checks=madeup.checkpoints().assign(passed=True), kpi_results=kpis, data_quality=quality, issue_log=None
    )
    assert frame.empty and list(frame.columns) == list(COLUMNS)


def test_the_order_does_not_hang_on_the_order_of_the_rows():
    shuffled = issues(
        checks=madeup.checkpoints().iloc[::-1],
        kpi_results=madeup.kpi_scorecard().iloc[::-1],
        issue_log=madeup.issue_log().iloc[::-1],
    )
    pd.testing.assert_frame_equal(shuffled, issues())
