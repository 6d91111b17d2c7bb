"""What a cohort can show: published detectable effects, the exact attainable level, and hits by simulation."""

from __future__ import annotations

import math

import cohort_company as company
import numpy as np
import pandas as pd
import pytest

from pilot_pipeline.cohort.detectable import MDE_COLUMNS, achieved, mde_table, planned, power_curves
from pilot_pipeline.cohort.power import adoption_line, design_effect, mde, pairs_needed, power_of


def members(sizes: list[int], alone: int = 0) -> pd.DataFrame:
    cluster = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    pairs = pd.DataFrame({"pair_id": np.arange(1, len(cluster) + 1), "cluster": cluster})
    frame = pd.concat([pairs.assign(arm="pilot"), pairs.assign(arm="control")], ignore_index=True)
    single = pd.DataFrame({"pair_id": [None] * alone, "cluster": [None] * alone, "arm": ["pilot"] * alone})
    return pd.concat([frame.astype(object), single], ignore_index=True).astype({"pair_id": "Int64", "cluster": "Int64"})


@pytest.mark.parametrize(("pairs", "published"), [(20, 0.66), (30, 0.53), (50, 0.40)])
def test_at_pair_level_two_sided_five_per_cent_it_is_the_published_effect(pairs: int, published: float) -> None:
    assert mde(pairs, pairs, 1.0, 0.025, manager_sd=0) == pytest.approx(published, abs=0.006)


def test_the_effect_scales_with_the_unit_and_shrinks_with_pairs_and_clusters() -> None:
    assert mde(30, 10, 2.0, 0.05) == pytest.approx(2 * mde(30, 10, 1.0, 0.05))
    assert mde(50, 10, 1.0, 0.05) < mde(30, 10, 1.0, 0.05) < mde(20, 10, 1.0, 0.05)
    assert mde(30, 12, 1.0, 0.05) < mde(30, 8, 1.0, 0.05) < mde(30, 5, 1.0, 0.05)
    assert mde(30, 8, 1.0, 0.05, 0.9) > mde(30, 8, 1.0, 0.05)


def test_unequal_clusters_cost_power() -> None:
    assert mde(30, 5, 1.0, 0.05, cluster_sizes=[18, 3, 3, 3, 3]) > mde(30, 5, 1.0, 0.05, cluster_sizes=[6] * 5)


def test_with_four_clusters_nothing_can_be_significant_at_five_per_cent() -> None:
    assert math.isinf(mde(30, 4, 1.0, 0.05))
    assert math.isfinite(mde(30, 5, 1.0, 0.05))


def test_power_is_that_of_its_own_detectable_effect_and_grows_with_it() -> None:
    sizes = [5, 3, 3, 4, 5, 4, 3, 3]
    least = mde(30, 8, 1.0, 0.05, cluster_sizes=sizes)
    assert power_of(least, sizes, 0.05) == pytest.approx(0.8, abs=1e-3)
    assert power_of(0.0, sizes, 0.05) == pytest.approx(12 / 256, abs=0.005)  # the attainable level below 5 %
    assert power_of(least / 2, sizes, 0.05) < 0.5 < power_of(1.3 * least, sizes, 0.05)
    assert power_of(9.0, [10] * 4, 0.05) == 0.0


def test_the_design_effect_is_kishs_and_grows_with_unequal_clusters() -> None:
    assert design_effect([1] * 30) == pytest.approx(1)
    icc = 0.09 / 1.09
    assert design_effect([5] * 6) == pytest.approx(1 + 4 * icc)
    assert design_effect([18, 3, 3, 3, 3]) > design_effect([6] * 5)


