"""What an audit of this size would have seen: the power for severe steering, simulated; it looks at no verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from pilot_pipeline.fairness.groups import OTHER, Grouping
from pilot_pipeline.fairness.permutation import (
    Bools,
    Floats,
    Ints,
    Panel,
    p_matrix,
    permutations,
    residuals,
    statistics,
)

SEVERE = ((0.60, 0.05), (0.10, 0.55))
"""Severe steering: chances of two pathways for the steered group, and for everyone else (the rest is even)."""

_PERMUTATIONS = 16
_FULL_CORRELATION = 0.98
_TWIN_SETS = 400


def within_person_correlation(counts: Floats, strata: Ints) -> float:
    """Estimate how alike one person's first choices are beyond the role's (0 independent, 1 always the same).

    Method of moments: chance that two of a person's choices agree, against two of different people of the role.
    Without repeated choices it is 1, which is also the careful assumption.
    """
    total = counts.sum(axis=1)
    often = total > 1
    if not often.any():
        return 1.0
    pairs = (counts * (counts - 1)).sum(axis=1)[often] / (total * (total - 1))[often]
    sums = np.zeros((int(strata.max()) + 1, counts.shape[1]))
    np.add.at(sums, strata, counts)
    own = np.bincount(strata, weights=(counts**2).sum(axis=1), minlength=len(sums))
    alone = np.bincount(strata, weights=total**2, minlength=len(sums))
    across = (sums**2).sum(axis=1) - own
    possible = sums.sum(axis=1) ** 2 - alone
    if possible.sum() <= 0:
        return 1.0
    by_chance = across.sum() / possible.sum()
    return float(np.clip((pairs.mean() - by_chance) / max(1 - by_chance, 1e-9), 0.0, 1.0))


def steering_power(
    groups: tuple[Grouping, ...],
    panel: Panel,
    counts: Floats,
    *,
    alpha: float,
    simulations: int,
    rng: Generator,
) -> pd.DataFrame:
    """Simulate, for each testable group, the chance that severe steering of that group is found.

    People, roles, groups and the number of first choices are those observed; only the choices are drawn, with the
    within-person correlation observed. The family-wise threshold is pooled over the simulated data sets.

    Returns:
        attribute, group_value, power; one row per testable group.
    """
    seen = counts.sum(axis=1) > 0
    rho = within_person_correlation(counts, panel.strata)
    rows = []
    for index, grouping in enumerate(groups):
        for group in grouping.tested:
            steered = grouping.labels.eq(group).to_numpy()
            outcome = _draw(steered, counts.sum(axis=1), counts.shape[1], rho=rho, simulations=simulations, rng=rng)
            outcome[~seen] = np.nan
            rows.append((grouping.attribute, group, _found(panel, outcome, index, alpha, rng)))
    return pd.DataFrame(rows, columns=["attribute", "group_value", "power"])


def weakest_power(power: pd.DataFrame) -> dict[str, float]:
    """Return each attribute's smallest power over its groups; the pool "other" counts only where nothing else is."""
    named = power[power["group_value"].ne(OTHER) | ~power["attribute"].duplicated(keep=False)]
    return {str(name): float(value) for name, value in named.groupby("attribute")["power"].min().items()}


def _draw(steered: Bools, total: Floats, pathways: int, *, rho: float, simulations: int, rng: Generator) -> Floats:
    """Draw shares (N, simulations, pathways): Dirichlet-multinomial, first two pathways steered."""
    centre = np.repeat(severe_chances(pathways)[np.where(steered, 0, 1)][:, None, :], simulations, axis=1)
    n = total.astype(np.int64)[:, None]
    if rho > _FULL_CORRELATION:
        return rng.multinomial(1, centre).astype(np.float64)
    if rho > 0.01:
        centre = rng.standard_gamma(centre * (1 - rho) / rho) + 1e-12
        centre /= centre.sum(axis=-1, keepdims=True)
    return rng.multinomial(n, centre) / np.maximum(n, 1)[..., None]


def _found(panel: Panel, outcome: Floats, attribute: int, alpha: float, rng: Generator) -> float:
    """Return the share of simulated data sets in which the attribute's adjusted p is at most alpha."""
    residual = residuals(outcome, panel.strata)
    drawn = statistics(panel, residual, permutations(panel.strata, _PERMUTATIONS + 1, rng))
    null = drawn[1:].reshape(-1, drawn.shape[-1])
    threshold = np.quantile(p_matrix(null).min(axis=1), alpha)
    column = np.sort(null[:, attribute])
    p = 1 - np.searchsorted(column, drawn[0, :, attribute], side="left") / len(column)
    return float((p <= threshold).mean())


def twin_power(groups: list[tuple[str, Grouping]], pathways: int, alpha: float, rng: Generator) -> pd.DataFrame:
    """Simulate the same for twin sets, of which at most 400 per attribute are used: the figure is a lower bound.

    Args:
        groups: (attribute, grouping of 2 × sets rows, set by set).
        pathways: how many there are.
        alpha: family-wise level, here shared by Bonferroni.
        rng: the generator.
    """
    rows = []
    for attribute, grouping in groups:
        member = grouping.onehot.reshape(-1, 2, len(grouping.tested))
        for column, group in enumerate(grouping.tested):
            concerned = min(int(member[:, :, column].any(axis=1).sum()), _TWIN_SETS)
            rows.append((attribute, group, _twins_found(concerned, pathways, alpha / len(groups), rng)))
    return pd.DataFrame(rows, columns=["attribute", "group_value", "power"])


def _twins_found(sets: int, pathways: int, alpha: float, rng: Generator) -> float:
    """Return the share of 100 drawn answers to these sets whose ΣZ² is beyond that of flipped ones."""
    chances = severe_chances(pathways)
    steered, others = (rng.multinomial(1, chance, size=(100, sets)).astype(np.float64) for chance in chances)
    half = (steered - others) / 2
    precision = 1 / np.maximum((half**2).sum(axis=1), 1e-12)
    seen = (half.sum(axis=1) ** 2 * precision).sum(axis=-1)
    signs = rng.integers(0, 2, size=(_PERMUTATIONS, sets)) * 2.0 - 1.0
    null = ((signs @ half) ** 2 * precision[:, None, :]).sum(axis=-1)
    return float((seen > np.quantile(null, 1 - alpha)).mean())


def severe_chances(pathways: int) -> Floats:
    """Return the chances of every pathway for the steered (row 0) and for the others (row 1)."""
    chances = np.full((2, pathways), (1 - sum(SEVERE[0])) / max(pathways - 2, 1))
    chances[:, :2] = SEVERE
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))
