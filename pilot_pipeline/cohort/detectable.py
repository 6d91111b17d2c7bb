"""What a cohort can show and cannot answer, KPI by KPI, before launch; the power behind it is `power`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.power import POWER, adoption_line, design_effect, even_sizes, mde, pairs_needed, power_of
from pilot_pipeline.config.further import FurtherKpi
from pilot_pipeline.config.models import PilotConfig

MDE_COLUMNS = ("kpi", "unit", "mde", "design_effect", "needed_per_arm", "sentence", "cannot")
CURVE_COLUMNS = ("design", "effect", "power")
_YEARLY_ATTRITION = 0.15
_SMALL = 0.2  # in SDs: Cohen 1988, *Statistical Power Analysis*, 2.2
_REFERENCES = ((20, 5), (50, 12))  # the smallest and the largest pilot, with the clusters they usually have


@dataclass(frozen=True)
class Design:
    """What power depends on: the pairs of each judging cluster, and the participants, with a control or without."""

    sizes: tuple[int, ...]
    participants: int

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return sum(self.sizes)

    @property
    def name(self) -> str:
        """The design in a few words."""
        return f"{self.pairs} pairs, {len(self.sizes)} clusters"


def achieved(members: pd.DataFrame) -> Design:
    """Return the design of a matched cohort (`Cohort.members`)."""
    sizes = members[members["pair_id"].notna()].groupby("cluster").size() // 2
    return Design(tuple(sizes.tolist()), int((members["arm"] == "pilot").sum()))


def planned(pairs: int, clusters: int) -> Design:
    """Return a design that is not matched yet, its pairs spread over the clusters as equally as can be."""
    return Design(tuple(even_sizes(pairs, clusters)), pairs)


def mde_table(design: Design, config: PilotConfig, pair_sds: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Say for each KPI, and for attrition, what pairs and clusters can show.

    Args:
        design: effects rest on the pairs, the other KPIs on every participant.
        config: `kpis` (targets), `decision.alpha` and `pilot.weeks`.
        pair_sds: SD of a pair difference by effect KPI, in its unit, where a baseline gives one.

    Returns:
        `MDE_COLUMNS`, one row per KPI, one for attrition and one for differences between groups. mde: effect KPIs in
        SDs of a pair difference (in the KPI's unit where `pair_sds` has it), adoption as the true share that passes
        with 80 % power, the other thresholds as half-widths, attrition as people per arm. design_effect: of effects.
        sentence: what can be shown; cannot: what this pilot cannot answer, and needed_per_arm: the people per arm that
        the answer would take, missing where no number would do.
    """
    sizes, participants = list(design.sizes), design.participants
    kpis, alpha, sds = config.kpis, config.decision.alpha, pair_sds or {}
    rows = [
        _effect("behaviour_change", "score points", kpis.behaviour_change.target, sds, sizes=sizes, alpha=alpha),
        _effect("prep_time_reduction", "share", kpis.prep_time_reduction.target, sds, sizes=sizes, alpha=alpha),
        _adoption(participants, config),
        _half_width("module_completion", "share", participants, 0.35, "if people differ with an SD of 0.35"),
        _half_width("pulse", "score points", participants, 0.8, "if people differ with an SD of 0.8 points"),
        *(_further(kpi, sds, sizes, participants, alpha) for kpi in kpis.further),
        _attrition(design.pairs, config),
        _between_groups(sizes, alpha),
    ]
    frame = pd.DataFrame([asdict(row) for row in rows], columns=list(MDE_COLUMNS))
    texts = dict.fromkeys(("kpi", "unit", "sentence", "cannot"), "str")
    return frame.astype({**texts, "design_effect": "float64", "needed_per_arm": "Int64"})


@dataclass(frozen=True)
class _Row:
    kpi: str
    unit: str
    mde: float
    sentence: str
    cannot: str
    needed_per_arm: int | None = None
    design_effect: float | None = None


def _effect(
    kpi: str, unit: str, target: float, pair_sds: Mapping[str, float], *, sizes: list[int], alpha: float
) -> _Row:
    pairs, clusters = sum(sizes), len(sizes)
    least = mde(pairs, clusters, 1.0, alpha, cluster_sizes=sizes)
    design = f"{pairs} pairs in {_clusters(clusters)}"
    in_sds = "SD of a pair difference"
    if math.isinf(least):
        said = f"{design} cannot show any effect at {alpha:.0%}: too few clusters."
        enough = math.ceil(-math.log2(alpha))
        return _Row(
            kpi, in_sds, least, said, f"Anything: at least {enough} judging clusters are needed, whatever happens."
        )
    inflated = design_effect(sizes)
    found = f"{design} find an effect of {least:.2f} SD of a pair difference with 80 % power (one-sided {alpha:.0%})"
    weighed = (
        f"{pairs} pairs in clusters count as {pairs / inflated:.0f} independent ones (design effect {inflated:.2f})"
    )
    smaller, words = _SMALL, f"An effect as small as {_SMALL:g} SD of a pair difference"
    if kpi in pair_sds:
        own = least * pair_sds[kpi]
        within = own <= target
        verdict = "is within reach" if within else "is smaller than that: a true effect on target may be missed"
        aim = target / 2 if within else target
        smaller, words = (
            aim / pair_sds[kpi],
            f"An effect of {aim:g} {unit}" + (", half the target" if within else ", the target"),
        )
        said, unit_shown, shown = (
            f"{found}: {own:.2f} {unit}; the target of {target:g} {verdict}. {weighed}.",
            unit,
            own,
        )
    else:
        reach = f"the target of {target:g} {unit} is within reach while that SD is at most {target / least:.2f}"
        said, unit_shown, shown = f"{found}; {reach}. {weighed}.", in_sds, least
    needed = pairs_needed(smaller, alpha, pairs / clusters)
    cannot = f"{words}: would need about {_about(needed):,} per arm, at as many pairs per cluster."
    if needed <= pairs:
        cannot, needed_shown = "Nothing smaller than half the target matters for the decision.", None
        return _Row(kpi, unit_shown, shown, said, cannot, needed_shown, inflated)
    return _Row(kpi, unit_shown, shown, said, cannot, _about(needed), inflated)


