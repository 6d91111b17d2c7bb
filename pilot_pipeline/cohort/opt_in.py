"""Who volunteered, group by group, beside the workforce; who is chosen from the volunteers is `proposal`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.disclosure import group_names, visible_groups
from pilot_pipeline.cohort.pool import volunteered

PARITY_COLUMNS = ("group", "workforce", "opted_in", "ratio", "p_value", "suppressed")


def opt_in_parity(
    workforce: pd.DataFrame, consents: pd.DataFrame, attributes: Sequence[str], min_group: int, by: date
) -> pd.DataFrame:
    """Compare how often each group opted in: a pilot shows what the tool does for those who come forward.

    Args:
        workforce: see `workforce.build_workforce`; who is on leave is left out.
        consents: the feed's accepted rows.
        attributes: protected attributes, compared besides department and role level.
        min_group: groups below it are suppressed, and so is whatever would reveal them by subtraction.
        by: the last day (UTC) whose decisions count.

    Returns:
        `PARITY_COLUMNS`, one row per group ('gender: female'): share of the active workforce, share of the group that
        opted in, its ratio to the share of everybody, and the attribute's p-value (chi-squared test of independence,
        missing where fewer than two groups are seen). Suppressed rows stay, with every measure missing, and
        groups that small are not named but "other".
    """
    active = workforce[workforce["employment_status"] == "active"]
    willing = volunteered(active, consents, by)
    overall = float(willing.mean()) if len(active) else np.nan
    rows: list[dict[str, object]] = []
    for attribute in ("department", "role_level", *attributes):
        group = group_names(active[attribute], min_group)
        counts = pd.DataFrame({"opted_in": group[willing].value_counts(), "others": group[~willing].value_counts()})
        counts = counts.fillna(0).astype("int64").sort_index()
        shown = visible_groups(counts, min_group)
        p_value = _independence(counts[shown.to_numpy()].to_numpy())
        counted = zip(counts.index, counts["opted_in"].tolist(), counts["others"].tolist(), shown.tolist(), strict=True)
        for name, yes, others, visible in counted:
            people = yes + others
            share = yes / people
            measures = (people / len(active), share, share / overall if overall else np.nan, p_value)
            values = measures if visible else (np.nan,) * 4
            named = (f"{attribute}: {name}", *values, not visible)
            rows.append(dict(zip(PARITY_COLUMNS, named, strict=True)))
    return pd.DataFrame(rows, columns=list(PARITY_COLUMNS)).astype({"group": "str", "suppressed": "bool"})


def _independence(counts: np.ndarray) -> float:
    from scipy.special import chdtrc  # scipy.stats takes longer to import than a proposal takes

    if len(counts) < 2 or (counts.sum(axis=0) == 0).any():
        return np.nan
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))
