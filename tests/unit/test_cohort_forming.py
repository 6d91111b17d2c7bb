"""Whole cohorts in both designs: who is in, who serves as a control, what is refused and in which words."""

from __future__ import annotations

from datetime import date
from typing import Any

import cohort_company as company
import duckdb
import numpy as np
import pandas as pd
import pytest

from pilot_pipeline.cohort.cohort import MEMBER_COLUMNS, Cohort, form_cohort
from pilot_pipeline.cohort.workforce import build_workforce
from pilot_pipeline.errors import BadInput

WORKFORCE = build_workforce(company.employees(), company.config(), company.SNAPSHOT)
TEAMS = WORKFORCE[WORKFORCE["role_level"] < 5]["employee_id"]
THIRTY = TEAMS.iloc[[team * 24 + member for team in range(12) for member in (0, 1, 5)][:30]]
FORTY = TEAMS.iloc[::6].head(40)
RANDOMISED = "matched_pair_randomised"


def given(people: pd.Series = THIRTY, workforce: pd.DataFrame = WORKFORCE, **cohort: Any) -> Cohort:
    return form_cohort(workforce, company.enrolments(people), company.consents(people), company.config(**cohort))


def volunteers(people: pd.Series, workforce: pd.DataFrame = WORKFORCE, **cohort: Any) -> Cohort:
    return form_cohort(workforce, None, company.consents(people), company.config(**cohort))


def arm(cohort: Cohort, name: str) -> pd.DataFrame:
    return cohort.members[cohort.members["arm"] == name]


def test_every_participant_gets_a_control_of_the_same_manager_and_role_without_an_opt_in() -> None:
    cohort = given()
    assert tuple(cohort.members.columns) == MEMBER_COLUMNS
    assert cohort.n_pairs == 30 and cohort.members["pair_id"].tolist() == np.repeat(np.arange(1, 31), 2).tolist()
    assert set(arm(cohort, "pilot")["employee_id"]) == set(THIRTY)
    assert set(arm(cohort, "control")["employee_id"]).isdisjoint(THIRTY)
    exact = cohort.members[cohort.members["rung"] == "exact"]
    assert len(exact) >= 36
    assert (exact.groupby("pair_id")[["manager_id", "role"]].nunique() == 1).all(axis=None)
    assert cohort.members["employee_id"].is_unique and cohort.unmatched.empty
    assert cohort.spare_controls == len(WORKFORCE) - 60


def test_every_relaxation_is_named_by_count_and_in_words() -> None:
    cohort = given()
    rows = cohort.members.pivot(index="pair_id", columns="arm")
    manager, above = (
        rows[column]["pilot"] == rows[column]["control"] for column in ("manager_id", "manager_of_manager")
    )
    score = rows["performance_score"]
    wide = (score["pilot"] - score["control"]).abs() > 0.25 * WORKFORCE["performance_score"].std() + 1e-9
    text = " ".join(cohort.relaxed)
    assert f"{int((manager & ~wide).sum())} of 30 pairs are exact: same manager and role, performance" in text
    for count, words in (
        ((~manager & above).sum(), "share the manager's manager instead of the manager"),
        ((~manager & ~above).sum(), "share the business unit instead of the manager"),
        (wide.sum(), "lie up to 0.5 SD apart in performance instead of 0.25"),
    ):
        assert (words in text) == bool(count)
        assert not count or f"{int(count)} pair{'s' if count > 1 else ''} {words}" in text
    assert "30 of 30 participants (given by the enrolments) have a control" in str(cohort)


def test_a_cohort_knows_its_balance_and_prints_it() -> None:
    cohort = given()
    row = cohort.balance.set_index("covariate").loc["performance_score"]
    assert abs(row["smd_after"]) < 0.1
    worst = cohort.balance.head(4).set_index("covariate")["smd_after"].abs()
    assert f"the arms differ most in {worst.idxmax()}: {worst.max():.2f} SD" in str(cohort)