def _further(kpi: FurtherKpi, sds: Mapping[str, float], sizes: list[int], participants: int, alpha: float) -> _Row:
    if kpi.kind == "effect":
        return _effect(kpi.name, kpi.unit, kpi.target, sds, sizes=sizes, alpha=alpha)
    if kpi.estimator == "share":
        return _half_width(kpi.name, "share", participants, 0.5, "at most, where half of them reach it")
    return _half_width(kpi.name, "SD between people", participants, 1.0, "whatever that SD is")


def _between_groups(sizes: list[int], alpha: float) -> _Row:
    """Two halves of the pairs compared with each other: twice the standard error, so four times the pairs."""
    pairs, clusters = sum(sizes), len(sizes)
    least = 2 * mde(pairs, clusters, 1.0, alpha, cluster_sizes=sizes)
    unit = "SD of a pair difference"
    cannot = "Whether the tool helps one group more than another"
    if math.isinf(least):
        return _Row("group_differences", unit, least, "Too few clusters to compare groups.", f"{cannot}.")
    said = f"Between two halves of the pairs, say two departments, only a difference of {least:.2f} SD would be found."
    needed = _about(4 * pairs)
    cannot += f": a difference as large as the smallest effect would need about {needed:,} per arm."
    return _Row("group_differences", unit, least, said, cannot, needed)


def _adoption(n: int, config: PilotConfig) -> _Row:
    from scipy.optimize import brentq
    from scipy.stats import binom

    target = config.kpis.adoption.target
    line = adoption_line(n, target)
    if line > n:
        said = f"With {n} people an adoption target of {target:.0%} cannot be confirmed."
        return _Row("adoption", "share", math.inf, said, "Whether the target is met.")
    share = float(brentq(lambda p: float(binom.sf(line - 1, n, p)) - POWER, 1e-6, 1 - 1e-6))
    said = (
        f"{line} of {n} people must be active in week {config.kpis.adoption.by_week}; that happens with 80 % "
        f"probability if true adoption is {share:.0%}, not at the target of {target:.0%}."
    )
    on_target = float(binom.sf(line - 1, n, target))
    cannot = (
        f"Whether true adoption is just on target: {on_target:.0%} of such pilots pass, and more people do not help."
    )
    return _Row("adoption", "share", share, said, cannot)


def _half_width(kpi: str, unit: str, n: int, sd: float, assumption: str) -> _Row:
    from scipy.stats import t

    half = float(t.isf(0.05, n - 1)) * sd / math.sqrt(n)
    said = f"The 90 % interval of {n} people reaches {half:.2f} {unit} to either side {assumption}."
    needed = _about(4 * n)
    cannot = f"Differences below {half:.2f} {unit}: half of that would need about {needed:,} participants."
    return _Row(kpi, unit, half, said, cannot, needed)


def _attrition(n: int, config: PilotConfig) -> _Row:
    """Two proportions, normal approximation (Fleiss, Levin and Paik 2003, 4.2), one-sided like every test here."""
    from scipy.stats import norm

    usual = 1 - math.exp(-_YEARLY_ATTRITION * config.pilot.weeks / 52)
    halved = 1 - math.exp(-_YEARLY_ATTRITION / 2 * config.pilot.weeks / 52)
    quantiles = float(norm.isf(config.decision.alpha) + norm.isf(1 - POWER))
    needed = _about(quantiles**2 * (usual * (1 - usual) + halved * (1 - halved)) / (usual - halved) ** 2)
    said = (
        f"Halving an attrition of 15 % a year within {config.pilot.weeks} weeks would need about {needed:,} people "
        f"per arm; with {n} attrition is an interval and never a verdict."
    )
    cannot = f"Whether fewer people leave: would need about {needed:,} per arm."
    return _Row("attrition", "people per arm", float(needed), said, cannot, needed)


def power_curves(design: Design, config: PilotConfig) -> pd.DataFrame:
    """Return how the power of a design grows with the effect, beside the smallest and the largest pilot.

    Returns:
        `CURVE_COLUMNS`: design ('30 pairs, 8 clusters'), effect in SDs of a pair difference, power 0-1.
    """
    designs = {design.name: design}
    for pairs, clusters in _REFERENCES:
        other = planned(pairs, clusters)
        designs.setdefault(other.name, other)
    effects = np.linspace(0.0, 1.2, 49).tolist()
    rows = [
        (name, effect, power_of(effect, one.sizes, config.decision.alpha))
        for name, one in designs.items()
        for effect in effects
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def _clusters(number: int) -> str:
    return f"{number} judging cluster{'s' * (number != 1)}"


def _about(number: float) -> int:
    """Round up to two leading digits: a number of people that was computed from assumptions is not exact."""
    step: int = 10 ** max(math.floor(math.log10(max(number, 1))) - 1, 0)
    return math.ceil(number / step) * step
