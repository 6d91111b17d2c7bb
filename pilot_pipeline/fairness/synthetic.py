"""Values for synthetic employees, shaped like the real workforce and nobody's own; twins are made in `twins`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from pilot_pipeline.errors import BadInput
from pilot_pipeline.fairness.permutation import Bools, Floats, Ints

JOB = ["role", "role_level", "department"]
"""What an organisation chart shows: kept as it is, so that every role meets the tool."""

FEATURES = [*JOB, "location", "performance_score", "skills", "tenure_years"]
"""What a synthetic employee has beside the protected attributes."""

PROTECTED = ["gender", "ethnicity", "birth_year"]
"""The protected attributes in the columns that are sent; age bands are sent as years of birth."""

DRAWN = ["location", "performance_score", "skills", "tenure_years"]
"""The features that are drawn each by itself, and may go with a protected attribute within a role."""

_STEPS = (1.0, 0.5, 0.25, 0.1)
_ADULT = 18
_YOUNGEST = 14  # a younger employee is an error of the HRIS, not an age band


def age_bands(birth_year: pd.Series[Any], starts_on: date) -> pd.Series[Any]:
    """Return decades of age at `starts_on` ('30-39'), missing where the year of birth is."""
    decade = (starts_on.year - birth_year.astype("Int64")) // 10 * 10
    text = decade.astype("str") + "-" + (decade + 9).astype("str")
    return text.where(birth_year.notna()).astype("str")


@dataclass(frozen=True)
class Workforce:
    """What is taken from the real workforce: sorted attribute values, without ids and without row order.

    `minimum` is the smallest number of people whose values may shape a distribution together.
    """

    people: pd.DataFrame
    starts_on: date
    minimum: int

    def shares(self, column: str) -> pd.Series[float]:
        """Return the shares of a column's values that at least `minimum` people hold, by sorted value."""
        counts = self.people[column].value_counts().sort_index()
        counts = counts[counts >= self.minimum]
        return counts / counts.sum()

    @cached_property
    def coded(self) -> Mapping[str, tuple[Ints, pd.Index[Any]]]:
        """Per text column everybody's code (-1 missing) and the sorted values behind the codes."""
        columns = ["role", "location", "gender", "ethnicity", "age_band"]
        return {name: pd.factorize(self.people[name], sort=True) for name in columns}

    @cached_property
    def skills(self) -> tuple[Bools, NDArray[Any]]:
        """Who names which skill, (people, skills), and the skills' sorted names."""
        held = self.people["skills"].str.split(";").explode().astype("str").str.strip()
        held = held[held.notna() & held.ne("")]
        codes, names = pd.factorize(held, sort=True)
        has = np.zeros((len(self.people), len(names)), dtype=np.bool_)
        has[held.index.to_numpy(), codes] = True
        return has, names.to_numpy(dtype=object)

    def numbers(self, column: str) -> Floats:
        """Return a numeric column as floats, NaN where it is missing."""
        return self.people[column].to_numpy(dtype=np.float64, na_value=np.nan)


def read_workforce(workforce: pd.DataFrame, starts_on: date, minimum: int) -> Workforce:
    """Take from a workforce frame what the synthetic one is shaped by.

    Args:
        workforce: one row per person; needs role, role_level, department and hired_on, uses what else is there.
        starts_on: the day to which tenure and age are reckoned.
        minimum: the smallest group that may be described.

    Raises:
        BadInput: fewer people than `minimum`.
    """
    if len(workforce) < minimum:
        raise BadInput(f"The workforce has {len(workforce)} people; a synthetic one needs at least {minimum}.")
    people = workforce.reindex(columns=[*JOB, "location", "performance_score", "skills", "hired_on", *PROTECTED])
    days = (pd.Timestamp(starts_on) - pd.to_datetime(people.pop("hired_on"))).dt.days
    people["tenure_years"] = (days / 365.25).clip(lower=0)
    for column in ("role", "department", "location", "skills", "gender", "ethnicity"):
        people[column] = people[column].astype("str")
    born = people["birth_year"].astype("Int64")
    people["birth_year"] = born.where(born <= starts_on.year - _YOUNGEST)
    people["performance_score"] = people["performance_score"].astype("float64")
    people["age_band"] = age_bands(people["birth_year"], starts_on)
    people = people.sort_values(list(people.columns), kind="stable", ignore_index=True)
    return Workforce(people, starts_on, minimum)


