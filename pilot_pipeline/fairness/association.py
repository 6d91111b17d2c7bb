"""Which features go with a protected attribute in the real workforce, beyond chance; drawing by them is `synthetic`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.random import Generator

from pilot_pipeline.fairness.family import one_look
from pilot_pipeline.fairness.permutation import Floats, Ints, Panel, group_squares, permuted_groups, residuals, rounded
from pilot_pipeline.fairness.synthetic import DRAWN, Workforce

BEYOND_CHANCE = 0.01
"""Family-wise level at which a feature is said to go with an attribute."""

_PERMUTATIONS = 1999


def going_with(source: Workforce, attributes: Sequence[str], rng: Generator) -> dict[str, frozenset[str]]:
    """Return, per attribute, the features in `DRAWN` that go with it within roles, beyond chance.

    Thousands of synthetic employees drawn from a role's dozen women would carry every accident of that dozen, and any
    tool that reads a rating or a place would then seem to steer. So a feature follows the attribute only where the
    real people show that it does: permutation omnibus within roles, one family over all features and attributes.

    Source: Westfall and Young (1993), min-p, as in every audit here.
    """
    measured = {name: _measured(source, name) for name in DRAWN}
    usable = [name for name in DRAWN if measured[name].shape[1]]
    pairs = [(attribute, name) for attribute in attributes for name in usable]
    if not pairs:
        return {attribute: frozenset() for attribute in attributes}
    width = np.cumsum([measured[name].shape[1] for name in usable])[:-1]
    strata = source.coded["role"][0].astype(np.intp)
    residual = residuals(np.column_stack([measured[name] for name in usable]), strata)
    stats = [_omnibus(source, attribute, strata, residual, width, rng) for attribute in attributes]
    q = one_look(np.concatenate(stats, axis=1)).q
    found = {pair for pair, value in zip(pairs, q, strict=True) if value <= BEYOND_CHANCE}
    return {attribute: frozenset(name for name in usable if (attribute, name) in found) for attribute in attributes}


def _measured(source: Workforce, feature: str) -> Floats:
    """Return a feature as columns (people, …): one per place or skill that enough people share, or the number."""
    if feature == "skills":
        has = source.skills[0]
        return has[:, has.sum(axis=0) >= source.minimum].astype(np.float64)
    if feature == "location":
        codes, names = source.coded["location"]
        onehot = (codes[:, None] == np.arange(len(names))[None]).astype(np.float64)
        return np.asarray(onehot[:, onehot.sum(axis=0) >= source.minimum])
    return _filled(source, feature)


def _filled(source: Workforce, feature: str) -> Floats:
    """Return a number per person as one column; a missing one is its role's mean, which says nothing in the test.

    A feature that a whole role lacks gets the workforce's mean there; one that everybody lacks gives no column.
    """
    known = pd.Series(source.numbers(feature))
    if known.isna().all():
        return np.empty((len(known), 0), dtype=np.float64)
    filled = known.fillna(known.groupby(source.coded["role"][0]).transform("mean")).fillna(known.mean())
    return np.asarray(filled, dtype=np.float64)[:, None]


def _omnibus(source: Workforce, attribute: str, strata: Ints, residual: Floats, width: Ints, rng: Generator) -> Floats:
    """Return ΣZ² (permutations, features) of one attribute; row 0 is the data."""
    values = source.shares(attribute).index
    groups = values.get_indexer(pd.Index(source.people[attribute]))
    onehot = (groups[:, None] == np.arange(len(values))[None]).astype(np.float64)
    moved = permuted_groups(groups, strata, _PERMUTATIONS + 1, rng)
    squared = group_squares(Panel(strata, onehot, ()), residual, moved)
    return rounded(np.column_stack([part.sum(axis=1) for part in np.split(squared, width, axis=1)]))
