"""The sentences in which a verdict gives its reasons, with numbers and counts; what holds is decided in `gate`."""

from __future__ import annotations

from pilot_pipeline.config.kpi_catalogue import SHARE
from pilot_pipeline.config.measuring import DecisionSection
from pilot_pipeline.kpis.estimators import ADOPTION_MARGIN
from pilot_pipeline.kpis.results import RESPONSE_FLOOR, KpiResult

LOCK = {
    "absent": "Not pre-registered: there is no lock, so KPIs, targets and cohort could have been chosen afterwards.",
    "broken": "The lock is broken: pilot.lock.json does not match its own hash.",
}
UNFINISHED = (
    "The pilot is still running: there is no verdict before its last week is over, and all figures are interim."
)
REPEAT = "Repeat the measurement: no KPI was judged, and the figures are directional."
NO_CONTROL = "There is no matched pair, and without a valid control the figures are directional."
NO_ADOPTION = "Adoption was not judged; no go without it."
NOT_AUDITED = "Live recommendations were not audited for bias; audit them before the rollout reaches everyone."


def name(kpi: KpiResult) -> str:
    """Return the KPI's name for readers."""
    return kpi.told.label


def amount(kpi: KpiResult, value: float) -> str:
    """Return one of a result's values in the KPI's unit and in people's own sign."""
    told = kpi.told
    if told.result_sign < 0:
        value = 0.0 - value
    if told.unit == SHARE:
        return f"{100 * value:.1f} %"
    return f"{value:.2f} {told.unit if told.further else 'points'}"


def stale(checkpoints: tuple[str, ...]) -> str:
    """Step 1: go-live evidence has expired, failed or never existed."""
    are = "is" if len(checkpoints) == 1 else "are"
    return f"{len(checkpoints)} of 4 checkpoints {are} not current: {', '.join(checkpoints)}."


def no_balance(covariate: str) -> str:
    """Step 1: nobody can say whether the groups were alike."""
    if not covariate:
        return "Balance is unknown: no covariate could be compared between pilot and control."
    return f"Balance is unknown: 1 covariate that the lock names, {covariate}, could not be compared in SDs."


def imbalance(covariate: str, smd: float, limit: float) -> str:
    """Step 1: the groups differ too much before the start."""
    of = f" on {covariate}" if covariate else ""
    return f"Pilot and control differ by {abs(smd):.2f} standard deviations{of}; at most {limit:.2f} may remain."


def exposure(exposed: int, controls: int, limit: float) -> str:
    """Step 1: controls used the tool."""
    share = _percent(exposed / controls)
    return f"{exposed} of {controls} controls used the tool ({share}; at most {_percent(limit)} may)."


def missing(kpi: KpiResult, share: float, limit: float) -> str:
    """Step 1: too many pairs have no outcome."""
    lost = round(share * kpi.n_pairs)
    seen, most = _percent(share), _percent(limit)
    return f"{name(kpi)} is missing for {lost} of {kpi.n_pairs} pairs ({seen}; at most {most} may be)."


def too_few(what: str, needed: int, seen: int) -> str:
    """Step 1: the design is smaller than was agreed."""
    return f"{needed} {what} needed, {seen} seen; decision.accept_smaller_design was not set before the lock."


def harm(kpi: KpiResult, rule: DecisionSection) -> str:
    """Step 2: a required effect is credibly negative."""
    return (
        f"{name(kpi)} got worse: {_effect(kpi)}, one-sided p {_p(kpi.p_harm)} against {rule.alpha:g} "
        f"(Holm, over {kpi.n_managers} groups of managers); no fix waives harm."
    )


def bias_with_fix(findings: tuple[str, ...], fix: str | None) -> tuple[str, ...]:
    """Step 2: bias, and somebody has named what mends it."""
    return (*_bias(findings), f"1 fix is named; apply it and audit again: {fix or 'see the issue log.'}")


def bias_without_fix(findings: tuple[str, ...]) -> tuple[str, ...]:
    """Step 2: bias without a way out."""
    return (*_bias(findings), "No open issue of kind configuration names a fix for it.")


def reached(kpi: KpiResult, rule: DecisionSection) -> str:
    """Step 3: a requirement that holds."""
    if kpi.kind == "effect":
        return f"{name(kpi)}: {_effect(kpi)}, {_tested(kpi, rule)}; target {amount(kpi, kpi.target)}."
    if kpi.needed is not None:
        return f"{name(kpi)}: {kpi.needed} of {kpi.n} active needed, {kpi.active} seen."
    return f"{name(kpi)}: {amount(kpi, kpi.actual or 0.0)} among {kpi.n} people, {amount(kpi, kpi.target)} needed."


