"""The contract on reporting lines: every manager is in the snapshot, nobody manages themselves, every line ends."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from pilot_pipeline.feeds.quarantine import Finding

_SELF = "The person is named as their own manager."
_ORPHAN = "The manager is not an employee of the same snapshot."
_CYCLE = "The person is part of a reporting cycle of {} people."
_DOUBLINGS = 6


@dataclass(frozen=True)
class Lines:
    """Rows as numbers: `row` labels them, `person` and `boss` are the same number for the same person of a snapshot.

    Where `has_person` or `has_boss` is false the number beside it means nothing.
    """

    row: np.ndarray
    person: np.ndarray
    boss: np.ndarray
    has_person: np.ndarray
    has_boss: np.ndarray


@dataclass(frozen=True)
class Hierarchy:
    """Every manager is an employee of the same snapshot, and reporting lines end.

    Rows are judged as they were read: a manager's row that is itself quarantined does not make orphans of the team.
    """

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Judge employees (as_of, employee_id, manager_id); rules self_manager, orphan, cycle."""
        snapshot, _ = pd.factorize(frame["as_of"])
        codes, people = pd.factorize(pd.concat([frame["employee_id"], frame["manager_id"]], ignore_index=True))
        person, boss = codes[: len(frame)], codes[len(frame) :]
        dated, width = snapshot >= 0, max(len(people), 1)
        return judge_lines(
            Lines(
                frame.index.to_numpy(),
                snapshot * width + person,
                snapshot * width + boss,
                dated & (person >= 0),
                dated & (boss >= 0),
            )
        )

    def judge(self, connection: duckdb.DuckDBPyConnection, relation: str, row: str) -> list[Finding]:
        """Judge a relation where it lies; see `sql_contract.SqlContract.judge` for the arguments.

        People are told apart by 64 bits of a hash, as pseudonyms themselves are.
        """
        found = connection.execute(
            f"SELECT {row} AS row, hash(as_of, employee_id) AS person, hash(as_of, manager_id) AS boss, "
            "as_of IS NOT NULL AND employee_id IS NOT NULL AS has_person, "
            f"as_of IS NOT NULL AND manager_id IS NOT NULL AS has_boss FROM {relation}"
        ).fetchnumpy()
        row_number, person, boss, has_person, has_boss = (np.asarray(found[name]) for name in Lines.__annotations__)
        return judge_lines(Lines(row_number, person, boss, has_person, has_boss))


def judge_lines(lines: Lines) -> list[Finding]:
    """Return the findings of all rows: self managers, then orphans, then cycles, each in the order of rows."""
    person = np.full(len(lines.row), -1)
    codes, people = pd.factorize(lines.person[lines.has_person])
    person[lines.has_person] = codes
    boss = np.full(len(lines.row), -1)
    boss[lines.has_boss] = pd.Index(people).get_indexer(lines.boss[lines.has_boss])
    own = lines.has_boss & lines.has_person & (person == boss)
    orphan = lines.has_boss & (boss < 0)
    inside = np.flatnonzero(lines.has_person & (boss >= 0) & ~own)
    length = _cycle_lengths(person[inside], boss[inside], len(people))
    return [
        *(Finding(int(row), "manager_id", "self_manager", _SELF) for row in lines.row[own]),
        *(Finding(int(row), "manager_id", "orphan", _ORPHAN) for row in lines.row[orphan]),
        *(
            Finding(int(row), "manager_id", "cycle", _CYCLE.format(size))
            for row, size in zip(lines.row[inside][length > 0], length[length > 0], strict=True)
        ),
    ]


def _cycle_lengths(person: np.ndarray, boss: np.ndarray, people: int) -> np.ndarray:
    """Return for each edge how many people are on the cycle that it is part of, 0 where it is part of none.

    Lines that end within 64 steps are passed over first; what is left, cycles with whatever hangs below them, is cut
    into strongly connected components (Tarjan 1972).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left = np.flatnonzero(_unended(person, boss, people))
    length = np.zeros(len(person), dtype=np.int64)
    if not len(left):
        return length
    codes, inside = np.unique(np.concatenate([person[left], boss[left]]), return_inverse=True)
    below, above = inside[: len(left)], inside[len(left) :]
    edges = coo_array((np.ones(len(left), dtype=np.int8), (below, above)), shape=(len(codes), len(codes)))
    _, component = connected_components(edges, directed=True, connection="strong")
    size = np.bincount(component)[component[below]]
    # An edge lies on a cycle exactly when both its ends are in the same component of two people and more.
    length[left] = np.where((size > 1) & (component[below] == component[above]), size, 0)
    return length


def _unended(person: np.ndarray, boss: np.ndarray, people: int) -> np.ndarray:
    """Mark edges from which the top is not reached within 64 steps."""
    top = people
    up = np.full(people + 1, top)
    up[person] = boss
    # Somebody with rows that differ has several lines; none of them is taken to end.
    several = np.bincount(person, minlength=people) > 1
    up[:people][several] = np.flatnonzero(several)
    for _ in range(_DOUBLINGS):
        up = up[up]
    unended: np.ndarray = up[person] != top
    return unended
