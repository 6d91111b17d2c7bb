"""Judges a canonical frame with pandera, and words every failure; what the columns are is the canon's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from pilot_pipeline.feeds.canon import CANON, Column, Feed
from pilot_pipeline.feeds.quarantine import Finding, conflicting_duplicates, earlier_spells, exact_duplicates
from pilot_pipeline.feeds.row_rules import (
    EARLIER_SPELL,
    REPEATED,
    ROW_RULES,
    RowRule,
    conflicting_reason,
    missing_reason,
    range_reason,
    vocabulary_reason,
)

_DTYPES = {
    "text": "str",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "datetime64[us]",
    "timestamp": "datetime64[us]",
}


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
            return Finding(row, self.feed.key[-1], "duplicate_row", REPEATED)
        if check == "spell":
            return Finding(row, "hired_on", "earlier_spell", EARLIER_SPELL)
        if check == "conflicting":
            return Finding(row, self.feed.key[-1], "duplicate_key", conflicting_reason(self.feed))
        if check.startswith("row_"):
            rule = self._rules[int(check.removeprefix("row_"))]
            return Finding(row, rule.column, rule.rule, rule.reason)
        if check == "not_nullable":
            return Finding(row, column, "missing", missing_reason(self.feed.column(column)))
        return Finding(row, column, check, _COLUMN_REASONS[check](self.feed.column(column)))


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


_COLUMN_REASONS = {"vocabulary": vocabulary_reason, "range": range_reason}
