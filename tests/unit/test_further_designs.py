"""What a cohort can show of a further KPI, and how often the rule is wrong when it requires one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from further_planted import ANCOVA, DIFFERENCE, MEAN, SHARE, further_config, measured_pilot, negated, result_of

from pilot_pipeline.cohort.baseline import metric_sds
from pilot_pipeline.cohort.detectable import mde_table, planned
from pilot_pipeline.cohort.power import mde
from pilot_pipeline.error_rates.design import even_clusters, observed_design, planned_design
from pilot_pipeline.error_rates.drawing import draw
from pilot_pipeline.error_rates.trial import estimate, simulate
from pilot_pipeline.error_rates.truths import HARMFUL, USELESS, VERY_GOOD, named_truths
from pilot_pipeline.kpis.further import differences
from pilot_pipeline.kpis.pairs import behaviour_differences, locked_pairs, prep_time_differences
from pilot_pipeline.kpis.scoring import score_kpis

LESS = {**ANCOVA, "label": "Complaints", "unit": "complaints", "direction": "less"}
REQUIRED = {**LESS, "required": True}


def test_power_says_what_the_cohort_could_show_of_each():
    config = further_config(LESS, {**SHARE, "name": "regular"}, {**MEAN, "name": "level"})
    table = mde_table(planned(30, 8), config, {"calls": 2.0}).set_index("kpi")
    assert list(table.index[5:8]) == ["calls", "regular", "level"]
    assert (table.loc["calls", "unit"], table.loc["calls", "mde"]) == (
        "complaints",
        pytest.approx(2 * mde(30, 8, 1.0, 0.05)),
    )
    assert "0.16 share to either side at most, where half of them reach it" in table.loc["regular", "sentence"]
    assert "0.31 SD between people to either side" in table.loc["level", "sentence"]


def test_the_spread_before_the_pilot_is_that_of_the_pairs():
    inputs, config = measured_pilot(), further_config(ANCOVA, {**DIFFERENCE, "name": "change", "metric": "calls"})
    rows = inputs.further.rename(columns={"before_value": "value"}).assign(
        metric="calls", measured_on=pd.Timestamp("2025-12-22")
    )
    old = rows.assign(measured_on=pd.Timestamp("2025-11-30"), value=99.0)  # before week -4
    found = metric_sds(inputs.members, pd.concat([rows, old]), config)
    told = config.kpis.catalogue["calls"]
    assert found == {
        "calls": pytest.approx(differences(locked_pairs(inputs.members), inputs.further, told).start.std(ddof=1))
    }


def test_a_required_further_effect_is_one_more_truth_and_simulated_by_its_own_estimator():
    config = further_config({**REQUIRED, "estimator": "difference"}, {**ANCOVA, "name": "other"})
    truths = {truth.name: truth for truth in named_truths(config)}
    assert "no_calls" in truths and "no_other" not in truths
    assert truths["no_calls"].description == "Very good, but complaints does not move."
    assert truths["no_calls"].false_go
    plan = planned_design(config, even_clusters(30, 8))
    calls, other = plan.effects[2:]
    assert (calls.sd, calls.required, calls.adjusted, calls.rated) == (2.0, True, False, False)  # half an SD
    assert (other.required, other.adjusted) == (False, True)
    drawn = draw(plan, VERY_GOOD, 3, np.random.default_rng(1))
    assert not drawn.effects[2].start.any() and drawn.effects[3].start.any()


def test_it_makes_false_goes_rarer_and_harm_and_power_as_they_were():
    config = further_config(REQUIRED)
    plan = planned_design(config, even_clusters(30, 8))
    without = planned_design(further_config(LESS), even_clusters(30, 8))
    truths = {truth.name: truth for truth in named_truths(config)}
    assert simulate(plan, truths["no_calls"], config, 600, 1).share("go") <= 0.05
    three, two = (simulate(design, VERY_GOOD, config, 600, 1).share("go") for design in (plan, without))
    assert 0.5 < three <= two
    assert simulate(plan, HARMFUL, config, 300, 1).share("no_go") > 0.9


@pytest.mark.parametrize("estimator", ["ancova", "difference"])
def test_a_useless_tool_moves_it_credibly_in_no_more_than_alpha_of_simulated_pilots(estimator):
    config = further_config({**REQUIRED, "estimator": estimator})
    plan = planned_design(config, even_clusters(30, 8))
    effect = draw(plan, USELESS, 4000, np.random.default_rng(5)).effects[2]
    found = estimate(effect, plan)
    alpha, error = config.decision.alpha, np.sqrt(0.05 * 0.95 / 4000)
    assert (found.p_manager <= alpha).mean() <= alpha + 3 * error
    covered = (found.ci_low <= 0) & (found.ci_high >= 0)
    assert covered.mean() == pytest.approx(0.90, abs=3 * np.sqrt(0.09 / 4000) + 0.005)


def test_a_closed_pilots_own_design_has_its_spread_and_gaps():
    config = further_config(REQUIRED)
    inputs = negated(measured_pilot())
    inputs = replace(inputs, further=inputs.further.iloc[3:])
    pairs = locked_pairs(inputs.members)
    told = config.kpis.catalogue["calls"]
    every = (
        behaviour_differences(pairs, inputs.behaviour),
        prep_time_differences(pairs, inputs.prep),
        differences(pairs, inputs.further, told),
    )
    results = score_kpis(inputs, config, "confirmatory")
    own = observed_design(planned_design(config, pairs["cluster"].to_numpy()), every, results, np.arange(30) % 10)
    assert own.missing()["calls"] == pytest.approx(3 / 30)
    assert own.effects[2].sd == result_of(inputs, config).sd_pair
