"""A synthetic workforce shaped like the real one, with nobody real in it; pairing it into twins is `twins`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from pilot_pipeline.errors import BadInput

JOB = ["role", "role_level", "department"]
"""What an organisation chart shows: kept as it is, so that every role meets the tool."""

FEATURES = [*JOB, "location", "performance_score", "skills", "tenure_years"]
"""What a synthetic employee has beside the protected attributes."""

PROTECTED = ["gender", "ethnicity", "birth_year"]
"""The protected attributes in the columns that are sent; age bands are sent as years of birth."""

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
    source: Workforce, keys: pd.DataFrame, rng: Generator, pools: list[list[str]] | None = None
) -> pd.DataFrame:
    """Draw location, rating, skills and tenure, each by itself, from the people who share the employee's pool.

    Args:
        source: the real workforce's values.
        keys: one row per synthetic employee with the columns that `pools` names.
        rng: the generator.
        pools: column lists from narrow to wide; the first whose people are at least `minimum` is drawn from, at
            last the whole workforce. Default: the role.

    Returns:
        One row per row of `keys`, in its order. Every value is a smoothed or pooled draw: no row copies a person.
    """
    pools = pools or [["role"]]
    types = {"location": "str", "performance_score": "float64", "skills": "str", "tenure_years": "float64"}
    drawn = pd.DataFrame(index=keys.index, columns=list(types)).astype(types)
    step, span = _scale(source.people["performance_score"])
    groups = keys.groupby(pools[0], sort=True, dropna=False).indices
    for values in sorted(groups, key=str):
        rows = groups[values]
        pool = _pool(source, keys.iloc[rows[0]], pools)
        n = len(rows)
        rating = np.clip(_smooth(pool["performance_score"], n, rng), *span)
        drawn.iloc[rows, 0] = _located(pool, source.minimum, n, rng)
        drawn.iloc[rows, 1] = np.round(np.round(rating / step) * step, 6)
        drawn.iloc[rows, 2] = _skilled(pool, source.minimum, n, rng)
        drawn.iloc[rows, 3] = np.round(np.maximum(_smooth(pool["tenure_years"], n, rng), 0.1), 1)
    return drawn


def draw_attribute(source: Workforce, column: str, n: int, rng: Generator) -> NDArray[Any]:
    """Draw n values of gender, ethnicity or age_band, independent of everything; missing where no group is large."""
    shares = source.shares(column)
    if shares.empty:
        return np.full(n, None, dtype=object)
    return rng.choice(shares.index.to_numpy(dtype=object), size=n, p=shares.to_numpy())


def draw_birth_years(bands: NDArray[Any], starts_on: date, rng: Generator) -> pd.Series[int]:
    """Draw a year of birth within each age band, evenly; missing for a missing band."""
    decade = pd.Series(bands, dtype="str").str.split("-").str[0].astype("Int64")
    age = (decade + rng.integers(0, 10, size=len(bands))).clip(lower=_ADULT)
    return starts_on.year - age


def believable_tenure(tenure: pd.Series[float], youngest: pd.Series[Any], starts_on: date) -> pd.Series[float]:
    """Cap tenure at the working life of the set's youngest (by year of birth), so that no row looks impossible."""
    working_life = (starts_on.year - youngest.astype("Float64") - _ADULT).fillna(80).astype("float64")
    return tenure.clip(upper=working_life.clip(lower=0.1)).round(1)


def _pool(source: Workforce, key: pd.Series[Any], pools: list[list[str]]) -> pd.DataFrame:
    for columns in pools:
        same = pd.Series(True, index=source.people.index)
        for column in columns:
            same &= source.people[column].eq(key[column])
        if int(same.sum()) >= source.minimum:
            return source.people[same]
    return source.people


def _smooth(values: pd.Series[float], n: int, rng: Generator) -> NDArray[np.float64]:
    """Draw from a kernel density that keeps mean and variance (Silverman 1986, section 6.4.1); keeps missing shares."""
    known = values.dropna().to_numpy(dtype=np.float64)
    missing = rng.random(n) < values.isna().mean()
    noise = rng.standard_normal(n)
    if len(known) == 0:
        return np.full(n, np.nan)
    mean, spread = known.mean(), known.std()
    width = 1.06 * len(known) ** -0.2
    drawn = mean + (rng.choice(known, size=n) - mean + width * spread * noise) / np.sqrt(1 + width**2)
    return np.where(missing, np.nan, drawn)


def _scale(ratings: pd.Series[float]) -> tuple[float, tuple[float, float]]:
    """Return the step and the span of the ratings, so that synthetic ones look like ratings."""
    known = ratings.dropna().to_numpy(dtype=np.float64)
    if len(known) == 0:
        return 1.0, (0.0, 0.0)
    step = next((step for step in _STEPS if np.allclose(known / step, np.round(known / step), atol=1e-6)), 0.1)
    return step, (float(known.min()), float(known.max()))


def _located(pool: pd.DataFrame, minimum: int, n: int, rng: Generator) -> NDArray[Any]:
    counts = pool["location"].value_counts().sort_index()
    counts = counts[counts >= minimum]
    if counts.empty:
        return np.full(n, None, dtype=object)
    return rng.choice(counts.index.to_numpy(dtype=object), size=n, p=(counts / counts.sum()).to_numpy())


def _skilled(pool: pd.DataFrame, minimum: int, n: int, rng: Generator) -> list[str | None]:
    """Draw each skill by its share in the pool; a skill that fewer than `minimum` people name is left out."""
    held = pool["skills"].str.split(";").explode().str.strip()
    counts = held[held.notna() & held.ne("")].value_counts().sort_index()
    counts = counts[counts >= minimum]
    has = rng.random((n, len(counts))) < (counts / len(pool)).to_numpy()
    names = counts.index.to_numpy(dtype=object)
    return [";".join(names[row]) or None for row in has]
