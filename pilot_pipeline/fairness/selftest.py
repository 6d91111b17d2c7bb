"""The auditor on trial: planted bias must be found and fairness must pass, or no audit speaks; no real data here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.random import Generator

from pilot_pipeline.errors import NotReady
from pilot_pipeline.fairness.family import ALPHA, one_look
from pilot_pipeline.fairness.groups import Grouping
from pilot_pipeline.fairness.pairs import direction
from pilot_pipeline.fairness.permutation import Bools, Floats, Panel, permutations, residuals, statistics
from pilot_pipeline.fairness.power import severe_chances

_PLANTED, _FAIR, _ALARMS = 5, 20, 4
_PERMUTATIONS = 199
_SEED = 20260105  # fixed: this judges the code, so that it must not depend on anyone's pilot

Auditor = Callable[[Floats, Generator], float]
"""Takes outcomes and returns the adjusted p of the first attribute."""


def check_people_audit() -> None:
    """Run the audit of people on planted bias and on none.

    Raises:
        NotReady: it misses severe steering of 120 people, or finds bias in random answers too often.
    """
    people, roles, pathways = 120, 4, 6
    strata = np.arange(people, dtype=np.intp) % roles
    first, second = (np.arange(people) // roles) % 2, (np.arange(people) // roles) % 3
    onehot = np.column_stack([first == 0, first == 1, second == 0, second == 1, second == 2]).astype(np.float64)
    panel = Panel(strata, onehot, (slice(0, 2), slice(2, 5)))

    def judged(outcome: Floats, rng: Generator) -> float:
        moved = permutations(strata, _PERMUTATIONS + 1, rng)
        return float(one_look(statistics(panel, residuals(outcome, strata), moved)).q[0])

    _try(judged, first == 0, pathways, "people")


def check_twin_audit() -> None:
    """Run the audit of twins on planted bias and on none.

    Raises:
        NotReady: as above, with 150 twin sets.
    """
    sets, pathways = 150, 6
    values = pd.Series(np.tile(["a", "b", "b", "a"], sets // 2), dtype="str")
    grouping = Grouping("planted", values, ("a", "b"))

    def judged(outcome: Floats, rng: Generator) -> float:
        stats = direction((outcome.reshape(sets, 2, pathways),), grouping, _PERMUTATIONS + 1, rng)
        return float(one_look(stats).q[0])

    _try(judged, values.eq("a").to_numpy(), pathways, "twins")


def _try(judged: Auditor, steered: Bools, pathways: int, what: str) -> None:
    rng = np.random.default_rng(_SEED)
    even = np.full(pathways, 1 / pathways)
    choices = severe_chances(pathways)[np.where(steered, 0, 1)]
    missed = sum(judged(rng.multinomial(1, choices).astype(np.float64), rng) > ALPHA for _ in range(_PLANTED))
    fair = [judged(rng.multinomial(1, even, size=len(steered)).astype(np.float64), rng) for _ in range(_FAIR)]
    alarms = sum(p <= ALPHA for p in fair)
    if missed or alarms > _ALARMS:
        raise NotReady(
            f"The bias audit fails its own test on {what}: it missed planted bias {missed} of {_PLANTED} times and saw "
            f"bias in fair answers {alarms} of {_FAIR} times, so it says nothing about the real ones."
        )
