"""What was unequal before the tool came: ratings, promotions, opportunities by group; recommendations are `audit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.fairness.closed_form import holm, mean_scores
from pilot_pipeline.fairness.family import ALPHA
from pilot_pipeline.fairness.groups import UNKNOWN, Grouping, group_people
from pilot_pipeline.fairness.permutation import (
    Floats,
    Ints,
    p_matrix,
    permuted_groups,
    residuals,
    rounded,
)
from pilot_pipeline.fairness.strata import strata_of

PROFILE = ["measure", "attribute", "group_value", "n", "value", "within_role", "p_value", "q_value", "suppressed"]

_PERMUTATIONS = 999
_MANY = 5000  # people, from which on the χ² of the permutation distribution is as good as the permutations

MEASURES: Mapping[str, tuple[str, str, str]] = {
    "rating": ("ratings", "mean rating", ".2f"),
    "promoted": ("promotions", "share promoted", ".0%"),
    "offered": ("who was offered the pilot", "share asked", ".0%"),
    "modules": ("modules assigned to participants", "modules per person", ".1f"),
}
"""Per measure: what it is called, what its value is, how that is written."""


@dataclass(frozen=True)
class Profile:
    """Baseline inequality by group.

    Attributes:
        table: `PROFILE`; `value` is the group's mean, `within_role` its mean difference to people of the same role; q
            is adjusted over all measures and attributes (Holm). A suppressed group keeps its keys only.
        findings: sentences.
    """

    table: pd.DataFrame
    findings: tuple[str, ...]


def input_profile(
    workforce: pd.DataFrame,
    config: PilotConfig,
    *,
    consents: pd.DataFrame | None = None,
    participants: pd.Series[Any] | None = None,
    assignments: pd.DataFrame | None = None,
) -> Profile:
    """Profile what a tool that learns from the past would learn from (R34).

    Ratings, promotions within `fairness.promotion_years`, who was offered the pilot, and modules assigned per
    participant. Each is compared between groups by permuting within roles. It blocks nothing: it says what a tool
    inherits.

    Args:
        workforce: from `build_workforce`: role, the attributes, performance_score, promoted_on.
        config: attributes, minimum group size, starts_on.
        consents: employee_id of everyone who was asked, whatever they decided.
        participants: employee_ids of the pilot arm.
        assignments: employee_id and module_id.
    """
    measures = _measures(workforce, config, consents, participants, assignments)
    parts = [
        _part(name, values, workforce.loc[values.notna()], attribute, config)
        for name, values in measures.items()
        for attribute in config.fairness.attributes
        if values.notna().any()
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=PROFILE)
    tested = table.drop_duplicates(["measure", "attribute"])
    q = pd.Series(holm(tested["p_value"].to_numpy(dtype=np.float64)), index=tested.index)
    keys = pd.MultiIndex.from_frame(tested[["measure", "attribute"]])
    table["q_value"] = q.set_axis(keys).reindex(pd.MultiIndex.from_frame(table[["measure", "attribute"]])).to_numpy()
    hidden = table["suppressed"].astype("bool")
    for column in ("value", "within_role", "p_value", "q_value"):
        numbers = table[column].to_numpy(dtype=np.float64)
        table[column] = pd.arrays.FloatingArray(np.nan_to_num(numbers), hidden.to_numpy() | np.isnan(numbers))
    table["n"] = table["n"].astype("Int64").mask(hidden)
    return Profile(table[PROFILE], _findings(table))


def _measures(
    workforce: pd.DataFrame,
    config: PilotConfig,
    consents: pd.DataFrame | None,
    participants: pd.Series[Any] | None,
    assignments: pd.DataFrame | None,
) -> dict[str, pd.Series[Any]]:
    """Return every measure that the feeds allow, a number per person, missing where it does not concern them."""
    found = {"rating": pd.to_numeric(workforce["performance_score"]).astype("float64")}
    promoted = pd.to_datetime(workforce["promoted_on"])
    if promoted.notna().any():
        start = pd.Timestamp(config.pilot.starts_on)
        since = start - pd.DateOffset(months=round(12 * config.fairness.promotion_years))
        found["promoted"] = promoted.between(since, start).astype("float64")
    if consents is not None and len(consents):
        found["offered"] = workforce["employee_id"].isin(consents["employee_id"]).astype("float64")
    if assignments is not None and len(assignments) and participants is not None:
        counts = assignments.groupby("employee_id").size()
        each = workforce["employee_id"].map(counts).fillna(0).astype("float64")
        found["modules"] = each.where(workforce["employee_id"].isin(participants))
    return found


def _part(name: str, values: pd.Series[Any], people: pd.DataFrame, attribute: str, config: PilotConfig) -> pd.DataFrame:
    """Return one measure by one attribute, q left open."""
    minimum = config.privacy.min_group_size
    column = people[attribute] if attribute in people else pd.Series(pd.NA, index=people.index)
    grouping = group_people(column, attribute, minimum)
    known = values[values.notna()].to_numpy(dtype=np.float64)
    strata = strata_of(people, ())
    left = residuals(known[:, None], strata)[:, 0]
    p = _p_value(left, grouping, strata, config.cohort.seed) if grouping.testable else np.nan
    shown = grouping.shown(pd.Series([True] * len(people), dtype="bool"), minimum)
    rows = [_row(grouping, group, known, left) for group in sorted(set(grouping.labels))]
    frame = pd.DataFrame(rows, columns=["group_value", "n", "value", "within_role"])
    hidden = ~frame["group_value"].isin(shown)
    return frame.assign(measure=name, attribute=attribute, p_value=p, q_value=np.nan, suppressed=hidden)


def _p_value(left: Floats, grouping: Grouping, strata: Ints, seed: int) -> float:
    """Return the p of the groups' sums within roles: permuted, or in closed form where people are very many."""
    test = mean_scores(left, grouping.onehot, strata)
    if len(left) > _MANY:
        return test.p(grouping.onehot.T @ left)
    groups = np.where(grouping.onehot.any(axis=1), grouping.onehot.argmax(axis=1), -1)
    moved = permuted_groups(groups, strata, _PERMUTATIONS + 1, np.random.default_rng([seed, 8]))
    total = np.column_stack([(moved == group).astype(np.float64) @ left for group in range(len(grouping.tested))])
    return float(p_matrix(rounded(test.statistic(total))[:, None])[0, 0])


