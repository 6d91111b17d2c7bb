"""Live against synthetic: a tool that acts as before leaves no drift, biased or not; one that changes does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairness_planted import PATHWAYS, answer, make_config, make_people, make_workforce, recommend

from pilot_pipeline.fairness.answers import make_synthetic
from pilot_pipeline.fairness.drift import DRIFT, Drift, audit_drift, version_sentences

CONFIG = make_config()
SENT = make_synthetic(make_workforce(), CONFIG)
EVERYONE = SENT.everyone


def _before(steered: bool) -> pd.DataFrame:
    return answer(EVERYONE, EVERYONE["gender"].eq("female").to_numpy() if steered else None)


def _live(people: pd.DataFrame, steered: bool, seed: int = 0) -> pd.DataFrame:
    issued = recommend(people, severe=False, weeks=3, seed=seed)
    women = issued["employee_id"].isin(people.loc[people["gender"] == "female", "employee_id"])
    return issued.assign(pathway_id=issued["pathway_id"].mask(women & steered, "coaching"))


def _drift(before: bool, live: bool, people: pd.DataFrame | None = None, seed: int = 0) -> Drift:
    people = make_people(40) if people is None else people
    return audit_drift(_live(people, live, seed), people, SENT, _before(before), CONFIG, PATHWAYS)


@pytest.mark.parametrize("steered", [False, True])
def test_a_tool_that_acts_as_before_has_not_drifted_whether_fair_or_not(steered: bool) -> None:
    drift = _drift(steered, steered)
    assert (drift.tests["q_value"] > 0.05).all()
    (sentence,) = drift.findings
    assert sentence.startswith("By group, live recommendations are what the audit before launch leads one to expect")
    assert "40 people" in sentence


def test_steering_that_began_after_the_audit_is_drift_and_named() -> None:
    drift = _drift(False, True)
    assert drift.tests.set_index("attribute").loc["gender", "q_value"] <= 0.05
    assert "gender: live recommendations have drifted from the audit before launch" in drift.findings[0]
    assert list(drift.table.columns) == DRIFT
    cell = drift.table.set_index(["attribute", "group_value", "pathway_id"]).loc[("gender", "female", "coaching")]
    assert cell["live"] == 1.0
    assert cell["expected"] == pytest.approx(1 / 6, abs=0.06)


def test_steering_that_ended_is_drift_too() -> None:
    assert _drift(True, False).tests.set_index("attribute").loc["gender", "q_value"] <= 0.05


def test_false_drift_is_rare() -> None:
    found = [(_drift(False, False, seed=seed).tests["q_value"] <= 0.05).any() for seed in range(1, 16)]
    assert sum(found) <= 3


def test_a_small_group_is_neither_named_nor_shown() -> None:
    people = make_people(40)
    people.loc[[3, 4], "gender"] = "nonbinary"
    drift = _drift(False, True, people)
    text = " ".join(drift.findings) + drift.table.to_csv() + drift.tests.to_csv()
    assert "nonbinary" not in text
    hidden = drift.table[drift.table["suppressed"]]
    assert len(hidden)
    assert hidden[["n", "live", "expected", "gap"]].isna().all(axis=None)


def test_a_role_or_group_that_was_never_asked_about_does_not_stop_it() -> None:
    people = make_people(40).assign(role="Astronaut", gender=["female", "unheard of"] * 20)
    assert len(_drift(False, False, people).tests)
    nobody = make_people(40)
    nothing = audit_drift(_live(nobody, False).head(0), nobody, SENT, _before(False), CONFIG, PATHWAYS)
    assert nothing.findings == ()


def test_a_model_version_that_was_not_audited_is_named() -> None:
    live = pd.DataFrame({"model_version": ["coach-2.3", "coach-2.4", None]})
    asked = pd.DataFrame({"model_version": ["coach-2.3"]})
    (sentence,) = version_sentences(live, asked)
    assert "model version coach-2.4, which was not audited before launch (coach-2.3 was)" in sentence
    assert version_sentences(live.head(1), asked) == ()
    assert version_sentences(live, asked.assign(model_version=np.nan)) == ()
