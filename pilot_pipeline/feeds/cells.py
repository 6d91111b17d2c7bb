"""Reads a column of text as a canonical type; which columns those are, and what values are allowed, lies elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from pilot_pipeline.feeds.canon import Column
from pilot_pipeline.feeds.times import TWO_DIGITS, read_dates, read_timestamps

NULLS = frozenset({"", "nan", "n/a", "null", "none", "#n/a", "<na>", "nat"})
"""Texts that mean an empty cell, in any case and padding."""

_OTHER = "words that the mapping does not name were read as what it says for '*'"
_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_FORMULA = r"=|[@+\-][A-Za-z]+[(|!]"
_TRUTH = {"true": True, "t": True, "yes": True, "y": True, "1": True}
_TRUTH |= {"false": False, "f": False, "no": False, "n": False, "0": False}
_DTYPES = {"text": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}


@dataclass(frozen=True)
class Trouble:
    """Cells that cannot be used: a mask over the column, the rule they break, and a sentence quoting none of them."""

    mask: pd.Series
    rule: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """A typed column, the cells that could not be read (null in `values`), and how many were repaired, by sentence."""

    values: pd.Series
    troubles: tuple[Trouble, ...] = ()
    repairs: tuple[tuple[str, int], ...] = ()


def fold(cells: pd.Series) -> pd.Series:
    """Return text without padding, double spaces and case, as value maps and vocabularies compare it."""
    return cells.str.replace(r"\s+", " ", regex=True).str.strip().str.casefold()


@dataclass(frozen=True)
class Manner:
    """How a mapping says that a column is to be read.

    Attributes:
        formats: date formats in order of preference; without any, ISO 8601.
        words: what the source writes and what it means here, compared without case and padding; `*` is any other.
        nulls: texts that mean an empty cell beside `NULLS`, compared in the same way.
        pivot: the last two-digit year that is 20yy; None for what the format's own reading says.
    """

    formats: Sequence[str] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    nulls: Sequence[str] = ()
    pivot: int | None = None


AS_FOUND = Manner()
"""Nothing said: everything is read as the canon writes it."""


def read_cells(cells: pd.Series, column: Column, zone: ZoneInfo, manner: Manner = AS_FOUND) -> Reading:
    """Read a column of text as `column.type`.

    Args:
        cells: dtype `str`, null where the source has none.
        column: the canonical column.
        zone: the pilot's time zone; an instant in a date column falls on its local day.
        manner: what the mapping says about it.

    Returns:
        text as `str`, integer `Int64`, number `float64`, boolean `boolean`, date (midnight) and timestamp (UTC)
        `datetime64[us]`, each on the index of `cells`.
    """
    codes, distinct = pd.factorize(cells)
    # Work on distinct cells only: an HRIS export repeats most of its values thousands of times.
    text = pd.Series(distinct, dtype="str").str.strip()
    empty = text.str.casefold().isin(NULLS) | fold(text).isin(fold(pd.Series([*manner.nulls], dtype="str")))
    text, other = _translate(text.mask(empty), manner.words)
    found = _read_distinct(text.mask(text.str.casefold().isin(NULLS)), column, zone, manner)
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    return Reading(
        _spread(found.values, codes, cells.index),
        tuple(
            Trouble(_spread(trouble.mask, codes, cells.index).fillna(False).astype(bool), trouble.rule, trouble.reason)
            for trouble in found.troubles
            if trouble.mask.any()
        ),
        tuple(
            (sentence, int(counts[mask.to_numpy()].sum()))
            for sentence, mask in ((_OTHER, other), *found.repairs)
            if mask.any()
        ),
    )


@dataclass(frozen=True)
class _Distinct:
    values: pd.Series
    troubles: tuple[Trouble, ...]
    repairs: tuple[tuple[str, pd.Series], ...]


def _spread(values: pd.Series, codes: np.ndarray, index: pd.Index) -> pd.Series:
    """Give every row its distinct value, null where the code is -1."""
    spread = values.astype("boolean") if values.dtype == bool else values
    return spread.reindex(codes).set_axis(index)


def _read_distinct(text: pd.Series, column: Column, zone: ZoneInfo, manner: Manner) -> _Distinct:
    troubles: list[Trouble] = []
    repairs: list[tuple[str, pd.Series]] = []
    if is_year(column) and (manner.formats or manner.pivot is not None):
        text, repairs = _years(text, zone, manner)
    if column.type in ("date", "timestamp"):
        read = read_dates if column.type == "date" else read_timestamps
        times = read(text, zone, manner.formats, manner.pivot)
        typed, repairs = times.values, list(times.repairs)
        troubles = [Trouble(mask, rule, reason.format(column.name)) for mask, rule, reason in times.troubles]
    elif column.type == "text":
        formula = text.str.match(_FORMULA).fillna(False).astype(bool)
        troubles.append(Trouble(formula, "formula", f"{column.name} holds a spreadsheet formula instead of a value."))
        typed = text.mask(formula)
        if column.vocabulary:
            typed, folded = _in_vocabulary(typed, column.vocabulary)
            repairs.append(
                ("words that differ from the vocabulary only in case or spacing were read as its own", folded)
            )
        elif column.personal == "none":
            single = typed.str.replace(r"\s{2,}", " ", regex=True)
            repairs.append(("double spaces were read as one", (single != typed) & typed.notna()))
            typed = single
    else:
        typed, unreadable = _READ[column.type](text)
        troubles.append(Trouble(unreadable, "type", f"{column.name} is not {_NOUNS[column.type]}."))
    return _Distinct(typed, tuple(troubles), tuple(repairs))


def is_year(column: Column) -> bool:
    """Whether the column holds a year, which a mapping may take out of a date."""
    return column.type == "integer" and column.name.endswith("_year")


def _years(text: pd.Series, zone: ZoneInfo, manner: Manner) -> tuple[pd.Series, list[tuple[str, pd.Series]]]:
    """Return the years of dates and of two digits as text; what is neither stays as it is."""
    repairs: list[tuple[str, pd.Series]] = []
    if manner.formats:
        times = read_dates(text, zone, manner.formats, manner.pivot)
        year = times.values.dt.year.astype("Int64").astype("str")
        text, repairs = text.where(times.values.isna(), year), list(times.repairs)
    if manner.pivot is not None:
        short = text.str.fullmatch("[0-9]{2}").fillna(False).astype(bool)
        century = np.where(pd.to_numeric(text.where(short), errors="coerce") <= manner.pivot, "20", "19")
        text = text.where(~short, pd.Series(century, index=text.index, dtype="str") + text)
        repairs.append((TWO_DIGITS, short))
    return text, repairs


def _translate(cells: pd.Series, words: Mapping[str, str]) -> tuple[pd.Series, pd.Series]:
    """Return the cells in canonical words, and which of them no word but `*` is for."""
    nothing = pd.Series(False, index=cells.index)
    if not words:
        return cells, nothing
    known = {word: meaning for word, meaning in words.items() if word != "*"}
    mapping = dict(zip(fold(pd.Series(list(known), dtype="str")), known.values(), strict=True))
    found = fold(cells).map(mapping).astype("str")
    other = found.isna() & cells.notna() if "*" in words else nothing
    return found.fillna(cells).mask(other, words.get("*")), other


def _in_vocabulary(text: pd.Series, vocabulary: tuple[str, ...]) -> tuple[pd.Series, pd.Series]:
    """Return the words with case and spacing of the vocabulary, and which of them that changed."""
    canonical = fold(text).map({word.casefold(): word for word in vocabulary}).astype("str")
    return canonical.fillna(text), canonical.notna() & (canonical != text)


def _numbers(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    valid = text.str.fullmatch(_NUMBER).fillna(False).astype(bool)
    numbers = pd.to_numeric(text.where(valid), errors="coerce").astype("float64")
    finite = numbers.where(np.isfinite(numbers))
    return finite, text.notna() & finite.isna()


def _integers(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Accept `3` and `3.0` (as typed exports write whole numbers beside empty cells), not `3.5`."""
    whole = text.str.fullmatch(r"[+-]?[0-9]{1,15}(\.0*)?").fillna(False).astype(bool)
    digits = text.where(whole).str.replace(r"\.0*$", "", regex=True)
    return pd.to_numeric(digits).astype("Int64"), text.notna() & ~whole


def _booleans(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    values = text.str.casefold().map(_TRUTH).astype("boolean")
    return values, text.notna() & values.isna()


_READ = {"integer": _integers, "number": _numbers, "boolean": _booleans}
_NOUNS = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
