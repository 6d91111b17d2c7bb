"""Controls for given participants: the optimal matching and why somebody stays without; the arrays are `assignment`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.assignment import assign, most_pairs
from pilot_pipeline.cohort.ladder import CONSTRAINTS, NEVER, Admissibility, Ints, Rungs
from pilot_pipeline.cohort.metric import Floats

PAIR_COLUMNS = ("pilot", "control", "rung", "distance")


def match_controls(
    participants: Ints, pool: Ints, admissibility: Admissibility, rungs: int | None = None
) -> pd.DataFrame:
    """Pair participants with controls: most pairs, then lowest rungs, then least total Mahalanobis distance.

    Args:
        participants: positions in the workforce, ascending.
        pool: positions of possible controls, ascending; each is used once at most.
        admissibility: the ladder applied to the workforce.
        rungs: use only so many of the ladder's rungs, the lowest; default: all.

    Returns:
        One row per pair, ascending by pilot: pilot and control (positions), rung (index into the ladder), distance.

    Globally optimal over all rungs at once. Source of the objective: optimal matching with a caliper, Rosenbaum 1989,
    *Optimal matching for observational studies*, JASA 84.
    """
    found: list[Pairs] = []
    for rows, columns in blocks_of(participants, pool, admissibility):
        need = admissibility.needs(rows, columns)
        distance = admissibility.metric.distances(rows, columns)
        left, right = assign(need, distance, rungs or len(admissibility.ladder.rungs))
        found.append((rows[left], columns[right], need[left, right], distance[left, right]))
    return stack(found)


Pairs = tuple[Ints, Ints, Rungs, Floats]


def stack(found: list[Pairs]) -> pd.DataFrame:
    """Join the pairs of several blocks, ascending by pilot; none at all give an empty frame of the same shape."""
    kinds = ("int64", "int64", "int64", "float64")
    parts = [np.concatenate([block[part] for block in found] or [np.zeros(0)]) for part in range(len(PAIR_COLUMNS))]
    order = np.argsort(parts[0], kind="stable")
    return pd.DataFrame(
        {name: part[order].astype(kind) for name, part, kind in zip(PAIR_COLUMNS, parts, kinds, strict=True)}
    )


def blocks_of(participants: Ints, pool: Ints, admissibility: Admissibility) -> Iterator[tuple[Ints, Ints]]:
    """Split the problem into blocks, participants beside pool, whose people could never be paired across."""
    blocks = admissibility.blocks
    wanted = np.zeros(int(blocks.max(initial=-1)) + 1, dtype=bool)
    wanted[blocks[participants]] = True
    rows, columns = _by_block(participants, blocks), _by_block(pool[wanted[blocks[pool]]], blocks)
    for block, people in rows.items():
        if block in columns:
            yield people, columns[block]


def _by_block(people: Ints, blocks: Ints) -> dict[int, Ints]:
    """Return block → its people, ascending."""
    ordered = people[np.argsort(blocks[people], kind="stable")]
    names, starts = np.unique(blocks[ordered], return_index=True)
    ends = [*starts[1:].tolist(), len(ordered)]
    return {name: ordered[start:end] for name, start, end in zip(names.tolist(), starts.tolist(), ends, strict=False)}


@dataclass(frozen=True)
class Obstacle:
    """Why one participant has no control, as a sentence without any value of theirs."""

    participant: int
    reason: str


def obstacles(participants: Ints, pool: Ints, unmatched: Ints, admissibility: Admissibility) -> list[Obstacle]:
    """Name for each unmatched participant the constraint that leaves nobody, or the shortage where some are left."""
    return [Obstacle(int(person), _obstacle(int(person), participants, pool, admissibility)) for person in unmatched]


def _obstacle(person: int, participants: Ints, pool: Ints, admissibility: Admissibility) -> str:
    needs = admissibility.needs_by_constraint(np.array([person]), pool)
    left = {name: needs[name][0] < NEVER for name in CONSTRAINTS}
    admissible = np.logical_and.reduce(list(left.values()))
    if admissible.any():
        rivals = int((admissibility.needs(participants, pool[admissible]) < NEVER).any(axis=1).sum())
        return (
            f"{int(admissible.sum())} possible controls for {rivals} participants who need them: "
            "all are taken by the others."
        )
    same_role = left["role"] & left["other keys"]
    if not same_role.any():
        return "Nobody in the pool of controls has the same role, nor one that the ladder allows."
    if not (same_role & left["place"]).any():
        return (
            f"{int(same_role.sum())} people in the pool share the role, but none of them the manager, "
            "nor a unit that the ladder allows."
        )
    count = int((same_role & left["place"]).sum())
    if np.isnan(admissibility.metric.performance[person]):
        return f"{count} people share role and unit, but all have a performance score and this participant has none."
    return f"{count} people share role and unit, but none has a performance score inside the widest caliper."


def gains(participants: Ints, pool: Ints, admissibility: Admissibility) -> dict[str, int]:
    """Return how many more pairs there would be if one constraint of `CONSTRAINTS` were given up altogether."""
    if not len(participants) or not len(pool):
        return dict.fromkeys(CONSTRAINTS, 0)
    needs = admissibility.needs_by_constraint(participants, pool)
    holds = {name: needs[name] < NEVER for name in CONSTRAINTS}
    now = most_pairs(np.logical_and.reduce(list(holds.values())))
    without = {
        name: most_pairs(np.logical_and.reduce([mask for other, mask in holds.items() if other != name]))
        for name in CONSTRAINTS
    }
    return {name: count - now for name, count in without.items()}
