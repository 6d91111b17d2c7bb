"""What was unequal before the tool came: planted gaps are named, chance is not, small groups stay unseen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairness_planted import make_config, make_workforce
from scipy.stats import binomtest, kruskal

from pilot_pipeline.fairness import inputs
from pilot_pipeline.fairness.closed_form import holm, mean_scores
from pilot_pipeline.fairness.inputs import PROFILE, Profile, input_profile
from pilot_pipeline.fairness.permutation import residuals

CONFIG = make_config()


def _workforce(gap: float = 0.0) -> pd.DataFrame:
    people = make_workforce()
    women = people["gender"].eq("female")
    years = np.random.default_rng(6).uniform(0, 6, len(people))
    return people.assign(
        performance_score=people["performance_score"] - gap * women,
        promoted_on=pd.Timestamp(CONFIG.pilot.starts_on) - pd.to_timedelta(years * 365, unit="D"),
    )


def _profile(workforce: pd.DataFrame, **more: object) -> Profile:
    return input_profile(workforce, CONFIG, **more)  # type: ignore[arg-type]


def test_ratings_that_differ_within_roles_are_named_with_both_means() -> None:
    profile = _profile(_workforce(gap=0.4))
    (found, looked) = profile.findings
    assert found.startswith("gender and ratings go together within roles (adjusted p 0.004); mean rating female")
    assert "A tool that learns from these inherits the difference." in found
    assert looked == "Looked at: ratings and promotions, by gender, ethnicity, age band."
    rows = profile.table.query("measure == 'rating' and attribute == 'gender'").set_index("group_value")
    assert rows.loc["male", "within_role"] - rows.loc["female", "within_role"] == pytest.approx(0.4, abs=0.12)


def test_what_only_chance_explains_is_not_named() -> None:
    (sentence,) = _profile(_workforce()).findings
    assert sentence == "Within roles no group differs in ratings and promotions by more than chance explains."


def test_who_was_offered_the_pilot_and_modules_are_opportunities() -> None:
    workforce = _workforce()
    asked = workforce.loc[(workforce["gender"] == "male") | (np.arange(400) % 3 == 0), ["employee_id"]]
    participants = asked["employee_id"].head(60)
    modules = pd.DataFrame({"employee_id": participants.repeat(3), "module_id": "m"})
    profile = _profile(workforce, consents=asked, participants=participants, assignments=modules)
    assert list(profile.table.columns) == PROFILE
    assert any(said.startswith("gender and who was offered the pilot go together") for said in profile.findings)
    counted = profile.table.query("measure == 'modules' and not suppressed")
    assert counted["value"].eq(3).all()
    assert counted.groupby("attribute")["n"].sum().max() == 60
    assert counted["q_value"].eq(1).all()


def test_promotions_count_within_the_declared_years() -> None:
    workforce = _workforce()
    share = {
        years: float(
            input_profile(workforce, make_config(promotion_years=years))
            .table.query("measure == 'promoted' and attribute == 'gender' and group_value == 'male'")["value"]
            .iloc[0]
        )
        for years in (1, 3)
    }
    assert share[1] == pytest.approx(1 / 6, abs=0.06)
    assert share[3] == pytest.approx(3 / 6, abs=0.06)


def test_small_groups_and_missing_feeds() -> None:
    workforce = _workforce(gap=1.0).assign(promoted_on=pd.NaT)
    workforce.loc[[3, 4], "gender"] = "nonbinary"
    profile = _profile(workforce)
    assert set(profile.table["measure"]) == {"rating"}
    assert "nonbinary" not in profile.table.to_csv() + " ".join(profile.findings)
    hidden = profile.table[profile.table["suppressed"]]
    assert len(hidden)
    assert hidden[["n", "value", "within_role", "p_value", "q_value"]].isna().all(axis=None)
    nothing = _profile(workforce.assign(performance_score=np.nan))
    assert nothing.findings == ()
    assert nothing.table.empty


def test_without_strata_the_mean_score_test_on_ranks_is_kruskal_and_wallis() -> None:
    rng = np.random.default_rng(2)
    values, groups = rng.normal(size=90), np.repeat([0, 1, 2], 30)
    ranks = pd.Series(values).rank().to_numpy()
    left = residuals(ranks[:, None], np.zeros(90, dtype=int))[:, 0]
    known = kruskal(*(values[groups == one] for one in range(3)))
    onehot = np.eye(3)[groups]
    assert mean_scores(left, onehot, np.zeros(90, dtype=int)).p(onehot.T @ left) == pytest.approx(known.pvalue)


def test_the_mean_score_test_keeps_its_level_among_thirty_people() -> None:
    rng = np.random.default_rng(3)
    strata, groups = np.arange(30) % 3, np.eye(2)[(np.arange(30) // 3) % 2]
    found = 0
    for _ in range(400):
        left = residuals(rng.poisson(2, 30).astype(float)[:, None], strata)[:, 0]
        found += mean_scores(left, groups, strata).p(groups.T @ left) <= 0.05
    assert binomtest(found, 400, 0.05, alternative="greater").pvalue > 0.01
    assert mean_scores(np.zeros(30), groups, strata).p(np.zeros(2)) == 1.0


def test_holm_is_holm() -> None:
    assert holm(np.array([0.01, np.nan, 0.04, 0.03])) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)
    assert holm(np.array([])).size == 0


def test_a_large_workforce_is_judged_in_closed_form_with_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    workforce = _workforce(gap=0.1)
    exact = _profile(workforce).table.query("measure == 'rating'")["p_value"].to_numpy(dtype=float)
    monkeypatch.setattr(inputs, "_MANY", 10)
    closed = _profile(workforce).table.query("measure == 'rating'")["p_value"].to_numpy(dtype=float)
    assert closed == pytest.approx(exact, abs=0.05, nan_ok=True)
    assert not np.array_equal(closed, exact)
