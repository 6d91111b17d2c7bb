"""The cohort that counts is the locked one, whatever the feeds say by now, and even where they give none."""

from __future__ import annotations

import cohort_company as company
import pandas as pd
import pytest

from pilot_pipeline.cohort.workforce import build_workforce
from pilot_pipeline.errors import BadInput
from pilot_pipeline.registration import Lock
from pilot_pipeline.registration.design import Design
from pilot_pipeline.registration.forming import form_or_keep

CONFIG = company.config()
WORKFORCE = build_workforce(company.employees(), CONFIG, company.SNAPSHOT)
PEOPLE = WORKFORCE.loc[WORKFORCE["role_level"] < 5, "employee_id"].iloc[::6].head(30)
DESIGN = Design(company.SNAPSHOT, WORKFORCE, None, None)


def formed(design: Design, people: pd.Series = PEOPLE) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    result = form_or_keep(design, company.enrolments(people), company.consents(people), CONFIG, fixed_on=None)
    return result.members, result.facts.set_index("fact")["statement"].to_dict(), list(result.stated("warning"))


def lock_of(members: pd.DataFrame, match_hash: str) -> Lock:
    return Lock({"members": members.to_dict("records"), "match_hash": match_hash, "locked_on": "2025-12-22"}, "sha")


def test_without_a_lock_the_feeds_decide_and_may_refuse() -> None:
    members, facts, _ = formed(DESIGN)
    assert members["pair_id"].nunique() >= 29 and facts["design"] == "matched_control"
    assert (
        "pairs are exact"
        in form_or_keep(DESIGN, company.enrolments(PEOPLE), company.consents(PEOPLE), CONFIG, fixed_on=None).stated(
            "relaxed"
        )[0]
    )
    with pytest.raises(BadInput, match="19 participants are too few"):
        formed(DESIGN, PEOPLE.head(19))


def test_with_a_lock_its_pairs_stay_and_the_hash_tells_that_the_feeds_have_moved() -> None:
    members, facts, _ = formed(DESIGN)
    locked = Design(company.SNAPSHOT, WORKFORCE, lock_of(members, facts["match_hash"]), None)
    kept, same, _ = formed(locked)
    assert kept["employee_id"].tolist() == members["employee_id"].tolist()
    assert same["match_hash"] == facts["match_hash"]
    kept, moved, _ = formed(locked, PEOPLE.head(28))
    assert kept["employee_id"].tolist() == members["employee_id"].tolist()
    assert moved["match_hash"] != facts["match_hash"]


def test_feeds_that_give_no_cohort_any_more_are_a_remark_and_stop_nothing() -> None:
    members, facts, _ = formed(DESIGN)
    locked = Design(company.SNAPSHOT, WORKFORCE, lock_of(members, facts["match_hash"]), None)
    kept, now, warnings = formed(locked, PEOPLE.head(19))
    assert len(kept) == len(members) and now["match_hash"] == "none"
    assert warnings[0].startswith("The locked pairs count; today's feeds would give no cohort. 19 participants")
