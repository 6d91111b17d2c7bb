"""Counterfactual twins: synthetic employees that differ in one protected attribute; judging answers is `audit`."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.fairness.association import going_with
from pilot_pipeline.fairness.synthetic import (
    FEATURES,
    PROTECTED,
    Workforce,
    age_bands,
    believable_tenure,
    draw_attribute,
    draw_birth_years,
    draw_features,
    draw_jobs,
    read_workforce,
)

SENT = ["synthetic_id", *FEATURES, *PROTECTED]
"""The columns that the tool receives."""

COLUMNS = ["synthetic_id", "twin_id", *FEATURES, *PROTECTED, "attribute"]
"""The columns of a twins frame; `attribute` says what the set varies, `none` for A/A twins."""

AA = "none"
AA_SHARE = 0.2
_TYPES = {
    **dict.fromkeys(["synthetic_id", "twin_id", "role", "department", "location", "skills"], "str"),
    **dict.fromkeys(["gender", "ethnicity", "attribute"], "str"),
    **dict.fromkeys(["role_level", "birth_year"], "Int64"),
    **dict.fromkeys(["performance_score", "tenure_years"], "float64"),
}


def make_twins(workforce: pd.DataFrame, config: PilotConfig) -> pd.DataFrame:
    """Make the twin sets of every protected attribute, shuffled, two rows each.

    Of `fairness.twins` sets per attribute a fifth are A/A twins, identical but for their id, which measure the
    tool's own randomness. The rest differ in the attribute alone; each pair of values comes equally often. An
    attribute of which the workforce has no two groups of `privacy.min_group_size` gets no sets, and the audit then
    calls it not testable.

    Args:
        workforce: one row per person, from `build_workforce`. Neither ids nor row order have any influence.
        config: `cohort.seed` seeds the draw.

    Returns:
        `COLUMNS`; deterministic. `synthetic_id` is addressed by content, so that answers to other twins do not join.

    Raises:
        BadInput: the workforce is smaller than the minimum group size.
    """
    source = read_workforce(workforce, config.pilot.starts_on, config.privacy.min_group_size)
    rng = np.random.default_rng([config.cohort.seed, 1])
    sets = pd.concat([_sets(source, name, config.fairness.twins, rng) for name in config.fairness.attributes])
    return _finish(sets, rng)


def make_population(workforce: pd.DataFrame, config: PilotConfig) -> pd.DataFrame:
    """Make the second population, whose other features go with the attribute as they do in the real workforce.

    A tool that never reads gender, but something that goes with it within a role (location, skills, rating,
    tenure), treats twins alike and this population differently: proxy bias. A feature follows the attribute only
    where it does so beyond chance among the real people (`association`), and not where it was declared a fair reason
    (`fairness.legitimate`). One part per attribute, of `fairness.twins` single rows each; `twin_id` is that of a set
    of one, and `attribute` says what varies.
    """
    source = read_workforce(workforce, config.pilot.starts_on, config.privacy.min_group_size)
    rng = np.random.default_rng([config.cohort.seed, 2])
    attributes = [name for name in config.fairness.attributes if len(source.shares(name)) > 1]
    if not attributes:
        return pd.DataFrame(columns=COLUMNS).astype(_TYPES)
    follow = going_with(source, attributes, rng)
    fair = frozenset(config.fairness.legitimate)
    parts = [_correlated(source, name, follow[name] - fair, config.fairness.twins, rng) for name in attributes]
    return _finish(pd.concat(parts), rng)


def for_tool(twins: pd.DataFrame) -> pd.DataFrame:
    """Return what is sent to the tool, in the order of sending: neither twin_id nor what the set varies."""
    return twins[SENT].reset_index(drop=True)


def group_values(twins: pd.DataFrame, attribute: str, starts_on: date) -> pd.Series[Any]:
    """Return each row's value of a protected attribute; age bands are read from the year of birth."""
    return age_bands(twins["birth_year"], starts_on) if attribute == "age_band" else twins[attribute]


