"""Who is audited and on what: people in groups and roles, pathways and themes, and the statistics of one look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.errors import BadInput
from pilot_pipeline.fairness.family import ALPHA, FamilyP
from pilot_pipeline.fairness.groups import Grouping, groupings
from pilot_pipeline.fairness.permutation import Floats, Ints, Panel, residuals, statistics, z_scores
from pilot_pipeline.fairness.power import weakest_power
from pilot_pipeline.fairness.rates import shares
from pilot_pipeline.fairness.result import ATTRIBUTES, judge
from pilot_pipeline.fairness.strata import strata_of


@dataclass(frozen=True)
class Level:
    """What is counted: pathways, or their themes. `outcome` (N, P) holds shares, NaN without a first choice."""

    name: str
    names: tuple[str, ...]
    outcome: Floats


@dataclass(frozen=True)
class Study:
    """The people of an audit: their groups, their roles, and the panel of the testable attributes."""

    ids: tuple[str, ...]
    groups: tuple[Grouping, ...]
    panel: Panel
    pathways: tuple[str, ...]
    themes: tuple[str, ...]
    minimum: int
    roles: NDArray[Any]

    @property
    def testable(self) -> tuple[Grouping, ...]:
        """The attributes in the panel, in its order."""
        return tuple(grouping for grouping in self.groups if grouping.testable)

    def levels(self, counts: Floats) -> tuple[Level, ...]:
        """Return the outcome per pathway and, where themes say something else, per theme."""
        return levels_of(shares(counts), self.pathways, self.themes)


def study_people(
    recommendations: pd.DataFrame, people: pd.DataFrame, config: PilotConfig, pathways: pd.DataFrame | None
) -> Study:
    """Put the people in order and in groups, and list the pathways."""
    missing = sorted({"employee_id", "role"} - set(people.columns))
    if missing:
        raise BadInput(f"The bias audit needs {' and '.join(missing)} for every person.")
    if people["employee_id"].duplicated().any():
        raise BadInput("The bias audit was given a person twice.")
    if "id_rank" in people:
        people = people.sort_values("id_rank", kind="stable")
    people = people.reset_index(drop=True)
    minimum = config.privacy.min_group_size
    groups = groupings(people, config.fairness.attributes, config.fairness.intersections, minimum)
    panel = panel_of(groups, strata_of(people, config.fairness.legitimate))
    roles = people["role"].astype("str").fillna("no role").to_numpy(dtype=object)
    names, themes = name_pathways(recommendations, pathways)
    return Study(tuple(people["employee_id"]), groups, panel, names, themes, minimum, roles)


def name_pathways(answers: pd.DataFrame, pathways: pd.DataFrame | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return every pathway listed or recommended, sorted, and the theme of each (its own name where unknown)."""
    listed = pd.DataFrame({"pathway_id": [], "theme": []}) if pathways is None else pathways
    themes = dict(zip(listed["pathway_id"], listed["theme"], strict=True)) if "theme" in listed else {}
    names = tuple(sorted({*map(str, listed["pathway_id"]), *map(str, answers["pathway_id"].dropna().unique())}))
    return names, tuple(str(themes.get(name, name)) for name in names)


def panel_of(groups: Sequence[Grouping], strata: Ints) -> Panel:
    """Put the testable attributes side by side."""
    testable = [grouping for grouping in groups if grouping.testable]
    ends = np.cumsum([len(grouping.tested) for grouping in testable]).tolist()
    slices = tuple(slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)) if ends else ()
    onehot = np.column_stack([grouping.onehot for grouping in testable]) if testable else np.empty((len(strata), 0))
    return Panel(strata, onehot, slices)


def look_statistics(study: Study, looks: Sequence[Floats], moved: Ints) -> list[Floats]:
    """Return the omnibus statistics (B, levels × attributes) of every look at the same people, permuted alike.

    Args:
        study: the people.
        looks: first choices (N, P) by each look.
        moved: (B, N) from `permutations`; permuting is what takes time, so all looks share it.

    Returns:
        One array per look; without columns where there is nothing to compare.
    """
    nothing = np.empty((len(moved), 0))
    speaks = [len(study.pathways) > 1 and bool(study.testable) and bool(counts.any()) for counts in looks]
    levels = [study.levels(counts) for counts, usable in zip(looks, speaks, strict=True) if usable]
    if not levels:
        return [nothing for _ in looks]
    strata = study.panel.strata
    each = [
        statistics(study.panel, np.stack([residuals(level.outcome, strata) for level in same], axis=1), moved)
        for same in zip(*levels, strict=True)
    ]
    found = iter(np.concatenate(each, axis=2).transpose(1, 0, 2))
    return [np.ascontiguousarray(next(found)) if usable else nothing for usable in speaks]


def levels_of(outcome: Floats, pathways: tuple[str, ...], themes: tuple[str, ...]) -> tuple[Level, ...]:
    """Return the outcome (…, P) per pathway and, where themes say something else, per theme."""
    level = Level("pathway", pathways, outcome)
    names = tuple(sorted(set(themes)))
    if not 1 < len(names) < len(pathways):
        return (level,)
    onto = np.array([[theme == name for name in names] for theme in themes], dtype=np.float64)
    return level, Level("theme", names, outcome @ onto)


def describe(
    study: Study, levels: tuple[Level, ...], found: FamilyP, rates: pd.DataFrame, power: pd.DataFrame
) -> pd.DataFrame:
    """Return `ATTRIBUTES`: per attribute its verdict, and where its largest |Z| lies unless the group is hidden."""
    hidden = set(zip(rates["attribute"], rates["group_value"], rates["suppressed"], strict=True))
    strata = study.panel.strata
    scores = [z_scores(study.panel, residuals(level.outcome, strata)) for level in levels] if len(found.p) else []
    testable = [grouping.attribute for grouping in study.testable] if len(found.p) else []
    weakest = weakest_power(power)
    rows: list[dict[str, Any]] = []
    for grouping in study.groups:
        name = grouping.attribute
        if name not in testable:
            rows.append({"attribute": name, "verdict": "not_testable"})
            continue
        column = testable.index(name)
        q = found.q.reshape(len(levels), -1)[:, column]
        level = int(q.argmin())
        z = scores[level][study.panel.attributes[column]]
        group, where = np.unravel_index(int(np.abs(z).argmax()), z.shape)
        row = {"attribute": name, "p_value": found.p[column], "q_value": q[level], "power": weakest[name]}
        row["verdict"] = judge(q[level], weakest[name], True, ALPHA)
        if (name, grouping.tested[group], True) not in hidden:
            row |= {"level": levels[level].name, "group_value": grouping.tested[group]}
            row |= {"where": levels[level].names[where], "z": z[group, where]}
        rows.append(row)
    return attributes_frame(rows)


def attributes_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame of `ATTRIBUTES`, typed."""
    frame = pd.DataFrame(list(rows), columns=ATTRIBUTES)
    numbers = ["p_value", "q_value", "power", "z"]
    return frame.astype(dict.fromkeys(numbers, "float64") | {c: "str" for c in ATTRIBUTES if c not in numbers})
