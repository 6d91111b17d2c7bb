"""What would change this decision, as sentences with numbers; the decision itself is `gate`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pilot_pipeline.charts.labels import kpi_label
from pilot_pipeline.closeout import formats
from pilot_pipeline.closeout.gate import Verdict
from pilot_pipeline.config.measuring import DecisionSection
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.kpis.flip_bounds import ancova_bounds, ratio_bounds
from pilot_pipeline.kpis.pairs import Differences, behaviour_differences, locked_pairs, prep_time_differences
from pilot_pipeline.kpis.results import KpiResult, at_least
from pilot_pipeline.kpis.scoring import KpiInputs

_RISK_PER_SD = 0.91


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

    Effects: delta*, the smallest constant taken from every pilot outcome that makes a go fail; missing pairs; the
    E-value where volunteers are compared with others (VanderWeele & Ding 2017, Annals of Internal Medicine 167, with
    their approximation for a standardised difference). Adoption: people. Pulse: silence at its worst.
    """
    if verdict.step < 2:
        return []
    return [sentence for result in results if result.measured for sentence in _of(result, inputs, config)]


def slack(result: KpiResult, inputs: KpiInputs, config: PilotConfig) -> Slack | None:
    """Return an effect KPI's distance to where a go turns, in score points or minutes; None where it has no figure."""
    outcome = _outcome(result, inputs)
    if outcome is None or result.effect is None or result.sd_pair is None:
        return None
    rule, seed = config.decision, config.cohort.seed
    if result.kpi == "behaviour_change":
        low = ancova_bounds(outcome.end, outcome.start, outcome.clusters, rule.alpha, seed).low
        size = result.effect - rule.target_tolerance * result.target
    else:
        low = ratio_bounds(outcome.end, np.ones_like(outcome.end), outcome.clusters, rule.alpha, seed).low
        size = float(np.mean(outcome.end) - rule.target_tolerance * result.target * np.mean(outcome.baseline))
    return Slack(low, size, result.sd_pair)


def e_value(effect: float, sd: float) -> float:
    """Return the E-value of a difference between arms: the risk ratio that a hidden cause would need on both sides.

    `effect` and `sd` (of the outcome among people) share a unit; a difference of no benefit has E-value 1.
    """
    ratio = math.exp(_RISK_PER_SD * max(effect, 0.0) / sd)
    return ratio + math.sqrt(ratio * (ratio - 1))


def _of(result: KpiResult, inputs: KpiInputs, config: PilotConfig) -> Iterator[str]:
    name = kpi_label(result.kpi)
    if result.kpi == "adoption" and result.active is not None and result.needed is not None:
        yield _adoption(name, result.active - result.needed, config.kpis.adoption.by_week)
    if result.worst is not None:
        holds = "still on target" if at_least(result.worst, result.target) else "below its target"
        yield f"{name}: {formats.number(result.worst)}, {holds}, had all who were silent answered at their worst."
    if result.kind == "effect" and result.required:
        yield from _effect(name, result, inputs, config)


def _adoption(name: str, spare: int, week: int) -> str:
    if spare < 0:
        return f"{name}: {-spare} more {_people(-spare)} active in week {week} would have been enough."
    return f"{name}: with {spare + 1} fewer {_people(spare + 1)} active in week {week}, a go fails."


def _effect(name: str, result: KpiResult, inputs: KpiInputs, config: PilotConfig) -> Iterator[str]:
    room = slack(result, inputs, config)
    outcome = _outcome(result, inputs)
    if room is None or outcome is None or result.unit_effect is None or not math.isfinite(room.least):
        return
    unit = "points" if result.kpi == "behaviour_change" else "minutes per report and week"
    yield f"{name}: {_shift(room, result.kpi, unit, config.decision)}"
    if result.missing and room.size > 0:
        # The estimate over all pairs, were the missing ones put in, is a weighted mean of both parts.
        others = result.unit_effect - room.size / result.missing
        yield (
            f"{name}: the pairs without a difference would have to average {formats.number(others, 1)} {unit} for the "
            f"estimate over all pairs to fall to {formats.percent(config.decision.target_tolerance)} of its target."
        )
    if config.cohort.design == "matched_control" and result.unit_effect > 0:
        sd = float(np.sqrt(np.mean([np.var(arm, ddof=1) for arm in outcome.arms])))
        whole, bound = e_value(result.unit_effect, sd), e_value(room.certainty, sd)
        yield (
            f"{name}: an unrecorded difference between volunteers and others could explain the effect if it made both "
            f"volunteering and improving {formats.number(whole, 1)} times as likely; {formats.number(bound, 1)} times "
            "would do for its certainty (E-value)."
        )


def _shift(room: Slack, kpi: str, unit: str, rule: DecisionSection) -> str:
    amount = f"{formats.number(abs(room.least))} {unit}"
    deviations = f"({formats.number(abs(room.least) / room.sd)} SD of the pairs' differences)"
    share = f"{formats.percent(rule.target_tolerance)} of its target"
    chance = room.certainty < room.size
    if room.least < 0:
        end = "to be more than chance" if chance else f"to reach {share}"
        return f"every participant would have had to gain {amount} {deviations} more {end}."
    told = (
        f"scored every participant {amount} too high"
        if kpi == "behaviour_change"
        else f"logged {amount} too little for every participant"
    )
    end = "what is left could be chance" if chance else f"what is left is below {share}"
    return f"had managers {told} {deviations}, a go fails: {end}."


def _outcome(result: KpiResult, inputs: KpiInputs) -> Differences | None:
    """Return the pair differences behind an effect, as `scoring` takes them; None where there are none."""
    pairs = locked_pairs(inputs.members)
    if result.kpi == "behaviour_change":
        found = None if inputs.behaviour is None else behaviour_differences(pairs, inputs.behaviour)
    else:
        found = None if inputs.prep is None else prep_time_differences(pairs, inputs.prep)
    return found.of_complete() if found is not None and found.complete.any() else None


def _people(count: int) -> str:
    return "person" if count == 1 else "people"
