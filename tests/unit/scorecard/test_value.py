"""Claims about the value of a rollout: what counts as reclaimed, how wide it is, and what cannot be estimated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pilot_pipeline.config.measuring import RoiSection
from pilot_pipeline.value import (
    AttritionCount,
    Lever,
    OutcomeLink,
    ValueInputs,
    break_even,
    cost_ledger,
    estimate_value,
    levers_frame,
    pair_differences,
    tornado,
)
from pilot_pipeline.value.draws import cluster_mean, draw_means, draw_pert, draw_yearly_leaving

ROI = RoiSection(
    rollout_employees=800,
    rollout_adoption=(0.65, 0.65, 0.65),
    manager_hour_cost=(60, 60, 60),
    one_off_costs={"integration": 18_000, "enablement": 6_000},
)


def pairs(pilot: float = 10.0, control: float = 0.0, clusters: int = 10, noise: float = 2.0) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = 3 * clusters
    centred = rng.normal(0, noise, (n, 3))
    centred -= centred.mean(axis=0)
    return pd.DataFrame(
        {
            "cluster": np.repeat(np.arange(clusters), 3),
            "behaviour": 0.3 + centred[:, 0] / 5,
            "pilot_minutes": pilot + centred[:, 1],
            "control_minutes": control + centred[:, 2],
        }
    )


def levers(inputs: ValueInputs, roi: RoiSection = ROI) -> dict[str, Lever]:
    return {lever.lever: lever for lever in estimate_value(inputs, roi, seed=1)}


def test_ten_minutes_saved_are_worth_their_hours():
    time = levers(ValueInputs(pairs(10)))["manager_time"]
    worth = 10 / 60 * 46 * 800 * 0.65 * 60
    assert time.p50 == pytest.approx(worth, rel=0.01)
    assert time.p10 < time.p50 < time.p90


def test_time_moved_from_pilot_reports_to_controls_is_not_reclaimed():
    moved = levers(ValueInputs(pairs(pilot=10, control=-10)))["manager_time"]
    assert moved.p10 < 0 < moved.p90


def test_a_quiet_season_in_both_arms_is_not_reclaimed():
    season = levers(ValueInputs(pairs(pilot=10, control=10)))["manager_time"]
    assert season.p10 < 0 < season.p90


def test_percentiles_of_a_total_come_from_its_own_draws():
    inputs = ValueInputs(pairs(), AttritionCount(1, 30, 12), AttritionCount(3, 30, 12))
    row = levers(inputs)
    costs = sum(amount for _, amount in cost_ledger(ROI))
    summed = row["manager_time"].p10 + row["attrition"].p10 - costs
    assert row["total"].p10 > summed + 1_000
    assert row["total_without_attrition"].p10 == pytest.approx(row["manager_time"].p10 - costs)


def test_probability_of_loss_stands_on_totals_with_and_without_attrition_and_nowhere_else():
    row = levers(ValueInputs(pairs(30), AttritionCount(1, 30, 12), AttritionCount(3, 30, 12)))
    assert {name for name, lever in row.items() if lever.probability_of_loss is not None} == {
        "total",
        "total_without_attrition",
    }
    assert row["total_without_attrition"].probability_of_loss == 0.0
    assert row["total"].probability_of_loss > 0.05


def test_the_cautious_end_misses_the_truth_as_often_as_it_says_even_with_five_managers():
    rng = np.random.default_rng(11)
    clusters = pd.Series(np.repeat(np.arange(5), 6))
    below = 0
    for _ in range(600):
        manager = rng.normal(0, 0.5, 5)[clusters]
        values = pd.DataFrame({"minutes": 10 + manager + rng.normal(0, 1, 30)})
        estimate = cluster_mean(values, clusters)
        assert estimate is not None
        below += np.quantile(draw_means(estimate, 800, rng), 0.1) > 10
    assert 0.06 < below / 600 < 0.145


def test_behaviour_and_minutes_are_drawn_together():
    shared = np.random.default_rng(3).normal(0, 1, 12)
    values = pd.DataFrame({"behaviour": shared, "minutes": 5 * shared})
    estimate = cluster_mean(values, pd.Series(np.arange(12)))
    assert estimate is not None and estimate.df == 11
    draws = draw_means(estimate, 4_000, np.random.default_rng(0))
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(1.0, abs=1e-6)


def test_the_cluster_covariance_of_a_mean_is_the_textbook_one():
    values = pd.DataFrame({"x": np.random.default_rng(5).normal(0, 1, 9)})
    estimate = cluster_mean(values, pd.Series(np.arange(9)))
    assert estimate is not None
    assert np.sqrt(estimate.covariance[0, 0]) == pytest.approx(stats.sem(values["x"]), rel=1e-12)


def test_leaving_rates_are_jeffreys_betas_compounded_to_a_year():
    draws = draw_yearly_leaving(AttritionCount(2, 40, 12), 200_000, np.random.default_rng(1))
    quantile = stats.beta(2.5, 38.5).ppf([0.1, 0.5, 0.9])
    yearly = 1 - (1 - quantile) ** (365.25 / 7 / 12)
    assert np.quantile(draws, [0.1, 0.5, 0.9]) == pytest.approx(yearly, rel=0.01)


def test_pert_has_its_mean_and_a_range_without_width_is_one_value():
    draws = draw_pert(55, 70, 90, 200_000, np.random.default_rng(1))
    assert draws.min() >= 55 and draws.max() <= 90
    assert draws.mean() == pytest.approx((55 + 4 * 70 + 90) / 6, rel=1e-3)
    assert set(draw_pert(60, 60, 60, 5, np.random.default_rng(1))) == {60.0}


def test_without_a_declared_rollout_nothing_is_estimable_and_the_reason_names_the_keys():
    for lever in estimate_value(ValueInputs(pairs()), RoiSection(), seed=1):
        assert not lever.estimable
        assert lever.p10 is None
        assert "roi.rollout_employees and roi.rollout_adoption" in (lever.reason or "")


def test_a_lever_without_its_data_says_why_and_leaves_the_others():
    row = levers(ValueInputs(pairs(clusters=1)))
    assert "two judging clusters" in (row["manager_time"].reason or "")
    assert "both arms" in (row["attrition"].reason or "")
    assert "declared before the pilot" in (row["performance"].reason or "")
    assert not row["total"].estimable


def test_performance_is_estimable_once_its_link_was_declared():
    link = OutcomeLink(100, 200, 400, source="sales study 2024")
    row = levers(ValueInputs(pairs(), outcome_link=link))
    assert row["performance"].estimable
    assert row["total"].p50 > row["manager_time"].p50 - sum(amount for _, amount in cost_ledger(ROI))


def test_licences_are_paid_for_everyone_active_or_not():
    assert cost_ledger(ROI) == (("licences", 192_000.0), ("enablement", 6_000), ("integration", 18_000))


def test_one_lever_keeps_its_draws_when_another_comes_or_goes():
    counts = (AttritionCount(0, 30, 12), AttritionCount(1, 30, 12))
    assert levers(ValueInputs(pairs()))["manager_time"] == levers(ValueInputs(pairs(), *counts))["manager_time"]


def test_the_same_seed_gives_the_same_rows_as_published():
    first, second = (levers_frame(estimate_value(ValueInputs(pairs()), ROI, seed=4)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert list(first.columns) == ["lever", "estimable", "reason", "p10", "p50", "p90", "probability_of_loss"]
    assert list(first["lever"]) == ["manager_time", "attrition", "performance", "total_without_attrition", "total"]


def test_the_tornado_puts_the_widest_input_first_and_leaves_attrition_out_unless_asked():
    inputs = ValueInputs(pairs(noise=6), AttritionCount(1, 30, 12), AttritionCount(1, 30, 12))
    narrow, wide = (
        tornado(inputs, RoiSection(**ROI_RANGES), 1),
        tornado(inputs, RoiSection(**ROI_RANGES), 1, with_attrition=True),
    )
    assert "Leavers avoided" not in set(narrow["input"])
    assert wide.loc[0, "input"] == "Leavers avoided"
    assert narrow["swing"].is_monotonic_decreasing
    assert (narrow["total_low"] <= narrow["centre"]).all()


ROI_RANGES = {"rollout_employees": 800, "rollout_adoption": (0.5, 0.65, 0.8)}


def test_at_break_even_the_net_value_is_zero():
    table = break_even(ValueInputs(pairs()), ROI, 1).set_index("input")
    price = table.loc["Licence price", "break_even"]
    at_price = levers(ValueInputs(pairs()), ROI.model_copy(update={"licence_per_person_year": price}))
    assert at_price["total"].p50 == pytest.approx(0, abs=2_000)
    minutes = table.loc["Minutes saved", "break_even"]
    assert levers(ValueInputs(pairs(minutes)))["total"].p50 == pytest.approx(0, abs=2_000)


def test_without_an_estimable_lever_there_is_neither_tornado_nor_break_even():
    assert tornado(ValueInputs(pairs()), RoiSection(), 1).empty
    assert break_even(ValueInputs(pairs()), RoiSection(), 1).empty


def test_pair_differences_keep_a_missing_person_missing_and_never_zero():
    members = pd.DataFrame(
        {
            "employee_id": ["a", "b", "c", "d"],
            "arm": ["pilot", "control", "pilot", "control"],
            "pair_id": [1, 1, 2, 2],
            "cluster": [1, 1, 2, 2],
        }
    )
    behaviour = pd.DataFrame({"employee_id": list("abcd"), "start_score": 3.0, "end_score": [3.5, 3.1, 3.0, 3.2]})
    prep = pd.DataFrame({"employee_id": ["a", "b", "c"], "before_minutes": 60.0, "during_minutes": [45.0, 58.0, 50.0]})
    frame = pair_differences(members, behaviour, prep)
    assert frame["behaviour"].tolist() == pytest.approx([0.4, -0.2])
    assert frame["pilot_minutes"].tolist() == [15.0, 10.0]
    assert frame["control_minutes"].iloc[0] == 2.0 and np.isnan(frame["control_minutes"].iloc[1])
    assert pair_differences(members, None, None)[["behaviour", "pilot_minutes"]].isna().all(axis=None)


def test_people_without_a_pair_and_an_empty_cohort_are_no_reason_to_crash():
    members = pd.DataFrame(
        {"employee_id": ["a", "b", "c"], "arm": ["pilot", "control", "pilot"], "pair_id": [1, 1, None], "cluster": 1}
    )
    assert len(pair_differences(members, None, None)) == 1
    nobody = pair_differences(members.head(0), None, None)
    assert not any(lever.estimable for lever in estimate_value(ValueInputs(nobody), ROI, seed=1))


def test_before_the_first_finished_week_attrition_is_not_estimable():
    unstarted = AttritionCount(0, 30, 0)
    assert not levers(ValueInputs(pairs(), unstarted, unstarted))["attrition"].estimable
