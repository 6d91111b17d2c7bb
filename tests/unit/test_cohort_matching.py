"""Ladder, distance and pairs on small workforces: planted people in, the pair, its rung and the reason out."""

from __future__ import annotations

from typing import Any

import cohort_company as company
import numpy as np
import pandas as pd
import pytest
from cohort_brute_force import best_matching, best_pairs
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_pipeline.cohort.clusters import judging_clusters
from pilot_pipeline.cohort.ladder import NEVER, Admissibility, apply_ladder, build_ladder
from pilot_pipeline.cohort.matching import gains, match_controls, obstacles
from pilot_pipeline.cohort.metric import build_metric
from pilot_pipeline.cohort.pairing import pair_gains, pair_volunteers, toss

PERSON = {
    "manager_id": "m1",
    "manager_of_manager": "mm1",
    "business_unit": "b1",
    "role": "Engineer",
    "role_family": "technical",
    "role_level": 3,
    "performance_score": 3.0,
    "tenure_years": 4.0,
}
FAMILIES = {"technical": ("Engineer", "Scientist")}


def people(*changes: dict[str, Any]) -> pd.DataFrame:
    """One person per change from `PERSON`, and four who set the SD of performance to 1 but match nobody."""
    others = [{**PERSON, "role": "Other", "role_family": None, "manager_id": f"x{i}"} for i in range(4)]
    for other, score in zip(others, (1.0, 2.0, 4.0, 5.0), strict=True):
        other["performance_score"] = score
    frame = pd.DataFrame([{**PERSON, **change} for change in changes] + others)
    return frame.astype(dict.fromkeys(("manager_id", "manager_of_manager", "business_unit", "role_family"), "str"))


def admissibility(frame: pd.DataFrame, **cohort: Any) -> Admissibility:
    section = company.config(**{"role_families": FAMILIES, **cohort}).cohort
    return apply_ladder(build_ladder(section, frame), build_metric(frame, section.balance), frame)


def rung_of(change: dict[str, Any], **cohort: Any) -> str | None:
    frame = people({}, change)
    applied = admissibility(frame, **cohort)
    need = applied.needs(np.array([0]), np.array([1]))[0, 0]
    return None if need == NEVER else applied.ladder.rungs[need]


@pytest.mark.parametrize(
    ("change", "rung"),
    [
        ({}, "exact"),
        ({"manager_id": "m2"}, "manager_of_manager"),
        ({"manager_id": "m2", "manager_of_manager": "mm2"}, "business_unit"),
        ({"manager_id": "m2", "manager_of_manager": "mm2", "business_unit": "b2"}, None),
        ({"role": "Scientist"}, "role_family"),
        ({"role": "Scientist", "role_level": 4}, None),
        ({"role": "Seller", "role_family": "sales"}, None),
        ({"role_level": 4}, "exact"),
        ({"performance_score": 3.6}, "caliper_0.5"),
        ({"performance_score": 4.5}, None),
        ({"manager_id": "m2", "role": "Scientist", "performance_score": 3.6}, "caliper_0.5"),
        ({"performance_score": None}, None),
    ],
)
def test_a_pair_stands_on_the_first_rung_that_admits_it(change: dict[str, Any], rung: str | None) -> None:
    assert rung_of(change) == rung


def test_the_order_of_the_ladder_is_the_configured_one() -> None:
    relax = ["caliper_0.5", "business_unit"]
    assert rung_of({"performance_score": 3.6}, relax=relax) == "caliper_0.5"
    assert rung_of({"manager_id": "m2"}, relax=relax) == "business_unit"
    assert rung_of({"manager_id": "m2"}, relax=[]) is None


def test_a_further_exact_key_is_never_relaxed() -> None:
    exact = ["manager_id", "role", "department"]
    frame = people({}, {"manager_id": "m2"}).assign(department=["d1", "d2", *["d1"] * 4])
    assert admissibility(frame, exact=exact).needs(np.array([0]), np.array([1]))[0, 0] == NEVER


def test_a_missing_manager_is_nobodys_manager() -> None:
    frame = people({"manager_id": None, "business_unit": None}, {"manager_id": None, "business_unit": None})
    frame["manager_of_manager"] = None
    assert admissibility(frame).needs(np.array([0]), np.array([1]))[0, 0] == NEVER


def test_two_people_without_a_score_may_be_paired_and_the_note_says_how_many_there_are() -> None:
    frame = people({"performance_score": None}, {"performance_score": None})
    applied = admissibility(frame)
    assert applied.needs(np.array([0]), np.array([1]))[0, 0] == 0
    assert any("performance_score is missing for 2 of 6 people" in note for note in applied.metric.notes)


