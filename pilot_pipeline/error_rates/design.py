"""The design that simulated pilots share: pairs, clusters, missing differences, targets; what is true is `truths`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pilot_pipeline.closeout.formats import percent
from pilot_pipeline.config.further import FurtherKpi
from pilot_pipeline.config.kpi_catalogue import KpiDefinition
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.kpis.intervals import FloatArray
from pilot_pipeline.kpis.pairs import Differences
from pilot_pipeline.kpis.results import KpiResult

TARGET_SD = 0.5
"""An effect's target in SDs of a pair difference, before a pilot has an SD of its own: what the rule was made for."""
START_CORRELATION = 0.0
"""Of the pair differences at the start and at the end, before a pilot has its own: ANCOVA gains nothing yet."""
BASELINE_SPREAD = 0.2
"""Coefficient of variation of baseline minutes between pairs, before a pilot has its own."""


@dataclass(frozen=True)
class EffectDesign:
    """An effect KPI as this cohort can measure it.

    `target` is in the KPI's unit; `sd` that of a pair difference in the tested unit (points, minutes). `present`: 1 for
    each locked pair whose difference is not missing, else 0. `baseline`: minutes per pair, None where the effect is no
    share of a baseline. `correlation` of the pair differences at the start and at the end. `rated`: whether
    managers, who know who has the tool, give the scores. `declared`: the definition of a further KPI.
    """

    kpi: str
    target: float
    required: bool
    sd: float
    present: FloatArray
    baseline: FloatArray | None = None
    correlation: float = START_CORRELATION
    rated: bool = False
    declared: KpiDefinition | None = None

    @property
    def adjusted(self) -> bool:
        """Whether the start is a covariate; of a change it is none."""
        return self.declared is None or self.declared.estimator == "ancova"

    @property
    def unit_target(self) -> float:
        """The target in the tested unit."""
        return self.target if self.baseline is None else self.target * float(self.baseline.mean())


@dataclass(frozen=True)
class Design:
    """What all simulated pilots of one cohort share.

    `clusters`: the judging cluster of each locked pair, numbered from 0. `people`: their clusters, one per member of
    the adoption denominator. `own` says whether SDs and missing pairs are the pilot's own or assumed.
    """

    clusters: npt.NDArray[np.int64]
    people: npt.NDArray[np.int64]
    effects: tuple[EffectDesign, ...]
    own: bool = False

    @property
    def pairs(self) -> int:
        """Locked pairs."""
        return int(self.clusters.size)

    @property
    def managers(self) -> int:
        """Judging clusters."""
        return int(np.unique(self.clusters).size)

    def missing(self) -> dict[str, float]:
        """Return the share of locked pairs without a difference, per effect KPI."""
        return {effect.kpi: 1 - float(effect.present.sum()) / self.pairs for effect in self.effects}

    def in_words(self) -> str:
        """Return the design as a person would say it."""
        missing = " and ".join(percent(share) for share in dict.fromkeys(self.missing().values()))
        targets = " and ".join(f"{effect.unit_target / effect.sd:.2f}" for effect in self.effects)
        return (
            f"{self.pairs} pairs in {self.managers} clusters of managers, {missing} of differences missing, "
            f"targets of {targets} SD of a pair difference"
        )


def planned_design(
    config: PilotConfig,
    clusters: Sequence[int] | npt.NDArray[np.int64],
    *,
    missing: float = 0.1,
    target_sd: float = TARGET_SD,
) -> Design:
    """Return the design of a pilot that has no outcomes yet.

    Args:
        config: targets and which effects a go requires.
        clusters: the judging cluster of each pair, in any labels.
        missing: share of the pairs that will have no difference: evenly spread over the pairs, the same for each KPI.
        target_sd: each effect's target in SDs of a pair difference.
    """
    where = np.unique(np.asarray(clusters), return_inverse=True)[1].astype(np.int64)
    present = _evenly_missing(where.size, missing)
    kpis = config.kpis
    behaviour, prep = kpis.behaviour_change, kpis.prep_time_reduction
    minutes = 1 + BASELINE_SPREAD * np.linspace(-1.7, 1.7, where.size)
    scaled = minutes * target_sd / prep.target / minutes.mean()  # so that one SD of a pair difference is one minute
    effects = (
        EffectDesign(
            "behaviour_change", behaviour.target, behaviour.required, behaviour.target / target_sd, present, rated=True
        ),
        EffectDesign("prep_time_reduction", prep.target, prep.required, 1.0, present, np.roll(scaled, where.size // 3)),
        *(_further(kpi, target_sd, present) for kpi in kpis.further if kpi.kind == "effect"),
    )
    return Design(where, where, effects)


def _further(kpi: FurtherKpi, target_sd: float, present: FloatArray) -> EffectDesign:
    return EffectDesign(kpi.name, kpi.target, kpi.required, kpi.target / target_sd, present, declared=kpi.definition)


def even_clusters(pairs: int, managers: int) -> npt.NDArray[np.int64]:
    """Return clusters of sizes as equal as possible."""
    return np.arange(pairs, dtype=np.int64) % managers


def observed_design(
    plan: Design, differences: Sequence[Differences], results: Sequence[KpiResult], people: npt.NDArray[np.int64]
) -> Design:
    """Return the plan with a closed pilot's own SDs, baselines and missing pairs.

    Args:
        plan: the cohort's `planned_design`.
        differences: the pair differences of each effect KPI that was measured.
        results: its KPI results; what was not measured has no pair left, as the gate sees it.
        people: the cluster of each member of the adoption denominator.
    """
    found, scored = {one.kpi: one for one in differences}, {result.kpi: result for result in results}
    effects = tuple(
        _observed(effect, found.get(effect.kpi), scored.get(effect.kpi), plan.pairs) for effect in plan.effects
    )
    return replace(plan, people=people, effects=effects, own=True)


def _observed(
    effect: EffectDesign, differences: Differences | None, result: KpiResult | None, pairs: int
) -> EffectDesign:
    if differences is None or result is None or not result.measured or not result.sd_pair:
        return replace(effect, present=np.zeros(pairs))
    here = differences.complete
    baseline = None
    if effect.baseline is not None:
        baseline = np.where(here, differences.baseline, np.mean(differences.baseline[here]))
    return replace(
        effect,
        sd=result.sd_pair,
        present=here.astype(np.float64),
        baseline=baseline,
        correlation=_correlation(differences.end[here], differences.start[here]),
    )


def _correlation(end: FloatArray, start: FloatArray) -> float:
    if np.ptp(start) == 0 or np.ptp(end) == 0:
        return 0.0
    return float(np.clip(np.corrcoef(start, end)[0, 1], -0.95, 0.95))


def _evenly_missing(pairs: int, missing: float) -> FloatArray:
    lost = round(missing * pairs)
    present = np.ones(pairs)
    if lost:
        present[np.unique(np.linspace(0, pairs - 1, lost).round().astype(int))] = 0
    return present
