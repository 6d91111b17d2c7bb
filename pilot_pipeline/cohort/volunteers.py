"""From the pairs that volunteers allow to those proposed: how far the ladder is climbed for a representative cohort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.ladder import Admissibility, Ints
from pilot_pipeline.cohort.proposal import Proposal, propose
from pilot_pipeline.cohort.quotas import workforce_quotas
from pilot_pipeline.config.models import PilotConfig

_MANY_PAIRS = 500  # with more to choose from, the ladder is not climbed to see what else could be had


@dataclass(frozen=True)
class Attempt:
    """The proposal with the ladder used up to one rung: its name, the pairs to choose from, and the chosen ones."""

    rung: str
    available: int
    pairs: pd.DataFrame
    proposal: Proposal

    @property
    def relaxed(self) -> int:
        """How many of the chosen pairs are not exact."""
        return int((self.pairs["rung"] > 0).sum())


def choose_pairs(
    find: Callable[[int], pd.DataFrame], people: pd.DataFrame, admissibility: Admissibility, config: PilotConfig
) -> tuple[Attempt, ...]:
    """Propose pairs from those that volunteers allow, with more and more rungs of the ladder.

    Args:
        find: gives the pairs (columns of `matching.PAIR_COLUMNS`) that so many rungs allow.
        people: the workforce by position.
        admissibility: the ladder applied to it.
        config: `cohort`, `decision.min_managers` and `fairness.attributes`.

    Returns:
        The proposed attempt first, then those that it was weighed against. The fewest rungs that give enough pairs and
        clusters are proposed and weighed against the whole ladder; with `cohort.relax_for: quotas` every rung is tried
        and the fewest seats off win. Climbing ends with a perfect cohort. None where no pair can be had.
    """
    rungs, section = admissibility.ladder.rungs, config.cohort
    attempts: list[Attempt] = []
    enough = False
    for climbed in range(1, len(rungs) + 1):
        last = climbed == len(rungs)
        if enough and section.relax_for == "pairs" and not last:
            continue  # what the whole ladder would give is comparison enough
        found = find(climbed)
        too_few = len(found) < section.size and not last
        if too_few or len(found) == (attempts[-1].available if attempts else 0):
            continue
        comparison = enough and section.relax_for == "pairs"  # fewer rungs give enough, so these pairs are not taken
        attempts.append(_attempt(rungs[climbed - 1], found, people, config, comparison))
        enough = len(attempts[-1].pairs) == section.size and not attempts[-1].proposal.clusters_short
        if enough and (attempts[-1].proposal.perfect or len(found) > _MANY_PAIRS):
            break

    def worse(attempt: Attempt) -> tuple[int, ...]:
        quotas = (attempt.proposal.seats_off,) if section.relax_for == "quotas" else ()
        return -len(attempt.pairs), attempt.proposal.clusters_short, *quotas

    return tuple(sorted(attempts, key=worse))  # stable: fewer rungs come first


def _attempt(rung: str, found: pd.DataFrame, people: pd.DataFrame, config: PilotConfig, comparison: bool) -> Attempt:
    section = config.cohort
    level = people["role_level"].to_numpy()[found["pilot"].to_numpy()]
    common = pd.Series(level).value_counts()
    levels = sorted(common.index, key=lambda one: (-common[one], one))[: section.role_levels[1]]
    usable = found[np.isin(level, levels)].reset_index(drop=True)
    both: Ints = usable[["pilot", "control"]].to_numpy()
    # Among volunteers both may get the tool, so that both take a seat; a matched control takes none.
    units = both if section.design == "matched_pair_randomised" else both[:, :1]
    seats = min(section.size, len(usable))
    proposal = propose(
        units,
        _codes(people["manager_id"])[both],
        usable["rung"].to_numpy(),
        workforce_quotas(people, config.fairness.attributes, levels, seats, units.shape[1]),
        size=section.size,
        clusters=config.decision.min_managers,
        seed=section.seed,
        comparison=comparison,
    )
    return Attempt(rung, len(found), usable.iloc[proposal.rows].reset_index(drop=True), proposal)


def _codes(managers: pd.Series) -> Ints:
    """Number the managers; whoever has none stands for themselves, as in `clusters`."""
    codes = np.asarray(pd.factorize(managers)[0], dtype=np.int64)
    return np.where(codes < 0, len(codes) + np.arange(len(codes)), codes)
