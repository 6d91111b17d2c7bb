"""Who volunteered: planted differences come out, decisions count up to the day, and small groups never appear."""

from __future__ import annotations

from datetime import date

import cohort_company as company
import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from pilot_pipeline.cohort.baseline import start_score_sd
from pilot_pipeline.cohort.opt_in import PARITY_COLUMNS, opt_in_parity
from pilot_pipeline.cohort.workforce import build_workforce

WORKFORCE = build_workforce(company.employees(), company.config(), company.SNAPSHOT)
BY = date(2025, 12, 20)


def parity(consents: pd.DataFrame, by: date = BY) -> pd.DataFrame:
    return opt_in_parity(WORKFORCE, consents, ("gender",), 5, by).set_index("group")


def test_a_planted_difference_comes_out_with_its_p_value() -> None:
    women = WORKFORCE["gender"] == "female"
    willing = WORKFORCE["employee_id"][
        women & (WORKFORCE["id_rank"] % 2 == 0) | ~women & (WORKFORCE["id_rank"] % 6 == 0)
    ]
    table = parity(company.consents(willing))
    assert tuple(table.reset_index().columns) == PARITY_COLUMNS
    yes = WORKFORCE["employee_id"].isin(willing)
    assert table.loc["gender: female", "opted_in"] == pytest.approx(yes[women].mean())
    assert table.loc["gender: female", "ratio"] == pytest.approx(yes[women].mean() / yes.mean())
    assert table.loc["gender: male", "workforce"] == pytest.approx((~women).mean())
    expected = chi2_contingency(pd.crosstab(women, yes), correction=False).pvalue
    assert table.loc["gender: male", "p_value"] == pytest.approx(expected) and expected < 1e-6


def test_small_groups_stay_without_a_measure() -> None:
    table = parity(company.consents(WORKFORCE["employee_id"].iloc[::7]))
    hidden = table[table["suppressed"]]
    assert "department: other" in hidden.index  # the office of few people is not even named
    assert hidden.drop(columns="suppressed").isna().all(axis=None)


def test_decisions_count_up_to_the_day_and_the_last_one_counts() -> None:
    people = WORKFORCE["employee_id"].iloc[::2]
    both = pd.concat([company.consents(people), company.consents(people, "withdrawn", "2025-12-21 08:00")])
    assert parity(both).loc["gender: female", "opted_in"] > 0.3
    assert parity(both, date(2025, 12, 21)).loc["gender: female", "opted_in"] == 0


def test_the_spread_of_start_scores_is_that_of_the_pairs_and_needs_ten_of_them() -> None:
    rng = np.random.default_rng(1)
    pairs = 12
    members = pd.DataFrame({"pair_id": [*range(pairs)] * 2, "arm": ["pilot"] * pairs + ["control"] * pairs})
    members["employee_id"] = [f"p{number}" for number in range(2 * pairs)]
    scores = rng.normal(3, 0.5, (2 * pairs, 2))
    rows = [
        (person, f"c{skill}", pd.Timestamp("2025-12-10"), "start", scores[number, skill])
        for number, person in enumerate(members["employee_id"])
        for skill in (0, 1)
    ]
    rows.append(("p0", "c0", pd.Timestamp("2025-12-01"), "start", 1.0))  # replaced by the later one
    rows.append(("p0", "c0", pd.Timestamp("2025-12-20"), "end", 5.0))
    observations = pd.DataFrame(rows, columns=["employee_id", "competency_id", "observed_on", "wave", "score"])
    differences = scores[:pairs].mean(axis=1) - scores[pairs:].mean(axis=1)
    assert start_score_sd(members, observations) == pytest.approx(differences.std(ddof=1))
    assert start_score_sd(members[members["pair_id"] < 9], observations) is None
