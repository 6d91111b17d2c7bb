"""The decision gate: one pure function from evidence to verdict; gathering evidence and showing it are elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pilot_pipeline.closeout import sentences as say
from pilot_pipeline.config.measuring import DecisionSection
from pilot_pipeline.kpis.estimators import ADOPTION_MARGIN
from pilot_pipeline.kpis.results import (
    KpiResult,
    Label,
    at_least,
    credible,
    futile,
    harmed,
    passed,
    reached,
    required_effects,
)

Decision = Literal["go", "no_go", "reconfigure"]
LockState = Literal["absent", "broken", "attested", "witnessed"]
BiasState = Literal["none", "open_with_fix", "open", "not_audited"]

MAX_IMBALANCE = 0.25
"""Largest |standardised mean difference| that still counts as a valid control."""


@dataclass(frozen=True)
class Evidence:
    """All that the verdict may depend on.

    kpis: results of all KPIs of the configuration. n_pairs: locked pairs; n_managers: judging clusters. lock: state of
    `pilot.lock.json`; deviations: one sentence per later edit or step out of order. stale_checkpoints: names of go-live
    checkpoints that are missing, failed or expired. worst_smd: signed, after matching, None or not finite where it
    could not be compared; worst_covariate: its name. controls_exposed of controls used the tool. bias_findings:
    sentences of the audit; bias_fix: the fix that an open issue of kind configuration names. finished: the last week is
    over.
    """

    kpis: tuple[KpiResult, ...]
    n_pairs: int
    n_managers: int
    lock: LockState = "witnessed"
    deviations: tuple[str, ...] = ()
    stale_checkpoints: tuple[str, ...] = ()
    worst_smd: float | None = 0.0
    worst_covariate: str = ""
    controls_exposed: int = 0
    controls: int = 0
    bias: BiasState = "none"
    bias_findings: tuple[str, ...] = ()
    bias_fix: str | None = None
    finished: bool = True


@dataclass(frozen=True)
class Verdict:
    """The decision, how far it can be relied on, why, and what a go is tied to; `step` is the rule's step (0-5)."""

    decision: Decision
    label: Label
    reasons: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    step: int = 5


def decide(evidence: Evidence, rule: DecisionSection) -> Verdict:
    """Return the verdict by the five steps of the decision rule; total, and each reason carries its number.

    1 invalid evidence, 2 harm and bias, 3 go, 4 no-go, 5 otherwise reconfigure. A pilot that is still running has none
    of them yet: reconfigure, interim.
    """
    if not evidence.finished:
        return Verdict("reconfigure", "interim", (say.UNFINISHED,), step=0)
    invalid = invalidities(evidence, rule)
    if invalid:
        return Verdict("reconfigure", "directional", (*invalid, say.REPEAT), step=1)
    label = label_of(evidence)
    for step, ask in enumerate((_harm, _go, _no_go), start=2):
        verdict = ask(evidence, rule, label, step)
        if verdict is not None:
            return verdict
    return Verdict("reconfigure", label, shortfalls(evidence, rule), step=5)


def label_of(evidence: Evidence) -> Label:
    """Return what lock and calendar allow; invalid evidence makes the verdict's own label directional besides."""
    if not evidence.finished:
        return "interim"
    locked = evidence.lock in {"attested", "witnessed"} and not evidence.deviations
    return "confirmatory" if locked else "directional"


def invalidities(evidence: Evidence, rule: DecisionSection) -> tuple[str, ...]:
    """Return one sentence per reason why the measurement itself does not hold (step 1); none when it does."""
    found = [say.LOCK[evidence.lock]] if evidence.lock in say.LOCK else []
    if evidence.stale_checkpoints:
        found.append(say.stale(evidence.stale_checkpoints))
    if evidence.worst_smd is None or not math.isfinite(evidence.worst_smd):
        found.append(say.no_balance(evidence.worst_covariate))
    elif abs(evidence.worst_smd) > MAX_IMBALANCE:
        found.append(say.imbalance(evidence.worst_covariate, evidence.worst_smd, MAX_IMBALANCE))
    if evidence.controls and evidence.controls_exposed > rule.max_control_exposure * evidence.controls + 1e-9:
        found.append(say.exposure(evidence.controls_exposed, evidence.controls, rule.max_control_exposure))
    for kpi in required_effects(evidence.kpis):
        missing = 1.0 if kpi.missing is None else kpi.missing
        if not at_least(rule.max_missing, missing):
            found.append(say.missing(kpi, missing, rule.max_missing))
    if evidence.n_pairs < 1:
        found.append(say.NO_CONTROL)
    elif not rule.accept_smaller_design:
        if evidence.n_pairs < rule.min_pairs:
            found.append(say.too_few("matched pairs", rule.min_pairs, evidence.n_pairs))
        if evidence.n_managers < rule.min_managers:
            found.append(say.too_few("independent groups of managers", rule.min_managers, evidence.n_managers))
    return tuple(found)


