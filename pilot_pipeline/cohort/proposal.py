"""Which of the people who can be had to propose, as groups and seats; the program behind it is `selection`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.ladder import Ints
from pilot_pipeline.cohort.quotas import Quotas
from pilot_pipeline.cohort.selection import Problem

_MOST_UNITS = 1000


@dataclass(frozen=True)
class Proposal:
    """What is proposed.

    Attributes:
        rows: positions of the chosen units, ascending.
        table: the quotas with a column `proposed`: how many people of each group were chosen.
        seats_off: seats held by somebody of another group than they are due to, summed over the dimensions.
        least_off: the fewest that are possible, proven; equal to `seats_off` where nothing better exists.
        clusters_short: how many judging clusters may be missing; 0 where the wanted number is assured.
    """

    rows: Ints
    table: pd.DataFrame
    seats_off: int
    least_off: int
    clusters_short: int

    @property
    def perfect(self) -> bool:
        """Whether every quota is met and there are enough clusters."""
        return self.seats_off == 0 and self.clusters_short == 0

    @property
    def off_by_dimension(self) -> dict[str, int]:
        """Seats off in each dimension that has any."""
        missing = (self.table["seats"] - self.table["proposed"]).clip(lower=0)
        off = missing.groupby(self.table["dimension"], sort=False).sum()
        return {str(name): int(seats) for name, seats in off.items() if seats}


def propose(
    units: Ints,
    managers: Ints,
    rungs: Ints,
    quotas: Quotas,
    *,
    size: int,
    clusters: int,
    seed: int,
    comparison: bool = False,
) -> Proposal:
    """Choose so many units that every quota is met exactly, or as nearly as can be.

    Args:
        units: one row per unit (a volunteer, or a pair of them): the positions of the people who take seats.
        managers: units × 2, the managers' codes of the two people of the unit's pair.
        rungs: the rung of each unit's pair.
        quotas: for size × (people per unit) seats.
        size: how many units; fewer are all taken.
        clusters: how many judging clusters there should be at least.
        seed: of the choice.
        comparison: nobody will be chosen by this; leave out the goals after the quotas.

    Goals, one after the other: enough clusters; the fewest seats off their quota; the lowest rungs; and among all
    cohorts that are equal in this, the one that a seeded random price per unit makes cheap. Quotas are equalities
    wherever they can be met, which is solved in a second where minimising deviations takes a minute (HiGHS: Huangfu and
    Hall 2018, Mathematical Programming Computation 10). Among more than 1,000 units a seeded draw of 1,000 is chosen
    from. Performance plays no part: a cohort chosen for low scores would rise by itself (regression to the mean).
    """
    kept = np.arange(len(units))
    if len(units) > _MOST_UNITS:
        kept = np.sort(np.random.default_rng([seed, 1]).permutation(len(units))[:_MOST_UNITS])
    counts, due = quotas.counts(units[kept]), quotas.table["seats"].to_numpy(dtype=np.int64)
    problem = Problem(counts, due, managers[kept], min(size, len(kept)), clusters)
    selection = problem.compare() if comparison else problem.select(rungs[kept], seed)
    rows = kept[selection.rows]
    proposed = counts[:, selection.rows].sum(axis=1)
    off = int(np.clip(due - proposed, 0, None).sum())
    across = managers[rows]
    sure = len(np.unique(across)) - int((across[:, 0] != across[:, 1]).sum())
    table = quotas.table.assign(proposed=proposed)
    return Proposal(rows, table, off, min(off, selection.least_off), max(clusters - sure, 0))
