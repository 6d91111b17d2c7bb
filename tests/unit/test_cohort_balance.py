"""How alike the arms are and who is in them: planted differences come out, small groups never do."""

from __future__ import annotations

import cohort_company as company
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from pilot_pipeline.cohort.balance import BALANCE_COLUMNS, balance_table, worst_imbalance
from pilot_pipeline.cohort.cohort import form_cohort
from pilot_pipeline.cohort.disclosure import visible_groups
from pilot_pipeline.cohort.profile import PROFILE_COLUMNS, cohort_profile
from pilot_pipeline.cohort.workforce import build_workforce

CONFIG = company.config()
WORKFORCE = build_workforce(company.employees(), CONFIG, company.SNAPSHOT)
TEAMS = WORKFORCE[WORKFORCE["role_level"] < 5]["employee_id"]
MEMBERS = form_cohort(WORKFORCE, None, company.consents(TEAMS.iloc[::4]), CONFIG).members


def row(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame.set_index(frame.columns[0]).loc[name]


def test_the_numbers_are_those_of_their_definitions() -> None:
    table = balance_table(MEMBERS, WORKFORCE, CONFIG)
    assert tuple(table.columns) == BALANCE_COLUMNS
    value = WORKFORCE.set_index("employee_id")["tenure_years"]
    pilot = value[MEMBERS.loc[MEMBERS["arm"] == "pilot", "employee_id"]]
    control = value[MEMBERS.loc[MEMBERS["arm"] == "control", "employee_id"]]
    rest = value.drop(pilot.index)
    scale = np.sqrt((pilot.var() + rest.var()) / 2)
    tenure = row(table, "tenure_years")
    assert tenure["smd_before"] == pytest.approx((pilot.mean() - rest.mean()) / scale)
    assert tenure["smd_after"] == pytest.approx((pilot.mean() - control.mean()) / scale)
    assert tenure["variance_ratio"] == pytest.approx(pilot.var() / control.var())
    assert tenure["ks"] == pytest.approx(ks_2samp(pilot, control).statistic)


def test_matching_on_a_covariate_brings_the_arms_together() -> None:
    table = balance_table(MEMBERS, WORKFORCE, CONFIG)
    assert table["covariate"].tolist()[:3] == ["performance_score", "tenure_years", "role_level"]
    assert row(table, "performance_score")["within_tolerance"] and row(table, "role_level")["smd_after"] == 0


def test_a_planted_difference_is_found_and_judged_and_a_protected_attribute_is_only_described() -> None:
    arms = MEMBERS.set_index("employee_id")["arm"]
    pilot = WORKFORCE["employee_id"].map(arms) == "pilot"
    raised = WORKFORCE.assign(
        performance_score=WORKFORCE["performance_score"] + 0.6 * pilot,
        gender=np.where(pilot & (WORKFORCE["id_rank"] % 3 > 0), "female", "male"),
    )
    table = balance_table(MEMBERS, raised, CONFIG)
    covariate, smd = worst_imbalance(table, CONFIG)
    assert covariate == "performance_score" and smd > 0.8
    assert not row(table, "performance_score")["within_tolerance"]
    plain = WORKFORCE.assign(gender=raised["gender"])
    described = balance_table(MEMBERS, plain, CONFIG)
    assert not described["covariate"].str.startswith("gender").any() or worst_imbalance(described, CONFIG)[1] < 0.25
    assert abs(worst_imbalance(described, CONFIG)[1]) < 0.25


def test_a_covariate_that_nobody_has_counts_as_infinitely_far_apart() -> None:
    table = balance_table(MEMBERS, WORKFORCE.assign(performance_score=np.nan), CONFIG)
    assert worst_imbalance(table, CONFIG) == ("performance_score", np.inf)
    assert not row(table, "performance_score")["within_tolerance"]


def test_a_lock_that_names_no_covariate_has_no_worst_one() -> None:
    none = CONFIG.model_copy(update={"cohort": CONFIG.cohort.model_copy(update={"balance": ()})})
    covariate, smd = worst_imbalance(balance_table(MEMBERS, WORKFORCE, none), none)
    assert covariate == "" and np.isnan(smd)


def test_a_constant_covariate_is_balanced_and_has_no_variance_ratio() -> None:
    constant = row(balance_table(MEMBERS, WORKFORCE.assign(tenure_years=2.0), CONFIG), "tenure_years")
    assert constant["smd_after"] == 0 and constant["within_tolerance"] and np.isnan(constant["variance_ratio"])


def test_a_participant_without_a_control_counts_before_matching_and_not_after() -> None:
    alone = MEMBERS.iloc[[0]].assign(pair_id=pd.array([pd.NA], dtype="Int64"), employee_id=WORKFORCE["employee_id"][0])
    more = pd.concat([MEMBERS, alone], ignore_index=True)
    before, after = (balance_table(m, WORKFORCE, CONFIG).set_index("covariate") for m in (MEMBERS, more))
    assert before.loc["tenure_years", "smd_before"] != after.loc["tenure_years", "smd_before"]
    assert before.loc["tenure_years", "ks"] == after.loc["tenure_years", "ks"]


def test_the_profile_holds_both_arms_beside_the_workforce() -> None:
    profile = cohort_profile(MEMBERS, WORKFORCE, 5)
    assert tuple(profile.columns) == PROFILE_COLUMNS and profile["metric"].is_unique
    assert row(profile, "people")[["pilot", "control", "workforce"]].tolist() == [30, 30, len(WORKFORCE)]
    assert row(profile, "judging clusters")["pilot"] == MEMBERS["cluster"].nunique()
    score = WORKFORCE["performance_score"].mean()
    assert row(profile, "mean performance_score")["workforce"] == pytest.approx(score)
    level = row(profile, "role_level: 2")
    assert level["workforce"] == pytest.approx((WORKFORCE["role_level"] == 2).mean())


def test_suppressed_rows_stay_and_hold_no_measure() -> None:
    profile = cohort_profile(MEMBERS, WORKFORCE, 5)
    hidden = profile[profile["suppressed"]]
    assert "department: other" in set(hidden["metric"])  # the office of few people is not even named
    assert not profile["metric"].str.contains("Office").any()
    assert hidden[["pilot", "control", "workforce"]].isna().all(axis=None)
    assert profile.loc[~profile["suppressed"], ["pilot", "workforce"]].notna().sum().min() > 5


def test_a_mean_over_fewer_people_than_the_minimum_is_suppressed() -> None:
    few = WORKFORCE.assign(performance_score=np.where(WORKFORCE["id_rank"] < 4, 3.0, np.nan))
    assert row(cohort_profile(MEMBERS, few, 5), "mean performance_score")["suppressed"]


def test_a_missing_attribute_is_a_group_of_its_own() -> None:
    profile = cohort_profile(MEMBERS, WORKFORCE.assign(gender=None), 5)
    assert row(profile, "gender: not recorded")["pilot"] == 1


@pytest.mark.parametrize(
    ("pilot", "workforce", "shown"),
    [
        ([26, 4], [300, 200], [False, False]),  # the complement of the small group tells it
        ([20, 7, 3], [50, 30, 20], [True, False, False]),
        ([15, 9, 2, 4], [50, 50, 9, 9], [True, True, False, False]),  # together 6, from two groups
        ([15, 15, 0], [40, 40, 20], [True, True, True]),  # nobody is nobody
        ([15, 10, 4, 0], [40, 40, 20, 9], [True, False, False, True]),
        ([30, 0], [100, 3], [False, False]),
    ],
)
def test_a_small_group_is_hidden_with_whatever_would_reveal_it(
    pilot: list[int], workforce: list[int], shown: list[bool]
) -> None:
    assert visible_groups(pd.DataFrame({"pilot": pilot, "workforce": workforce}), 5).tolist() == shown


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.tuples(*[st.integers(0, 12)] * 3), min_size=1, max_size=7), st.integers(3, 6))
def test_what_is_hidden_cannot_be_had_by_subtraction(groups: list[tuple[int, ...]], minimum: int) -> None:
    counts = pd.DataFrame(groups)
    hidden = counts[~visible_groups(counts, minimum)]
    shown = counts.drop(index=hidden.index)
    assert not ((shown > 0) & (shown < minimum)).any(axis=None)
    if 0 < len(hidden) < len(counts):
        for _, column in hidden.items():
            assert column.sum() == 0 or (column.sum() >= minimum and (column > 0).sum() > 1)
