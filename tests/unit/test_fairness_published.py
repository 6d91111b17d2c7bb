"""Published tables: Berkeley's admissions and COMPAS, beside fairlearn, SciPy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairness_planted import make_config
from scipy.stats import binomtest, fisher_exact, hypergeom

from pilot_pipeline.fairness import audit as live
from pilot_pipeline.fairness.audit import Audit, audit_live
from pilot_pipeline.fairness.groups import group_people
from pilot_pipeline.fairness.rates import rate_table, reported_table

ADMITTED = {"men": [(512, 313), (353, 207), (120, 205), (138, 279), (53, 138), (22, 351)]}
ADMITTED["women"] = [(89, 19), (17, 8), (202, 391), (131, 244), (94, 299), (24, 317)]
COMPAS = {"African-American": (2174, 3696), "Caucasian": (854, 2454), "other races": (289, 1064)}
"""Scored medium or high, of all: from the confusion tables of Larson, Mattu, Kirchner and Angwin (2016)."""


@pytest.fixture(scope="module")
def berkeley() -> Audit:
    """Bickel, Hammel and O'Connell (1975), table 1 by department: applicants as people, departments as roles."""
    rows = [
        (department, gender, answer)
        for gender, table in ADMITTED.items()
        for department, counts in zip("ABCDEF", table, strict=True)
        for answer, count in zip(("admitted", "rejected"), counts, strict=True)
        for _ in range(count)
    ]
    people = pd.DataFrame(rows, columns=["role", "gender", "pathway_id"])
    people["employee_id"] = [f"a{number}" for number in range(len(people))]
    config = make_config(attributes=["gender"])
    config = config.model_copy(update={"cohort": config.cohort.model_copy(update={"seed": 1})})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "PERMUTATIONS", 1999)
        patch.setattr(live, "_SIMULATIONS", 20)
        return audit_live(people, people, config, config.pilot.starts_on)


def test_berkeley_fails_four_fifths_and_passes_the_stratified_test(berkeley: Audit) -> None:
    reported = berkeley.reported.set_index(["group_value", "pathway_id"]).loc[("women", "admitted")]
    assert reported["impact_ratio"] == pytest.approx(0.6818, abs=5e-5)
    assert reported["four_fifths"]
    assert reported["cmh_p"] == pytest.approx(0.2169, abs=5e-4)
    assert _exact_p() == pytest.approx(0.2278, abs=5e-5)
    assert berkeley.attributes["q_value"].iloc[0] == pytest.approx(_exact_p(), abs=3 * (0.228 * 0.772 / 2000) ** 0.5)
    assert berkeley.verdict == "no_evidence"


def _exact_p() -> float:
    """The permutation p without any draw: the sum over departments of hypergeometric counts of admitted women."""
    chances, seen, expected = np.ones(1), 0, 0.0
    for (men_in, men_out), (women_in, women_out) in zip(ADMITTED["men"], ADMITTED["women"], strict=True):
        total, admitted, women = men_in + men_out + women_in + women_out, men_in + women_in, women_in + women_out
        chances = np.convolve(chances, hypergeom.pmf(np.arange(women + 1), total, admitted, women))
        seen, expected = seen + women_in, expected + women * admitted / total
    return float(chances[np.abs(np.arange(len(chances)) - expected) >= abs(seen - expected) - 1e-9].sum())


def test_berkeleys_department_a_is_named_in_favour_of_women(berkeley: Audit) -> None:
    (sentence,) = (finding for finding in berkeley.findings if "one role stands out" in finding)
    cell = berkeley.by_role.loc[berkeley.by_role["z"].abs().idxmax()]
    assert cell["role"] == "A"
    assert abs(cell["z"]) > 4
    assert "In A, " in sentence
    assert any(words in sentence for words in ("men is sent to 'admitted' less", "men is sent to 'rejected' more"))
    women = berkeley.by_role.query("role == 'A' and group_value == 'women' and pathway_id == 'admitted'")["z"].item()
    assert women > 4
    by_hand = fisher_exact([ADMITTED["women"][0], ADMITTED["men"][0]]).pvalue
    assert by_hand < 1e-4


