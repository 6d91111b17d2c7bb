"""Controls for given participants: the optimal matching and why somebody stays without; the arrays are `assignment`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.assignment import assign, most_pairs
from pilot_pipeline.cohort.ladder import CONSTRAINTS, NEVER, Admissibility, Ints

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
    found: list[pd.DataFrame] = []
    for rows, columns in _blocks(participants, pool, admissibility):
        need = admissibility.needs(rows, columns)
        distance = admissibility.metric.distances(rows, columns)
        left, right = assign(need, distance, rungs or len(admissibility.ladder.rungs))
        found.append(
            pd.DataFrame(
                {
                    "pilot": rows[left],
                    "control": columns[right],
                    "rung": need[left, right].astype(np.int64),
                    "distance": distance[left, right],
                }
            )
        )
    return stack(found)


def stack(found: list[pd.DataFrame]) -> pd.DataFrame:
    """Join the pairs of several blocks, ascending by pilot; none at all give an empty frame of the same shape."""
    found = [frame for frame in found if len(frame)]
    if not found:
        kinds = {"pilot": "int64", "control": "int64", "rung": "int64", "distance": "float64"}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    return pd.concat(found).sort_values("pilot", kind="stable").reset_index(drop=True)


def _blocks(participants: Ints, pool: Ints, admissibility: Admissibility) -> Iterator[tuple[Ints, Ints]]:
    """Split the problem into blocks whose people could never be paired across."""
    blocks = admissibility.blocks
    for block in dict.fromkeys(blocks[participants].tolist()):
        columns = pool[blocks[pool] == block]
        if len(columns):
            yield participants[blocks[participants] == block], columns


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
