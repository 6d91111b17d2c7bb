"""Boundaries for looking every week without raising the false-alarm rate; the close-out does not use them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import optimize, stats

from pilot_pipeline.kpis.intervals import FloatArray, Interval

FIRST_LOOK = 4
"""The first week in which an interim look is taken."""


def obrien_fleming_spent(information: float, alpha: float = 0.05) -> float:
    """Return the two-sided error spent at an information fraction (Lan & DeMets 1983, O'Brien-Fleming type)."""
    return float(2 * stats.norm.sf(stats.norm.isf(alpha / 2) / np.sqrt(information)))


@lru_cache(maxsize=64)
def boundaries(information: tuple[float, ...], alpha: float = 0.05) -> tuple[float, ...]:
    """Return the two-sided z boundary of each look.

    Args:
        information: increasing fractions, the last at most 1.
        alpha: two-sided error over all looks.

    The density of the score process inside the boundaries is carried from look to look by Gauss-Legendre quadrature
    (Armitage, McPherson & Rowe 1969). Weeks 4 to 12 of 12 give 3.39, 3.07, 2.83, 2.64, 2.50, 2.38, 2.29, 2.21, 2.14.
    """
    found: list[float] = []
    nodes, weights = np.polynomial.legendre.leggauss(200)
    inside, density, before, spent = np.zeros(1), np.ones(1), 0.0, 0.0
    for now in information:
        step = np.sqrt(now - before)
        target = obrien_fleming_spent(now, alpha) - spent
        bound = float(optimize.brentq(_excess, 0.0, 12.0, args=(inside, density, step, target), xtol=1e-12))
        found.append(bound / float(np.sqrt(now)))
        grid = bound * nodes
        # Weights are folded into the density, so that an integral over the grid is a plain sum.
        density = bound * weights * (stats.norm.pdf((grid[:, None] - inside) / step) / step @ density)
        inside, before, spent = grid, now, spent + target
    return tuple(found)


def weekly_boundary(week: int, weeks: int, alpha: float = 0.05) -> float | None:
    """Return the z boundary of the look at a week, information being week / weeks; None before the first look."""
    if not FIRST_LOOK <= week <= weeks:
        return None
    looks = tuple(look / weeks for look in range(FIRST_LOOK, weeks + 1))
    return boundaries(looks, alpha)[week - FIRST_LOOK]


def repeated_interval(
    estimate: float, error: float, df: int, week: int, weeks: int, *, alpha: float = 0.05
) -> Interval | None:
    """Return the interim interval of an effect: the boundary's nominal p applied to the t statistic.

    Args:
        estimate: the effect so far; error: its standard error between clusters, in the same unit.
        error: see above.
        df: clusters - 1.
        week: the look; weeks: the pilot's length.
        weeks: see above.
        alpha: two-sided error over all looks together.

    Each look estimates the spread anew, which the boundaries of a known spread do not count: nine looks at k clusters
    alarm falsely about 1 + 1/k times too often (simulated, `docs/error-rates.md`), so that part is not spent.

    Source: repeated confidence intervals, Jennison & Turnbull 1989. None before the first look or without any df.
    """
    if df < 1:
        return None
    boundary = weekly_boundary(week, weeks, alpha * df / (df + 1))
    if boundary is None:
        return None
    half = float(stats.t.isf(stats.norm.sf(boundary), df)) * error
    return Interval(estimate - half, estimate + half)


def _excess(bound: float, inside: FloatArray, density: FloatArray, step: float, target: float) -> float:
    """Return by how much the chance of leaving (-bound, bound) at this look exceeds what it may spend."""
    leaving = stats.norm.sf((bound - inside) / step) + stats.norm.cdf((-bound - inside) / step)
    return float(leaving @ density - target)
