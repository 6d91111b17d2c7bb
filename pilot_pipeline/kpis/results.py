"""The result of one KPI and what it proves: credible, reached, futile, harmful; estimating is `estimators`' work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import pandas as pd

from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE, Kind, KpiDefinition
from pilot_pipeline.config.measuring import DecisionSection

EvidenceCode = Literal["met", "not_met", "harm", "futile", "inconclusive", "not_measured"]
Label = Literal["confirmatory", "interim", "directional"]

RESPONSE_FLOOR = 0.60
"""Below this response rate in any pulse wave a go is barred."""


@dataclass(frozen=True)
class KpiResult:
    """One KPI at close-out: the published columns, then what the gate and the scorecard need besides.

    More is better in every figure; `shown` turns those of a KPI of which less is better back as people know them.
    Shares are 0 to 1; `missing` is the share of locked pairs without a difference; `upper90` the one-sided 90 % upper
    bound; `p_harm` the one-sided p-value against the direction of benefit at the judging level. `declared`: the
    definition of a further KPI. None: does not apply.
    """

    kpi: str
    kind: Kind
    target: float
    actual: float | None = None
    effect: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_pair: float | None = None
    p_manager: float | None = None
    n_pairs: int = 0
    n_managers: int = 0
    met: bool | None = None
    evidence: EvidenceCode = "inconclusive"
    label: Label = "confirmatory"

    required: bool = False
    n: int = 0
    p_harm: float | None = None
    upper90: float | None = None
    missing: float | None = None
    unadjusted: float | None = None
    unit_effect: float | None = None
    se: float | None = None
    sd_pair: float | None = None
    same_observer_effect: float | None = None
    other_observers: int = 0
    active: int | None = None
    needed: int | None = None
    clustered_low: float | None = None
    clustered_high: float | None = None
    sustained: float | None = None
    response: tuple[tuple[int, float], ...] = ()
    worst: float | None = None
    best: float | None = None
    notes: tuple[str, ...] = ()
    declared: KpiDefinition | None = None

    @property
    def told(self) -> KpiDefinition:
        """What kind of figure this is, and what it is called."""
        return self.declared or KPI_CATALOGUE[self.kpi]

    @property
    def gated(self) -> bool:
        """Whether a go needs it: thresholds of the five, and required effects; a further threshold only informs."""
        return self.required if self.kind == "effect" else self.declared is None

    @property
    def shown(self) -> KpiResult:
        """The same in people's own sign, for tables and pages; whatever judges takes the result as it is."""
        if self.told.result_sign > 0:
            return self
        return replace(
            self,
            target=0.0 - self.target,
            actual=_negative(self.actual),
            effect=_negative(self.effect),
            ci_low=_negative(self.ci_high),
            ci_high=_negative(self.ci_low),
        )

    @property
    def measured(self) -> bool:
        """Whether there is an estimate at all."""
        return self.actual is not None

    @property
    def lowest_response(self) -> float | None:
        """The response rate of the pulse's weakest wave."""
        return min((share for _, share in self.response), default=None)


PUBLISHED: tuple[str, ...] = tuple(field.name for field in fields(KpiResult))[:14]
"""The columns of `kpi_scorecard`, in order."""


def _negative(value: float | None) -> float | None:
    return None if value is None else 0.0 - value  # never a negative zero


