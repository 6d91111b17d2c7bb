"""Odd cohorts, each told in a sentence of its own: what is wrong, how much of it, and nothing about anybody."""

from __future__ import annotations

from collections.abc import Callable

import cohort_company as company
import numpy as np
import pandas as pd
import pytest

from pilot_pipeline.cohort.cohort import form_cohort
from pilot_pipeline.cohort.metric import build_metric
from pilot_pipeline.cohort.workforce import build_workforce
from pilot_pipeline.errors import BadInput

WORKFORCE = build_workforce(company.employees(), company.config(), company.SNAPSHOT)
TEAMS = WORKFORCE[WORKFORCE["role_level"] < 5]
SPREAD = TEAMS["employee_id"].iloc[::5]


def told(people: pd.Series, workforce: pd.DataFrame = WORKFORCE, **cohort: object) -> str:
    try:
        return str(
            form_cohort(workforce, company.enrolments(people), company.consents(people), company.config(**cohort))
        )
    except BadInput as refused:
        return str(refused)


def one_department() -> str:
    return told(TEAMS.loc[TEAMS["department"] == "D0", "employee_id"].head(30))


def two_levels() -> str:
    return told(TEAMS.loc[TEAMS["role_level"] < 4, "employee_id"].iloc[::5].head(30))


def no_shared_manager() -> str:
    return told(SPREAD.head(30), WORKFORCE.assign(manager_id=WORKFORCE["employee_id"]), relax=[])


def no_shared_manager_but_a_unit() -> str:
    return told(SPREAD.head(30), WORKFORCE.assign(manager_id=WORKFORCE["employee_id"]))


def constant_covariate() -> str:
    return told(SPREAD.head(30), WORKFORCE.assign(tenure_years=3.0))


def salary_in_cents_beside_an_age() -> str:
    rng = np.random.default_rng(1)
    people = pd.DataFrame({"age": rng.integers(20, 65, 50), "salary_cents": rng.normal(6e6, 2e6, 50).round()})
    return " ".join(build_metric(people.assign(performance_score=3.0), ["age", "salary_cents"]).notes)


ODD: list[tuple[Callable[[], str], str]] = [
    (lambda: told(SPREAD.head(19)), "19 participants are too few to measure anything: a pilot needs 20 to 50."),
    (lambda: told(SPREAD.head(51)), "51 participants are a rollout, not a pilot: a pilot needs 20 to 50."),
    (one_department, "All participants are in one department; a pilot needs at least 2"),
    (two_levels, "The participants have 2 role levels; a pilot needs 3 to 4."),
    (no_shared_manager, "None of the 30 participants has an admissible control."),
    (no_shared_manager_but_a_unit, "share the business unit instead of the manager."),
    (constant_covariate, "tenure_years is the same for everyone who has one; it cannot balance anything."),
    (salary_in_cents_beside_an_age, "times as much as age, each in its own unit; both were standardised first"),
]


@pytest.mark.parametrize(("odd", "sentence"), ODD)
def test_each_odd_cohort_has_its_own_sentence(odd: Callable[[], str], sentence: str) -> None:
    assert sentence in odd()


def test_the_sentences_are_not_said_of_a_cohort_that_is_not_odd() -> None:
    usual = told(SPREAD.head(30))
    assert not [sentence for _, sentence in ODD if sentence in usual and "business unit" not in sentence]


def test_a_salary_in_cents_weighs_as_much_as_in_euros() -> None:
    rng = np.random.default_rng(2)
    people = pd.DataFrame({"age": rng.integers(20, 65, 60), "salary": rng.normal(6e4, 2e4, 60)})
    people["performance_score"] = 3.0
    cents = people.assign(salary=people["salary"] * 100)
    one, other = (build_metric(frame, ["age", "salary"]).distances(*[np.arange(60)] * 2) for frame in (people, cents))
    assert np.abs(one - other).max() < 1e-9
    assert "salary varies" in build_metric(cents, ["age", "salary"]).notes[0]
