"""What a cohort can show: published detectable effects, the exact attainable level, and hits by simulation."""

from __future__ import annotations

import math

import cohort_company as company
import numpy as np
import pandas as pd
import pytest

from pilot_pipeline.cohort.power import MDE_COLUMNS, adoption_line, mde, mde_table


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


@pytest.mark.parametrize(("pairs", "clusters"), [(20, 5), (30, 8), (50, 12)])
def test_the_stated_effect_is_found_by_the_sign_flip_test_of_cluster_sums_at_about_the_stated_power(
    pairs: int, clusters: int
) -> None:
    rng = np.random.default_rng(pairs)
    pilots, effect = 4000, mde(pairs, clusters, 1.0, 0.05)
    where = np.arange(pairs) % clusters
    differences = effect + 0.3 * rng.normal(size=(pilots, clusters))[:, where] + rng.normal(size=(pilots, pairs))
    sums = differences @ (where[:, None] == np.arange(clusters))
    signs = 1 - 2 * (np.arange(2**clusters)[:, None] >> np.arange(clusters) & 1)
    flipped = sums @ signs.T
    significant = (flipped >= flipped[:, :1] - 1e-9).mean(axis=1) <= 0.05
    assert significant.mean() == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize(("people", "line"), [(30, 23), (50, 37), (20, 17)])
def test_the_adoption_line_is_the_published_count(people: int, line: int) -> None:
    assert adoption_line(people, 0.70) == line
    assert adoption_line(3, 0.95) == 4


def test_the_table_says_for_each_kpi_what_can_be_shown() -> None:
    table = mde_table(members([5] * 6), company.config())
    assert tuple(table.columns) == MDE_COLUMNS
    said = table.set_index("kpi")["sentence"]
    assert "30 pairs in 6 judging clusters find an effect of" in said["behaviour_change"]
    assert "the target of 0.3 score points is within reach while that SD is at most" in said["behaviour_change"]
    assert "23 of 30 people must be active in week 6" in said["adoption"]
    assert "would need about 1,090 people per arm; with 30 attrition is an interval" in said["attrition"]
    assert set(said.index) == {
        "behaviour_change",
        "prep_time_reduction",
        "adoption",
        "module_completion",
        "pulse",
        "attrition",
    }


def test_with_a_baseline_sd_the_effect_is_said_in_the_kpis_own_unit() -> None:
    table = mde_table(members([5] * 6), company.config(), {"behaviour_change": 0.4, "prep_time_reduction": 0.5})
    rows = table.set_index("kpi")
    assert rows.loc["behaviour_change", "unit"] == "score points"
    assert rows.loc["behaviour_change", "mde"] == pytest.approx(0.4 * mde(30, 6, 1.0, 0.05))
    assert "is within reach" in rows.loc["behaviour_change", "sentence"]
    assert "a true effect on target may be missed" in rows.loc["prep_time_reduction", "sentence"]


def test_too_few_clusters_and_an_unreachable_adoption_target_are_said_plainly() -> None:
    config = company.config()
    said = mde_table(members([10, 10]), config).set_index("kpi")["sentence"]
    assert "cannot show any effect at 5%: too few clusters" in said["behaviour_change"]
    strict = config.kpis.adoption.model_copy(update={"target": 1.0})
    config = config.model_copy(update={"kpis": config.kpis.model_copy(update={"adoption": strict})})
    assert "cannot be confirmed" in mde_table(members([5] * 4), config).set_index("kpi").loc["adoption", "sentence"]


def test_participants_without_a_control_count_for_adoption_and_not_for_effects() -> None:
    said = mde_table(members([5] * 6, alone=20), company.config()).set_index("kpi")["sentence"]
    assert "30 pairs in 6" in said["behaviour_change"] and "37 of 50 people" in said["adoption"]