def test_spare_partners_are_kept_and_counted() -> None:
    assert any("pairs keep a spare partner" in sentence for sentence in given().explanation)
    named = given().members.loc[given().members["arm"] == "control", "employee_id"]
    places = pd.concat([company.enrolments(THIRTY), company.enrolments(named, "control")])
    exact = form_cohort(WORKFORCE, places, company.consents(THIRTY), company.config())
    assert exact.spare_controls == 0 and not any("spare" in sentence for sentence in exact.explanation)


def test_neither_row_order_nor_pseudonyms_change_the_match() -> None:
    renamed = {person: f"q{code}" for code, person in enumerate(WORKFORCE["employee_id"].iloc[::-1])}
    other = WORKFORCE.sample(frac=1, random_state=3)
    for column in ("employee_id", "manager_id", "manager_of_manager"):
        other = other.assign(**{column: other[column].map(renamed).astype("str")})
    for design in ("matched_control", RANDOMISED):
        here = volunteers(TEAMS.iloc[::2], design=design)
        there = volunteers(TEAMS.iloc[::2].map(renamed), other, design=design)
        assert here.members["employee_id"].map(renamed).tolist() == there.members["employee_id"].tolist()
        assert here.members["cluster"].equals(there.members["cluster"])
        assert here.match_hash != there.match_hash


def test_the_hash_is_that_of_the_pairs() -> None:
    assert given().match_hash == given().match_hash
    assert given().match_hash != given(caliper_sd=0.4).match_hash


def test_named_controls_restrict_the_pool_and_those_on_leave_serve_as_none() -> None:
    named = TEAMS[~TEAMS.isin(THIRTY)].iloc[::2]
    resting = WORKFORCE.assign(
        employment_status=np.where(WORKFORCE["employee_id"] == named.iloc[0], "leave", WORKFORCE["employment_status"])
    )
    places = pd.concat([company.enrolments(THIRTY), company.enrolments(named, "control")])
    cohort = form_cohort(resting, places, company.consents(THIRTY), company.config())
    assert set(arm(cohort, "control")["employee_id"]) <= set(named.iloc[1:])
    assert "1 enrolled controls are on leave" in " ".join(cohort.warnings)


def test_people_with_an_opt_in_or_a_place_or_on_leave_are_no_controls() -> None:
    others = TEAMS[~TEAMS.isin(THIRTY)]
    opted, away = others.iloc[::3], others.iloc[1::3]
    status = np.where(WORKFORCE["employee_id"].isin(away), "leave", "active")
    people = pd.concat([THIRTY, opted])
    cohort = form_cohort(
        WORKFORCE.assign(employment_status=status),
        company.enrolments(THIRTY),
        company.consents(people),
        company.config(),
    )
    assert set(arm(cohort, "control")["employee_id"]).isdisjoint({*opted, *away, *THIRTY})


def test_a_withdrawal_before_the_cohort_is_fixed_removes_and_one_afterwards_changes_nothing() -> None:
    leaver = THIRTY.iloc[[4]]
    decided = [company.consents(THIRTY), company.consents(leaver, "withdrawn", "2025-12-23 08:00")]
    consents, config = pd.concat(decided), company.config()
    places = company.enrolments(THIRTY)
    kept = form_cohort(WORKFORCE, places, consents, config, fixed_on=date(2025, 12, 22))
    assert kept.match_hash == given().match_hash
    removed = form_cohort(WORKFORCE, places, consents, config, fixed_on=date(2025, 12, 23))
    assert leaver.iloc[0] not in set(removed.members["employee_id"])
    assert removed.unmatched.to_numpy().tolist() == [[leaver.iloc[0], "Withdrew before the cohort was fixed."]]
    places.loc[places["employee_id"] == leaver.iloc[0], "withdrawn_at"] = pd.Timestamp("2025-12-20")
    assert form_cohort(WORKFORCE, places, company.consents(THIRTY), config).n_pairs == 29


