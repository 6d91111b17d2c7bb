"""Splits a feed's rows into accepted and quarantined by what contracts find; which contracts apply is the caller's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pandas as pd


@dataclass(frozen=True)
class Finding:
    """Why a row cannot be accepted.

    `row` is the index label in the mapped frame; `reason` is a sentence that quotes no cell, so that it can go back to
    the feed's owner and into logs.
    """

    row: int
    column: str
    rule: str
    reason: str


@runtime_checkable
class Contract(Protocol):
    """Anything that can judge a canonical frame."""

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Return one finding per offending row and column; none for a frame that holds."""
        ...


@dataclass(frozen=True)
class Split:
    """The two parts of a frame; together they are all of it, with the labels they had."""

    accepted: pd.DataFrame
    quarantined: pd.DataFrame


def split(frame: pd.DataFrame, findings: Iterable[Finding]) -> Split:
    """Divide a frame by its findings: a row with any finding is quarantined."""
    bad = frame.index.isin([finding.row for finding in findings])
    return Split(frame[~bad], frame[bad])


def where(mask: pd.Series, column: str, rule: str, reason: str) -> list[Finding]:
    """Return a finding for every true row of a boolean mask."""
    return [Finding(int(row), column, rule, reason) for row in mask.index[mask.fillna(False).astype(bool)]]


def exact_duplicates(frame: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Mark later copies of a row that is equal in every column; rows with an empty key are left to other rules."""
    return frame.duplicated(keep="first") & frame[list(key)].notna().all(axis=1)


def conflicting_duplicates(frame: pd.DataFrame, key: Sequence[str]) -> pd.Series:
    """Mark every row whose key also belongs to a different row: nobody here can know which of them is right."""
    columns = list(key)
    whole = frame[columns].notna().all(axis=1)
    distinct = frame[whole & ~frame.duplicated(keep="first")]
    torn = distinct.loc[distinct.duplicated(subset=columns, keep=False), columns].drop_duplicates()
    if torn.empty:
        return pd.Series(False, index=frame.index)
    keys = pd.MultiIndex.from_frame(frame[columns])
    return pd.Series(keys.isin(pd.MultiIndex.from_frame(torn)), index=frame.index) & whole


def earlier_spells(employees: pd.DataFrame) -> pd.Series:
    """Mark rows of people who left and were hired again by another row of the same snapshot."""
    latest = employees.groupby(["as_of", "employee_id"])["hired_on"].transform("max")
    ended = (employees["employment_status"] == "terminated") & (employees["terminated_on"] <= latest)
    return (ended & (employees["hired_on"] < latest)).fillna(False).astype(bool)