def test_a_difference_of_exactly_one_caliper_is_inside_it() -> None:
    frame = people({"performance_score": 3.0}, {"performance_score": 3.25}, {"performance_score": 3.2500001})
    applied = admissibility(frame, relax=[])
    applied = Admissibility(applied.ladder, build_metric(frame, ()), applied.codes, applied.blocks)
    scaled = applied.metric.__class__(
        applied.metric.standardised, applied.metric.coordinates, applied.metric.performance, 1.0, ()
    )
    applied = Admissibility(applied.ladder, scaled, applied.codes, applied.blocks)
    assert list(applied.needs(np.array([0]), np.array([1, 2]))[0]) == [0, NEVER]


@pytest.mark.parametrize(
    ("relax", "exact", "note"),
    [
        (["role_family"], ["role"], ""),
        (["manager_of_manager"], ["role"], "cohort.exact does not hold manager_id"),
        (["role_family"], ["manager_id"], "cohort.exact does not hold role"),
    ],
)
def test_a_rung_that_relaxes_nothing_is_skipped_and_named(relax: list[str], exact: list[str], note: str) -> None:
    ladder = build_ladder(company.config(relax=relax, exact=exact, role_families=FAMILIES).cohort, people({}))
    assert len(ladder.rungs) == (1 if note else 2)
    assert note in " ".join(ladder.notes)


def test_rungs_without_data_are_skipped_and_named() -> None:
    frame = people({}).assign(business_unit=None)
    ladder = build_ladder(company.config(caliper_sd=0.6).cohort, frame)
    assert ladder.rungs == ("exact", "manager_of_manager")
    assert [note.split(" is skipped: ")[1] for note in ladder.notes] == [
        "business_unit is empty for everyone.",
        "cohort.role_families is absent.",
        "the caliper is no narrower already.",
    ]


def test_distances_are_mahalanobis_whatever_the_scale() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(40, 2)) @ [[1, 0.6], [0, 0.8]], columns=["tenure_years", "birth_year"])
    frame["performance_score"] = 3.0
    metric = build_metric(frame, ["tenure_years", "birth_year"])
    inverse = np.linalg.inv(np.cov(frame[["tenure_years", "birth_year"]].T, ddof=0))
    gap = (frame.iloc[0] - frame.iloc[1])[["tenure_years", "birth_year"]].to_numpy(dtype=float)
    assert metric.distances(np.array([0]), np.array([1]))[0, 0] == pytest.approx(np.sqrt(gap @ inverse @ gap))
    in_cents = build_metric(frame.assign(birth_year=frame["birth_year"] * 1e9), ["tenure_years", "birth_year"])
    np.testing.assert_allclose(
        in_cents.distances(np.arange(40), np.arange(40)), metric.distances(np.arange(40), np.arange(40)), atol=1e-9
    )


def test_constant_collinear_and_empty_covariates_are_left_out_and_named() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"performance_score": rng.normal(size=30), "role_level": 3, "tenure_years": np.nan})
    frame["birth_year"] = 2000 - 10 * frame["performance_score"]
    metric = build_metric(frame, ["performance_score", "role_level", "birth_year", "tenure_years"])
    assert metric.coordinates.shape == (30, 1)
    assert [note.split(";")[0] for note in metric.notes] == [
        "role_level is the same for everyone who has one",
        "tenure_years is empty for everyone",
        "birth_year is determined by the covariates before it (collinear)",
    ]


def test_without_any_usable_covariate_every_admissible_control_is_equally_near() -> None:
    frame = pd.DataFrame({"performance_score": [3.0, 3.0, 3.0]})
    metric = build_metric(frame, ["performance_score"])
    assert metric.distances(np.arange(3), np.arange(3)).max() == 0
    assert "equally near" in metric.notes[-1]


def test_the_nearest_control_of_the_same_team_is_chosen() -> None:
    frame = people({"tenure_years": 4.0}, {"tenure_years": 9.0}, {"tenure_years": 4.5}, {"manager_id": "m2"})
    pairs = match_controls(np.array([0]), np.array([1, 2, 3]), admissibility(frame))
    assert pairs[["pilot", "control", "rung"]].to_numpy().tolist() == [[0, 2, 0]]


def test_each_obstacle_has_its_own_sentence() -> None:
    frame = people(
        {"role": "Clown", "role_family": None},
        {"manager_id": "m8", "manager_of_manager": "mm8", "business_unit": "b8"},
        {"performance_score": 9.0},
        {"performance_score": None},
        {},
        {},
    )
    participants, pool = np.arange(5), np.array([5])
    found = obstacles(participants, pool, np.array([0, 1, 2, 3, 4]), admissibility(frame))
    for obstacle, words in zip(
        found,
        ("same role", "none of them the manager", "widest caliper", "this participant has none", "are taken"),
        strict=True,
    ):
        assert words in obstacle.reason


