"""How strong a hidden difference between volunteers and others would have to be to explain an effect away."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pilot_pipeline.kpis.intervals import FloatArray

LARGEST_GAMMA = 100.0
"""No hidden cause is stronger than this; an effect that survives it is said to."""
_RISK_PER_SD = 0.91
_TIE = 1e-9


def e_value(effect: float, sd: float) -> float:
    """Return the E-value of a difference between arms: the risk ratio that a hidden cause would need on both sides.

    `effect` and `sd` (of the outcome among people) share a unit; a difference of no benefit has E-value 1. Source:
    VanderWeele & Ding 2017 (Annals of Internal Medicine 167), with their approximation for a standardised difference.
    """
    ratio = math.exp(_RISK_PER_SD * max(effect, 0.0) / sd)
    return ratio + math.sqrt(ratio * (ratio - 1))


def rosenbaum_gamma(sums: npt.ArrayLike, alpha: float) -> float:
    """Return the smallest odds by which a hidden cause could favour one side of a unit so that p may exceed alpha.

    Args:
        sums: differences per unit (a cluster's sum), shape (units,), at most 20 that are not zero.
        alpha: one-sided.

    Returns:
        Gamma of at least 1, up to `LARGEST_GAMMA`. At Gamma each unit's sign is positive with a chance of up to
        Gamma / (1 + Gamma), instead of one half; the worst case is that chance everywhere.

    Source: Rosenbaum 2002, Observational Studies, section 4.3; computed exactly over all sign patterns.
    """
    sizes = np.abs(np.asarray(sums, dtype=np.float64))
    seen = float(np.sum(np.asarray(sums, dtype=np.float64)))
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return 1.0
    reached = _patterns_by_plus(sizes, seen)
    low, high = 1.0, LARGEST_GAMMA
    if _worst_p(reached, low) > alpha:
        return low
    if _worst_p(reached, high) <= alpha:
        return high
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _worst_p(reached, middle) <= alpha else (low, middle)
    return low


def _patterns_by_plus(sizes: FloatArray, seen: float) -> FloatArray:
    """Return, per number of positive units, how many sign patterns sum up to at least what was seen."""
    totals, plus = np.zeros(1), np.zeros(1, dtype=np.int64)
    for size in sizes:
        totals, plus = np.concatenate([totals + size, totals - size]), np.concatenate([plus + 1, plus])
    extreme = totals >= seen - _TIE * float(sizes.sum())
    return np.bincount(plus[extreme], minlength=sizes.size + 1).astype(np.float64)


def _worst_p(reached: FloatArray, gamma: float) -> float:
    units = reached.size - 1
    plus = np.arange(units + 1)
    return float(np.sum(reached * np.exp(plus * math.log(gamma) - units * math.log1p(gamma))))
