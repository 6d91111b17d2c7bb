"""Reads text as dates and instants: ISO 8601, declared formats, zones and placeholders; no column is known here.

A format is one of strptime's, or `iso` for ISO 8601 with any number of digits. It may end in ` @ZONE` (an IANA name,
or `local` for the pilot's zone): then the clock time is of that zone. An instant whose text states no zone and whose
format names none is refused, because guessing would move people between weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from pilot_pipeline.errors import BadInput

_CLOCK = r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
_ZONED = r"(?: ?(?:Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PLACEHOLDER = r"(?:0000-00-00|0001-01-01|9999-12-31)(?:[T ].*)?"
_EMPTY = "placeholders such as 9999-12-31 or 0000-00-00 were read as empty"
ISO = "iso"
"""The format that stands for ISO 8601."""

TWO_DIGITS = "two-digit years were given the century that the mapping says"
_AMBIGUOUS = "more than one of the date formats fits, and the first was taken"

_NO_DATE = "{} is not a date in the expected format."
_NO_TIME = "{} is not a time in the expected format."
_NO_ZONE = "{} is a time without a zone; write it with one, or name it in the date format."

Masked = tuple[pd.Series, str, str]


@dataclass(frozen=True)
class Times:
    """`datetime64[us]` values, (mask, rule, reason with a place for the column's name), (sentence, mask) of repairs."""

    values: pd.Series
    troubles: tuple[Masked, ...]
    repairs: tuple[tuple[str, pd.Series], ...]


def read_dates(text: pd.Series, zone: ZoneInfo, formats: Sequence[str] = (), pivot: int | None = None) -> Times:
    """Read days. A clock time without zone keeps its day; an instant with a zone falls on its day in `zone`.

    `pivot` is the last two-digit year that is 20yy, for formats with `%y`; without it, 68 (POSIX).
    """
    placeholder = text.str.fullmatch(_PLACEHOLDER).fillna(False).astype(bool)
    open_cells = text.mask(placeholder)
    (instants, zoned), ambiguous, short = _iso(open_cells), _none(text), _none(text)
    if formats:
        instants, zoned, ambiguous, short = _by_formats(open_cells, formats, zone, pivot)
    days = instants.where(~zoned, _local(instants, zone)).dt.normalize().astype("datetime64[us]")
    far = (days.dt.year >= 9999).fillna(False)
    unread = open_cells.notna() & days.isna()
    repairs = ((_EMPTY, placeholder | far), (_AMBIGUOUS, ambiguous), (TWO_DIGITS, short))
    return Times(days.mask(far), ((unread, "type", _NO_DATE),), repairs)


def read_timestamps(text: pd.Series, zone: ZoneInfo, formats: Sequence[str] = (), pivot: int | None = None) -> Times:
    """Read instants as naive UTC; a time that states no zone is refused unless its format names one."""
    placeholder = text.str.fullmatch(_PLACEHOLDER).fillna(False).astype(bool)
    open_cells = text.mask(placeholder)
    (instants, zoned), ambiguous, short = _iso(open_cells), _none(text), _none(text)
    if formats:
        instants, zoned, ambiguous, short = _by_formats(open_cells, formats, zone, pivot)
    far = (instants.dt.year >= 9999).fillna(False)
    unread = open_cells.notna() & instants.isna()
    naive = instants.notna() & ~zoned & ~far
    troubles = ((unread, "type", _NO_TIME), (naive, "timezone", _NO_ZONE))
    return Times(
        instants.where(zoned & ~far).astype("datetime64[us]"),
        troubles,
        ((_EMPTY, placeholder | far), (_AMBIGUOUS, ambiguous), (TWO_DIGITS, short)),
    )


def _none(text: pd.Series) -> pd.Series:
    return pd.Series(False, index=text.index)


def _iso(text: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return instants (UTC where a zone is stated, else as written) and whether a zone is stated."""
    shaped = text.where(text.str.fullmatch(f"{_DAY}(?:{_CLOCK}{_ZONED}?)?").fillna(False).astype(bool))
    zoned = shaped.str.contains(f"{_CLOCK}{_ZONED}$", regex=True).fillna(False).astype(bool)
    # Vendors write 3, 6, 7 and 9 digits; finer than microseconds would shrink the range of years that can be held.
    tidy = (
        shaped.str.replace(",", ".", regex=False)
        .str.replace(r"(\.[0-9]{6})[0-9]+", r"\1", regex=True)
        .str.replace(r" ?(?:UTC|z)$", "Z", regex=True)
        .str.replace(r" ([+-])", r"\1", regex=True)
    )
    parsed = pd.to_datetime(tidy, format="ISO8601", utc=True, errors="coerce")
    return _naive(parsed), zoned


def _by_formats(
    text: pd.Series, formats: Sequence[str], zone: ZoneInfo, pivot: int | None
) -> tuple[pd.Series, pd.Series, pd.Series, pd.Series]:
    """Return what the first fitting format gives, and masks: a zone is stated; a later format gives another day; the
    pivot decided the century."""
    chosen = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    zoned, ambiguous, short = _none(text), _none(text), _none(text)
    for one in formats:
        parsed, has_zone = _by_format(text, one, zone)
        by_pivot = pivot is not None and "%y" in one
        if by_pivot:
            parsed = _in_century(parsed, int(pivot or 0))
        ambiguous |= chosen.notna() & parsed.notna() & (chosen != parsed)
        fresh = chosen.isna() & parsed.notna()
        chosen = chosen.where(~fresh, parsed)
        zoned = zoned | (fresh & has_zone)
        short |= fresh & by_pivot
    return chosen, zoned, ambiguous, short


def _in_century(dates: pd.Series, pivot: int) -> pd.Series:
    """Put years of two digits, which were read by the POSIX pivot, into the century that ours says."""
    wanted = dates.dt.year % 100 + 1900 + 100 * (dates.dt.year % 100 <= pivot)
    moved = dates.copy()
    for gap in (-100, 100):
        off = ((wanted - dates.dt.year) == gap).fillna(False).astype(bool)
        moved = moved.mask(off, dates + pd.DateOffset(years=gap))
    return moved.astype("datetime64[us]")


def _by_format(text: pd.Series, declared: str, zone: ZoneInfo) -> tuple[pd.Series, pd.Series]:
    """Return instants (UTC where a zone is stated, else as written) and whether a zone is stated."""
    pattern, _, name = declared.partition(" @")
    if pattern == ISO:
        clock, stated = _iso(text)
        if not name:
            return clock, stated
        return clock.where(stated, _placed(clock.mask(stated), name, zone)), clock.notna()
    if "%z" in pattern or "%Z" in pattern:
        parsed = _naive(pd.to_datetime(text, format=pattern, utc=True, errors="coerce"))
        return parsed, parsed.notna()
    clock = pd.to_datetime(text, format=pattern, errors="coerce").astype("datetime64[us]")
    return (_placed(clock, name, zone), clock.notna()) if name else (clock, _none(text))


def _placed(clock: pd.Series, name: str, zone: ZoneInfo) -> pd.Series:
    """Return clock times of a zone in UTC; one that the clock skips or shows twice stays empty."""
    local = clock.dt.tz_localize(zone_named(name, zone), ambiguous="NaT", nonexistent="NaT")
    return _naive(local.dt.tz_convert("UTC"))


def zone_named(name: str, zone: ZoneInfo) -> ZoneInfo:
    """Return the zone of a format's ` @ZONE` ending; BadInput where there is none of that name."""
    if name == "local":
        return zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"'{name}' in a date format is neither 'local' nor a time zone such as Europe/Berlin.") from None


def _naive(instants: pd.Series) -> pd.Series:
    naive: pd.Series = instants.dt.tz_localize(None).astype("datetime64[us]")
    return naive


def _local(instants: pd.Series, zone: ZoneInfo) -> pd.Series:
    return _naive(instants.dt.tz_localize("UTC").dt.tz_convert(zone))
