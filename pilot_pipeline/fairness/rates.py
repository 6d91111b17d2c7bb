"""Selection rates by group and pathway, with what people ask for beside them; it reports and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pilot_pipeline.fairness.groups import Grouping
from pilot_pipeline.fairness.permutation import Floats, Ints, Panel, residuals, variance

RATES = ["attribute", "group_value", "pathway_id", "n", "rate", "impact_ratio", "suppressed"]
REPORTED = [
    *("attribute", "group_value", "pathway_id", "n", "selected", "rate", "impact_ratio", "ratio_low", "ratio_high"),
    *("four_fifths", "fisher_p", "cmh_p", "suppressed"),
]
FOUR_FIFTHS = 0.8
"""The share of the highest rate below which the Uniform Guidelines (1978) see adverse impact."""

_Z90 = 1.6448536269514722


def first_choices(answers: pd.DataFrame, key: str, ids: Sequence[str], pathways: Sequence[str]) -> Floats:
    """Count first choices, (ids, pathways); a row without a rank is a first choice, rows of others are left out."""
    rank = answers["rank"] if "rank" in answers else pd.Series(pd.NA, index=answers.index, dtype="Int64")
    first = answers[(rank.isna() | rank.eq(1).fillna(False)).astype(bool)]
    who = pd.Index(ids).get_indexer(pd.Index(first[key]))
    what = pd.Index(pathways).get_indexer(pd.Index(first["pathway_id"]))
    seen = (who >= 0) & (what >= 0)
    cells = np.bincount(who[seen] * len(pathways) + what[seen], minlength=len(ids) * len(pathways))
    return np.asarray(cells.reshape(len(ids), len(pathways)), dtype=np.float64)


def shares(counts: Floats) -> Floats:
    """Turn counts (N, P) into each unit's shares; a unit without a first choice is NaN."""
    total = counts.sum(axis=1, keepdims=True)
    share = np.full(counts.shape, np.nan)
    np.divide(counts, total, out=share, where=total > 0)
    return share


def rate_table(outcome: Floats, grouping: Grouping, names: Sequence[str], minimum: int | None) -> pd.DataFrame:
    """Return `RATES` of one attribute: the mean share per group and pathway, and its ratio to the highest shown rate.

    Args:
        outcome: (N, P) shares, NaN for units without a first choice.
        grouping: the attribute's groups, of the same N units.
        names: the P pathways.
        minimum: the smallest group to show, or None where the units are not people.
    """
    present = np.asarray(~np.isnan(outcome).any(axis=1), dtype=np.bool_).reshape(len(outcome))
    labels = grouping.labels.to_numpy(dtype=object)
    groups = sorted(set(labels))
    shown = frozenset(groups) if minimum is None else grouping.shown(pd.Series(present, dtype="bool"), minimum)
    hidden = np.array([group not in shown for group in groups], dtype=np.bool_)
    member = (labels[None] == np.array(groups, dtype=object)[:, None]) & present
    n = member.sum(axis=1)
    total = member.astype(np.float64) @ np.where(present[:, None], outcome, 0.0)  # (groups, P)
    known = (~hidden & (n > 0))[:, None]
    rate = np.divide(total, n[:, None], out=np.full(total.shape, np.nan), where=known)
    top = np.max(rate, axis=0, initial=0.0, where=known)
    ratio = np.divide(rate, top[None], out=np.full(rate.shape, np.nan), where=known & (top > 0)[None])
    gone = np.tile(hidden, len(names))
    return pd.DataFrame(
        {
            "attribute": grouping.attribute,
            "group_value": np.tile(np.array(groups, dtype=object), len(names)),
            "pathway_id": np.repeat(np.array(names, dtype=object), len(groups)),
            "n": pd.arrays.IntegerArray(np.tile(n, len(names)).astype(np.int64), gone),
            "rate": _nullable(rate),
            "impact_ratio": _nullable(ratio),
            "suppressed": gone,
        }
    )


def _nullable(values: Floats) -> pd.arrays.FloatingArray:
    """Return values (groups, P) pathway by pathway, missing where they are NaN."""
    flat = values.T.ravel()
    return pd.arrays.FloatingArray(np.nan_to_num(flat), np.isnan(flat))


