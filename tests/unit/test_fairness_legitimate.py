"""Declared fair reasons: a tool that goes by one is not accused of what goes with it; steering still is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from fairness_planted import PATHWAYS, answer, make_config, make_people, make_workforce

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.fairness.answers import make_synthetic
from pilot_pipeline.fairness.audit import Audit, audit_live, audit_synthetic
from pilot_pipeline.fairness.strata import strata_of

DECLARED, SILENT = make_config(legitimate=["location"]), make_config()


def _before_launch(config: PilotConfig, steered: str) -> Audit:
    """A tool that goes by one column: Berlin, or women, are sent to coaching in half of the cases."""
    sent = make_synthetic(make_workforce(), config)
    everyone = sent.everyone
    led = everyone[steered].isin(["Berlin", "female"]).to_numpy()
    answers = answer(everyone, led & (np.random.default_rng(6).random(len(everyone)) < 0.5))
    return audit_synthetic(sent.twins, answers, config, PATHWAYS, population=sent.population)


def test_before_launch_a_declared_reason_is_no_proxy_and_an_undeclared_one_is() -> None:
    assert _before_launch(SILENT, "location").verdict == "bias_found"
    declared = _before_launch(DECLARED, "location")
    assert declared.verdict == "no_evidence"
    assert "Declared fair reasons: place of work. They go with no attribute in" in str(declared)


def test_a_declared_reason_excuses_no_steering_by_the_attribute_itself() -> None:
    assert _before_launch(DECLARED, "gender").verdict == "bias_found"


def _people() -> pd.DataFrame:
    """Sixty people: four of five women work in Berlin, one of five men does."""
    people = make_people(60)
    berlin = np.where(people["gender"] == "female", np.arange(60) % 5 < 4, np.arange(60) % 5 == 0)
    return people.assign(location=np.where(berlin, "Berlin", "Munich"), tenure_years=np.arange(60) % 7 + 0.5)


@pytest.mark.parametrize(("legitimate", "verdict"), [([], "bias_found"), (["location"], "no_evidence")])
def test_live_people_are_compared_with_those_of_the_same_declared_kind(legitimate: list[str], verdict: str) -> None:
    people = _people()
    config = make_config(legitimate=legitimate, attributes=["gender"])
    chosen = people.assign(pathway_id=np.where(people["location"] == "Berlin", "coaching", "strategy"))
    audit = audit_live(chosen, people, config, config.pilot.starts_on, PATHWAYS)
    assert audit.verdict == verdict
    assert ("alike in place of work" in str(audit)) == bool(legitimate)


def test_live_steering_is_still_found_beside_a_declared_reason() -> None:
    people = _people()
    config = make_config(legitimate=["location", "skills"], attributes=["gender"])
    chosen = people.assign(pathway_id=np.where(people["gender"] == "female", "coaching", "strategy"))
    audit = audit_live(chosen, people, config, config.pilot.starts_on, PATHWAYS)
    assert audit.verdict == "bias_found"
    assert "Skills cannot be held constant among so few people." in str(audit)


def test_strata_are_roles_halved_at_the_median_and_split_by_place() -> None:
    people = pd.DataFrame(
        {
            "role": ["a"] * 5 + ["b"] * 3,
            "tenure_years": [1.0, 2.0, 8.0, 9.0, np.nan, 1.0, 1.0, 1.0],
            "location": ["x", "x", "x", "y", "x", "x", "x", None],
            "skills": list("stuvwxyz"),
        }
    )

    def sizes(*legitimate: Any) -> list[int]:
        return np.bincount(strata_of(people, legitimate)).tolist()

    assert sizes() == [5, 3] == sizes("skills") == sizes("performance_score")
    assert sorted(sizes("tenure_years")) == [1, 2, 2, 3]
    assert sorted(sizes("location")) == [1, 1, 2, 4]
    assert sorted(sizes("tenure_years", "location")) == [1, 1, 1, 1, 2, 2]
    assert strata_of(people.iloc[:0], ["location"]).tolist() == []