def test_enrolled_people_who_declined_or_left_are_listed_and_those_without_an_opt_in_are_counted() -> None:
    consents = pd.concat(
        [company.consents(THIRTY.iloc[3:]), company.consents(THIRTY.iloc[:1], "declined")], ignore_index=True
    )
    gone = WORKFORCE[WORKFORCE["employee_id"] != THIRTY.iloc[10]]
    cohort = form_cohort(gone, company.enrolments(THIRTY), consents, company.config())
    assert sorted(cohort.unmatched["reason"]) == [
        "Enrolled, but declined to take part.",
        "Neither active nor on leave in the HRIS snapshot.",
    ]
    assert "2 enrolled participants have no opt-in on record; the consent check blocks." in cohort.warnings
    assert cohort.n_pairs == 28


def test_a_participant_without_a_control_stays_in_the_pilot_arm_and_the_reason_is_given() -> None:
    lonely = WORKFORCE[WORKFORCE["role"] == "Head"]["employee_id"]
    cohort = given(pd.concat([lonely, THIRTY.iloc[1:]]))
    row = cohort.members[cohort.members["employee_id"] == lonely.iloc[0]].iloc[0]
    assert row["arm"] == "pilot" and pd.isna(row[["pair_id", "cluster", "rung", "distance"]]).all()
    assert cohort.n_pairs == 29 and len(arm(cohort, "pilot")) == 30
    assert cohort.unmatched["reason"].tolist() == [
        "Nobody in the pool of controls has the same role, nor one that the ladder allows."
    ]
    assert cohort.explanation[-1].startswith("1 without a control. Giving up any single constraint would not help")


def test_an_unmatched_participant_belongs_to_the_cluster_that_judges_their_manager() -> None:
    cohort = given(caliper_sd=0.001, relax=[])
    alone = cohort.members[cohort.members["pair_id"].isna()]
    judged = cohort.members[cohort.members["pair_id"].notna()].set_index("manager_id")["cluster"].to_dict()
    assert len(alone) > 0
    assert alone["cluster"].fillna(0).tolist() == [judged.get(manager, 0) for manager in alone["manager_id"]]


