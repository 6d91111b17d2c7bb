"""Which groups of one attribute may be shown in a table with several columns of counts; weekly tables are `privacy`."""

from __future__ import annotations

import numpy as np
import pandas as pd


def visible_groups(counts: pd.DataFrame, minimum: int) -> pd.Series:
    """Return for each group (row) whether it can be shown.

    Args:
        counts: groups × columns (arms, workforce), people; each column's total is taken as public.
        minimum: the smallest group that may be seen.

    A row is hidden if any of its counts is 1…minimum−1 (primary), and further rows, smallest first, until what is
    hidden cannot be had by subtraction from the total: at least two hidden rows, and in every column a hidden sum of 0
    or at least the minimum (complementary suppression; Hundepool et al. 2012, *Statistical Disclosure Control*, 4).
    """
    small = ((counts > 0) & (counts < minimum)).any(axis=1).to_numpy(copy=True)
    order = np.argsort(counts.sum(axis=1).to_numpy(), kind="stable")
    while small.any() and not small.all():
        hidden = counts.to_numpy()[small]
        total = hidden.sum(axis=0)
        if len(hidden) > 1 and bool(((total == 0) | (total >= minimum)).all()) and _uncertain(hidden):
            break
        small[next(row for row in order if not small[row])] = True
    return pd.Series(~small, index=counts.index)


def _uncertain(hidden: np.ndarray) -> bool:
    """In every column with hidden people, at least two hidden rows hold some: otherwise the sum is the one row."""
    holders = (hidden > 0).sum(axis=0)
    return bool(((hidden.sum(axis=0) == 0) | (holders > 1)).all())
