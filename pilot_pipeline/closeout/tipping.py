"""What would change this decision, as sentences with numbers; the decision itself is `gate`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pilot_pipeline.closeout import formats
from pilot_pipeline.closeout.confounding import LARGEST_GAMMA, e_value, rosenbaum_gamma
from pilot_pipeline.closeout.gate import Verdict
from pilot_pipeline.closeout.sentences import amount
from pilot_pipeline.config.measuring import DecisionSection
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.kpis.effects import behaviour_effects, prep_time_effects
from pilot_pipeline.kpis.flip_bounds import ancova_bounds, ratio_bounds
from pilot_pipeline.kpis.further import differences
from pilot_pipeline.kpis.intervals import FloatArray, cluster_sums
from pilot_pipeline.kpis.pairs import Differences, behaviour_differences, locked_pairs, prep_time_differences
from pilot_pipeline.kpis.results import KpiResult, at_least
from pilot_pipeline.kpis.scoring import KpiInputs
from pilot_pipeline.kpis.signflip import DIRECT_UNITS, Patterns

_UNITS = {"behaviour_change": "points", "prep_time_reduction": "minutes per report and week"}


@dataclass(frozen=True)
class Slack:
    """How far an effect lies from where a go turns: what can be taken from every pilot outcome, in the tested unit.

    `certainty` is the lower confidence bound at alpha, `size` the distance to the tolerated share of the target; the
    smaller one binds. Negative: so much is missing. `sd` is that of the pair differences, in the same unit.
    """

    certainty: float
    size: float
    sd: float

    @property
    def least(self) -> float:
        """The smallest constant that turns this KPI."""
        return min(self.certainty, self.size)


def tipping_points(verdict: Verdict, results: Sequence[KpiResult], inputs: KpiInputs, config: PilotConfig) -> list[str]:
    """Return what would turn the verdict, KPI by KPI; nothing where no KPI was judged (interim or invalid evidence).

    Effects: delta*, the smallest constant taken from every pilot outcome that makes a go fail; what missing pairs would
    have to show; E-value and Rosenbaum's bound where volunteers are compared with others (`confounding`). Adoption:
    people. Pulse: silence at its worst.
    """
    if verdict.step < 2:
        return []
    return [sentence for result in results if result.measured for sentence in _of(result, inputs, config)]


def slack(result: KpiResult, inputs: KpiInputs, config: PilotConfig) -> Slack | None:
    """Return an effect KPI's distance to where a go turns, in the tested unit; None where it has no figure."""
    every = _differences(result, inputs)
    if every is None or result.effect is None or result.sd_pair is None:
        return None
    outcome = every.of_complete()
    rule, seed = config.decision, config.cohort.seed
    if not _is_ratio(result.kpi):
        low = ancova_bounds(outcome.end, outcome.start, outcome.clusters, rule.alpha, seed).low
        size = result.effect - rule.target_tolerance * result.target
    else:
        low = ratio_bounds(outcome.end, np.ones_like(outcome.end), outcome.clusters, rule.alpha, seed).low
        size = float(np.mean(outcome.end) - rule.target_tolerance * result.target * np.mean(outcome.baseline))
    return Slack(low, size, result.sd_pair)


def _of(result: KpiResult, inputs: KpiInputs, config: PilotConfig) -> Iterator[str]:
    name = result.told.label
    if result.kpi == "adoption" and result.active is not None and result.needed is not None:
        yield _adoption(name, result.active - result.needed, config.kpis.adoption.by_week)
    if result.worst is not None and result.declared:
        holds = "still on target" if at_least(result.worst, result.target) else "below its target"
        yield f"{name}: {amount(result, result.worst)}, {holds}, had nobody without a value reached it."
    elif result.worst is not None:
        holds = "still on target" if at_least(result.worst, result.target) else "below its target"
        yield f"{name}: {formats.number(result.worst)}, {holds}, had all who were silent answered at their worst."
    if result.kind == "effect" and result.required:
        yield from _effect(name, result, inputs, config)


def _adoption(name: str, spare: int, week: int) -> str:
    if spare < 0:
        return f"{name}: {-spare} more {_people(-spare)} active in week {week} would have been enough."
    return f"{name}: with {spare + 1} fewer {_people(spare + 1)} active in week {week}, a go fails."


def _effect(name: str, result: KpiResult, inputs: KpiInputs, config: PilotConfig) -> Iterator[str]:
    room, every = slack(result, inputs, config), _differences(result, inputs)
    if room is None or every is None or result.unit_effect is None or not math.isfinite(room.least):
        return
    unit = result.told.unit if result.declared else _UNITS[result.kpi]
    yield f"{name}: {_shift(room, result, unit, config.decision)}"
    if result.missing and room.least > 0:
        others = missing_turning_point(result, every, config)
        yield (
            f"{name}: a go fails were the pairs without a difference to average "
            f"{formats.number(result.told.sign * others, 1)} {unit}."
            if others is not None
            else f"{name}: a go holds whatever the pairs without a difference had shown."
        )
    if config.cohort.design == "matched_control" and result.unit_effect > 0:
        yield from (f"{name}: {sentence}" for sentence in _confounded(result.unit_effect, room, every, config))


