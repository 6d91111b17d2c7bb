"""Which groups of one attribute may be shown in a table with several columns of counts; weekly tables are `privacy`."""

from __future__ import annotations

import numpy as np
import pandas as pd

NOT_RECORDED = "not recorded"
_POOLED = "other"


def all_names(values: pd.Series) -> pd.Series:
    """Return the name of each person's group as text; whoever has no value is "not recorded"."""
    return values.astype("string").fillna(NOT_RECORDED).astype("str")


def group_names(values: pd.Series, minimum: int) -> pd.Series:
    """Return the name under which each person's group may be shown, of all people among whom groups are told.

    Groups of fewer than `minimum` people are "other" together: a suppressed row that names one still says that it is
    there.
    """
    names = all_names(values)
    size = names.value_counts()
    few = size.index[(size < minimum) & (size.index != NOT_RECORDED)]
    return names.where(~names.isin(few), _POOLED)


def visible_groups(counts: pd.DataFrame, minimum: int) -> pd.Series:
    """Return for each group (row) whether it can be shown.

    Args:
        counts: groups × columns (arms, workforce), people; each column's total is taken as public.
        minimum: the smallest group that may be seen.

    A row is hidden if any of its counts is 1…minimum−1 (primary), and further rows, smallest first, until what is
    hidden cannot be had by subtraction from the total: in every column a hidden sum of 0, or of at least the minimum
    from at least two rows (complementary suppression; Hundepool et al. 2012, *Statistical Disclosure Control*, 4).
    """
    people = counts.to_numpy()
    small = ((people > 0) & (people < minimum)).any(axis=1)
    hidden = np.array(small)
    order = np.argsort(people.sum(axis=1), kind="stable")
    added: list[int] = []
    while hidden.any() and not hidden.all() and not _safe(people[hidden], minimum):
        added.append(next(int(row) for row in order if not hidden[row]))
        hidden[added[-1]] = True
    for row in added:  # a larger row may have made a smaller one needless
        hidden[row] = False
        hidden[row] = not _safe(people[hidden], minimum)
    return pd.Series(~hidden, index=counts.index)


def _safe(hidden: np.ndarray, minimum: int) -> bool:
    """In every column the hidden people, if any, are at least the minimum and stand in two rows or more."""
    total, holders = hidden.sum(axis=0), (hidden > 0).sum(axis=0)
    return bool(((total == 0) | ((total >= minimum) & (holders > 1))).all())