def _sets(source: Workforce, attribute: str, n: int, rng: Generator) -> pd.DataFrame:
    """Return 2 × n rows: the attribute's twin sets and their share of A/A sets."""
    values = source.shares(attribute).index.to_numpy(dtype=object)
    same = int(np.ceil(n * AA_SHARE)) if len(values) > 1 else 0
    varied = n - same if len(values) > 1 else 0
    base = _base(source, same + varied, rng)
    first, second = base.copy(), base.copy()
    for rows, drawn in zip((first, second), _value_pairs(values, varied, rng), strict=True):
        rows[attribute] = np.append(drawn, base[attribute].to_numpy(dtype=object)[varied:])
    _add_birth_years(first, second, source.starts_on, rng)
    both = pd.concat([first, second], keys=[0, 1], names=["twin", "set"]).reset_index()
    both["attribute"] = np.where(both["set"] < varied, attribute, AA)
    both["set"] = attribute + "/" + both["set"].astype("str")
    return both


def _base(source: Workforce, n: int, rng: Generator) -> pd.DataFrame:
    """Return n synthetic employees whose protected attributes are independent of everything else."""
    jobs = draw_jobs(source, n, rng)
    people = pd.concat([jobs, draw_features(source, jobs, rng)], axis=1)
    for name in ("gender", "ethnicity", "age_band"):
        people[name] = draw_attribute(source, name, n, rng)
    return people


def _correlated(source: Workforce, attribute: str, follow: frozenset[str], n: int, rng: Generator) -> pd.DataFrame:
    """Return n synthetic employees whose features in `follow` are those of their own role *and* group."""
    people = draw_jobs(source, n, rng)
    for name in ("gender", "ethnicity", "age_band"):
        people[name] = draw_attribute(source, name, n, rng)
    people = pd.concat([people, draw_features(source, people, rng, attribute, follow)], axis=1)
    _add_birth_years(people, people, source.starts_on, rng)
    people["set"] = attribute + "/population/" + people.index.astype("str")
    return people.assign(attribute=attribute, twin=0)


def _value_pairs(values: NDArray[Any], n: int, rng: Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return n pairs of different values: every unordered pair equally often, in random order."""
    if n == 0:
        return np.empty(0, dtype=object), np.empty(0, dtype=object)
    one, other = np.triu_indices(len(values), k=1)
    which = np.resize(np.arange(len(one)), n)
    turned = rng.random(n) < 0.5
    left, right = values[one[which]], values[other[which]]
    return np.where(turned, right, left), np.where(turned, left, right)


def _add_birth_years(first: pd.DataFrame, second: pd.DataFrame, starts_on: date, rng: Generator) -> None:
    """Give twins one year of birth, or, where age is what varies, one per band; cap tenure at the working life."""
    bands = [rows["age_band"].to_numpy(dtype=object) for rows in (first, second)]
    born, other = (draw_birth_years(band, starts_on, rng) for band in bands)
    other = np.where(bands[0] == bands[1], born, other)
    youngest = np.fmax(born, other)
    for rows, year in ((first, born), (second, other)):
        rows["birth_year"] = pd.array(year, dtype="Float64").astype("Int64")
        rows["tenure_years"] = believable_tenure(rows["tenure_years"].to_numpy(), youngest, starts_on)


def _finish(rows: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Name sets and rows by content, shuffle, and put columns and types in order."""
    rows = rows.reset_index(drop=True)
    typed = rows[[*FEATURES, *PROTECTED]].astype({name: _TYPES[name] for name in (*FEATURES, *PROTECTED)})
    cells = zip(range(len(rows)), *(typed[name].to_list() for name in typed), strict=True)
    frame = typed.assign(
        synthetic_id=["s_" + _digest(repr(cell)) for cell in cells],
        twin_id=["t_" + _digest(name) for name in rows["set"]],
        attribute=rows["attribute"],
    )
    frame = frame[COLUMNS].astype(_TYPES)
    return frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