@pytest.mark.parametrize(
    ("count", "words"), [(19, "19 participants are too few"), (51, "51 participants are a rollout")]
)
def test_19_and_51_participants_are_each_refused_in_their_own_words(count: int, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        given(TEAMS.iloc[::5].head(count))


def test_20_and_50_participants_are_enough_and_not_too_many() -> None:
    for count in (20, 50):
        cohort = given(TEAMS.iloc[::5].head(count))
        assert len(arm(cohort, "pilot")) == count and cohort.n_pairs >= count - 1


def test_one_department_and_too_few_role_levels_are_each_named() -> None:
    one = WORKFORCE[(WORKFORCE["department"] == "D0") & (WORKFORCE["role"] == "Engineer")]["employee_id"].head(20)
    cohort = given(one)
    assert [sentence[:42] for sentence in cohort.violations] == [
        "All participants are in one department; a ",
        "The participants have 1 role level; a pilo",
    ]
    assert set(cohort.violations) <= set(cohort.warnings)
    wide = WORKFORCE.assign(role_level=WORKFORCE["tenure_years"].rank().astype("int64") % 5 + 1)
    assert "spread over 5 role levels" in " ".join(given(workforce=wide).violations)


def test_a_cohort_smaller_than_the_rule_demands_says_that_it_would_be_directional() -> None:
    few = given(TEAMS.head(80).iloc[::4])
    text = " ".join(few.warnings)
    assert "20 pairs; decision.min_pairs is 30" in text
    assert "decision.min_managers is 8: the result would be directional" in text
    assert "There are 20 participants; cohort.size says 30." in few.warnings


def test_no_pool_of_controls_is_refused_and_the_other_design_named() -> None:
    with pytest.raises(BadInput, match=r"no pool of controls.*matched_pair_randomised"):
        form_cohort(WORKFORCE, company.enrolments(THIRTY), company.consents(WORKFORCE["employee_id"]), company.config())
    places = pd.concat([company.enrolments(THIRTY), company.enrolments(pd.Series(["gone"]), "control")])
    with pytest.raises(BadInput, match="None of the controls named in enrolments is active"):
        form_cohort(WORKFORCE, places, company.consents(THIRTY), company.config())


def test_no_shared_manager_is_refused_with_what_blocks() -> None:
    alone = WORKFORCE.assign(manager_id=WORKFORCE["employee_id"])
    with pytest.raises(BadInput, match=r"None of the 30 participants.*manager \(and the units"):
        given(workforce=alone, relax=[])


def test_participants_selected_for_low_performance_are_refused() -> None:
    lowest = WORKFORCE[WORKFORCE["employee_id"].isin(TEAMS)].nsmallest(30, "performance_score")["employee_id"]
    with pytest.raises(BadInput, match=r"selected for low performance.*regression to the mean"):
        given(lowest)
    assert given(workforce=WORKFORCE.assign(performance_score=3.0)).n_pairs == 30


def test_without_enrolments_thirty_volunteers_are_proposed_who_all_have_an_exact_control() -> None:
    cohort = volunteers(TEAMS.iloc[::4])
    assert cohort.design == "matched_control" and cohort.n_pairs == 30
    assert set(arm(cohort, "pilot")["employee_id"]) <= set(TEAMS.iloc[::4])
    assert set(arm(cohort, "control")["employee_id"]).isdisjoint(TEAMS.iloc[::4])
    assert cohort.members["rung"].eq("exact").all() and cohort.n_clusters >= 8
    assert "proposed from the volunteers" in cohort.explanation[0] and not cohort.warnings


def test_enrolled_controls_alone_restrict_the_pool_of_a_proposal() -> None:
    named = TEAMS.iloc[1::2]
    places = company.enrolments(named, "control")
    cohort = form_cohort(WORKFORCE, places, company.consents(TEAMS.iloc[::4]), company.config())
    assert set(arm(cohort, "control")["employee_id"]) <= set(named) and cohort.n_pairs == 30


def test_the_proposal_follows_the_seed() -> None:
    assert volunteers(TEAMS.iloc[::2]).match_hash == volunteers(TEAMS.iloc[::2]).match_hash
    assert volunteers(TEAMS.iloc[::2]).match_hash != volunteers(TEAMS.iloc[::2], seed=1).match_hash


def test_too_few_volunteers_are_refused_with_the_number_needed() -> None:
    with pytest.raises(
        BadInput, match="12 active people opted in and can be proposed; a cohort would need at least 20"
    ):
        volunteers(TEAMS.head(12))
    with pytest.raises(BadInput, match="pairs among volunteers would need at least 40"):
        volunteers(TEAMS.head(39), design=RANDOMISED)


def test_volunteers_who_cannot_be_paired_are_refused_with_what_blocks() -> None:
    alone = WORKFORCE.assign(manager_id=WORKFORCE["employee_id"])
    for design in ("matched_control", RANDOMISED):
        with pytest.raises(BadInput, match=r"volunteers allow 0 pairs; a pilot needs 20 to 50.*manager"):
            volunteers(FORTY, alone, design=design, relax=[])


def test_randomised_pairs_are_volunteers_and_a_seeded_coin_decides() -> None:
    people = TEAMS.iloc[::2]
    cohort = volunteers(people, design=RANDOMISED)
    assert cohort.design == RANDOMISED and cohort.n_pairs == 30
    assert set(cohort.members["employee_id"]) <= set(people)
    assert "a seeded coin decided within each pair" in cohort.explanation[0]
    assert cohort.spare_controls == len(people) - 60
    other = volunteers(people, design=RANDOMISED, seed=2)
    assert set(arm(cohort, "pilot")["employee_id"]) != set(arm(other, "pilot")["employee_id"])


def test_arms_enrolled_from_a_randomised_proposal_give_the_same_pairs_again() -> None:
    people = TEAMS.iloc[::2]
    proposed = volunteers(people, design=RANDOMISED)
    places = pd.concat([company.enrolments(arm(proposed, name)["employee_id"], name) for name in ("pilot", "control")])
    again = form_cohort(WORKFORCE, places, company.consents(people), company.config(design=RANDOMISED))
    assert again.match_hash == proposed.match_hash
    assert again.design == RANDOMISED and "the arms are taken as enrolled" in again.explanation[0]


def test_a_randomised_design_with_participants_but_no_controls_rests_on_matched_controls_and_says_so() -> None:
    cohort = given(design=RANDOMISED)
    assert cohort.design == "matched_control"
    assert any("no coin decided" in warning for warning in cohort.warnings)


def test_no_sentence_names_a_person() -> None:
    cohort = given(pd.concat([WORKFORCE[WORKFORCE["role"] == "Head"]["employee_id"], THIRTY.iloc[1:]]))
    text = "\n".join([str(cohort), *cohort.unmatched["reason"]])
    assert not any(person in text for person in WORKFORCE["employee_id"])


def test_a_workforce_read_back_from_the_warehouse_forms_the_same_cohort() -> None:
    with duckdb.connect() as connection:
        connection.register("employees", company.employees())
        stored = connection.sql("SELECT * REPLACE (as_of::DATE AS as_of) FROM employees").df()
    again = volunteers(TEAMS.iloc[::4], build_workforce(stored, company.config(), company.SNAPSHOT))
    assert again.match_hash == volunteers(TEAMS.iloc[::4]).match_hash


@pytest.mark.parametrize("design", ["matched_control", RANDOMISED])
def test_the_ladder_is_climbed_no_further_than_enough_pairs_need(design: str) -> None:
    cohort = volunteers(TEAMS.iloc[::2], design=design, size=20)
    assert cohort.attempts[0].rung == "exact"
    assert cohort.n_pairs == 20 and cohort.members["rung"].eq("exact").all()


def test_a_representative_cohort_can_be_asked_for_and_the_other_choice_is_told() -> None:
    exact = volunteers(TEAMS.iloc[::2], design=RANDOMISED, size=20)
    fitting = volunteers(TEAMS.iloc[::2], design=RANDOMISED, size=20, relax_for="quotas")
    assert exact.attempts[0].proposal.seats_off > fitting.attempts[0].proposal.seats_off == 0
    assert fitting.attempts[0].relaxed > exact.attempts[0].relaxed == 0
    assert "no choice meets every quota" in " ".join(exact.explanation)
    assert any(text.startswith("The proposal is representative: its 40 people") for text in fitting.explanation)
    assert any(text.startswith("With exact pairs only the proposal would have had") for text in fitting.explanation)


def test_volunteers_of_one_department_are_proposed_with_the_seats_that_are_off_and_the_alternatives() -> None:
    one = WORKFORCE[(WORKFORCE["department"] == "D0") & WORKFORCE["employee_id"].isin(TEAMS)]["employee_id"]
    cohort = volunteers(one, design=RANDOMISED, size=20)
    best = cohort.attempts[0].proposal
    assert best.off_by_dimension["department"] >= 20 and best.seats_off == best.least_off
    text = " ".join(cohort.explanation)
    assert "no choice meets every quota" in text and f"department {best.off_by_dimension['department']}" in text
    assert any("the proposal would have had" in sentence for sentence in cohort.explanation)
    assert "All participants are in one department" in " ".join(cohort.violations)


def test_volunteers_who_are_all_low_performers_are_refused_too() -> None:
    lowest = WORKFORCE[WORKFORCE["employee_id"].isin(TEAMS)].nsmallest(90, "performance_score")["employee_id"]
    for design in ("matched_control", RANDOMISED):
        with pytest.raises(BadInput, match=r"selected for low performance.*regression to the mean"):
            volunteers(lowest, design=design)