def _row(grouping: Grouping, group: str, known: Floats, left: Floats) -> tuple[str, int, float, float]:
    member = grouping.labels.eq(group).to_numpy()
    return group, int(member.sum()), float(known[member].mean()), float(left[member].mean())


def _findings(table: pd.DataFrame) -> tuple[str, ...]:
    if table.empty:
        return ()
    said = []
    for (measure, attribute), rows in table.groupby(["measure", "attribute"], sort=False):
        q = rows["q_value"].dropna()
        if q.empty or q.iloc[0] > ALPHA:
            continue
        name, value, form = MEASURES[str(measure)]
        told = rows[~rows["suppressed"] & rows["group_value"].ne(UNKNOWN)]
        ordered = told.sort_values("within_role")
        ends = f"; {value} " + ", ".join(f"{row.group_value} {row.value:{form}}" for row in ordered.itertuples())
        said.append(
            f"{str(attribute).replace('_', ' ')} and {name} go together within roles "
            f"(adjusted p {_p(float(q.iloc[0]))}){ends}. A tool that learns from these inherits the difference."
        )
    looked = [MEASURES[str(name)][0] for name in table["measure"].unique()]
    listed = " and ".join(", ".join(looked).rsplit(", ", 1))
    if not said:
        return (f"Within roles no group differs in {listed} by more than chance explains.",)
    return (*said, f"Looked at: {listed}, by {', '.join(map(_plain, table['attribute'].unique()))}.")


def _plain(name: object) -> str:
    return str(name).replace("_", " ")


def _p(value: float) -> str:
    return "below .001" if value < 0.001 else f"{value:.3f}"
