"""Who may be paired with whom, and at which rung of the relaxation ladder; choosing the pairs is `matching`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilot_pipeline.cohort.metric import Floats, Metric
from pilot_pipeline.config.planning import CohortSection

Ints = NDArray[np.int64]
Rungs = NDArray[np.int8]
EXACT = "exact"
NEVER = np.int8(127)
RELAXED_CALIPER_SD = 0.5
ROUNDING = 1 + 1e-12  # a difference of exactly one caliper is inside it, whatever its last bit says

CONSTRAINTS = ("place", "role", "other keys", "caliper")


@dataclass(frozen=True)
class Ladder:
    """The rungs, and for each constraint what satisfies it from which rung on.

    Rungs are cumulative: at rung k every relaxation up to k is granted, so a pair's rung is the first one at which all
    its constraints hold. `place` and `role` are (column, rung) alternatives; `fixed` columns are never relaxed;
    `calipers` are (width in SD of performance_score, rung).
    """

    rungs: tuple[str, ...]
    place: tuple[tuple[str, int], ...]
    role: tuple[tuple[str, int], ...]
    fixed: tuple[str, ...]
    calipers: tuple[tuple[float, int], ...]
    notes: tuple[str, ...] = ()


def build_ladder(section: CohortSection, workforce: pd.DataFrame) -> Ladder:
    """Read the ladder from `cohort.exact`, `cohort.relax` and `cohort.caliper_sd`; a rung without data is skipped."""
    notes: list[str] = []
    rungs = [EXACT]
    place = [("manager_id", 0)] if "manager_id" in section.exact else []
    role = [("role", 0)] if "role" in section.exact else []
    calipers = [(section.caliper_sd, 0)]
    for name in dict.fromkeys(section.relax):
        reason = _why_skipped(name, section, workforce)
        if reason:
            notes.append(f"The rung {name} is skipped: {reason}.")
            continue
        rungs.append(name)
        rung = len(rungs) - 1
        if name == "caliper_0.5":
            calipers.append((RELAXED_CALIPER_SD, rung))
        elif name == "role_family":
            role.append((name, rung))
        else:
            place.append((name, rung))
    fixed = tuple(key for key in section.exact if key not in ("manager_id", "role"))
    return Ladder(tuple(rungs), tuple(place), tuple(role), fixed, tuple(calipers), tuple(notes))


def _why_skipped(name: str, section: CohortSection, workforce: pd.DataFrame) -> str:
    if name == "caliper_0.5":
        return "the caliper is no narrower already" if section.caliper_sd >= RELAXED_CALIPER_SD else ""
    relaxed = "role" if name == "role_family" else "manager_id"
    if relaxed not in section.exact:
        return f"cohort.exact does not hold {relaxed}, so there is nothing to relax"
    if name == "role_family" and not section.role_families:
        return "cohort.role_families is absent"
    return f"{name} is empty for everyone" if workforce[name].isna().all() else ""


@dataclass(frozen=True)
class Admissibility:
    """The ladder applied to one workforce; people are positions in it (the order of `id_rank`)."""

    ladder: Ladder
    metric: Metric
    codes: dict[str, Ints]
    blocks: Ints

    def needs(self, first: Ints, second: Ints) -> Rungs:
        """Return the rung (first × second) that each pair needs; `NEVER` where no rung admits it."""
        need = np.zeros((len(first), len(second)), dtype=np.int8)
        for constraint in self.needs_by_constraint(first, second).values():
            np.maximum(need, constraint, out=need)
        return need

    def needs_by_constraint(self, first: Ints, second: Ints) -> dict[str, Rungs]:
        """Return the rung that each of `CONSTRAINTS` needs, pair by pair."""
        fixed = [self._alternatives(((column, 0),), first, second) for column in self.ladder.fixed]
        free = np.zeros((len(first), len(second)), dtype=np.int8)
        return {
            "place": self._alternatives(self.ladder.place, first, second),
            "role": self._alternatives(self.ladder.role, first, second),
            "other keys": np.maximum.reduce([free, *fixed]),
            "caliper": self._caliper(first, second),
        }

    def _alternatives(self, columns: tuple[tuple[str, int], ...], first: Ints, second: Ints) -> Rungs:
        """Rung of the earliest column that both people share; a missing value is never shared."""
        shape = (len(first), len(second))
        need = np.full(shape, NEVER if columns else np.int8(0), dtype=np.int8)
        for column, rung in columns:
            left, right = self.codes[column][first], self.codes[column][second]
            same = (left[:, None] == right[None, :]) & (left >= 0)[:, None]
            need[same & (need > rung)] = rung
        return need

    def _caliper(self, first: Ints, second: Ints) -> Rungs:
        """Rung at which the scores are near enough; two people without a score agree in that, one without does not."""
        left, right = self.metric.performance[first], self.metric.performance[second]
        gap: Floats = np.abs(left[:, None] - right[None, :])
        need = np.full(gap.shape, NEVER, dtype=np.int8)
        for width, rung in sorted(self.ladder.calipers, key=lambda item: -item[1]):
            need[gap <= width * self.metric.performance_sd * ROUNDING] = rung
        need[np.isnan(left)[:, None] & np.isnan(right)[None, :]] = 0
        return need


def apply_ladder(ladder: Ladder, metric: Metric, workforce: pd.DataFrame) -> Admissibility:
    """Encode the workforce's keys as integers (−1: missing), and its blocks: people who can never meet are apart."""
    columns = [column for column, _ in (*ladder.place, *ladder.role)] + list(ladder.fixed)
    codes = {column: _encode(workforce, column) for column in columns}
    keys = [codes[column] for column in ladder.fixed]
    if ladder.role:
        relaxed = ladder.role[-1][0] != "role"
        widest = workforce["role_family"].fillna(workforce["role"]) if relaxed else workforce["role"]
        keys.append(_encode_text(widest))
    groups = _numbered([*keys, np.zeros(len(workforce), dtype=np.int64)])
    return Admissibility(ladder, metric, codes, _linked(groups, [codes[column] for column, _ in ladder.place]))


def _numbered(keys: list[Ints]) -> Ints:
    """Number the distinct combinations of keys from 0."""
    numbered = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        combined = numbered * (int(key.max(initial=0)) + 2) + key + 1
        numbered = np.asarray(pd.factorize(combined)[0], dtype=np.int64)
    return numbered


def _linked(groups: Ints, places: list[Ints]) -> Ints:
    """Split each group further: only people who share a place, directly or by way of others, can ever meet."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not places:
        return groups
    people = np.arange(len(groups))
    links, nodes = [], len(groups)  # one node per person, and one per place within a group
    for place in places:
        known = place >= 0
        inside = _numbered([groups[known], place[known]]) if known.any() else np.zeros(0, dtype=np.int64)
        links.append((people[known], inside + nodes))
        nodes += int(inside.max(initial=-1)) + 1
    left, right = (np.concatenate(ends) for ends in zip(*links, strict=True))
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1][: len(groups)], dtype=np.int64)


def _encode(workforce: pd.DataFrame, column: str) -> Ints:
    """A family counts only at the same level, as the ladder says."""
    if column != "role_family":
        return _encode_text(workforce[column])
    level = workforce["role_level"].astype("string")
    return _encode_text(workforce["role_family"].astype("string") + "\x1f" + level)


def _encode_text(values: pd.Series) -> Ints:
    return np.asarray(pd.factorize(values, use_na_sentinel=True)[0], dtype=np.int64)