@pytest.mark.parametrize("effect", [0.15, 0.3, 0.53])
def test_as_many_pairs_as_are_said_to_be_needed_find_the_effect_and_one_cluster_fewer_does_not(effect: float) -> None:
    pairs = pairs_needed(effect, 0.05, 4)
    assert mde(pairs, pairs // 4, 1.0, 0.05) <= effect < mde(pairs - 4, pairs // 4 - 1, 1.0, 0.05)


@pytest.mark.parametrize(("people", "line"), [(30, 23), (50, 37), (20, 17)])
def test_the_adoption_line_is_the_published_count(people: int, line: int) -> None:
    assert adoption_line(people, 0.70) == line
    assert adoption_line(3, 0.95) == 4


def test_the_table_says_for_each_kpi_what_can_be_shown() -> None:
    table = mde_table(achieved(members([5] * 6)), company.config())
    assert tuple(table.columns) == MDE_COLUMNS
    said = table.set_index("kpi")["sentence"]
    assert "30 pairs in 6 judging clusters find an effect of" in said["behaviour_change"]
    assert "the target of 0.3 score points is within reach while that SD is at most" in said["behaviour_change"]
    assert "23 of 30 people must be active in week 6" in said["adoption"]
    assert "would need about 1,100 people per arm; with 30 attrition is an interval" in said["attrition"]
    assert set(said.index) == {
        "behaviour_change",
        "prep_time_reduction",
        "adoption",
        "module_completion",
        "pulse",
        "attrition",
        "group_differences",
    }


def test_what_the_pilot_cannot_answer_is_said_per_kpi_with_the_people_it_would_take() -> None:
    rows = mde_table(achieved(members([5] * 6)), company.config(), {"behaviour_change": 0.4}).set_index("kpi")
    assert "An effect of 0.15 score points, half the target: would need about" in rows.loc["behaviour_change", "cannot"]
    assert rows.loc["behaviour_change", "needed_per_arm"] == pytest.approx(pairs_needed(0.375, 0.05, 5), abs=9)
    assert rows.loc["attrition", "cannot"] == "Whether fewer people leave: would need about 1,100 per arm."
    assert rows.loc["group_differences", "mde"] == pytest.approx(2 * mde(30, 6, 1.0, 0.05))
    assert (
        pd.isna(rows.loc["adoption", "needed_per_arm"]) and "more people do not help" in rows.loc["adoption", "cannot"]
    )
    assert rows["design_effect"].dropna().round(2).tolist() == [1.33, 1.33]


def test_the_curves_show_this_cohort_beside_the_smallest_and_the_largest_pilot() -> None:
    curves = power_curves(planned(30, 6), company.config())
    assert curves["design"].unique().tolist() == [
        "30 pairs, 6 clusters",
        "20 pairs, 5 clusters",
        "50 pairs, 12 clusters",
    ]
    assert curves.groupby("design")["power"].apply(lambda power: power.is_monotonic_increasing).all()


def test_with_a_baseline_sd_the_effect_is_said_in_the_kpis_own_unit() -> None:
    table = mde_table(
        achieved(members([5] * 6)), company.config(), {"behaviour_change": 0.4, "prep_time_reduction": 0.5}
    )
    rows = table.set_index("kpi")
    assert rows.loc["behaviour_change", "unit"] == "score points"
    assert rows.loc["behaviour_change", "mde"] == pytest.approx(0.4 * mde(30, 6, 1.0, 0.05))
    assert "is within reach" in rows.loc["behaviour_change", "sentence"]
    assert "a true effect on target may be missed" in rows.loc["prep_time_reduction", "sentence"]


def test_too_few_clusters_and_an_unreachable_adoption_target_are_said_plainly() -> None:
    config = company.config()
    said = mde_table(achieved(members([10, 10])), config).set_index("kpi")["sentence"]
    assert "cannot show any effect at 5%: too few clusters" in said["behaviour_change"]
    strict = config.kpis.adoption.model_copy(update={"target": 1.0})
    config = config.model_copy(update={"kpis": config.kpis.model_copy(update={"adoption": strict})})
    assert (
        "cannot be confirmed"
        in mde_table(achieved(members([5] * 4)), config).set_index("kpi").loc["adoption", "sentence"]
    )


def test_participants_without_a_control_count_for_adoption_and_not_for_effects() -> None:
    said = mde_table(achieved(members([5] * 6, alone=20)), company.config()).set_index("kpi")["sentence"]
    assert "30 pairs in 6" in said["behaviour_change"] and "37 of 50 people" in said["adoption"]
