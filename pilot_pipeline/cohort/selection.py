"""The choice of a cohort as a mixed-integer program on plain arrays; what its groups and people mean is `proposal`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilot_pipeline.cohort.ladder import Ints

Floats = NDArray[np.float64]
_NODES, _MORE_NODES = 30, 300  # of HiGHS' search tree; a limit in seconds would make the answer depend on the machine
_MISSING_CLUSTER = 1000.0  # weighs more than all seats together
_GOOD = 0.2  # relative gap at which a cohort is cheap enough
_CLOSE = 0.01  # the same while rungs are counted: closer than one pair in fifty


@dataclass(frozen=True)
class Selection:
    """Positions of the chosen units, ascending, and the fewest seats off their quota that are possible, proven."""

    rows: Ints
    least_off: int


@dataclass(frozen=True)
class _Answer:
    values: Floats
    bound: float


class Problem:
    """Choose `size` units so that each group gets the seats it is due.

    Args:
        counts: groups × units, how many seats of the group a unit takes.
        due: seats per group.
        managers: units × 2, codes of the managers of the unit's pair.
        size: how many units.
        clusters: how many judging clusters are wanted.

    The variables are: units, managers who are touched by one, seats over and under per group, clusters short. A pair
    across managers merges two of them at most, so that the clusters are at least the managers touched minus such pairs.
    """

    def __init__(self, counts: Ints, due: Ints, managers: Ints, size: int, clusters: int) -> None:
        from scipy.sparse import block_array, csr_array, eye_array

        groups, self.n_units = counts.shape
        codes = np.asarray(pd.factorize(managers.ravel())[0], dtype=np.int64)
        n_managers = int(codes.max(initial=-1)) + 1
        ends = (np.ones(len(codes)), (codes, np.repeat(np.arange(self.n_units), 2)))
        touches: Any = csr_array(ends, shape=(n_managers, self.n_units)).sign()
        across = codes.reshape(-1, 2)
        merged = -(across[:, 0] != across[:, 1]).astype(np.float64)
        units = csr_array(np.ones((1, self.n_units)))
        each_group, each_manager, one = eye_array(groups), eye_array(n_managers), csr_array(np.ones((1, 1)))
        rows: list[list[Any]] = [
            [units, None, None, None, None],
            [csr_array(counts), None, -each_group, each_group, None],
            [touches, -each_manager, None, None, None],
            [csr_array(merged[None, :]), csr_array(np.ones((1, n_managers))), None, None, one],
        ]
        self.matrix = block_array(rows, format="csr")
        self.low = np.r_[size, due, np.zeros(n_managers), clusters].astype(np.float64)
        self.high = np.r_[size, due, np.full(n_managers + 1, np.inf)].astype(np.float64)
        self.off = np.r_[np.zeros(self.n_units + n_managers), np.ones(2 * groups), _MISSING_CLUSTER]

    def select(self, rungs: Ints, seed: int) -> Selection:
        """Meet the goals one after the other: clusters, quotas, low rungs, and then the cheapest at random prices."""
        prices = np.random.default_rng(seed).random(self.n_units)
        size, climbs = int(self.low[0]), bool(rungs.any())
        # All prices together weigh less than one rung.
        goal = self._per_unit(np.asarray(rungs + prices / (2 * size) if climbs else prices))
        gap = _CLOSE if climbs else _GOOD
        perfect = self._solve(goal, gap, off=0.0)
        if perfect is not None:
            return Selection(self._rows(perfect), 0)
        nearest, least = self._nearest()
        if nearest is None:  # no compromise within the limit: the cheapest units, whoever they are
            return Selection(np.sort(np.argsort(prices, kind="stable")[:size]), 0)
        off = float(self.off @ nearest.values)
        best = self._solve(goal, gap, off) if off else None  # a perfect one was looked for already, and is hard to find
        return Selection(self._rows(best or nearest), least)

    def compare(self) -> Selection:
        """Meet clusters and quotas as nearly as can be and no other goal: quicker, for what nobody is chosen by."""
        nearest, least = self._nearest()
        return Selection(np.arange(int(self.low[0])) if nearest is None else self._rows(nearest), least)

    def _nearest(self) -> tuple[_Answer | None, int]:
        """Return a choice with the fewest seats off that can be found, and the proven bound."""
        nearest = self._solve(self.off, 0.0, nodes=_MORE_NODES)
        if nearest is None:
            return None, 0
        missing = round(nearest.values[-1]) * _MISSING_CLUSTER
        return nearest, max(math.ceil((nearest.bound - missing) / 2 - 1e-6), 0)

    def _solve(self, goal: Floats, gap: float, off: float | None = None, nodes: int = _NODES) -> _Answer | None:
        """Minimise a goal with at most so much off the quotas; None where that is infeasible or not found."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        integer = np.ones(len(goal), dtype=np.int64)
        integer[self.n_units : len(goal) - int((self.off > 0).sum())] = 0  # managers follow from the units
        upper = np.where(self.off > 0, np.inf, 1.0)
        kept = [] if off is None else [LinearConstraint(self.off[None, :], -np.inf, off + 1e-6)]
        found = milp(
            goal,
            integrality=integer,
            bounds=Bounds(0.0, upper),
            constraints=[LinearConstraint(self.matrix, self.low, self.high), *kept],
            options={"mip_rel_gap": gap, "node_limit": nodes},
        )
        return None if found.x is None else _Answer(np.asarray(found.x).round(6), float(found.mip_dual_bound))

    def _rows(self, answer: _Answer) -> Ints:
        return np.flatnonzero(answer.values[: self.n_units] > 0.5)

    def _per_unit(self, values: Floats) -> Floats:
        return np.concatenate([values, np.zeros(len(self.off) - self.n_units)])