def shortfalls(evidence: Evidence, rule: DecisionSection) -> tuple[str, ...]:
    """Return one sentence per thing that keeps valid evidence from a go; none when nothing does."""
    found = [say.deviation(text) for text in evidence.deviations]
    if not any(kpi.kpi == "adoption" for kpi in evidence.kpis):
        found.append(say.NO_ADOPTION)
    for kpi in evidence.kpis:
        if not kpi.gated:
            continue
        if not kpi.measured:
            found.append(say.unmeasured(kpi))
        elif kpi.kind == "threshold" and not passed(kpi):
            found.append(say.below(kpi))
        elif kpi.kind == "effect" and not credible(kpi, rule):
            found.append(say.not_credible(kpi, rule))
        elif kpi.kind == "effect" and not reached(kpi, rule):
            found.append(say.too_small(kpi, rule))
    return tuple(found)


def _harm(evidence: Evidence, rule: DecisionSection, label: Label, step: int) -> Verdict | None:
    """Step 2: credible harm is final; bias is final unless somebody has named its fix."""
    harmful = harmed(evidence.kpis, rule)
    if harmful:
        return Verdict("no_go", label, tuple(say.harm(kpi, rule) for kpi in harmful), step=step)
    if evidence.bias == "open_with_fix":
        return Verdict("reconfigure", label, say.bias_with_fix(evidence.bias_findings, evidence.bias_fix), step=step)
    if evidence.bias == "open":
        return Verdict("no_go", label, say.bias_without_fix(evidence.bias_findings), step=step)
    return None


def _go(evidence: Evidence, rule: DecisionSection, label: Label, step: int) -> Verdict | None:
    """Step 3: everything that a go needs, each with its count."""
    if label != "confirmatory" or shortfalls(evidence, rule):
        return None
    reasons = [say.reached(kpi, rule) for kpi in evidence.kpis if kpi.gated]
    reasons += [say.beside(kpi, rule) for kpi in evidence.kpis if kpi.declared and kpi.met and not kpi.gated]
    return Verdict("go", label, tuple(reasons), _conditions(evidence), step)


def _no_go(evidence: Evidence, rule: DecisionSection, label: Label, step: int) -> Verdict | None:
    """Step 4: no required effect is credible, and at least one has been shown to miss its target."""
    effects = required_effects(evidence.kpis)
    hopeless = tuple(kpi for kpi in effects if futile(kpi))
    if not hopeless or any(credible(kpi, rule) for kpi in effects):
        return None
    reasons = tuple(say.not_credible(kpi, rule) for kpi in effects) + tuple(say.futile(kpi) for kpi in hopeless)
    return Verdict("no_go", label, reasons, step=step)


def _conditions(evidence: Evidence) -> tuple[str, ...]:
    """Return what a go has to carry along."""
    rules: tuple[tuple[Callable[[KpiResult], bool], Callable[[KpiResult], str]], ...] = (
        (_below_full_target, say.below_full_target),
        (_fading, say.fading),
    )
    found = [sentence(kpi) for kpi in evidence.kpis for holds, sentence in rules if holds(kpi)]
    if evidence.bias == "not_audited":
        found.append(say.NOT_AUDITED)
    return tuple(found)


def _below_full_target(kpi: KpiResult) -> bool:
    return kpi.actual is not None and not at_least(kpi.actual, kpi.target)


def _fading(kpi: KpiResult) -> bool:
    return kpi.sustained is not None and not at_least(kpi.sustained, kpi.target - ADOPTION_MARGIN)
