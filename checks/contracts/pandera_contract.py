"""Judges a canonical frame with pandera, and words every failure; what the columns are is the canon's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import pandas as pd

from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.canon import CANON, Column, Feed
from pilot_pipeline.feeds.quarantine import Finding, conflicting_duplicates, earlier_spells, exact_duplicates

_DTYPES = {
    "text": "str",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "datetime64[us]",
    "timestamp": "datetime64[us]",
}
_EARLIER_SPELL = "The person left and was hired again; only the latest spell is kept."
_REPEATED = "The row repeats an earlier one; the first was kept."


@dataclass(frozen=True)
class RowRule:
    """What must hold within one row: `holds` returns a boolean per row, and is asked only where `needs` are filled."""

    column: str
    reason: str
    needs: tuple[str, ...]
    holds: Callable[[pd.DataFrame], pd.Series]
    rule: str = "range"


def _ordered(earlier: str, later: str, reason: str) -> RowRule:
    return RowRule(later, reason, (earlier, later), lambda frame: frame[earlier] <= frame[later])


def _monday(column: str) -> RowRule:
    return RowRule(column, f"{column} is not a Monday.", (column,), lambda frame: frame[column].dt.day_of_week == 0)


ROW_RULES: Mapping[str, tuple[RowRule, ...]] = MappingProxyType(
    {
        "employees": (
            RowRule(
                "hired_on",
                "hired_on lies after the date of the snapshot.",
                ("as_of", "hired_on"),
                lambda frame: frame["hired_on"] <= frame["as_of"],
            ),
            _ordered("hired_on", "terminated_on", "terminated_on lies before hired_on."),
            RowRule(
                "terminated_on",
                "The person is recorded as active, but left on or before the date of the snapshot.",
                ("as_of", "terminated_on", "employment_status"),
                lambda frame: (frame["employment_status"] == "terminated") | (frame["terminated_on"] >= frame["as_of"]),
            ),
        ),
        "consents": (_ordered("briefed_at", "decided_at", "decided_at lies before briefed_at."),),
        "enrolments": (_ordered("provisioned_at", "withdrawn_at", "withdrawn_at lies before provisioned_at."),),
        "module_assignments": (_ordered("assigned_on", "due_on", "due_on lies before assigned_on."),),
        "manager_time": (_monday("week_start"),),
        "business_outcomes": (_monday("week_start"),),
        "initiatives": (_ordered("starts_on", "ends_on", "ends_on lies before starts_on."),),
    }
)
"""Rules within a row beyond a column's own, by feed."""


@dataclass(frozen=True)
class PanderaContract:
    """A feed's row contract: types, empty cells, vocabularies, ranges, the order of dates, and its key."""

    feed: Feed

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Return one finding per offending row and column of a canonical frame with a unique integer index.

        Raises:
            ValueError: the frame does not have the canon's columns and types, which is a fault of the program.
        """
        import pandera.pandas as pa

        try:
            self.schema().validate(frame, lazy=True)
        except pa.errors.SchemaErrors as errors:
            return self._worded(errors.failure_cases)
        return []

    def schema(self) -> Any:
        """Return the pandera schema."""
        import pandera.pandas as pa

        columns = {column.name: _column(column) for column in self.feed.columns}
        checks = [pa.Check(partial(_holds, rule), name=f"row_{i}") for i, rule in enumerate(self._rules)]
        key = list(self.feed.key)
        checks.append(pa.Check(lambda frame: ~exact_duplicates(frame, key), name="repeated"))
        if self.feed.name == "employees":
            checks.append(pa.Check(lambda frame: ~earlier_spells(frame), name="spell"))
            contradicted = _contradicted_spells
        else:
            contradicted = partial(conflicting_duplicates, key=key)
        checks.append(pa.Check(lambda frame: ~contradicted(frame), name="conflicting"))
        return pa.DataFrameSchema(columns, checks=checks, name=self.feed.name)

    @property
    def _rules(self) -> tuple[RowRule, ...]:
        return ROW_RULES.get(self.feed.name, ())

    def _worded(self, failures: pd.DataFrame) -> list[Finding]:
        """Turn pandera's failure cases into findings, one per row and check."""
        if failures["index"].isna().any():
            first = failures[failures["index"].isna()].iloc[0]
            raise ValueError(f"{self.feed.name}: not a canonical frame ({first['check']} of {first['column']})")
        cases = zip(failures["index"], failures["column"], failures["check"], strict=True)
        found = {self._finding(int(row), str(column), str(check)) for row, column, check in cases}
        return sorted(found, key=lambda f: (f.row, f.column, f.rule, f.reason))

    def _finding(self, row: int, column: str, check: str) -> Finding:
        if check == "repeated":
            return Finding(row, self.feed.key[-1], "duplicate_row", _REPEATED)
        if check == "spell":
            return Finding(row, "hired_on", "earlier_spell", _EARLIER_SPELL)
        if check == "conflicting":
            key = " and ".join(self.feed.key)
            reason = f"Several rows that differ have the same {key}; which of them is right cannot be known here."
            return Finding(row, self.feed.key[-1], "duplicate_key", reason)
        if check.startswith("row_"):
            rule = self._rules[int(check.removeprefix("row_"))]
            return Finding(row, rule.column, rule.rule, rule.reason)
        if check == "not_nullable":
            return Finding(row, column, "missing", f"{column} is empty.")
        return Finding(row, column, check, _COLUMN_REASONS[check](self.feed.column(column)))


def contract_for(feed: str) -> PanderaContract:
    """Return the contract of a feed; BadInput where the canon has none of that name."""
    if feed not in CANON:
        raise BadInput(f"'{feed}' is not a feed.{nearest(feed, list(CANON))}")
    return PanderaContract(CANON[feed])


def _contradicted_spells(employees: pd.DataFrame) -> pd.Series:
    """Mark rows whose key also belongs to a different row, once the spells that a later one follows are set aside."""
    current = employees[~earlier_spells(employees)]
    return conflicting_duplicates(current, CANON["employees"].key).reindex(employees.index, fill_value=False)


def _holds(rule: RowRule, frame: pd.DataFrame) -> pd.Series:
    asked = frame[list(rule.needs)].notna().all(axis=1)
    return rule.holds(frame).fillna(True).astype(bool) | ~asked


def _column(column: Column) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.vocabulary:
        checks.append(pa.Check(partial(_among, list(column.vocabulary)), name="vocabulary"))
    if column.minimum is not None or column.maximum is not None:
        checks.append(pa.Check(partial(_between, column.minimum, column.maximum), name="range"))
    return pa.Column(_DTYPES[column.type], checks=checks, nullable=column.nullable)


def _among(words: list[str], cells: pd.Series) -> pd.Series:
    return cells.isin(words)


def _between(low: float | None, high: float | None, cells: pd.Series) -> pd.Series:
    return cells.between(-math.inf if low is None else low, math.inf if high is None else high)


def _vocabulary_reason(column: Column) -> str:
    return f"{column.name} is none of {', '.join(column.vocabulary)}."


def _range_reason(column: Column) -> str:
    if column.minimum is not None and column.maximum is not None:
        return f"{column.name} lies outside {column.minimum:g} to {column.maximum:g}."
    if column.minimum is not None:
        return f"{column.name} lies below {column.minimum:g}."
    return f"{column.name} lies above {column.maximum:g}."


_COLUMN_REASONS = {"vocabulary": _vocabulary_reason, "range": _range_reason}
