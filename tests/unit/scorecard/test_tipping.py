"""Claims about what would change a decision: a little less than delta* leaves a go, a little more ends it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import readiness_company as company
from scipy import stats

from pilot_pipeline.closeout.confounding import e_value, rosenbaum_gamma
from pilot_pipeline.closeout.gate import Verdict
from pilot_pipeline.closeout.tipping import missing_turning_point, slack, tipping_points
from pilot_pipeline.kpis.pairs import behaviour_differences, locked_pairs, prep_time_differences
from pilot_pipeline.kpis.results import credible, reached
from pilot_pipeline.kpis.scoring import KpiInputs, score_kpis

PAIRS, CLUSTERS = 30, 10
GO = Verdict("go", "confirmatory", (), step=3)


@pytest.fixture(scope="module")
def config():
    return company.config()


@pytest.fixture(scope="module")
def inputs() -> KpiInputs:
    rng = np.random.default_rng(7)
    ids = [f"{arm}{pair}" for pair in range(PAIRS) for arm in ("p", "c")]
    pairs = np.repeat(np.arange(PAIRS), 2)
    pilot = np.tile([1.0, 0.0], PAIRS)
    start = rng.normal(3, 0.4, 2 * PAIRS)
    before = rng.normal(40, 6, 2 * PAIRS)
    return KpiInputs(
        members=pd.DataFrame(
            {
                "employee_id": ids,
                "arm": np.where(pilot == 1, "pilot", "control"),
                "pair_id": pairs,
                "cluster": pairs % CLUSTERS,
                "manager_id": [f"m{pair % CLUSTERS}" for pair in pairs],
            }
        ),
        behaviour=pd.DataFrame(
            {
                "employee_id": ids,
                "start_score": start,
                "end_score": start + 0.6 * pilot + rng.normal(0, 0.3, 2 * PAIRS),
                "same_observer": True,
            }
        ),
        prep=pd.DataFrame(
            {
                "employee_id": ids,
                "before_minutes": before,
                "during_minutes": before - 10 * pilot - rng.normal(0, 4, 2 * PAIRS),
            }
        ),
    )


def less(inputs: KpiInputs, kpi: str, constant: float) -> KpiInputs:
    """Take a constant from every pilot outcome: from end scores, or from the minutes saved."""
    frame, column, sign = (
        (inputs.behaviour, "end_score", -1) if kpi == "behaviour_change" else (inputs.prep, "during_minutes", 1)
    )
    changed = frame.copy()
    changed.loc[changed["employee_id"].str.startswith("p"), column] += sign * constant
    return replace(inputs, **{"behaviour" if kpi == "behaviour_change" else "prep": changed})


def result_of(inputs: KpiInputs, kpi: str, config):
    return next(result for result in score_kpis(inputs, config, "confirmatory") if result.kpi == kpi)


@pytest.mark.parametrize("kpi", ["behaviour_change", "prep_time_reduction"])
def test_delta_star_is_where_a_go_turns(inputs, config, kpi):
    room = slack(result_of(inputs, kpi, config), inputs, config)
    assert room is not None and room.least > 0
    for part, still in ((0.98, True), (1.02, False)):
        found = result_of(less(inputs, kpi, part * room.least), kpi, config)
        assert (credible(found, config.decision) and reached(found, config.decision)) is still


def test_a_tool_that_falls_short_is_told_by_how_much(inputs, config):
    short = less(inputs, "behaviour_change", 1.0)
    room = slack(result_of(short, "behaviour_change", config), short, config)
    assert room is not None and room.least < 0
    said = tipping_points(
        replace(GO, decision="no_go", step=4), score_kpis(short, config, "confirmatory"), short, config
    )
    assert any("every participant would have had to gain" in sentence for sentence in said)


def test_nothing_is_said_where_no_kpi_was_judged(inputs, config):
    results = score_kpis(inputs, config, "confirmatory")
    assert tipping_points(replace(GO, step=1), results, inputs, config) == []
    assert tipping_points(replace(GO, step=0), results, inputs, config) == []
    assert len(tipping_points(GO, results, inputs, config)) >= 2


def test_the_e_value_is_that_of_the_published_formula():
    ratio = math.exp(0.91 * 0.5)  # VanderWeele & Ding 2017: a standardised difference of 0.5
    assert e_value(0.5, 1.0) == pytest.approx(ratio + math.sqrt(ratio * (ratio - 1)))
    assert e_value(-0.2, 1.0) == 1.0


def test_missing_pairs_turn_a_go_where_their_mean_says(inputs, config):
    """Losing four pairs and putting them back a little below the turning point ends the go; a little above keeps it."""
    lost = inputs.members["employee_id"].isin([f"p{pair}" for pair in range(4)])
    behaviour = inputs.behaviour.assign(end_score=inputs.behaviour["end_score"].mask(lost))
    gone = replace(inputs, behaviour=behaviour)
    result = result_of(gone, "behaviour_change", config)
    every = behaviour_differences(locked_pairs(gone.members), gone.behaviour)
    turning = missing_turning_point(result, every, config)
    assert turning is not None and turning < result.effect
    start = float(np.mean(every.start[every.complete]))
    control = inputs.behaviour.set_index("employee_id")
    for shift, still in ((0.02, True), (-0.02, False)):
        filled = behaviour.copy()
        for pair in range(4):
            row = filled["employee_id"] == f"p{pair}"
            filled.loc[row, "end_score"] = control.loc[f"c{pair}", "end_score"] + turning + shift
            filled.loc[row, "start_score"] = control.loc[f"c{pair}", "start_score"] + start
        found = result_of(replace(inputs, behaviour=filled), "behaviour_change", config)
        assert (credible(found, config.decision) and reached(found, config.decision)) is still


def test_where_hardly_a_pair_is_missing_nothing_turns_it_and_the_sentence_says_so(inputs, config):
    strong = less(inputs, "prep_time_reduction", -200.0)
    prep = strong.prep.assign(during_minutes=strong.prep["during_minutes"].mask(strong.prep["employee_id"] == "p0"))
    gone = replace(strong, prep=prep)
    result = result_of(gone, "prep_time_reduction", config)
    every = prep_time_differences(locked_pairs(gone.members), gone.prep)
    assert missing_turning_point(result, every, config) is None
    said = tipping_points(GO, score_kpis(gone, config, "confirmatory"), gone, config)
    assert "Prep-time reduction: a go holds whatever the pairs without a difference had shown." in said


@pytest.mark.parametrize(("plus", "units"), [(8, 8), (9, 10), (12, 14)])
def test_with_equal_differences_rosenbaums_bound_is_that_of_the_sign_test(plus, units):
    gamma = rosenbaum_gamma([1.0] * plus + [-1.0] * (units - plus), 0.05)
    assert stats.binom.sf(plus - 1, units, gamma / (1 + gamma)) == pytest.approx(0.05, abs=1e-9)


def test_rosenbaums_bound_weighs_every_pattern_as_the_definition_says():
    sums = np.array([3.0, 1.0, 2.5, -0.5, 4.0, 2.0, 1.5])
    gamma = rosenbaum_gamma(sums, 0.10)
    chance = gamma / (1 + gamma)
    signs = np.array(list(np.ndindex(*(2,) * 7)))
    weights = np.prod(np.where(signs == 1, chance, 1 - chance), axis=1)
    assert weights[(2 * signs - 1) @ np.abs(sums) >= sums.sum() - 1e-12].sum() == pytest.approx(0.10, abs=1e-9)


def test_an_effect_that_chance_explains_needs_no_hidden_cause():
    assert rosenbaum_gamma([1.0, -1.0, 0.5, -0.4], 0.05) == 1.0
    assert rosenbaum_gamma(np.zeros(6), 0.05) == 1.0


def test_both_bounds_are_told_only_where_volunteers_are_compared_with_others(inputs, config):
    def told(design: str) -> str:
        cohort = config.cohort.model_copy(update={"design": design})
        changed = config.model_copy(update={"cohort": cohort})
        return " ".join(tipping_points(GO, score_kpis(inputs, changed, "confirmatory"), inputs, changed))

    assert "Rosenbaum" in told("matched_control") and "E-value" in told("matched_control")
    assert "Rosenbaum" not in told("matched_pair_randomised") and "E-value" not in told("matched_pair_randomised")
