"""Which people form a group, which groups are large enough to test and to show; what they were sent is `rates`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.fairness.permutation import Floats

OTHER = "other"
UNKNOWN = "unknown"
TIMES = " × "


@dataclass(frozen=True)
class Grouping:
    """People by one attribute (or an intersection of two), small groups pooled.

    `labels` holds a group per person, in the people's order; `tested` are the groups that enter the statistic, sorted.
    `parts` are the raw cells of an intersection, which decide whether it may be shown.
    """

    attribute: str
    labels: pd.Series[Any]
    tested: tuple[str, ...]
    parts: pd.Series[Any] | None = None

    @property
    def testable(self) -> bool:
        """At least two groups of the minimum size."""
        return len(self.tested) > 1

    @property
    def pooled(self) -> bool:
        """Groups under the minimum were put together."""
        return bool(self.labels.eq(OTHER).any())

    @cached_property
    def onehot(self) -> Floats:
        """Membership in the tested groups, (people, tested groups)."""
        labels = self.labels.to_numpy(dtype=object)
        return np.asarray(labels[:, None] == np.array(self.tested, dtype=object)[None], dtype=np.float64)

    def shown(self, present: pd.Series[bool], minimum: int) -> frozenset[str]:
        """Return the groups whose figures may be shown, given who is present in this audit.

        A group below the minimum is hidden. So that it cannot be found by subtraction, the hidden ones together are
        at least two groups and at least the minimum: the next smallest is hidden with them. An intersection is shown
        whole or not at all, because its margins are shown elsewhere.
        """
        if self.parts is not None:
            cells = self.parts[present].value_counts()
            return frozenset(self.labels.unique()) if (cells >= minimum).all() and len(cells) else frozenset()
        counts = self.labels[present].value_counts().reindex(sorted(self.labels.unique()), fill_value=0)
        return shown_groups(counts, minimum)


def shown_groups(counts: pd.Series[Any], minimum: int) -> frozenset[str]:
    """Return the groups that may be shown, from how many people each has (by group, sorted); see `Grouping.shown`."""
    ordered = counts.sort_values(kind="stable")
    hidden = [group for group in ordered.index if ordered[group] < minimum]
    for group in ordered.index[len(hidden) :]:
        if not hidden or (len(hidden) > 1 and ordered[hidden].sum() >= minimum):
            break
        hidden.append(group)
    return frozenset(counts.index) - frozenset(hidden)


def group_people(values: pd.Series[Any], attribute: str, minimum: int) -> Grouping:
    """Group people by one attribute: groups under the minimum are pooled into "other", missing values are "unknown".

    Unknown people are counted and never tested: they are not a group. They still take part in the permutation.
    """
    text = values.astype("str").str.strip().reset_index(drop=True)
    text = text.where(text.notna() & text.ne(""), UNKNOWN)
    return _grouping(text, attribute, minimum)


def intersect(one: Grouping, other: Grouping, minimum: int) -> Grouping:
    """Group people by two attributes at once, from their pooled groups; unknown in either is unknown."""
    known = one.labels.ne(UNKNOWN) & other.labels.ne(UNKNOWN)
    parts = (one.labels + TIMES + other.labels).where(known, UNKNOWN)
    grouping = _grouping(parts, one.attribute + TIMES + other.attribute, minimum)
    return Grouping(grouping.attribute, grouping.labels, grouping.tested, one.labels + TIMES + other.labels)


def groupings(
    people: pd.DataFrame, attributes: Sequence[str], intersections: Sequence[tuple[str, str]], minimum: int
) -> tuple[Grouping, ...]:
    """Group people by every attribute and intersection; an attribute without a column is unknown for everyone."""
    single: Mapping[str, Grouping] = {
        name: group_people(people.get(name, pd.Series(pd.NA, index=people.index)), name, minimum) for name in attributes
    }
    pairs = [(one, other) for one, other in intersections if one in single and other in single]
    return (*single.values(), *(intersect(single[one], single[other], minimum) for one, other in pairs))


def _grouping(text: pd.Series[Any], attribute: str, minimum: int) -> Grouping:
    counts = text.value_counts()
    small = counts.index[counts < minimum]
    labels = text.where(~text.isin(small), OTHER)
    pooled = labels.value_counts()
    tested = sorted(str(group) for group in pooled.index if pooled[group] >= minimum and group != UNKNOWN)
    return Grouping(attribute, labels, tuple(tested))
