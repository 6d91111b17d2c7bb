"""What expired evidence says about itself, and how live sign-ins are counted week by week."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
import readiness_company as company

from pilot_pipeline.readiness.evidence import hris_evidence, synthetic_evidence
from pilot_pipeline.readiness.expiry import judged_again
from pilot_pipeline.readiness.golive import golive_state, record_checks, store_golive
from pilot_pipeline.readiness.results import CheckResult
from pilot_pipeline.readiness.signin_reasons import in_words, locked
from pilot_pipeline.readiness.signin_weeks import NOT_IN_SNAPSHOT, check_signin_weeks, signin_weeks
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse

PEOPLE = company.employees()
CONFIG = company.config()
MONDAY, TUESDAY = datetime(2026, 1, 5, 6), datetime(2026, 1, 6, 6)
PASSED = CheckResult("hris_feed", "rows", "sql", True, "error", 10, 0, "fine.")
ANSWERED = CheckResult("synthetic_audit", "rows", "sql", True, "error", 10, 0, "fine.")


@pytest.fixture
def warehouse(tmp_path):
    with open_warehouse(tmp_path / "w.duckdb") as opened:
        yield opened


def stale(warehouse: Warehouse, name: str, current: str) -> str:
    (condition,) = [item for item in golive_state(warehouse, {name: current}).conditions if item.name == name]
    assert condition.state == "stale"
    return condition.detail


def test_a_stale_checkpoint_says_what_changed_and_what_to_run(warehouse):
    record_checks(warehouse, [PASSED], hris_evidence(PEOPLE, None, CONFIG), MONDAY)
    store_golive(warehouse, [], MONDAY)
    stricter = company.config(readiness={"max_quarantine_share": 0.01})
    moved = PEOPLE.assign(department="Sales")
    assert stale(warehouse, "hris_feed", hris_evidence(PEOPLE, None, stricter)) == (
        "the setting readiness.max_quarantine_share changed since it was checked; `pilot check` judges it again"
    )
    rejected = company.quarantine("orphan")
    assert stale(warehouse, "hris_feed", hris_evidence(moved, rejected, CONFIG)).startswith(
        "the rows in quarantine and the rows of employees changed since it was checked"
    )


def test_a_new_model_needs_new_answers(warehouse):
    answers = pd.DataFrame({"synthetic_id": ["a"], "pathway_id": ["w1"], "rank": [1], "model_version": ["1"]})
    record_checks(warehouse, [ANSWERED], synthetic_evidence(answers, None, CONFIG), MONDAY)
    store_golive(warehouse, [], MONDAY)
    detail = stale(warehouse, "synthetic_audit", synthetic_evidence(answers.assign(model_version="2"), None, CONFIG))
    assert detail.startswith("the rows of answers changed") and "`pilot twins` writes whom to send" in detail


def test_what_was_judged_again_is_told_once_with_the_reason(warehouse):
    record_checks(warehouse, [PASSED], hris_evidence(PEOPLE, None, CONFIG), MONDAY)
    assert judged_again(warehouse, MONDAY) == ()
    changed = hris_evidence(PEOPLE, None, CONFIG, before=40)
    for _ in range(2):
        record_checks(warehouse, [PASSED], changed, TUESDAY)
        assert judged_again(warehouse, TUESDAY) == (
            "hris_feed: its evidence of 2026-01-05 06:00 UTC had expired, because the rows of the snapshot before "
            "changed; it was judged again.",
        )
    assert judged_again(warehouse, datetime(2026, 1, 7)) == ()


@pytest.mark.parametrize(
    ("reason", "is_locked"),
    [
        ("LOCKED_OUT", True),
        ("50053: Account is locked.", True),
        ("UserAccountLocked", True),
        ("lockout", True),
        ("Sign-on policy blocked", False),
        ("INVALID_CREDENTIALS", False),
        (None, False),
    ],
)
def test_a_locked_account_is_known_by_its_reason(reason, is_locked):
    assert locked(pd.Series([reason], dtype="str")).tolist() == [is_locked]


def test_reasons_are_counted_in_words_without_addresses():
    reasons = pd.Series(["LOCKED_OUT", None, "LOCKED_OUT", "ann@acme.example has no licence " + "x" * 80], dtype="str")
    said = in_words(reasons)
    assert said.startswith("LOCKED_OUT (2), ")
    assert "no reason given (1)" in said and "ann@" not in said and len(said) < 130


def live(week: int, failing: int, people: pd.DataFrame, day: str = "09:00") -> pd.DataFrame:
    when = company.START + pd.Timedelta(weeks=week - 1) + pd.Timedelta(f"{day}:00")
    outcome = ["failure"] * failing + ["success"] * (len(people) - failing)
    frame = pd.DataFrame({"email": people["email"], "outcome": outcome, "occurred_at": when, "is_test": False})
    return frame.assign(event_id=[f"l{week}{i}" for i in range(len(frame))], persona=None, failure_reason=None)


def test_failures_are_counted_by_division_and_local_week_and_small_divisions_are_suppressed():
    sales = PEOPLE[PEOPLE["department"] == "Sales"]
    research = PEOPLE[PEOPLE["department"] == "Research"].iloc[:4]
    strangers = research.assign(email=[f"e_x{i}" for i in range(4)])
    early = live(1, 3, sales.iloc[:8]).assign(occurred_at=pd.Timestamp("2026-01-04 23:30"))  # Monday 00:30 in Berlin
    feed = pd.concat([company.signins(PEOPLE), early, live(2, 1, sales), live(2, 4, research), live(2, 0, strangers)])
    weeks = signin_weeks(feed.astype({"email": "str", "outcome": "str"}), PEOPLE, CONFIG)
    assert weeks[["week_no", "division", "suppressed"]].to_numpy().tolist() == [
        [1, "Sales", False],
        [2, NOT_IN_SNAPSHOT, True],
        [2, "Research", True],
        [2, "Sales", False],
    ]
    assert weeks["failures"].fillna(-1).tolist() == [3, -1, -1, 1]
    assert check_signin_weeks(weeks, CONFIG).passed
    first = check_signin_weeks(weeks[weeks["week_no"] == 1], CONFIG)
    assert first.detail == "In week 1 more than 20 % of sign-ins failed in 1 division: Sales (38 % of 8)."
    assert (first.passed, first.severity, first.keys) == (False, "warn", ("Sales",))


def test_without_the_feed_or_before_launch_there_is_nothing_to_count():
    for feed in (None, company.signins(PEOPLE)):
        weeks = signin_weeks(feed, PEOPLE, CONFIG)
        assert weeks.empty
        assert check_signin_weeks(weeks, CONFIG).detail == "There is no live sign-in yet."
