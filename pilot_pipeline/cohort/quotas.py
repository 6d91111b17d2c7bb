"""How many seats each group of the workforce is due in a cohort; which people take them is `proposal`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.disclosure import NOT_RECORDED, all_names
from pilot_pipeline.cohort.ladder import Ints
from pilot_pipeline.cohort.workforce import numbers

SMALLER = "smaller groups"
QUOTA_COLUMNS = ("dimension", "group", "share", "seats")


@dataclass(frozen=True)
class Quotas:
    """What is due.

    Attributes:
        table: `QUOTA_COLUMNS`, one row per dimension and group: share of the workforce (0-1) and seats.
        labels: the group of each person (row: position in the workforce), one column per dimension.
    """

    table: pd.DataFrame
    labels: pd.DataFrame

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What the cohort shall be representative in."""
        return tuple(dict.fromkeys(self.table["dimension"]))

    def counts(self, units: Ints) -> Ints:
        """Return groups × units: how many of the people of each unit (row of positions) belong to each group."""
        columns = [self.labels[name].to_numpy()[units] for name in self.labels]
        of_dimension = dict(zip(self.labels, columns, strict=True))
        rows = [
            (of_dimension[dimension] == group).sum(axis=1)
            for dimension, group in zip(self.table["dimension"], self.table["group"], strict=True)
        ]
        return np.array(rows, dtype=np.int64).reshape(len(self.table), len(units))


def workforce_quotas(
    workforce: pd.DataFrame, attributes: Sequence[str], levels: Sequence[int], seats: int, each: int = 1
) -> Quotas:
    """Return the seats of every group by largest remainder over its share of the workforce.

    Args:
        workforce: see `workforce.build_workforce`.
        attributes: the protected attributes to represent, besides department, role level and tenure (thirds).
        levels: the role levels that the cohort draws on; shares are those among the people at these levels.
        seats: how many participants the quotas are for.
        each: how many people stand for one seat: two where pairs are proposed and a coin decides later.

    Groups that are due less than one seat share theirs as "smaller groups", so that nobody is ruled out for belonging
    to a small one. Every role level that the cohort draws on is due at least one seat.
    """
    inside = workforce["role_level"].isin(levels).to_numpy()
    labels = {
        "department": all_names(workforce["department"]),
        "role level": all_names(workforce["role_level"]),
        "tenure": _thirds(workforce["tenure_years"], inside),
        **{attribute.replace("_", " "): all_names(workforce[attribute]) for attribute in attributes},
    }
    rows: list[tuple[str, str, float, int]] = []
    for dimension, groups in labels.items():
        pooled = groups if dimension == "role level" else _pool(groups, groups[inside], seats)
        labels[dimension] = pooled
        count = pooled[inside].value_counts().sort_index()
        due = largest_remainder(count.to_numpy(dtype=np.float64), seats, np.full(len(count), seats))
        if dimension == "role level":
            due = _at_least_one(due)
        shares = count.to_numpy() / max(int(count.sum()), 1)
        rows += [
            (dimension, str(group), share, seat * each)
            for group, share, seat in zip(count.index, shares.tolist(), due.tolist(), strict=True)
        ]
    return Quotas(pd.DataFrame(rows, columns=list(QUOTA_COLUMNS)), pd.DataFrame(labels))


def _thirds(values: pd.Series, inside: np.ndarray) -> pd.Series:
    years = numbers(values)
    known = years[inside & ~np.isnan(years)]
    if not len(known):
        return pd.Series(NOT_RECORDED, index=values.index, dtype="str")
    low, high = (round(float(cut), 1) for cut in np.quantile(known, [1 / 3, 2 / 3]))
    names = [f"under {low} years", f"{low} to {high} years", f"over {high} years"]
    found = np.select([np.isnan(years), years < low, years <= high], [NOT_RECORDED, *names[:2]], names[2])
    return pd.Series(found, index=values.index, dtype="str")


def _pool(groups: pd.Series, inside: pd.Series, seats: int) -> pd.Series:
    share = inside.value_counts(normalize=True)
    small = share.index[share * seats < 1]
    return groups.where(~groups.isin(small), SMALLER)


def _at_least_one(due: Ints) -> Ints:
    given = due.copy()
    for empty in np.flatnonzero(given == 0):
        if given.max() > 1:
            given[np.argmax(given)] -= 1
            given[empty] = 1
    return given


def largest_remainder(weights: np.ndarray, seats: int, capacity: np.ndarray) -> Ints:
    """Distribute seats in proportion to weights (Hamilton's method), no cell above its capacity.

    Seats that a full cell cannot take go to the others in the same proportion; ties go to the earlier cell. The sum is
    min(seats, sum of capacity).
    """
    given = np.zeros(len(weights), dtype=np.int64)
    open_cells = capacity > 0
    left = min(seats, int(capacity.sum()))
    while left > 0:
        share = np.where(open_cells, weights, 0.0)
        if share.sum() == 0:
            share = open_cells.astype(np.float64)
        exact = share / share.sum() * left
        full = open_cells & (exact >= capacity)
        if not full.any():
            given = np.where(open_cells, np.floor(exact), given).astype(np.int64)
            remainder = np.where(open_cells, exact - np.floor(exact), -1.0)
            given[np.argsort(-remainder.round(9), kind="stable")[: left - int(given[open_cells].sum())]] += 1
            break
        given[full] = capacity[full]
        open_cells &= ~full
        left -= int(capacity[full].sum())
    return given