def reported_table(outcome: Floats, grouping: Grouping, strata: Ints, rates: pd.DataFrame) -> pd.DataFrame:
    """Return `REPORTED`: four-fifths, Fisher and Cochran–Mantel–Haenszel of each group against the rest.

    They need a yes or no per unit, so a unit counts for the pathway that it was sent to most often (the first by
    name among equals). The ratio's 90 % interval is Katz's (1978). CMH is stratified by role and uncorrected.
    """
    names = sorted(rates["pathway_id"].unique())
    seen = ~np.isnan(outcome).any(axis=1)
    modal = np.zeros_like(outcome)
    modal[np.flatnonzero(seen), np.nanargmax(outcome[seen], axis=1) if seen.any() else []] = 1.0
    modal, labels = modal[seen], grouping.labels.to_numpy()[seen]
    groups = sorted(rates["group_value"].unique())
    onehot = np.column_stack([labels == group for group in groups]).astype(np.float64)
    tests = _fisher(modal, onehot), _cmh(modal, onehot, strata[seen])
    keys = pd.MultiIndex.from_product([groups, names], names=["group_value", "pathway_id"])
    found = pd.DataFrame({"selected": (onehot.T @ modal).ravel()}, index=keys)
    found["fisher_p"], found["cmh_p"] = (test.ravel() for test in tests)
    table = rates.join(found, on=["group_value", "pathway_id"])
    hidden = table["suppressed"]
    for column in ("selected", "fisher_p", "cmh_p"):
        table[column] = table[column].astype("Float64").mask(hidden | table[column].isna())
    table["selected"] = table["selected"].astype("Int64")
    table["four_fifths"] = table["impact_ratio"].lt(FOUR_FIFTHS).astype("boolean").mask(table["impact_ratio"].isna())
    return _with_ratio_interval(table)[REPORTED]


def _with_ratio_interval(table: pd.DataFrame) -> pd.DataFrame:
    """Add Katz's interval of the ratio of rates to the group with the highest; none where a count is 0."""
    x, n = (table[name].astype("float64") for name in ("selected", "n"))
    ratio = table["impact_ratio"].astype("float64")
    by_pathway = table["rate"].round(12).groupby(table["pathway_id"])
    top = by_pathway.rank(method="first", ascending=False).eq(1).fillna(False)
    best = table[top.astype(bool)].set_index("pathway_id")
    best_x = table["pathway_id"].map(best["selected"].astype("float64"))
    best_n = table["pathway_id"].map(best["n"].astype("float64"))
    usable = x.gt(0) & best_x.gt(0) & ratio.gt(0) & ~top
    squared = (1 / x.where(usable) - 1 / n + 1 / best_x.where(usable) - 1 / best_n).to_numpy(dtype=np.float64)
    factor = np.exp(_Z90 * np.sqrt(np.maximum(squared, 0)))
    limits = pd.DataFrame({"ratio_low": ratio / factor, "ratio_high": ratio * factor}, index=table.index)
    return table.join(limits.astype("Float64").mask(~usable))


def _fisher(modal: Floats, onehot: Floats) -> Floats:
    from scipy.stats import fisher_exact

    inside = onehot.T @ modal
    sizes, totals = onehot.sum(axis=0), modal.sum(axis=0)
    p = np.ones_like(inside)
    for group, pathway in np.ndindex(*inside.shape):
        a = inside[group, pathway]
        rest = len(modal) - sizes[group] - (totals[pathway] - a)
        table = np.array([[a, sizes[group] - a], [totals[pathway] - a, rest]]).astype(np.int64)
        p[group, pathway] = fisher_exact(table).pvalue
    return p


def _cmh(modal: Floats, onehot: Floats, strata: Ints) -> Floats:
    from scipy.stats import chi2

    panel = Panel(strata, onehot, ())
    residual = residuals(modal, strata)
    spread = variance(panel, residual)
    squared = np.divide((onehot.T @ residual) ** 2, spread, out=np.full_like(spread, np.nan), where=spread > 1e-12)
    return np.asarray(chi2.sf(squared, 1))
