"""Twins and the second population: one attribute differs, nobody real is recoverable, ids follow content."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairness_planted import make_config, make_workforce

from pilot_pipeline.errors import BadInput
from pilot_pipeline.fairness.twins import COLUMNS, SENT, for_tool, group_values, make_population, make_twins


@pytest.fixture(scope="module")
def workforce() -> pd.DataFrame:
    return make_workforce()


@pytest.fixture(scope="module")
def twins(workforce: pd.DataFrame) -> pd.DataFrame:
    return make_twins(workforce, make_config())


def test_every_set_has_two_rows_and_every_attribute_its_sets(twins: pd.DataFrame) -> None:
    assert list(twins.columns) == COLUMNS
    assert twins["twin_id"].value_counts().eq(2).all()
    assert twins["synthetic_id"].is_unique
    sets = twins.groupby("attribute")["twin_id"].nunique()
    assert sets.to_dict() == {"gender": 400, "ethnicity": 400, "age_band": 400, "none": 300}


@pytest.mark.parametrize("attribute", ["gender", "ethnicity", "age_band"])
def test_twins_differ_in_their_attribute_and_in_nothing_else(twins: pd.DataFrame, attribute: str) -> None:
    sets = twins[twins["attribute"] == attribute].groupby("twin_id")
    varied = "birth_year" if attribute == "age_band" else attribute
    rest = [column for column in SENT if column not in ("synthetic_id", varied)]
    assert (sets[varied].nunique() == 2).all()
    assert (sets[rest].nunique(dropna=False) == 1).all().all()


def test_age_twins_stand_in_two_different_bands(twins: pd.DataFrame) -> None:
    rows = twins[twins["attribute"] == "age_band"]
    bands = group_values(rows, "age_band", make_config().pilot.starts_on)
    assert (bands.groupby(rows["twin_id"]).nunique() == 2).all()


def test_at_least_a_fifth_are_identical_twins(twins: pd.DataFrame) -> None:
    same = twins[twins["attribute"] == "none"]
    assert same["twin_id"].nunique() >= 0.2 * twins["twin_id"].nunique()
    assert (same.groupby("twin_id")[SENT[1:]].nunique(dropna=False) == 1).all().all()


def test_neither_ids_nor_row_order_have_any_influence(workforce: pd.DataFrame, twins: pd.DataFrame) -> None:
    shuffled = workforce.sample(frac=1, random_state=5).assign(employee_id=lambda f: "p_" + f["employee_id"].str[::-1])
    pd.testing.assert_frame_equal(make_twins(shuffled, make_config()), twins)


def test_answers_to_other_twins_do_not_join(workforce: pd.DataFrame, twins: pd.DataFrame) -> None:
    other = make_twins(workforce.assign(performance_score=workforce["performance_score"] / 2), make_config())
    assert not set(other["synthetic_id"]) & set(twins["synthetic_id"])


def test_the_tool_cannot_tell_who_is_whose_twin(twins: pd.DataFrame) -> None:
    sent = for_tool(twins)
    assert list(sent.columns) == SENT
    places = twins.groupby("twin_id")["synthetic_id"].apply(lambda ids: np.diff(sorted(ids.index))[0])
    assert places.median() > len(twins) / 10


def test_the_synthetic_workforce_follows_the_real_one(workforce: pd.DataFrame, twins: pd.DataFrame) -> None:
    jobs = ["role", "role_level"]
    real = workforce.groupby(jobs).size() / len(workforce)
    drawn = (twins.groupby(jobs).size() / len(twins)).reindex(real.index, fill_value=0)
    assert float((real - drawn).abs().sum() / 2) < 0.1
    assert abs(workforce["performance_score"].mean() - twins["performance_score"].mean()) < 0.1
    assert abs(workforce["performance_score"].std() - twins["performance_score"].std()) < 0.1


def test_no_real_person_is_recoverable(workforce: pd.DataFrame) -> None:
    """A lone director with a rating, a skill, a place and an ethnicity of her own leaves none of them behind."""
    lone = {
        **{"employee_id": "E99999", "id_rank": 400, "role": "Director", "role_level": 9, "department": "North"},
        **{"location": "Reykjavik", "performance_score": 1.7, "skills": "falconry", "ethnicity": "Z"},
        **{"gender": "nonbinary", "birth_year": 1931, "hired_on": pd.Timestamp("1951-01-01"), "manager_id": pd.NA},
    }
    twins = make_twins(pd.concat([workforce, pd.DataFrame([lone])], ignore_index=True), make_config())
    assert (twins["role"] == "Director").any()
    assert not twins["location"].eq("Reykjavik").any()
    assert not twins["skills"].str.contains("falconry").fillna(False).any()
    assert not twins["ethnicity"].eq("Z").any()
    assert not twins["gender"].eq("nonbinary").any()
    assert twins["birth_year"].min() > 1950
    assert twins["tenure_years"].max() < 30


def test_an_attribute_without_two_groups_gets_no_sets(workforce: pd.DataFrame) -> None:
    twins = make_twins(workforce.assign(gender="female", ethnicity=pd.NA), make_config())
    assert set(twins["attribute"]) == {"age_band", "none"}
    assert twins["ethnicity"].isna().all()


def test_nobody_is_older_in_the_company_than_grown_up(twins: pd.DataFrame) -> None:
    assert (twins["tenure_years"] <= 2026 - twins["birth_year"] - 18 + 0.11).all()


def test_a_handful_of_people_is_no_workforce(workforce: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match="at least 5"):
        make_twins(workforce.head(4), make_config())


def test_the_population_keeps_what_goes_with_gender_and_twins_do_not(
    workforce: pd.DataFrame, twins: pd.DataFrame
) -> None:
    population = make_population(workforce, make_config())
    part = population[population["attribute"] == "gender"]
    berlin = part["location"].eq("Berlin").groupby(part["gender"]).mean()
    assert berlin["female"] > 0.8
    assert berlin["male"] < 0.2
    sets = twins[twins["attribute"] == "ethnicity"]
    alike = sets["location"].eq("Berlin").groupby(sets["gender"]).mean()
    assert abs(alike["female"] - alike["male"]) < 0.15
