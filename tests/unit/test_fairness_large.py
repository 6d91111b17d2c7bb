"""The audit of very many recommendations: its closed forms are SciPy's and statsmodels', its unit is the person."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from fairness_planted import chances_of, make_people
from scipy.stats import chi2_contingency, fisher_exact
from statsmodels.stats.contingency_tables import StratifiedTable

from pilot_pipeline.errors import BadInput
from pilot_pipeline.fairness.closed_form import against_the_rest, breslow_day, cochran_mantel_haenszel, omnibus
from pilot_pipeline.fairness.groups import group_people
from pilot_pipeline.fairness.large import LargeAudit, audit_large
from pilot_pipeline.fairness.permutation import Panel, permutations, residuals, statistics
from pilot_pipeline.fairness.rates import rate_table, reported_table

ATTRIBUTES = ["gender", "ethnicity", "age_band"]


def _counts(seed: int, strata: int = 4, groups: int = 3, pathways: int = 5, size: float = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.poisson(size * rng.random((strata, groups, pathways))).astype(float)


def test_in_one_stratum_the_omnibus_is_pearsons_chi_square_less_one() -> None:
    table = _counts(1, strata=1)
    found, known = omnibus(table), chi2_contingency(table[0], correction=False)
    n = table.sum()
    assert found.freedom == known.dof
    assert found.statistic == pytest.approx(known.statistic * (n - 1) / n)


def test_of_two_groups_and_two_pathways_the_omnibus_is_cochran_mantel_haenszel() -> None:
    table = _counts(2, groups=2, pathways=2)
    known = StratifiedTable(list(table)).test_null_odds(correction=False)
    assert omnibus(table).p == pytest.approx(known.pvalue)
    assert cochran_mantel_haenszel(table) == pytest.approx(known.pvalue)


def test_the_omnibus_is_the_limit_of_the_permutation_test() -> None:
    """People permuted within roles; the quadratic form has the χ² p of its own permutation distribution, ± error."""
    table = _counts(3, strata=3, groups=2, pathways=3, size=60)
    stratum, group, pathway = (np.repeat(index.ravel(), table.astype(int).ravel()) for index in np.indices(table.shape))
    moved = permutations(stratum, 400, np.random.default_rng(0))
    drawn = []
    for order in moved:
        again = np.zeros_like(table)
        np.add.at(again, (stratum, group[order], pathway), 1)
        drawn.append(omnibus(again).statistic)
    assert np.mean(np.array(drawn) >= drawn[0]) == pytest.approx(omnibus(table).p, abs=0.08)
    panel = Panel(stratum, np.eye(2)[group], (slice(0, 2),))
    assert statistics(panel, residuals(np.eye(3)[pathway], stratum), moved)[0, 0] > 0


def test_groups_and_pathways_that_nobody_has_and_a_single_person_change_nothing() -> None:
    table = _counts(4)
    padded = np.pad(table, ((0, 1), (0, 1), (0, 2)))
    padded[-1, 0, 0] = 1
    assert omnibus(padded).p == pytest.approx(omnibus(table).p)
    assert omnibus(table[:, :1]).p == 1.0


def test_a_stratum_that_decides_everything_leaves_a_singular_spread_and_still_a_p() -> None:
    table = np.zeros((2, 3, 3))
    table[0, :2, :2], table[1, 2, 2] = [[8, 3], [4, 9]], 20
    found = omnibus(table)
    assert found.freedom == 1
    assert found.p == pytest.approx(omnibus(table[:1, :2, :2]).p)


def test_each_group_against_the_rest_is_chi_square_and_fisher_where_it_is_small() -> None:
    table = _counts(5, size=2.5)
    p, exact = against_the_rest(table)
    whole = table.sum(axis=0)
    assert exact.any()
    assert not exact.all()
    for group, pathway in np.ndindex(*whole.shape):
        a, n, t = whole[group, pathway], whole[group].sum(), whole[:, pathway].sum()
        square = np.array([[a, n - a], [t - a, whole.sum() - n - t + a]]).astype(int)
        known = (
            fisher_exact(square).pvalue if exact[group, pathway] else chi2_contingency(square, correction=False).pvalue
        )
        assert p[group, pathway] == pytest.approx(known)


@pytest.mark.parametrize("seed", range(6))
def test_roles_being_alike_is_breslow_and_days_test_and_strata_that_say_nothing_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 40, (4, 2, 2)).astype(float)
    theirs = StratifiedTable(list(counts)).test_equal_odds().pvalue
    assert breslow_day(counts) == pytest.approx(np.full((2, 2), theirs), rel=1e-9)
    mute = np.array([[[5, 7], [0, 0]], [[4, 0], [9, 0]], [[0, 0], [0, 0]]], dtype=float)
    assert breslow_day(np.concatenate([counts, mute])) == pytest.approx(breslow_day(counts), rel=1e-12)


def test_one_stratum_or_no_common_odds_ratio_has_no_answer() -> None:
    table = np.array([[[5.0, 7], [8, 2]]])
    assert np.isnan(breslow_day(table)).all()
    never = np.array([[[5.0, 0], [8, 2]], [[3.0, 0], [8, 4]]])
    assert np.isnan(breslow_day(never)).all()


def test_opposite_steering_in_two_roles_cancels_in_cmh_and_is_seen_by_breslow_and_day() -> None:
    counts = np.array([[[30.0, 10], [10, 30]], [[10.0, 30], [30, 10]]])
    assert cochran_mantel_haenszel(counts) == pytest.approx(np.ones((2, 2)))
    assert (breslow_day(counts) < 1e-9).all()


def _issued(n: int, *, severe: bool, each: int = 3) -> pd.DataFrame:
    people, rng = make_people(n), np.random.default_rng(n)
    chances = chances_of(severe)[np.where(people["gender"] == "female", 0, 1)]
    people.loc[rng.random(n) < 0.05, "ethnicity"] = None
    parts = [
        people.assign(pathway_id=[f"p{c}" for c in rng.multinomial(1, chances).argmax(axis=1)]) for _ in range(each)
    ]
    second = people.head(20).assign(pathway_id="p0", rank=2)
    return pd.concat([*(part.assign(rank=1) for part in parts), second], ignore_index=True)


def _audit(issued: pd.DataFrame, **more: object) -> LargeAudit:
    with duckdb.connect() as connection:
        connection.register("issued", issued)
        return audit_large(connection, "issued", ATTRIBUTES, minimum=5, **more)  # type: ignore[arg-type]


def test_rates_fisher_and_cmh_are_those_of_the_small_audit() -> None:
    issued = _issued(150, severe=False)
    audit = _audit(issued)
    assert audit.people == 150
    people = issued.drop_duplicates("employee_id", ignore_index=True)
    counts = pd.crosstab(issued.loc[issued["rank"] == 1, "employee_id"], issued["pathway_id"])
    counts = counts.loc[people["employee_id"]].to_numpy(dtype=float)
    modal = np.eye(6)[counts.argmax(axis=1)]
    grouping = group_people(people["ethnicity"], "ethnicity", 5)
    names = [f"p{n}" for n in range(6)]
    rates = rate_table(modal, grouping, names, 5)
    small = reported_table(modal, grouping, pd.factorize(people["role"])[0], rates).set_index(
        ["group_value", "pathway_id"]
    )
    large = audit.rates.query("attribute == 'ethnicity'").set_index(["group_value", "pathway_id"])
    for key in small.index[small.index.get_level_values(0) != "unknown"]:
        assert large.loc[key, ["n", "selected"]].tolist() == small.loc[key, ["n", "selected"]].tolist()
        for column in ("rate", "impact_ratio", "cmh_p"):
            assert large.loc[key, column] == pytest.approx(small.loc[key, column])
        if large.loc[key, "exact"]:
            assert large.loc[key, "p_value"] == pytest.approx(small.loc[key, "fisher_p"])
    assert large.loc["unknown", "p_value"].isna().all()


def test_steering_is_found_and_named_and_a_fair_tool_passes() -> None:
    fair, steered = (_audit(_issued(600, severe=severe)).tests.set_index("attribute") for severe in (False, True))
    assert (fair["q_value"] > 0.01).all()
    assert steered.loc["gender", "q_value"] < 1e-6
    assert steered.loc[["ethnicity", "age_band"], "q_value"].min() > 0.01
    assert steered.loc["gender", "pathway_id"] in {"p0", "p5"}
    assert steered.loc["gender", "largest_gap"] > 0.2
    assert set(fair.index) == {*ATTRIBUTES, "gender × ethnicity", "gender × age_band", "ethnicity × age_band"}


def test_a_person_with_many_recommendations_is_one_person() -> None:
    issued = _issued(60, severe=False, each=1)
    loud = pd.concat([issued, *[issued.head(1)] * 99], ignore_index=True)
    one, other, rows = _audit(issued), _audit(loud), _audit(loud, unit="recommendation")
    pd.testing.assert_frame_equal(one.rates, other.rates)
    assert (one.people, rows.people) == (60, 159)
    pd.testing.assert_frame_equal(_audit(issued, unit="recommendation").rates, one.rates)


def test_small_groups_are_pooled_and_hidden() -> None:
    issued = _issued(80, severe=False, each=1)
    issued.loc[issued["employee_id"].isin(["p_0003", "p_0004"]), "gender"] = "nonbinary"
    audit = _audit(issued)
    assert "nonbinary" not in audit.rates.to_csv() + audit.tests.to_csv()
    hidden = audit.rates.query("attribute == 'gender' and suppressed")
    assert len(hidden)
    assert hidden.drop(columns=["attribute", "group_value", "pathway_id", "suppressed"]).isna().all(axis=None)


def test_nothing_to_audit_and_what_is_no_group_get_a_sentence() -> None:
    with pytest.raises(BadInput, match="nothing to audit"):
        _audit(_issued(20, severe=False).assign(rank=2))
    many = pd.DataFrame({"employee_id": range(5000), "pathway_id": "x", "rank": 1, "role": "r", "gender": range(5000)})
    many = many.assign(ethnicity="A", age_band="B")
    with pytest.raises(BadInput, match="gender has 5,000 different values"):
        _audit(many)