def test_a_role_in_which_a_group_is_small_is_not_described() -> None:
    people = pd.DataFrame(
        {
            "employee_id": [f"p{n}" for n in range(40)],
            "role": ["Small"] * 8 + ["Large"] * 32,
            "gender": ["female", *["male"] * 7, *["female", "male"] * 16],
        }
    )
    chosen = people.assign(pathway_id=np.where(people["gender"] == "female", "x", "y"))
    config = make_config(attributes=["gender"])
    audit = audit_live(chosen, people, config, config.pilot.starts_on)
    assert audit.verdict == "bias_found"
    assert set(audit.by_role["role"]) == {"Large"}
    assert "Small" not in str(audit)


def _scored() -> tuple[np.ndarray, pd.Series]:
    race = np.repeat(list(COMPAS), [n for _, n in COMPAS.values()])
    high = np.concatenate([np.arange(n) < k for k, n in COMPAS.values()]).astype(float)
    return np.column_stack([high, 1 - high]), pd.Series(race, dtype="str")


def test_compas_rates_are_those_of_fairlearn_and_fisher_is_scipys() -> None:
    outcome, race = _scored()
    grouping = group_people(race, "race", 5)
    rates = rate_table(outcome, grouping, ("high", "low"), 5)
    table = reported_table(outcome, grouping, np.zeros(len(race), dtype=int), rates)
    high = table[table["pathway_id"] == "high"].set_index("group_value")
    for name, (k, n) in COMPAS.items():
        rest_k, rest_n = (sum(pair[at] for other, pair in COMPAS.items() if other != name) for at in (0, 1))
        assert (high.loc[name, "selected"], high.loc[name, "n"]) == (k, n)
        assert high.loc[name, "rate"] == k / n
        assert high.loc[name, "fisher_p"] == fisher_exact([[k, n - k], [rest_k, rest_n - rest_k]]).pvalue
    assert high["four_fifths"].to_dict() == {"African-American": False, "Caucasian": True, "other races": True}


def test_compas_beside_fairlearn_itself() -> None:
    metrics = pytest.importorskip("fairlearn.metrics")
    outcome, race = _scored()
    rates = rate_table(outcome, group_people(race, "race", 5), ("high", "low"), 5)
    high = rates[rates["pathway_id"] == "high"].set_index("group_value")
    frame = metrics.MetricFrame(
        metrics=metrics.selection_rate, y_true=outcome[:, 0], y_pred=outcome[:, 0], sensitive_features=race
    )
    assert high["rate"].to_dict() == frame.by_group.to_dict()
    assert high["impact_ratio"].min() == frame.ratio()
    assert high["rate"].max() - high["rate"].min() == frame.difference()


def test_katzs_interval_of_a_ratio_holds_its_level() -> None:
    """Simulated: the 90 % interval of the impact ratio covers the true ratio in 90 of 100 tables, ± Monte Carlo."""
    rng = np.random.default_rng(4)
    race = pd.Series(np.repeat(["a", "b"], 150), dtype="str")
    grouping, tables, covered = group_people(race, "race", 5), 80, 0
    for _ in range(tables):
        high = np.concatenate([rng.random(150) < 0.5, rng.random(150) < 0.3]).astype(float)
        outcome = np.column_stack([high, 1 - high])
        rates = rate_table(outcome, grouping, ("high", "low"), 5)
        row = reported_table(outcome, grouping, np.zeros(300, dtype=int), rates)
        own = row[(row["pathway_id"] == "high") & (row["group_value"] == "b")].iloc[0]
        covered += bool(own["ratio_low"] <= 0.6 <= own["ratio_high"])
    assert binomtest(covered, tables, 0.90).pvalue > 0.01
