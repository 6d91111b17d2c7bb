"""Claims about what would change a decision: a little less than delta* leaves a go, a little more ends it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import readiness_company as company

from pilot_pipeline.closeout.gate import Verdict
from pilot_pipeline.closeout.tipping import e_value, slack, tipping_points
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
