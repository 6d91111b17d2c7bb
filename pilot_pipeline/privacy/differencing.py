"""The attacker who subtracts: what published totals of nested units reveal; making them safe is `suppression`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.privacy.suppression import LEVELS, Unit, nested_units


@dataclass(frozen=True)
class Exposure:
    """Something that subtraction tells: how many units of which level are determined, or a sum that is too small."""

    level: str
    kind: str
    people: int


def exposures(frame: pd.DataFrame, minimum: int, *, levels: Sequence[str] = LEVELS) -> tuple[Exposure, ...]:
    """Return what the shown rows of a hierarchy reveal about suppressed units, by solving the linear system.

    Every unit is the sum of its children and of people whom no child lists. A suppressed unit is `determined` when
    it is constant over the null space of the unknowns (exact for linear attacks, without bounds on the unknowns);
    a sum of unknowns is `too small` when it is of 1 to `minimum` - 1 people.

    Args:
        frame: `unit`, `level`, `parent`, the true `n`, and `suppressed`; of one week, or with `week_no`.
        minimum: Smallest group that may be known.
        levels: From the lowest to the highest.
    """
    weeks = [rows for _, rows in frame.groupby("week_no")] if "week_no" in frame else [frame]
    return tuple(exposure for rows in weeks for exposure in _of_one_week(rows, minimum, levels))


def _of_one_week(rows: pd.DataFrame, minimum: int, levels: Sequence[str]) -> list[Exposure]:
    forest = nested_units(rows, levels)
    hidden = set(zip(rows.loc[rows["suppressed"], "level"], rows.loc[rows["suppressed"], "unit"], strict=True))
    for key, unit in forest.items():
        unit.suppressed = key in hidden and unit.size > 0
    found = _determined(forest)
    for (level, _), unit in forest.items():
        if not unit.suppressed and unit.children and 0 < (left := _left(unit)) < minimum:
            found.append(Exposure(level, "too small", left))
    found += [
        Exposure(level, "shown", unit.size)
        for (level, _), unit in forest.items()
        if 0 < unit.size < minimum and not unit.suppressed
    ]
    return found


def _left(unit: Unit) -> int:
    """People in what subtraction leaves below a unit, suppressed children being replaced by what they hide."""
    below = sum((_left(child) if _opens(child) else child.size) for child in unit.children if child.suppressed)
    return below + unit.unlisted


def _opens(unit: Unit) -> bool:
    return any(not child.suppressed and child.size > 0 for child in unit.children)


def _determined(forest: dict[tuple[str, str], Unit]) -> list[Exposure]:
    """Return the suppressed units that have one value only in every solution of the sums."""
    unknown = [id(unit) for unit in forest.values() if unit.suppressed]
    parents = [unit for unit in forest.values() if unit.children]
    columns = {name: i for i, name in enumerate([*unknown, *(("unlisted", id(p)) for p in parents if p.unlisted)])}
    system = np.zeros((len(parents), len(columns)))
    for row, parent in enumerate(parents):
        if parent.suppressed:
            system[row, columns[id(parent)]] = -1
        for child in parent.children:
            if child.suppressed:
                system[row, columns[id(child)]] = 1
        if parent.unlisted:
            system[row, columns["unlisted", id(parent)]] = 1
    free = _free(system)
    levels = {id(unit): (level, unit.size) for (level, _), unit in forest.items()}
    return [Exposure(levels[name][0], "determined", levels[name][1]) for name in unknown if not free[columns[name]]]


def _free(system: np.ndarray) -> np.ndarray:
    """Say of each unknown whether solutions of the homogeneous system can move it."""
    if not system.shape[1]:
        return np.zeros(0, dtype=bool)
    _, singular, right = np.linalg.svd(system, full_matrices=True)
    rank = int((singular > 1e-9).sum())
    free: np.ndarray = (np.abs(right[rank:]) > 1e-9).any(axis=0)
    return free
