"""What must hold within one row, and the sentence for each breach, as data: pandera and SQL judge by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from pilot_pipeline.feeds.canon import CANON, Column, Feed

YOUNGEST, OLDEST = 14, 100
"""Years of age between which somebody is employed: outside, a birth year is a slip."""

REPEATED = "The row repeats an earlier one; the first was kept."
EARLIER_SPELL = "The person left and was hired again; only the latest spell is kept."


@dataclass(frozen=True)
class RowRule:
    """What must hold within one row, asked only where `needs` are filled.

    `holds` gives a boolean per row of a canonical frame, `sql` is the same condition in DuckDB's dialect; a test holds
    both to the same findings. An answer that is null counts as holding.
    """

    column: str
    reason: str
    needs: tuple[str, ...]
    holds: Callable[[pd.DataFrame], pd.Series]
    sql: str
    rule: str = "range"


def _ordered(earlier: str, later: str) -> RowRule:
    reason = f"{later} lies before {earlier}."
    return RowRule(
        later, reason, (earlier, later), lambda frame: frame[earlier] <= frame[later], f"{earlier} <= {later}"
    )


def _monday(column: str) -> RowRule:
    return RowRule(
        column,
        f"{column} is not a Monday.",
        (column,),
        lambda frame: frame[column].dt.day_of_week == 0,
        f"isodow({column}) = 1",
    )


_BORN = CANON["employees"].column("birth_year")
_YEARS = (int(_BORN.minimum or 0), int(_BORN.maximum or 9999))


def _plausible_age(frame: pd.DataFrame) -> pd.Series:
    """Judge ages; a year that is none at all is left to the column's own range."""
    age = frame["as_of"].dt.year - frame["birth_year"]
    plausible: pd.Series = age.between(YOUNGEST, OLDEST) | ~frame["birth_year"].between(*_YEARS)
    return plausible


_EMPLOYEES = (
    RowRule(
        "hired_on",
        "hired_on lies after the date of the snapshot.",
        ("as_of", "hired_on"),
        lambda frame: frame["hired_on"] <= frame["as_of"],
        "hired_on <= as_of",
    ),
    _ordered("hired_on", "terminated_on"),
    RowRule(
        "terminated_on",
        "The person is recorded as active, but left on or before the date of the snapshot.",
        ("as_of", "terminated_on", "employment_status"),
        lambda frame: (frame["employment_status"] == "terminated") | (frame["terminated_on"] >= frame["as_of"]),
        "employment_status = 'terminated' OR terminated_on >= as_of",
    ),
    RowRule(
        "termination_reason",
        "The row gives a reason for leaving, but the person is recorded as active and no last day is given.",
        ("termination_reason", "employment_status"),
        lambda frame: (frame["employment_status"] == "terminated") | frame["terminated_on"].notna(),
        "employment_status = 'terminated' OR terminated_on IS NOT NULL",
    ),
    RowRule(
        "birth_year",
        f"birth_year makes the person younger than {YOUNGEST} or older than {OLDEST} at the snapshot.",
        ("as_of", "birth_year"),
        _plausible_age,
        f"year(as_of) - birth_year BETWEEN {YOUNGEST} AND {OLDEST} "
        f"OR birth_year NOT BETWEEN {_YEARS[0]} AND {_YEARS[1]}",
    ),
)

ROW_RULES: Mapping[str, tuple[RowRule, ...]] = MappingProxyType(
    {
        "employees": _EMPLOYEES,
        "consents": (_ordered("briefed_at", "decided_at"),),
        "enrolments": (_ordered("provisioned_at", "withdrawn_at"),),
        "module_assignments": (_ordered("assigned_on", "due_on"),),
        "manager_time": (_monday("week_start"),),
        "business_outcomes": (_monday("week_start"),),
        "initiatives": (_ordered("starts_on", "ends_on"),),
    }
)
"""Rules within a row beyond a column's own, by feed."""


def missing_reason(column: Column) -> str:
    """Return the sentence for an empty cell."""
    return f"{column.name} is empty."


def vocabulary_reason(column: Column) -> str:
    """Return the sentence for a word outside the vocabulary."""
    return f"{column.name} is none of {', '.join(column.vocabulary)}."


def range_reason(column: Column) -> str:
    """Return the sentence for a number out of range."""
    if column.minimum is not None and column.maximum is not None:
        return f"{column.name} lies outside {column.minimum:g} to {column.maximum:g}."
    if column.minimum is not None:
        return f"{column.name} lies below {column.minimum:g}."
    return f"{column.name} lies above {column.maximum:g}."


def conflicting_reason(feed: Feed) -> str:
    """Return the sentence for rows that share a key and differ."""
    key = " and ".join(feed.key)
    return f"Several rows that differ have the same {key}; which of them is right cannot be known here."