def draw_jobs(source: Workforce, n: int, rng: Generator) -> pd.DataFrame:
    """Draw role, role_level and department for n synthetic employees from the real joint distribution."""
    jobs = source.people.groupby(JOB, sort=True).size()
    drawn = rng.choice(len(jobs), size=n, p=(jobs / jobs.sum()).to_numpy())
    return jobs.index.to_frame(index=False).iloc[drawn].reset_index(drop=True)


def draw_features(
    source: Workforce,
    keys: pd.DataFrame,
    rng: Generator,
    attribute: str | None = None,
    going_with: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """Draw location, rating, skills and tenure, each by itself, from the people who share the employee's pool.

    A feature's pool is the role. For the features in `going_with` it is the people of the same role *and* the same
    value of `attribute`; where these are fewer than `minimum`, the role; where that is too small, the same value of
    `attribute`; at last the whole workforce.

    Args:
        source: the real workforce's values.
        keys: one row per synthetic employee with its role, and `attribute` where one is given.
        rng: the generator.
        attribute: the protected attribute with which the features in `going_with` go.
        going_with: names in `DRAWN`.

    Returns:
        One row per row of `keys`, in its order. Every value is a smoothed or pooled draw: no row copies a person.
    """
    narrow = [["role"]] if attribute is None else [["role", attribute], ["role"], [attribute]]
    chosen = {name: narrow if name in going_with else [["role"]] for name in DRAWN}
    step, span = _scale(source.numbers("performance_score"))
    rating = np.clip(_smooth(source.numbers("performance_score"), _pools(source, keys, chosen[DRAWN[1]]), rng), *span)
    tenure = _smooth(source.numbers("tenure_years"), _pools(source, keys, chosen["tenure_years"]), rng)
    return pd.DataFrame(
        {
            "location": pd.array(_located(source, _pools(source, keys, chosen["location"]), rng), dtype="str"),
            "performance_score": np.round(np.round(rating / step) * step, 6),
            "skills": pd.array(_skilled(source, _pools(source, keys, chosen["skills"]), rng), dtype="str"),
            "tenure_years": np.round(np.maximum(tenure, 0.1), 1),
        },
        index=keys.index,
    )


def draw_attribute(source: Workforce, column: str, n: int, rng: Generator) -> NDArray[Any]:
    """Draw n values of gender, ethnicity or age_band, independent of everything; missing where no group is large."""
    shares = source.shares(column)
    if shares.empty:
        return np.full(n, None, dtype=object)
    return rng.choice(shares.index.to_numpy(dtype=object), size=n, p=shares.to_numpy())


def draw_birth_years(bands: NDArray[Any], starts_on: date, rng: Generator) -> Floats:
    """Draw a year of birth within each age band, evenly; NaN for a missing band."""
    codes, names = pd.factorize(bands)
    decades = np.array([float(str(name).split("-")[0]) for name in names] + [np.nan])
    ages = np.maximum(decades[codes] + rng.integers(0, 10, size=len(bands)), _ADULT)
    return np.asarray(starts_on.year - ages, dtype=np.float64)


def believable_tenure(tenure: Floats, youngest: Floats, starts_on: date) -> Floats:
    """Cap tenure at the working life of the set's youngest (by year of birth), so that no row looks impossible."""
    working_life = np.nan_to_num(starts_on.year - youngest - _ADULT, nan=80.0)
    return np.asarray(np.round(np.minimum(tenure, np.maximum(working_life, 0.1)), 1), dtype=np.float64)


@dataclass(frozen=True)
class _Pools:
    """Which synthetic rows are drawn from which people: per pool the rows and the people's positions."""

    n: int
    parts: tuple[tuple[Ints, Ints], ...]

    def __iter__(self) -> Iterator[tuple[Ints, Ints]]:
        return iter(self.parts)


def _pools(source: Workforce, keys: pd.DataFrame, pools: list[list[str]]) -> _Pools:
    """Give every row of `keys` the first of its pools, narrow to wide, that has at least `minimum` people."""
    codes = {name: source.coded[name][1].get_indexer(pd.Index(keys[name])) for columns in pools for name in columns}
    together = np.column_stack([codes[name] for name in pools[0]])
    values, which = np.unique(together, axis=0, return_inverse=True)
    parts = []
    for number, value in enumerate(values):
        wanted = dict(zip(pools[0], value, strict=True))
        parts.append((np.flatnonzero(which == number), _people_of(source, wanted, pools)))
    return _Pools(len(keys), tuple(parts))


def _people_of(source: Workforce, wanted: Mapping[str, int], pools: list[list[str]]) -> Ints:
    for columns in pools:
        same = np.ones(len(source.people), dtype=np.bool_)
        for name in columns:
            same &= (source.coded[name][0] == wanted[name]) & (wanted[name] >= 0)
        if same.sum() >= source.minimum:
            return np.flatnonzero(same)
    return np.arange(len(source.people))


def _smooth(values: Floats, pools: _Pools, rng: Generator) -> Floats:
    """Draw from kernel densities that keep mean and variance (Silverman 1986, section 6.4.1) and missing shares."""
    chance, noise, missed = rng.random(pools.n), rng.standard_normal(pools.n), rng.random(pools.n)
    drawn = np.full(pools.n, np.nan)
    for rows, members in pools:
        pool = values[members]
        known = pool[~np.isnan(pool)]
        if len(known) == 0:
            continue
        mean, spread = known.mean(), known.std()
        width = 1.06 * len(known) ** -0.2
        picked = known[(chance[rows] * len(known)).astype(np.intp)]
        smooth = mean + (picked - mean + width * spread * noise[rows]) / np.sqrt(1 + width**2)
        drawn[rows] = np.where(missed[rows] < 1 - len(known) / len(pool), np.nan, smooth)
    return drawn


def _scale(ratings: Floats) -> tuple[float, tuple[float, float]]:
    """Return the step and the span of the ratings, so that synthetic ones look like ratings."""
    known = ratings[~np.isnan(ratings)]
    if len(known) == 0:
        return 1.0, (0.0, 0.0)
    step = next((step for step in _STEPS if np.allclose(known / step, np.round(known / step), atol=1e-6)), 0.1)
    return step, (float(known.min()), float(known.max()))


def _located(source: Workforce, pools: _Pools, rng: Generator) -> NDArray[Any]:
    """Draw places by their share in the pool; a place that fewer than `minimum` people of it share is left out."""
    codes, names = source.coded["location"]
    chance = rng.random(pools.n)
    drawn = np.full(pools.n, -1, dtype=np.intp)
    for rows, members in pools:
        counts = np.bincount(codes[members][codes[members] >= 0], minlength=len(names))
        counts = np.where(counts >= source.minimum, counts, 0)
        if counts.any():
            drawn[rows] = np.searchsorted(np.cumsum(counts) / counts.sum(), chance[rows], side="right")
    return np.array([*names, None], dtype=object)[drawn]


def _skilled(source: Workforce, pools: _Pools, rng: Generator) -> list[str | None]:
    """Draw each skill by its share in the pool; a skill that fewer than `minimum` people of it name is left out."""
    has, names = source.skills
    share = np.zeros((pools.n, len(names)), dtype=np.float64)
    for rows, members in pools:
        counts = has[members].sum(axis=0)
        share[rows] = np.where(counts >= source.minimum, counts, 0) / len(members)
    drawn = rng.random(share.shape) < share
    return [";".join(names[row]) or None for row in drawn]
