"""Which effects a cohort of this size would find; what that means for each KPI, in words, is `detectable`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MANAGER_SD = 0.3  # spread of the effect between managers, in SDs of a pair difference, as simulated for the rule
POWER = 0.8
_FEW_CLUSTERS = 10
_DRAWS, _BATCH = 20_000, 1_000
LARGEST_EFFECT = 100.0  # in SDs; no cohort needs one as large as this


def mde(
    n_pairs: int,
    n_clusters: int,
    sd_pair: float,
    alpha: float,
    power: float = POWER,
    *,
    manager_sd: float = MANAGER_SD,
    cluster_sizes: Sequence[int] | None = None,
) -> float:
    """Return the smallest mean pair difference that the cluster-level test finds with this power.

    Args:
        n_pairs, n_clusters: complete pairs, and the judging clusters that hold them.
        sd_pair: SD of a pair difference within a cluster, in the KPI's unit; the answer has the same unit.
        alpha: one-sided.
        manager_sd: SD of the effect between clusters, in units of `sd_pair`.
        cluster_sizes: pairs per cluster; default: as equal as possible.

    Returns:
        The effect, or infinity where no result can be significant (2^−clusters > alpha).
    """
    from scipy.optimize import brentq

    sizes = cluster_sizes if cluster_sizes is not None else even_sizes(n_pairs, n_clusters)
    if math.floor(alpha * 2**n_clusters) == 0:
        return math.inf
    return sd_pair * float(
        brentq(lambda d: power_of(d, sizes, alpha, manager_sd=manager_sd) - power, 0.0, LARGEST_EFFECT)
    )


def power_of(effect: float, cluster_sizes: Sequence[int], alpha: float, *, manager_sd: float = MANAGER_SD) -> float:
    """Return the chance that the sign-flip test of cluster sums finds an effect, given in SDs of a pair difference.

    As the exact test has 2^clusters outcomes, alpha is rounded down to the level that it can attain. Where only the one
    best outcome is significant (five clusters at 5 %), the power is exactly the chance that every cluster's sum is
    positive; up to ten clusters it is that of 20,000 fixed draws; above, the test is as good as a t test: noncentral t
    on clusters − 1 degrees of freedom, its variance with the design effect. Held against simulation in
    `benchmarks/power.py`.
    """
    from scipy.stats import nct, norm, t

    sizes = np.array(cluster_sizes, dtype=np.float64)
    outcomes = math.floor(alpha * 2 ** len(sizes))
    if outcomes == 0:
        return 0.0
    if outcomes == 1:
        return float(norm.cdf(effect * sizes / np.sqrt(sizes + (sizes * manager_sd) ** 2)).prod())
    if len(sizes) <= _FEW_CLUSTERS:
        thresholds = _thresholds(tuple(sorted(cluster_sizes)), outcomes, manager_sd)
        return float(np.searchsorted(thresholds, effect, side="right") / len(thresholds))
    spread = (1 + manager_sd**2) * design_effect(cluster_sizes, manager_sd) / sizes.sum()
    freedom = len(sizes) - 1
    critical = float(t.isf(outcomes / 2 ** len(sizes), freedom))
    return float(nct.sf(critical, freedom, effect / math.sqrt(spread)))


@lru_cache(maxsize=64)
def _thresholds(sizes: tuple[int, ...], outcomes: int, manager_sd: float) -> NDArray[np.float64]:
    """Return for each of the fixed draws the smallest effect at which the test finds it, ascending.

    Flipping the clusters F beats what was seen as long as their sums E_F + effect · M_F are negative, that is below the
    effect −E_F / M_F; so the test finds an effect from the `outcomes`-th largest of these on.
    """
    pairs = np.array(sizes, dtype=np.float64)
    flips = (np.arange(1, 2 ** len(pairs))[:, None] >> np.arange(len(pairs)) & 1).astype(np.float64)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_DRAWS // _BATCH):
        sums = pairs * manager_sd * rng.normal(size=(_BATCH, len(pairs)))
        sums += np.sqrt(pairs) * rng.normal(size=(_BATCH, len(pairs)))
        needed = -(sums @ flips.T) / (flips @ pairs)
        found.append(np.partition(needed, -outcomes, axis=1)[:, -outcomes])
    return np.sort(np.concatenate(found))


def design_effect(cluster_sizes: Sequence[int], manager_sd: float = MANAGER_SD) -> float:
    """Return by how much clusters of unequal size inflate the variance: 1 + (Σm²/n − 1)·icc.

    Source: Kish 1965, *Survey Sampling*, 8.2; the intraclass correlation follows from the spread between managers.
    """
    sizes = np.array(cluster_sizes, dtype=np.float64)
    icc = manager_sd**2 / (1 + manager_sd**2)
    return 1 + (float((sizes**2).sum() / sizes.sum()) - 1) * icc


def pairs_needed(effect: float, alpha: float, pairs_per_cluster: float) -> int:
    """Return how many pairs, at so many per cluster, find an effect (in SDs of a pair difference) with 80 % power."""

    def found(clusters: int) -> bool:
        return mde(round(clusters * pairs_per_cluster), clusters, 1.0, alpha) <= effect

    low, high = 1, 2
    while not found(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return round(high * pairs_per_cluster)


def even_sizes(n_pairs: int, n_clusters: int) -> list[int]:
    """Return the pairs per cluster when they are spread as equally as possible."""
    return [n_pairs // n_clusters + (cluster < n_pairs % n_clusters) for cluster in range(n_clusters)]


def adoption_line(n: int, target: float) -> int:
    """Return how many of n people must be active for go: the share ≥ target and its lower bound ≥ target − 0.1.

    The bound is Clopper and Pearson's, one-sided 95 % (23 of 30, 37 of 50 for a target of 70 %). n + 1: out of reach.
    """
    from scipy.stats import beta

    for active in range(n + 1):
        bound = float(beta.ppf(0.05, active, n - active + 1)) if active else 0.0
        if active >= target * n - 1e-9 and bound >= target - 0.1 - 1e-12:
            return active
    return n + 1
