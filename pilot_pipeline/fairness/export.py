"""The table that bias-audit laws ask for: selection rates, impact ratios, unknown counts; it judges nothing."""

from __future__ import annotations

import pandas as pd

from pilot_pipeline.fairness.groups import OTHER, TIMES, UNKNOWN
from pilot_pipeline.fairness.rates import FOUR_FIFTHS

LL144 = [
    *("audit", "as_of", "category_of", "category", "pathway_id", "n", "selection_rate", "impact_ratio"),
    *("below_four_fifths", "unknown_n", "withheld"),
]
"""One row per audit, kind of category, category and pathway."""

_NAMES = {"gender": "sex", "ethnicity": "race/ethnicity", "age_band": "age"}


def ll144_table(bias_audit: pd.DataFrame) -> pd.DataFrame:
    """Return `LL144` of the latest audit of each kind.

    In the shape of New York City's Local Law 144 of 2021 (rules of the city, title 6, §5-301): per category, and per
    intersection, how many people, their selection rate and impact ratio, and how many are in no known category. There
    it is asked of tools that select for hiring and promotion; a recommended pathway is no selection, so the table helps
    with such a duty and does not fulfil it.

    Args:
        bias_audit: rows with the published columns. Suppressed groups keep their names and nothing else. The number of
            unknown people is missing where it is suppressed, or where they may be pooled with "other".
    """
    if bias_audit.empty:
        return pd.DataFrame(columns=LL144)
    latest = bias_audit[bias_audit["as_of"] == bias_audit.groupby("audit")["as_of"].transform("max")]
    keys = ["audit", "attribute"]
    unknown = latest[latest["group_value"] == UNKNOWN].drop_duplicates(keys)
    counted = unknown.set_index(keys)["n"].astype("Int64")
    table = latest[latest["group_value"] != UNKNOWN].copy()
    index = pd.MultiIndex.from_frame(table[keys])
    table["unknown_n"] = counted.reindex(index).to_numpy()
    pooled = pd.MultiIndex.from_frame(latest.loc[latest["group_value"] == OTHER, keys])
    nobody = ~index.isin(counted.index) & ~index.isin(pooled)
    table["unknown_n"] = table["unknown_n"].astype("Int64").mask(nobody, 0)
    ratio = table["impact_ratio"].astype("Float64")
    table["below_four_fifths"] = ratio.lt(FOUR_FIFTHS).astype("boolean")
    table["category_of"] = [_named(str(name)) for name in table["attribute"]]
    renamed = table.rename(columns={"group_value": "category", "rate": "selection_rate", "suppressed": "withheld"})
    return renamed[LL144].sort_values(LL144[:5], kind="stable", ignore_index=True)


def _named(attribute: str) -> str:
    return TIMES.join(_NAMES.get(part, part) for part in attribute.split(TIMES))
