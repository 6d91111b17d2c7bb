"""What was given up in which pairs, as counts in words: read from the pairs themselves, locked or matched today."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.ladder import ROUNDING
from pilot_pipeline.config.planning import CohortSection

_PLACES = (
    ("manager_of_manager", "share the manager's manager instead of the manager"),
    ("business_unit", "share the business unit instead of the manager"),
)


def relaxations(members: pd.DataFrame, performance_sd: float, section: CohortSection) -> tuple[str, ...]:
    """Say how many pairs are exact, and name every relaxation with the number of pairs that it took.

    Args:
        members: `Cohort.members`.
        performance_sd: SD of performance_score in the workforce, which the caliper is measured in.
        section: `exact` and `caliper_sd` say what was to be shared.
    """
    paired = members[members["pair_id"].notna()].sort_values(["pair_id", "arm"])
    pilot, control = (paired[paired["arm"] == arm].reset_index(drop=True) for arm in ("pilot", "control"))
    if not len(pilot):
        return ()
    found = list(_relaxed(pilot, control, performance_sd, section))
    anything = np.logical_or.reduce([mask for mask, _ in found] or [np.zeros(len(pilot), dtype=bool)])
    first = f"{int((~anything).sum())} of {len(pilot)} pairs are exact: {_shared(section)}."
    named = tuple(f"{_pairs(int(mask.sum()))} {words}." for mask, words in found if mask.any())
    several = sum(int(mask.sum()) for mask, _ in found) > int(anything.sum())
    return (first, *named, *(("Some of these pairs are relaxed in more than one way.",) if several else ()))


def _relaxed(
    pilot: pd.DataFrame, control: pd.DataFrame, performance_sd: float, section: CohortSection
) -> Iterator[tuple[np.ndarray, str]]:
    """Yield each relaxation as a mask over the pairs and its words; a pair's place counts at its nearest unit only."""
    if "manager_id" in section.exact:
        apart = ~_same(pilot, control, "manager_id")
        for column, words in _PLACES:
            here = apart & _same(pilot, control, column)
            yield here, words
            apart &= ~here
    if "role" in section.exact:
        yield ~_same(pilot, control, "role"), "share the role's family and level instead of the role"
    gap = (pilot["performance_score"].astype("float64") - control["performance_score"].astype("float64")).abs()
    wide = (gap > section.caliper_sd * performance_sd * ROUNDING).to_numpy()
    yield wide, f"lie up to 0.5 SD apart in performance instead of {section.caliper_sd:g}"


def _same(pilot: pd.DataFrame, control: pd.DataFrame, column: str) -> np.ndarray:
    return np.asarray(pilot[column].notna() & (pilot[column] == control[column]))


def _shared(section: CohortSection) -> str:
    names = [key.removesuffix("_id").replace("_", " ") for key in section.exact]
    listed = f"same {' and '.join(names)}, " if names else ""
    return f"{listed}performance within {section.caliper_sd:g} SD"


def _pairs(count: int) -> str:
    return f"{count} pair{'s' * (count != 1)}"
