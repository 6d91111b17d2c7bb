"""The permutation test of units with one choice each, by random tables; for shares and few units: `permutation`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from pilot_pipeline.fairness.permutation import Floats, Ints, Panel, inverse, residuals, rounded, variance


def table_statistics(panel: Panel, chosen: Ints, onto: Sequence[Floats], n: int, rng: Generator) -> Floats:
    """Return ΣZ² (n, levels) with groups permuted within strata, row 0 the data.

    Where every unit has one choice, permuting groups within a stratum gives every table of group by choice with the
    same margins its hypergeometric chance. So tables are drawn, which takes no longer for more units.

    Source: Patefield (1981), in SciPy's `random_table`.

    Args:
        panel: strata and the groups of one attribute; a unit of no group takes part in the permutation.
        chosen: (units,) codes of choices.
        onto: per level (choices, names) which choice counts for which name, as 0 and 1.
        n: draws, the data included.
        rng: the generator.
    """
    choices = len(onto[0])
    member = np.column_stack([panel.onehot, 1 - panel.onehot.sum(axis=1)])
    total = np.zeros((n, panel.onehot.shape[1], choices))
    for stratum in range(int(panel.strata.max(initial=-1)) + 1):
        there = panel.strata == stratum
        table = np.zeros((member.shape[1], choices))
        np.add.at(table.T, chosen[there], member[there])
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(there.sum(), 1)
        total += (_drawn(table, n, rng) - expected)[:, :-1]
    stats = []
    for names in onto:
        spread = inverse(variance(panel, residuals(names[chosen], panel.strata)))
        stats.append(((total @ names) ** 2 * spread).sum(axis=(1, 2)))
    return rounded(np.column_stack(stats))


def _drawn(table: Floats, n: int, rng: Generator) -> Floats:
    """Return the table and n − 1 random ones with its margins, (n, groups, choices)."""
    from scipy.stats import random_table

    drawn = np.repeat(table[None], n, axis=0)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    used = np.ix_(np.arange(1, n), np.flatnonzero(rows), np.flatnonzero(columns))
    if n > 1 and (rows > 0).sum() > 1 and (columns > 0).sum() > 1:
        margins = rows[rows > 0].astype(np.int64), columns[columns > 0].astype(np.int64)
        drawn[used] = random_table(*margins).rvs(size=n - 1, random_state=rng)
    return drawn
