"""What a cohort of this size can and cannot show, before launch; the tests that it foresees are in `kpis`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pilot_pipeline.config.models import PilotConfig

MANAGER_SD = 0.3  # spread of the effect between managers, in SDs of a pair difference, as simulated for the rule
POWER = 0.8
_YEARLY_ATTRITION = 0.15
MDE_COLUMNS = ("kpi", "unit", "mde", "sentence")


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

    Noncentral t on clusters − 1 degrees of freedom. The variance of the mean carries the design effect of clusters of
    unequal size, 1 + (Σm²/n − 1)·icc (Kish 1965, *Survey Sampling*, 8.2). As the exact sign-flip test has 2^clusters
    outcomes, alpha is rounded down to the level that it can attain; where only the one best outcome is significant
    (five clusters at 5 %), the power is exactly the chance that every cluster's sum is positive.
    """
    from scipy.optimize import brentq
    from scipy.stats import nct, norm, t

    outcomes = math.floor(alpha * 2**n_clusters)
    if outcomes == 0:
        return math.inf
    sizes = np.array(cluster_sizes if cluster_sizes is not None else _even_sizes(n_pairs, n_clusters), dtype=np.float64)
    if outcomes == 1:
        per_effect = sizes / np.sqrt(sizes + (sizes * manager_sd) ** 2)
        effect = brentq(lambda d: float(norm.cdf(d * per_effect).prod()) - power, 0.0, 100.0)
        return float(effect) * sd_pair
    icc = manager_sd**2 / (1 + manager_sd**2)
    design_effect = 1 + (float((sizes**2).sum()) / n_pairs - 1) * icc
    standard_error = sd_pair * math.sqrt((1 + manager_sd**2) * design_effect / n_pairs)
    freedom = n_clusters - 1
    critical = float(t.isf(outcomes / 2**n_clusters, freedom))
    shift = brentq(lambda ncp: float(nct.sf(critical, freedom, ncp)) - power, 0.0, critical + 20.0)
    return float(shift) * standard_error


def _even_sizes(n_pairs: int, n_clusters: int) -> list[int]:
    return [n_pairs // n_clusters + (cluster < n_pairs % n_clusters) for cluster in range(n_clusters)]


def mde_table(members: pd.DataFrame, config: PilotConfig, pair_sds: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Say for each KPI, and for attrition, what the achieved pairs and clusters can show.

    Args:
        members: `Cohort.members`; effects rest on the pairs, the other KPIs on every participant.
        config: `kpis` (targets), `decision.alpha` and `pilot.weeks`.
        pair_sds: SD of a pair difference by effect KPI, in its unit, where a baseline gives one.

    Returns:
        `MDE_COLUMNS`: effect KPIs in SDs of a pair difference (in the KPI's unit where `pair_sds` has it), adoption as
        the true share that passes with 80 % power, completion and pulse as half-widths, attrition as people per arm.
    """
    paired = members[members["pair_id"].notna()]
    sizes = (paired.groupby("cluster").size() // 2).tolist()
    pairs, participants = len(paired) // 2, int((members["arm"] == "pilot").sum())
    kpis, alpha, sds = config.kpis, config.decision.alpha, pair_sds or {}
    rows = [
        _effect("behaviour_change", "score points", kpis.behaviour_change.target, sds, sizes=sizes, alpha=alpha),
        _effect("prep_time_reduction", "share", kpis.prep_time_reduction.target, sds, sizes=sizes, alpha=alpha),
        _adoption(participants, config),
        _half_width("module_completion", "share", participants, 0.35, "if people differ with an SD of 0.35"),
        _half_width("pulse", "score points", participants, 0.8, "if people differ with an SD of 0.8 points"),
        _attrition(pairs, config),
    ]
    return pd.DataFrame(rows, columns=list(MDE_COLUMNS)).astype({"kpi": "str", "unit": "str", "sentence": "str"})


Row = tuple[str, str, float, str]


def _effect(
    kpi: str, unit: str, target: float, pair_sds: Mapping[str, float], *, sizes: list[int], alpha: float
) -> Row:
    pairs, clusters = sum(sizes), len(sizes)
    least = mde(pairs, clusters, 1.0, alpha, cluster_sizes=sizes)
    design = f"{pairs} pairs in {clusters} judging clusters"
    if math.isinf(least):
        return (
            kpi,
            "SD of a pair difference",
            least,
            f"{design} cannot show any effect at {alpha:.0%}: too few clusters.",
        )
    found = f"{design} find an effect of {least:.2f} SD of a pair difference with 80 % power (one-sided {alpha:.0%})"
    if kpi in pair_sds:
        own = least * pair_sds[kpi]
        verdict = "is within reach" if own <= target else "is smaller than that: a true effect on target may be missed"
        return kpi, unit, own, f"{found}: {own:.2f} {unit}; the target of {target:g} {verdict}."
    return (
        kpi,
        "SD of a pair difference",
        least,
        f"{found}; the target of {target:g} {unit} is within reach while that SD is at most {target / least:.2f}.",
    )


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


def _adoption(n: int, config: PilotConfig) -> Row:
    from scipy.optimize import brentq
    from scipy.stats import binom

    target = config.kpis.adoption.target
    line = adoption_line(n, target)
    if line > n:
        return "adoption", "share", math.inf, f"With {n} people an adoption target of {target:.0%} cannot be confirmed."
    share = float(brentq(lambda p: float(binom.sf(line - 1, n, p)) - POWER, 1e-6, 1 - 1e-6))
    return (
        "adoption",
        "share",
        share,
        f"{line} of {n} people must be active in week {config.kpis.adoption.by_week}; that happens with 80 % "
        f"probability if true adoption is {share:.0%}, not at the target of {target:.0%}.",
    )


def _half_width(kpi: str, unit: str, n: int, sd: float, assumption: str) -> Row:
    from scipy.stats import t

    half = float(t.isf(0.05, n - 1)) * sd / math.sqrt(n)
    return kpi, unit, half, f"The 90 % interval of {n} people reaches {half:.2f} {unit} to either side {assumption}."


def _attrition(n: int, config: PilotConfig) -> Row:
    """Two proportions, normal approximation (Fleiss, Levin and Paik 2003, 4.2), one-sided like every test here."""
    from scipy.stats import norm

    usual = 1 - math.exp(-_YEARLY_ATTRITION * config.pilot.weeks / 52)
    halved = 1 - math.exp(-_YEARLY_ATTRITION / 2 * config.pilot.weeks / 52)
    quantiles = float(norm.isf(config.decision.alpha) + norm.isf(1 - POWER))
    needed = quantiles**2 * (usual * (1 - usual) + halved * (1 - halved)) / (usual - halved) ** 2
    rounded = math.ceil(needed / 10) * 10
    return (
        "attrition",
        "people per arm",
        float(rounded),
        f"Halving an attrition of 15 % a year within {config.pilot.weeks} weeks would need about {rounded:,} people "
        f"per arm; with {n} attrition is an interval and never a verdict.",
    )
