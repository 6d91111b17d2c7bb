"""The simulated tool is fair until it is told to steer."""

import numpy as np
import pandas as pd
import pytest

from pilot_pipeline.simulation.catalogue import COMPETENCIES, PATHWAYS, ROLES
from pilot_pipeline.simulation.recommender import MEN_TO, WHIMS, WOMEN_TO, answer


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    """A thousand pairs of twins who differ in gender only."""
    rng = np.random.default_rng(5)
    base = pd.DataFrame(
        {
            "role": rng.choice(ROLES, 1000),
            "role_level": 3,
            "department": "Sales",
            "performance_score": rng.choice([3.0, 3.5, 4.0], 1000),
            "tenure_years": rng.gamma(2, 3, 1000),
        }
    )
    twins = pd.concat([base.assign(gender="female"), base.assign(gender="male")], keys=["a", "b"])
    twins["synthetic_id"] = [f"s{number}" for number in range(len(twins))]
    twins["twin_id"] = twins.index.get_level_values(1)
    return twins.reset_index(drop=True)


def _first(answers: pd.DataFrame, twins: pd.DataFrame) -> pd.Series:
    first = answers[answers["rank"] == 1].set_index("synthetic_id")["pathway_id"]
    return twins["synthetic_id"].map(first)


def test_twins_get_the_same_first_choice_but_for_the_tools_whims(pairs: pd.DataFrame) -> None:
    first = _first(answer(pairs, 1, 0.0), pairs)
    flips = first.groupby(pairs["twin_id"]).nunique().gt(1).mean()
    assert 0 < flips < 2 * WHIMS


@pytest.mark.parametrize("bias", [0.1, 0.5, 1.0])
def test_steering_sends_that_share_of_women_to_communication_and_of_men_to_strategy(
    pairs: pd.DataFrame, bias: float
) -> None:
    fair, steered = (_first(answer(pairs, 1, strength), pairs) for strength in (0.0, bias))
    for gender, pathway in (("female", WOMEN_TO), ("male", MEN_TO)):
        of = pairs["gender"] == gender
        usual = (fair[of] == pathway).mean()
        assert (steered[of] == pathway).mean() == pytest.approx(usual + bias * (1 - usual), abs=0.04)


def test_answers_do_not_depend_on_the_order_of_the_employees(pairs: pd.DataFrame) -> None:
    shuffled = pairs.sample(frac=1, random_state=1)
    one, other = (
        answer(frame, 3, 0.3).sort_values(["synthetic_id", "rank"], ignore_index=True) for frame in (pairs, shuffled)
    )
    pd.testing.assert_frame_equal(one, other)


def test_every_pathway_that_is_recommended_is_meant_for_the_role(pairs: pd.DataFrame) -> None:
    answers = answer(pairs, 1, 0.5)
    roles = {pathway.pathway_id: set(pathway.roles) for pathway in PATHWAYS}
    role = answers["synthetic_id"].map(pairs.set_index("synthetic_id")["role"])
    assert all(who in roles[pathway] for who, pathway in zip(role, answers["pathway_id"], strict=True))
    assert not answers.duplicated(["synthetic_id", "pathway_id"]).any()
    assert set(answers["pathway_id"]) == set(roles)


def test_a_person_without_a_recorded_gender_and_with_an_unknown_role_gets_an_answer() -> None:
    stranger = pd.DataFrame({"synthetic_id": ["s1"], "role": ["Astronaut"], "gender": pd.Series([None], dtype="str")})
    answers = answer(stranger, 1, 1.0)
    assert list(answers["rank"]) == [1, 2]
    assert answers["pathway_id"].notna().all()


def test_an_empty_list_gets_an_empty_answer(pairs: pd.DataFrame) -> None:
    answers = answer(pairs.head(0), 1, 0.5)
    assert list(answers.columns) == ["synthetic_id", "pathway_id", "rank", "model_version"]
    assert answers.empty


def test_each_pathway_builds_a_competency_of_the_framework() -> None:
    assert {pathway.competency_id for pathway in PATHWAYS} == {item.competency_id for item in COMPETENCIES}