def beside(kpi: KpiResult, rule: DecisionSection) -> str:
    """Step 3: a further KPI that was reached, and that no go depends on."""
    if kpi.kind == "effect":
        return f"{reached(kpi, rule)} No go depends on it."
    seen, bound = amount(kpi, kpi.actual or 0.0), "at most" if kpi.told.result_sign < 0 else "at least"
    return f"{name(kpi)}: {seen} among {kpi.n} people, {bound} {amount(kpi, kpi.target)} aimed at. No go depends on it."


def not_credible(kpi: KpiResult, rule: DecisionSection) -> str:
    """Steps 4 and 5: an effect that chance explains."""
    return f"{name(kpi)} is not credible: {_effect(kpi)}, {_tested(kpi, rule)}.{_floor(kpi, rule)}"


def futile(kpi: KpiResult) -> str:
    """Step 4: an effect whose upper bound lies below its target."""
    bound, short = ("at least", "short of") if kpi.told.result_sign < 0 else ("at most", "below")
    upper = amount(kpi, kpi.upper90 or 0.0)
    return f"{name(kpi)} is {bound} {upper} (one-sided 90 % bound), {short} its target of {amount(kpi, kpi.target)}."


def too_small(kpi: KpiResult, rule: DecisionSection) -> str:
    """Step 5: an effect that is there, and too small."""
    return (
        f"{name(kpi)} is credible but small: {_effect(kpi)}, {amount(kpi, rule.target_tolerance * kpi.target)} needed "
        f"({rule.target_tolerance:g} of its target); find out for whom it works."
    )


def below(kpi: KpiResult) -> str:
    """Step 5: a threshold that is not carried, with what to fix."""
    if kpi.needed is not None:
        return f"{name(kpi)}: {kpi.needed} of {kpi.n} active needed, {kpi.active} seen; adoption is the fixable part."
    lowest = kpi.lowest_response
    if lowest is not None and lowest < RESPONSE_FLOOR:
        week = min(kpi.response, key=lambda wave: wave[1])[0]
        return (
            f"{name(kpi)} was answered by {_percent(lowest)} in week {week}, {_percent(RESPONSE_FLOOR)} needed; "
            f"the mean of {amount(kpi, kpi.actual or 0.0)} speaks for too few."
        )
    return (
        f"{name(kpi)}: {amount(kpi, kpi.target)} needed, {amount(kpi, kpi.actual or 0.0)} seen among {kpi.n} people; "
        "fix what keeps people from it."
    )


def unmeasured(kpi: KpiResult) -> str:
    """Step 5: a requirement without a figure."""
    why = f" {kpi.notes[0]}" if kpi.notes else ""
    return f"{name(kpi)} was not measured; no go without it.{why}"


def deviation(text: str) -> str:
    """Step 5: what cost the result its confirmatory label."""
    return f"1 deviation from the lock: {text}"


def below_full_target(kpi: KpiResult) -> str:
    """A go's condition: the tolerance was used."""
    stands = "does not reach" if kpi.told.result_sign < 0 else "is below"
    return f"{name(kpi)} {stands} its full target: {amount(kpi, kpi.actual or 0.0)} of {amount(kpi, kpi.target)}."


def fading(kpi: KpiResult) -> str:
    """A go's condition: use wore off after the deadline week."""
    return (
        f"{name(kpi)} averaged {_percent(kpi.sustained or 0.0)} after its deadline week, "
        f"below {_percent(kpi.target - ADOPTION_MARGIN)}: go on the condition that the rollout plan says how use lasts."
    )


def _bias(findings: tuple[str, ...]) -> tuple[str, ...]:
    return findings or ("1 bias finding is open.",)


def _effect(kpi: KpiResult) -> str:
    interval = ""
    if kpi.ci_low is not None and kpi.ci_high is not None:
        ends = (kpi.ci_high, kpi.ci_low) if kpi.told.result_sign < 0 else (kpi.ci_low, kpi.ci_high)
        interval = f" (90 % interval {amount(kpi, ends[0])} to {amount(kpi, ends[1])})"
    return f"{amount(kpi, kpi.effect or 0.0)}{interval}"


def _tested(kpi: KpiResult, rule: DecisionSection) -> str:
    return f"one-sided p {_p(kpi.p_manager)}, {rule.alpha:g} needed, over {kpi.n_managers} groups of managers"


def _floor(kpi: KpiResult, rule: DecisionSection) -> str:
    """Say it where no data whatever could have been credible: 2^-clusters is the smallest p there is."""
    least = 0.5**kpi.n_managers
    return f" With {kpi.n_managers} groups no p can fall below {least:.4f}." if least > rule.alpha else ""


def _p(value: float | None) -> str:
    if value is None:
        return "unknown"
    return "< 0.0001" if value < 0.0001 else f"= {value:.4f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
