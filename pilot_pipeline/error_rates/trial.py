"""Takes simulated pilots through the close-out's own estimators and gate; what is true of them is `truths`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from pilot_pipeline.closeout.gate import Decision, Evidence, Verdict, decide
from pilot_pipeline.cohort.power import adoption_line
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.error_rates.design import Design
from pilot_pipeline.error_rates.drawing import Draw, EffectDraw, draw
from pilot_pipeline.error_rates.truths import Truth
from pilot_pipeline.kpis.effects import EffectEstimates, behaviour_effects, prep_time_effects
from pilot_pipeline.kpis.filling import with_effect
from pilot_pipeline.kpis.results import KpiResult
from pilot_pipeline.kpis.signflip import Patterns

EXACT_CLUSTERS = 12
"""Up to here a simulated pilot is tested on all sign patterns, as a real one is up to twenty clusters."""
RANDOM_PATTERNS = 2048
"""Random ones beyond, with their mirror images; the test keeps its size, its p is coarser than a real pilot's."""
FEWEST_PAIRS = 3
_CHUNK = 1 << 15


@dataclass(frozen=True)
class Tally:
    """What came of simulated pilots of one truth: verdicts, and per effect KPI how often its interval held it."""

    truth: Truth
    pilots: int
    decisions: dict[Decision, int]
    covered: dict[str, int]
    intervals: dict[str, int]

    def share(self, decision: Decision) -> float:
        """Return the share of pilots with this verdict."""
        return self.decisions.get(decision, 0) / self.pilots

    def error(self, decision: Decision) -> float:
        """Return the Monte Carlo standard error of that share."""
        share = self.share(decision)
        return float(np.sqrt(share * (1 - share) / self.pilots))

    def coverage(self, kpi: str) -> float | None:
        """Return how often the 90 % interval held the true effect; None where no pilot had an interval."""
        return self.covered[kpi] / self.intervals[kpi] if self.intervals[kpi] else None


def simulate(design: Design, truth: Truth, config: PilotConfig, pilots: int, seed: int) -> Tally:
    """Return what the decision rule says about `pilots` pilots in which `truth` is true.

    Evidence is otherwise as a sound pilot's: witnessed lock, current checkpoints, balanced arms, no bias found. The
    same arguments give the same pilots.
    """
    rng = np.random.default_rng([seed, *truth.name.encode()])
    decisions: Counter[Decision] = Counter()
    covered: Counter[str] = Counter()
    intervals: Counter[str] = Counter()
    for size in chunks(pilots, design.managers):
        drawn = draw(design, truth, size, rng)
        estimates = {effect.design.kpi: estimate(effect, design) for effect in drawn.effects}
        decisions.update(verdict.decision for verdict in judge(drawn, estimates, design, config))
        for effect in drawn.effects:
            found = estimates[effect.design.kpi]
            known = np.isfinite(found.ci_low) & np.isfinite(found.ci_high)
            intervals[effect.design.kpi] += int(known.sum())
            covered[effect.design.kpi] += int(
                (known & (found.ci_low <= effect.truth) & (effect.truth <= found.ci_high)).sum()
            )
    kpis = [effect.kpi for effect in design.effects]
    return Tally(truth, pilots, dict(decisions), {k: covered[k] for k in kpis}, {k: intervals[k] for k in kpis})


def estimate(effect: EffectDraw, design: Design) -> EffectEstimates:
    """Return the estimates of one effect KPI of many pilots, by the estimator of the real close-out."""
    patterns = Patterns(seed=1, direct=EXACT_CLUSTERS, random=RANDOM_PATTERNS)
    # Where hardly a pair is left the gate throws the pilot out unseen; three pairs keep the arithmetic alive.
    few = effect.present.sum(axis=1) < FEWEST_PAIRS
    present = np.where(few[:, None], 1.0, effect.present) if few.any() else effect.present
    if effect.design.baseline is None:
        return behaviour_effects(effect.end, effect.start, present, design.clusters, patterns)
    baseline = np.broadcast_to(effect.design.baseline, effect.end.shape)
    return prep_time_effects(effect.end, baseline, present, design.clusters, patterns)


def judge(drawn: Draw, estimates: dict[str, EffectEstimates], design: Design, config: PilotConfig) -> Iterator[Verdict]:
    """Yield the gate's verdict on each pilot; the results differ from a real pilot's in what no rule consults.

    Left out are p by pairs, and the intervals of adoption, completion and pulse.
    """
    people, kpis = int(design.people.size), config.kpis
    adoption = KpiResult(
        "adoption", "threshold", kpis.adoption.target, n=people, needed=_line(people, kpis.adoption.target)
    )
    completion = KpiResult("module_completion", "threshold", kpis.module_completion.target, n=people)
    pulse = KpiResult("pulse", "threshold", kpis.pulse.target, n=people)
    evidence = Evidence((), design.pairs, design.managers, controls=design.pairs)
    effects = [list(_results(effect, estimates[effect.design.kpi], design)) for effect in drawn.effects]
    columns = (drawn.active.tolist(), drawn.completion.tolist(), drawn.pulse.tolist(), drawn.exposed.tolist())
    for (active, completed, answer, exposed), *own in zip(zip(*columns, strict=True), *effects, strict=True):
        results = (
            replace(adoption, actual=active / people, active=active),
            replace(completion, actual=completed),
            *own,
            replace(pulse, actual=answer),
        )
        yield decide(replace(evidence, kpis=results, controls_exposed=exposed), config.decision)


def _results(effect: EffectDraw, found: EffectEstimates, design: Design) -> Iterator[KpiResult]:
    own = effect.design
    blank = KpiResult(
        own.kpi,
        "effect",
        own.target,
        n_pairs=design.pairs,
        n_managers=design.managers,
        required=own.required,
        declared=own.declared,
    )
    nothing = replace(blank, missing=1.0)
    for one, present in zip(found.each(), effect.present.sum(axis=1).tolist(), strict=True):
        yield with_effect(blank, one) if present >= FEWEST_PAIRS else nothing


_line = lru_cache(maxsize=64)(adoption_line)


def chunks(pilots: int, managers: int) -> Iterator[int]:
    """Yield how many pilots are taken at once: as many as keep their sign patterns in a processor's cache."""
    patterns = 2**managers if managers <= EXACT_CLUSTERS else 2 * RANDOM_PATTERNS
    size = max(8, _CHUNK // patterns)
    for start in range(0, pilots, size):
        yield min(size, pilots - start)