def test_what_giving_up_a_constraint_would_gain_is_counted() -> None:
    far = {"manager_id": "m8", "manager_of_manager": "mm8", "business_unit": "b8"}
    frame = people({}, far, {"performance_score": 9.0}, {}, {}, {})
    assert gains(np.arange(3), np.arange(3, 6), admissibility(frame)) == {
        "place": 1,
        "role": 0,
        "other keys": 0,
        "caliper": 1,
    }
    assert set(gains(np.arange(3), np.arange(0), admissibility(frame)).values()) == {0}


def test_relaxed_pairs_merge_the_clusters_of_their_managers() -> None:
    managers = pd.Series(["a", "a", "b", "c", "d", "d", None, None], dtype="str")
    pairs = pd.DataFrame({"pilot": [0, 2, 4, 6], "control": [1, 3, 5, 7]})
    assert judging_clusters(pairs, managers).tolist() == [1, 2, 3, 4]
    assert judging_clusters(pairs.assign(control=[2, 3, 5, 7]), managers).tolist() == [1, 1, 2, 3]


def company_of(seed: int, size: int) -> pd.DataFrame:
    """Made-up people of few managers, units, roles and scores, so that every rung and the caliper bind somewhere."""
    rng = np.random.default_rng(seed)
    return people(
        *(
            {
                "manager_id": f"m{rng.integers(3)}",
                "manager_of_manager": f"mm{rng.integers(2)}",
                "business_unit": f"b{rng.integers(2)}",
                "role": ["Engineer", "Scientist"][rng.integers(2)],
                "performance_score": [2.0, 2.5, 3.0, 3.5, None][rng.integers(5)],
                "tenure_years": float(rng.integers(0, 9)),
            }
            for _ in range(size)
        )
    )


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 12))
def test_controls_equal_brute_force_with_calipers_and_every_rung(seed: int, pilots: int, controls: int) -> None:
    applied = admissibility(company_of(seed, pilots + controls))
    participants, pool = np.arange(pilots), np.arange(pilots, pilots + controls)
    need, distance = applied.needs(participants, pool), applied.metric.distances(participants, pool)
    rungs = len(applied.ladder.rungs)
    pairs, per_rung, total = best_matching(need, distance, rungs)
    matched = match_controls(participants, pool, applied)
    assert len(matched) == pairs
    assert tuple(np.bincount(matched["rung"], minlength=rungs)) == per_rung
    assert matched["distance"].sum() == pytest.approx(total, abs=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_pairs_among_volunteers_equal_brute_force(seed: int, size: int) -> None:
    applied = admissibility(company_of(seed, size))
    volunteers = np.arange(size)
    need, distance = applied.needs(volunteers, volunteers), applied.metric.distances(volunteers, volunteers)
    rungs = len(applied.ladder.rungs)
    pairs, per_rung, total = best_pairs(need, distance, rungs)
    matched = pair_volunteers(volunteers, applied)
    assert len(matched) == pairs
    assert tuple(np.bincount(matched["rung"], minlength=rungs)) == per_rung
    assert matched["distance"].sum() == pytest.approx(total, abs=1e-7)


def test_a_large_block_of_volunteers_is_paired_with_near_partners_in_time() -> None:
    rng = np.random.default_rng(5)
    frame = people(*({"tenure_years": float(years)} for years in rng.uniform(0, 20, 160)))
    pairs = pair_volunteers(np.arange(160), admissibility(frame))
    assert len(pairs) == 80
    assert pairs["distance"].mean() < 0.05


def test_pairs_that_a_constraint_costs_the_volunteers_are_counted_without_pairing_anyone_with_themselves() -> None:
    far = {"manager_id": "m8", "manager_of_manager": "mm8", "business_unit": "b8"}
    frame = people({}, far, {"performance_score": 9.0})
    assert pair_gains(np.arange(3), admissibility(frame)) == {"place": 1, "role": 0, "other keys": 0, "caliper": 1}


def test_the_coin_is_seeded_fair_and_leaves_the_pairs_together() -> None:
    pairs = pd.DataFrame({"pilot": np.arange(0, 60, 2), "control": np.arange(1, 60, 2)})
    none = np.zeros((60, 0))
    once, tosses = toss(pairs, 1, none)
    assert tosses == 1 and once.equals(toss(pairs, 1, none)[0])
    assert (np.sort(once[["pilot", "control"]].to_numpy(), axis=1) == pairs.to_numpy()).all()
    heads = np.array([(toss(pairs, seed, none)[0]["pilot"] % 2).to_numpy() for seed in range(400)])
    assert np.abs(heads.mean(axis=0) - 0.5).max() < 0.1


def test_the_coins_are_tossed_again_until_the_arms_are_alike() -> None:
    pairs = pd.DataFrame({"pilot": np.arange(0, 60, 2), "control": np.arange(1, 60, 2)})
    values = np.random.default_rng(2).normal(size=(60, 2))
    arms, tosses = toss(pairs, 3, values)
    gap = values[arms["pilot"]].mean(axis=0) - values[arms["control"]].mean(axis=0)
    assert tosses > 1 and np.abs(gap).max() <= 0.1