def missing_turning_point(result: KpiResult, every: Differences, config: PilotConfig) -> float | None:
    """Return the mean that the pairs without a difference would need for a go to fail, in the tested unit.

    Each of them gets the same difference, the start of the average pair and the average baseline; the value at which
    the effect is credible no more, or falls below the tolerated share of its target, is found by halving. None where
    even ten SDs below zero do not turn it.
    """
    here, sd = every.complete, result.sd_pair or 0.0
    low, high = -10 * sd, float(np.mean(every.end[here]))
    if not sd or not _holds(result, every, high, config):
        return high if sd else None
    if _holds(result, every, low, config):
        return None
    while high - low > 0.001 * sd:
        middle = (low + high) / 2
        low, high = (low, middle) if _holds(result, every, middle, config) else (middle, high)
    return low


def _holds(result: KpiResult, every: Differences, value: float, config: PilotConfig) -> bool:
    """Whether an effect is credible and large enough once every missing difference is `value`."""
    here, rule, seed = every.complete, config.decision, config.cohort.seed
    end, start, baseline = (
        np.where(here, known, filled)
        for known, filled in (
            (every.end, value),
            (every.start, np.mean(every.start[here])),
            (every.baseline, np.mean(every.baseline[here])),
        )
    )
    if not _is_ratio(result.kpi):
        found = behaviour_effects(end[None], start[None], np.ones((1, end.size)), every.clusters, Patterns(seed))
    else:
        found = prep_time_effects(end[None], baseline[None], np.ones((1, end.size)), every.clusters, Patterns(seed))
    large = at_least(float(found.effect[0]), rule.target_tolerance * result.target)
    return bool(found.p_manager[0] <= rule.alpha) and large


def _confounded(effect: float, room: Slack, every: Differences, config: PilotConfig) -> Iterator[str]:
    """Say how strong an unrecorded difference between volunteers and others would have to be."""
    pairs = every.of_complete()
    sd = float(np.sqrt(np.mean([np.var(arm, ddof=1) for arm in pairs.arms])))
    whole, bound = e_value(effect, sd), e_value(room.certainty, sd)
    yield (
        "an unrecorded difference between volunteers and others could explain the effect if it made both "
        f"volunteering and improving {formats.number(whole, 1)} times as likely; {formats.number(bound, 1)} times "
        "would do for its certainty (E-value)."
    )
    sums = cluster_sums(_adjusted(pairs), pairs.clusters)[0]
    if room.certainty > 0 and sums.size <= DIRECT_UNITS:
        gamma = rosenbaum_gamma(sums, config.decision.alpha)
        most = f"more than {LARGEST_GAMMA:.0f}" if gamma >= LARGEST_GAMMA else formats.number(gamma, 1)
        yield (
            "it stays credible unless something unrecorded favoured the volunteers' side in every group of managers, "
            f"with odds of {most} to 1 (Rosenbaum's bound)."
        )


def _adjusted(pairs: Differences) -> FloatArray:
    """Return the differences less what their start explains; for minutes the start is no covariate."""
    if _is_ratio(pairs.kpi) or np.ptp(pairs.start) == 0:
        return pairs.end
    slope = np.cov(pairs.start, pairs.end)[0, 1] / np.var(pairs.start, ddof=1)
    return np.asarray(pairs.end - slope * pairs.start)


def _shift(room: Slack, result: KpiResult, unit: str, rule: DecisionSection) -> str:
    least = f"{formats.number(abs(room.least))} {unit}"
    deviations = f"({formats.number(abs(room.least) / room.sd)} SD of the pairs' differences)"
    share = f"{formats.percent(rule.target_tolerance)} of its target"
    chance = room.certainty < room.size
    if room.least < 0:
        end = "to be more than chance" if chance else f"to reach {share}"
        return f"every participant would have had to gain {least} {deviations} more {end}."
    end = "what is left could be chance" if chance else f"what is left is below {share}"
    return f"{_had_been(result, least)} {deviations}, a go fails: {end}."


def _had_been(result: KpiResult, least: str) -> str:
    """Say who would have had to be how far off."""
    if result.declared:
        return f"had every participant's figure been {least} too {'low' if result.told.sign < 0 else 'high'}"
    if _is_ratio(result.kpi):
        return f"had managers logged {least} too little for every participant"
    return f"had managers scored every participant {least} too high"


def _is_ratio(kpi: str) -> bool:
    """Whether an effect is a share of a baseline, whose minutes are tested; all others are tested in their own unit."""
    return kpi == "prep_time_reduction"


def _differences(result: KpiResult, inputs: KpiInputs) -> Differences | None:
    """Return the pair differences behind an effect, as `scoring` takes them; None where there are none."""
    pairs = locked_pairs(inputs.members)
    if result.declared:
        found = None if inputs.further is None else differences(pairs, inputs.further, result.declared)
    elif result.kpi == "behaviour_change":
        found = None if inputs.behaviour is None else behaviour_differences(pairs, inputs.behaviour)
    else:
        found = None if inputs.prep is None else prep_time_differences(pairs, inputs.prep)
    return found if found is not None and found.complete.any() else None


def _people(count: int) -> str:
    return "person" if count == 1 else "people"