def holm(p_values: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Return which hypotheses are rejected at family-wise error alpha (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected = [False] * len(p_values)
    for step, index in enumerate(order):
        if p_values[index] > alpha / (len(p_values) - step):
            break
        rejected[index] = True
    return tuple(rejected)


def required_effects(results: Sequence[KpiResult]) -> tuple[KpiResult, ...]:
    """Return the effect KPIs that a go requires."""
    return tuple(result for result in results if result.kind == "effect" and result.required)


def credible(result: KpiResult, rule: DecisionSection) -> bool:
    """Whether an effect is there: p at the judging level is at most alpha."""
    return result.p_manager is not None and result.p_manager <= rule.alpha


def reached(result: KpiResult, rule: DecisionSection) -> bool:
    """Whether an effect's estimate is at least the tolerated share of its target."""
    return result.effect is not None and at_least(result.effect, rule.target_tolerance * result.target)


def futile(result: KpiResult) -> bool:
    """Whether the effect's one-sided 90 % upper bound lies below its target."""
    return result.upper90 is not None and result.upper90 < result.target


def harmed(results: Sequence[KpiResult], rule: DecisionSection) -> tuple[KpiResult, ...]:
    """Return the required effects that are credibly negative (Holm over the required effects that were measured)."""
    tested = [(result, result.p_harm) for result in required_effects(results) if result.p_harm is not None]
    rejected = holm([p for _, p in tested], rule.alpha)
    return tuple(result for (result, _), hit in zip(tested, rejected, strict=True) if hit)


def passed(result: KpiResult) -> bool:
    """Whether a threshold KPI carries a go: adoption by its needed count, pulse with enough answers."""
    if result.actual is None or not at_least(result.actual, result.target):
        return False
    if result.needed is not None and result.active is not None:
        return result.active >= result.needed
    lowest = result.lowest_response
    return lowest is None or at_least(lowest, RESPONSE_FLOOR)


def at_least(value: float, target: float) -> bool:
    """Compare without tripping over the last binary digit of a share such as 0.8 x 0.3."""
    return value >= target or math.isclose(value, target, rel_tol=1e-12, abs_tol=1e-12)


def judge(results: Sequence[KpiResult], rule: DecisionSection) -> tuple[KpiResult, ...]:
    """Return the results with `evidence` and `met` filled in.

    Effects: harm, met (credible and reached), futile, not_met (credible but too small), else inconclusive. Thresholds:
    met, not_met (below target), inconclusive (at target without the certainty or the response that a go needs).
    Interim effects are judged by their repeated interval and never called futile.
    """
    harmful = {result.kpi for result in harmed(results, rule)}
    return tuple(_judged(result, result.kpi in harmful, rule) for result in results)


def scorecard_frame(results: Sequence[KpiResult]) -> pd.DataFrame:
    """Return the published table `kpi_scorecard`, in people's own sign, one row per KPI in the given order."""
    rows = [[getattr(result.shown, name) for name in PUBLISHED] for result in results]
    frame = pd.DataFrame(rows, columns=list(PUBLISHED))
    text = ("kpi", "kind", "evidence", "label")
    types = {name: "str" if name in text else "Float64" for name in PUBLISHED}
    return frame.astype(types | {"n_pairs": "Int64", "n_managers": "Int64", "met": "boolean"})


def _judged(result: KpiResult, harmful: bool, rule: DecisionSection) -> KpiResult:
    if not result.measured:
        return replace(result, evidence="not_measured", met=None)
    if result.kind == "threshold":
        evidence = _threshold_evidence(result)
    elif result.label == "interim":
        evidence = _interim_evidence(result, rule)
    else:
        evidence = _effect_evidence(result, harmful, rule)
    return replace(result, evidence=evidence, met=evidence == "met")


def _threshold_evidence(result: KpiResult) -> EvidenceCode:
    if passed(result):
        return "met"
    return "inconclusive" if at_least(result.actual or 0.0, result.target) else "not_met"


def _effect_evidence(result: KpiResult, harmful: bool, rule: DecisionSection) -> EvidenceCode:
    alone = not result.required and result.p_harm is not None and result.p_harm <= rule.alpha
    if harmful or alone:
        return "harm"
    if credible(result, rule):
        return "met" if reached(result, rule) else "not_met"
    return "futile" if futile(result) else "inconclusive"


def _interim_evidence(result: KpiResult, rule: DecisionSection) -> EvidenceCode:
    if result.ci_low is None or result.ci_high is None:
        return "inconclusive"
    if result.ci_high < 0:
        return "harm"
    return "met" if result.ci_low > 0 and reached(result, rule) else "inconclusive"
