"""Contracts that need more than the feed: roles, metrics, who may observe whom; reporting lines are `hierarchy`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pilot_pipeline.feeds.quarantine import Finding, where

_DEEPEST_LINE = 64


@dataclass(frozen=True)
class MappedRoles:
    """Every role is one that the competency framework names."""

    roles: Collection[str]

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Judge the column role; rule unmapped_role."""
        unmapped = frame["role"].notna() & ~frame["role"].isin(list(self.roles))
        return where(unmapped, "role", "unmapped_role", "No competency of the framework is for this role.")


@dataclass(frozen=True)
class DeclaredMetrics:
    """Every metric is one that a further KPI is made of: nothing else about people is kept, and a slip is seen."""

    metrics: Collection[str]

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Judge the column metric; rule undeclared_metric. An empty cell is left to the other contracts."""
        unknown = frame["metric"].notna() & ~frame["metric"].isin(list(self.metrics))
        return where(unknown, "metric", "undeclared_metric", "No KPI under kpis.further is made of this metric.")


@dataclass(frozen=True)
class References:
    """Every value of a column is one of another feed's, for example a person of the employees feed."""

    column: str
    known: Collection[str]
    feed: str

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Judge one column; rule orphan. An empty cell is left to the other contracts."""
        unknown = frame[self.column].notna() & ~frame[self.column].isin(list(self.known))
        return where(unknown, self.column, "orphan", f"{self.column} is not in the {self.feed} feed.")


@dataclass(frozen=True)
class ManagementLine:
    """Who scores a person is in that person's management line, and never the person (R7).

    `employees` is the accepted feed, ids as in the frame to be judged. The line is that of the latest snapshot on or
    before the observation, of the earliest where none is that old.
    """

    employees: pd.DataFrame

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Judge observations (employee_id, observer_id, observed_on); rules observer and orphan."""
        rows = frame[frame[["employee_id", "observer_id", "observed_on"]].notna().all(axis=1)]
        own = rows["employee_id"] == rows["observer_id"]
        found = where(
            own, "observer_id", "observer", "The observer is the observed person; self-report is not accepted."
        )
        rows = rows[~own]
        snapshots = np.sort(self.employees["as_of"].dropna().unique())
        if not len(snapshots):
            return found + where(rows["employee_id"].notna(), "employee_id", "orphan", _UNKNOWN)
        position = np.searchsorted(snapshots, rows["observed_on"].to_numpy(), side="right") - 1
        for place, group in rows.groupby(np.maximum(position, 0)):
            found += self._in_line(group, self.employees[self.employees["as_of"] == snapshots[int(str(place))]])
        return found

    @staticmethod
    def _in_line(rows: pd.DataFrame, snapshot: pd.DataFrame) -> list[Finding]:
        managers = snapshot.drop_duplicates("employee_id").set_index("employee_id")["manager_id"]
        known = rows["employee_id"].isin(managers.index)
        superior = rows["employee_id"].map(managers).astype("str")
        has_manager = superior.notna()
        confirmed = pd.Series(False, index=rows.index)
        for _ in range(_DEEPEST_LINE):
            confirmed |= (superior == rows["observer_id"]).fillna(False).astype(bool)
            superior = superior.map(managers).astype("str")
            if superior.isna().all():
                break
        outside = known & has_manager & ~confirmed
        return [
            *where(~known, "employee_id", "orphan", _UNKNOWN),
            *where(known & ~has_manager, "observer_id", "observer", _NO_LINE),
            *where(outside, "observer_id", "observer", "The observer is not in the person's management line."),
        ]


_UNKNOWN = "The observed person is not in the employees feed."
_NO_LINE = "The observed person has no manager in the employees feed, so nobody can be confirmed as observer."
