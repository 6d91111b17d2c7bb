"""Planted truth in, scored KPIs out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from kpis_planted import planted_config, planted_pilot

from pilot_pipeline.kpis.pairs import locked_pairs
from pilot_pipeline.kpis.results import KpiResult, holm, judge, scorecard_frame
from pilot_pipeline.kpis.scoring import score_kpis

CONFIG = planted_config()


def scored(inputs, label="confirmatory", config=CONFIG):
    return {result.kpi: result for result in score_kpis(inputs, config, label)}


def without(frame: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    return frame.loc[~rows].reset_index(drop=True)


def test_a_tool_that_works_meets_every_kpi():
    results = scored(planted_pilot())
    assert {kpi: result.evidence for kpi, result in results.items()} == dict.fromkeys(results, "met")
    assert results["behaviour_change"].effect == pytest.approx(0.6, abs=0.2)
    assert results["prep_time_reduction"].effect == pytest.approx(0.25, abs=0.05)
    assert all((result.n_pairs, result.n_managers) == (30, 10) for result in results.values())


def test_a_useless_tool_is_futile_and_a_harmful_one_harms():
    useless, harmful = scored(planted_pilot(behaviour=0, saved=0)), scored(planted_pilot(behaviour=-0.6))
    assert useless["behaviour_change"].evidence == useless["prep_time_reduction"].evidence == "futile"
    assert harmful["behaviour_change"].evidence == "harm"
    assert harmful["prep_time_reduction"].evidence == "met"


def test_an_effect_that_is_credible_but_small_is_not_met():
    assert scored(planted_pilot(saved=0.07))["prep_time_reduction"].evidence == "not_met"


def test_nothing_depends_on_pseudonyms_or_row_order():
    inputs = planted_pilot()
    ids = inputs.members["employee_id"]
    rename = dict(zip(ids, [f"p_{i:016x}" for i in np.random.default_rng(3).permutation(10_000)[:60]], strict=True))

    def other(frame):
        return frame.assign(employee_id=frame["employee_id"].map(rename)).sample(frac=1, random_state=1)

    frames = ("members", "adoption", "modules", "behaviour", "prep", "pulse")
    renamed = replace(inputs, **{name: other(getattr(inputs, name)) for name in frames})
    assert scored(inputs) == scored(renamed)


def test_feeds_that_are_switched_off_are_not_measured_and_say_why():
    bare = replace(planted_pilot(), adoption=None, modules=None, behaviour=None, prep=None, pulse=None)
    empty = planted_pilot()
    empty = replace(
        empty, **{k: getattr(empty, k).iloc[:0] for k in ("adoption", "modules", "behaviour", "prep", "pulse")}
    )
    for inputs in (bare, empty):
        for result in scored(inputs).values():
            assert result.evidence == "not_measured"
            assert result.met is None
            assert result.actual is None
            assert len(result.notes) == 1
    assert scored(bare)["behaviour_change"].missing == 1.0


def test_people_without_events_stay_in_the_denominator_of_adoption():
    inputs = planted_pilot(adoption=1.0)
    first = inputs.members["employee_id"].iloc[0]
    gone = replace(inputs, adoption=without(inputs.adoption, inputs.adoption["employee_id"] == first))
    result = scored(gone)["adoption"]
    assert (result.active, result.n, result.needed) == (29, 30, 23)
    assert result.sustained == pytest.approx(29 / 30)


def test_controls_never_count_as_adopters():
    inputs = planted_pilot(adoption=0.5)
    controls = inputs.members.loc[inputs.members["arm"] == "control", "employee_id"]
    exposed = pd.DataFrame({"week_no": 6, "employee_id": controls, "active": True})
    more = replace(inputs, adoption=pd.concat([inputs.adoption, exposed]))
    assert scored(more)["adoption"].active == scored(inputs)["adoption"].active


def test_before_the_deadline_week_adoption_is_not_measured():
    inputs = planted_pilot()
    early = replace(inputs, adoption=inputs.adoption.query("week_no <= 5"), through_week=5)
    assert "Week 6 is not finished" in scored(early, "interim")["adoption"].notes[0]


def test_at_the_deadline_week_nothing_is_sustained_yet():
    inputs = planted_pilot()
    now = replace(inputs, adoption=inputs.adoption.query("week_no <= 6"), through_week=6)
    assert scored(now, "interim")["adoption"].sustained is None


def test_a_lost_outcome_costs_its_pair_and_the_pair_stays_in_n():
    inputs = planted_pilot()
    lost = inputs.members["employee_id"].iloc[[0, 1, 2]]
    behaviour = inputs.behaviour.assign(
        end_score=inputs.behaviour["end_score"].mask(inputs.behaviour["employee_id"].isin(lost))
    )
    prep = without(inputs.prep, inputs.prep["employee_id"].isin(lost))
    results = scored(replace(inputs, behaviour=behaviour, prep=prep))
    for kpi in ("behaviour_change", "prep_time_reduction"):
        assert results[kpi].missing == pytest.approx(0.1)
        assert results[kpi].n_pairs == 30
        assert results[kpi].n == 54


def test_an_observer_who_changed_is_flagged_with_a_sensitivity_run():
    inputs = planted_pilot()
    changed = inputs.behaviour.assign(same_observer=np.arange(60) >= 6)
    result = scored(replace(inputs, behaviour=changed))["behaviour_change"]
    assert result.other_observers == 6
    assert result.same_observer_effect is not None
    assert result.same_observer_effect != result.effect
    assert result.notes == ("Pairs whose observer changed between the waves: 6.",)


def test_a_count_of_few_people_is_not_told():
    inputs = planted_pilot()
    result = scored(replace(inputs, modules=inputs.modules.iloc[2:]))["module_completion"]
    assert result.n == 28
    assert result.notes == ("Participants without an assignment that is due: fewer than 5.",)


@pytest.mark.parametrize("kpi", ["module_completion", "behaviour_change", "prep_time_reduction", "pulse"])
def test_fewer_people_than_the_minimum_are_not_summarised(kpi):
    inputs = planted_pilot()
    few = inputs.members["employee_id"].iloc[:4].tolist() + inputs.members["employee_id"].iloc[30:34].tolist()
    keep = {
        name: getattr(inputs, name).loc[lambda frame: frame["employee_id"].isin(few)]
        for name in ("modules", "behaviour", "prep", "pulse")
    }
    result = scored(replace(inputs, **keep))[kpi]
    assert result.evidence == "not_measured"
    assert "Fewer than 5" in result.notes[0]


def test_without_baseline_minutes_there_is_nothing_to_reduce():
    inputs = planted_pilot()
    result = scored(replace(inputs, prep=inputs.prep.assign(before_minutes=0.0)))["prep_time_reduction"]
    assert result.evidence == "not_measured"
    assert "nothing to reduce" in result.notes[0]


def test_a_wave_that_few_answered_bars_the_pulse_however_happy_they_are():
    inputs = planted_pilot()
    silent = inputs.members["employee_id"].iloc[:13]
    pulse = without(inputs.pulse, (inputs.pulse["week_no"] == 8) & inputs.pulse["employee_id"].isin(silent))
    result = scored(replace(inputs, pulse=pulse))["pulse"]
    assert result.lowest_response == pytest.approx(17 / 30)
    assert (result.evidence, result.met) == ("inconclusive", False)


def test_a_wave_nobody_answered_is_a_response_of_zero_once_it_is_over():
    inputs = planted_pilot()
    pulse = inputs.pulse.query("week_no < 12")
    assert dict(scored(replace(inputs, pulse=pulse))["pulse"].response) == {4: 1.0, 8: 1.0, 12: 0.0}
    running = scored(replace(inputs, pulse=pulse, through_week=11), "interim")["pulse"]
    assert dict(running.response) == {4: 1.0, 8: 1.0}


def test_thresholds_below_target_are_not_met_and_near_it_inconclusive():
    assert scored(planted_pilot(adoption=0.4))["adoption"].evidence == "not_met"
    near = KpiResult("adoption", "threshold", 0.7, actual=21 / 30, n=30, active=21, needed=23)
    assert judge([near], CONFIG.decision)[0].evidence == "inconclusive"


def test_interim_intervals_are_wider_and_never_call_a_tool_futile():
    useless = planted_pilot(behaviour=0, saved=0)
    final = scored(useless)["prep_time_reduction"]
    for week_no in range(4, 13):
        interim = scored(replace(useless, through_week=week_no), "interim")["prep_time_reduction"]
        assert interim.evidence == "inconclusive"
        assert interim.ci_high - interim.ci_low > final.ci_high - final.ci_low
    before = scored(replace(useless, through_week=3), "interim")["prep_time_reduction"]
    assert (before.ci_low, before.evidence) == (None, "inconclusive")


def test_interim_looks_still_see_a_large_effect_and_a_large_harm():
    good = scored(replace(planted_pilot(behaviour=1.2), through_week=10), "interim")
    bad = scored(replace(planted_pilot(behaviour=-1.2), through_week=10), "interim")
    assert good["behaviour_change"].evidence == "met"
    assert bad["behaviour_change"].evidence == "harm"


def test_an_optional_effect_is_judged_for_harm_on_its_own():
    config = planted_config(kpis={"behaviour_change": {"required": False}})
    result = scored(planted_pilot(behaviour=-0.6), config=config)["behaviour_change"]
    assert (result.required, result.evidence) == (False, "harm")


def test_unpaired_participants_count_for_adoption_and_for_no_effect():
    inputs = planted_pilot(adoption=1.0)
    extra = inputs.members.iloc[[0]].assign(employee_id="p_extra", pair_id=pd.NA, cluster=pd.NA)
    results = scored(
        replace(inputs, members=pd.concat([inputs.members.astype({"pair_id": "Int64", "cluster": "Int64"}), extra]))
    )
    assert (results["adoption"].active, results["adoption"].n) == (30, 31)
    assert results["behaviour_change"].n_pairs == 30


def test_one_cluster_gives_an_estimate_without_bounds_and_proves_nothing():
    result = scored(planted_pilot(behaviour=2.0, clusters=1))["behaviour_change"]
    assert result.effect == pytest.approx(2.0, abs=0.3)
    assert (result.ci_low, result.ci_high, result.upper90, result.p_manager) == (None, None, None, 0.5)
    assert result.evidence == "inconclusive"


def test_pairs_need_both_people():
    members = planted_pilot().members
    assert len(locked_pairs(members.iloc[1:])) == 29


def test_the_published_table_has_typed_nullable_columns_in_order():
    frame = scorecard_frame(score_kpis(planted_pilot(), CONFIG, "confirmatory"))
    assert frame.columns.tolist() == [
        "kpi", "kind", "target", "actual", "effect", "ci_low", "ci_high", "p_pair", "p_manager", "n_pairs",
        "n_managers", "met", "evidence", "label",
    ]  # fmt: skip
    assert frame.loc[frame["kind"] == "threshold", ["effect", "p_pair", "p_manager"]].isna().all(axis=None)
    effects = frame.loc[frame["kind"] == "effect"]
    assert (effects["actual"] == effects["effect"]).all()
    assert frame["n_pairs"].dtype == "Int64"
    assert frame["met"].dtype == "boolean"


def test_holm_rejects_step_by_step():
    assert holm([0.01, 0.04], 0.05) == (True, True)
    assert holm([0.03, 0.04], 0.05) == (False, False)
    assert holm([0.20, 0.02], 0.05) == (False, True)
    assert holm([], 0.05) == ()
