"""Decides which source column feeds which canonical one, and words every mistake in a mapping; no cell is read here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.canon import Feed
from pilot_pipeline.feeds.cells import is_year
from pilot_pipeline.feeds.formats.raw import SourceFile
from pilot_pipeline.feeds.times import ISO, zone_named
from pilot_pipeline.privacy.addresses import without_addresses

_GIVING = ("columns", "constants", "filename", "split", "join")
"""The sections of a mapping that say where a canonical column comes from."""

_DIRECTIVES = {"Y": r"\d{4}", "y": r"\d{2}", "b": "[A-Za-z]{3}", "B": "[A-Za-z]+", "j": r"\d{3}"}
_TWO_DIGITS = dict.fromkeys("mdHMS", r"\d{2}")


@dataclass(frozen=True)
class Plan:
    """For one file: canonical column to source column, canonical column to its one value, and what stays empty."""

    columns: dict[str, str]
    fixed: dict[str, str]
    absent: tuple[str, ...]


def check_mapping(source: FeedSource, feed: Feed, zone: ZoneInfo) -> None:
    """Refuse a mapping that contradicts the canon, before any file is looked at.

    Raises:
        BadInput: an unknown canonical column, one given twice, a value outside the vocabulary, an unusable format.
    """
    problems = [*_unknown_names(source, feed), *_given_twice(source, feed), *_misplaced_people(source, feed)]
    for name, values in source.values.items():
        words = feed.column(name).vocabulary if name in feed.names else ()
        wrong = sorted({value for value in values.values() if words and value and value not in words})
        problems += [
            f"feeds.{feed.name}.values.{name}: '{value}' is none of {', '.join(words)}.{nearest(value, list(words))}"
            for value in wrong
        ]
    for section, formats in (("dates", source.dates), ("filename", {k: (v,) for k, v in source.filename.items()})):
        for name, patterns in formats.items():
            dated = name in feed.names and (
                feed.column(name).type in ("date", "timestamp") or is_year(feed.column(name))
            )
            if name in feed.names and not dated:
                problems.append(f"feeds.{feed.name}.{section}.{name}: {name} is no date; remove it.")
            for pattern in patterns:
                problems += _format_problems(f"feeds.{feed.name}.{section}.{name}", pattern, zone)
    if problems:
        raise BadInput("\n".join(problems))


def plan_columns(file: SourceFile, source: FeedSource, feed: Feed, elsewhere: frozenset[str]) -> Plan:
    """Match one file's columns with the canonical ones; `elsewhere` holds the column names of the feed's other files.

    Raises:
        BadInput: a column is neither mapped nor ignored, a mapped one is not there, a needed one has no source.
    """
    present = list(file.frame.columns)
    fixed = {**source.constants, **{name: _from_name(file, name, form) for name, form in source.filename.items()}}
    mapped = {**file.table.made, **source.columns}
    chosen = {name: column for name, column in mapped.items() if name not in fixed and name in feed.names}
    taken = set(chosen.values())
    for name in feed.names:
        if (
            name in present
            and name not in chosen
            and name not in fixed
            and name not in taken
            and not _named(name, source)
        ):
            chosen[name] = name
    problems = []
    found: dict[str, str] = {}
    for name, column in chosen.items():
        if column in present:
            found[name] = column
        elif name in file.table.made and name not in source.columns:
            continue
        elif not (feed.column(name).nullable and (file.table.optional_columns or column in elsewhere)):
            hint = nearest(column, [other for other in present if other not in taken])
            problems.append(
                f"{file.relative} has no column '{column}', to which feeds.{feed.name}.columns maps {name}.{hint}"
            )
    problems += _unmapped(file, source, feed, set(found.values()))
    needed = [c.name for c in feed.columns if not c.nullable and c.name not in chosen and c.name not in fixed]
    problems += [_nothing_for(name, file, feed, [c for c in present if c not in found.values()]) for name in needed]
    if problems:
        raise BadInput("\n".join(problems))
    absent = tuple(name for name in feed.names if name not in found and name not in fixed)
    return Plan(found, fixed, absent)


def _unknown_names(source: FeedSource, feed: Feed) -> Iterable[str]:
    known = list(feed.names)
    for section in (*_GIVING, "values", "nulls", "dates", "two_digit_years", "by_email", "by_name"):
        for name in getattr(source, section):
            if name not in known and not (section == "nulls" and name == "*"):
                yield f"feeds.{feed.name}.{section}: {name} is not a column of {feed.name}.{nearest(name, known)}"


def _given_twice(source: FeedSource, feed: Feed) -> Iterable[str]:
    unpivoted = (source.unpivot.name, source.unpivot.value) if source.unpivot else ()
    for name in unpivoted:
        if name not in feed.names:
            yield f"feeds.{feed.name}.unpivot: {name} is not a column of {feed.name}.{nearest(name, list(feed.names))}"
    for name in feed.names:
        sections = [s for s in _GIVING if name in getattr(source, s)] + ["unpivot"] * unpivoted.count(name)
        if len(sections) > 1:
            yield f"feeds.{feed.name}: {name} is given both in {' and in '.join(sections)}; keep one."


def _misplaced_people(source: FeedSource, feed: Feed) -> Iterable[str]:
    """Refuse to look for people by columns that hold none, or by names where nobody's names are known."""
    for name in source.by_email:
        if name in feed.names and feed.column(name).personal != "person_id":
            yield f"feeds.{feed.name}.by_email: {name} holds no person; name a column of ids."
        elif feed.name == "employees" and name == "employee_id":
            yield "feeds.employees.by_email: employee_id is what e-mails are resolved to; give it a column of its own."
    for name in source.by_name:
        if feed.name != "employees" or name != "manager_id":
            yield f"feeds.{feed.name}.by_name: only manager_id of employees can be looked up by name."


def _format_problems(place: str, declared: str, zone: ZoneInfo) -> Iterable[str]:
    pattern, _, name = declared.partition(" @")
    if pattern == ISO:
        pattern = "%Y"
    if "%" not in pattern:
        yield f"{place}: '{declared}' is not a date format such as %Y-%m-%d."
    try:
        datetime.strptime("", pattern)
    except ValueError as error:
        if "does not match" not in str(error) and "unconverted" not in str(error):
            yield f"{place}: '{declared}' is not a date format such as %Y-%m-%d."
    if name:
        try:
            zone_named(name, zone)
        except BadInput as error:
            yield f"{place}: {error}"


def _named(column: str, source: FeedSource) -> bool:
    """Say whether a column is ignored by its own name (not only by `*`)."""
    return source.ignore != "*" and _matches(column, source.ignore)


def _matches(column: str, patterns: Iterable[str]) -> bool:
    return any(column == pattern or ("*" in pattern and fnmatchcase(column, pattern)) for pattern in patterns)


def _unmapped(file: SourceFile, source: FeedSource, feed: Feed, used: set[str]) -> Iterable[str]:
    if source.ignore == "*":
        return
    named = used | file.table.known | {column for columns in source.by_name.values() for column in columns}
    left = [c for c in file.frame.columns if c not in named and not _matches(c, source.ignore)]
    if left:
        free = [name for name in feed.names if name not in used]
        hints = [f"'{column}'{hint}" for column in left if (hint := nearest(column.lower(), free))]
        # JSON may use a person's address as the name of a field.
        yield without_addresses(
            f"{file.relative}: {_listed(left)} neither mapped nor ignored; add to feeds.{feed.name}.columns or "
            f"feeds.{feed.name}.ignore.{' ' + ' '.join(hints) if hints else ''}"
        )


def _listed(columns: list[str], most: int = 12) -> str:
    shown = ", ".join(columns[:most]) + (f" and {len(columns) - most} more" if len(columns) > most else "")
    return f"the column {shown} is" if len(columns) == 1 else f"the columns {shown} are"


def _nothing_for(name: str, file: SourceFile, feed: Feed, free: list[str]) -> str:
    return (
        f"{file.relative} has no column for {name}, which {feed.name} cannot do without; "
        f"map it in feeds.{feed.name}.columns or give it in feeds.{feed.name}.constants.{nearest(name, free)}"
    )


def _from_name(file: SourceFile, name: str, declared: str) -> str:
    """Return the one date in the file's name, as ISO text."""
    found = dates_in_name(file.relative, declared)
    if len(found) != 1:
        many = "more than one date" if found else "no date"
        raise BadInput(f"{file.relative}: its name holds {many} of the form {declared}, from which {name} should come.")
    return found.pop()


def dates_in_name(path: str, declared: str) -> set[str]:
    """Return the dates of a form that a file's name holds, as ISO text."""
    stem = PurePosixPath(path).name
    pattern = re.sub(r"%(.)", lambda m: "\0" + m.group(1), declared)
    regex = "".join(_piece(part) for part in re.split("(\0.)", pattern))
    found = set()
    for match in re.finditer(f"(?=({regex}))", stem):
        try:
            found.add(datetime.strptime(match.group(1), declared).date().isoformat())
        except ValueError:
            continue
    return found


def _piece(part: str) -> str:
    if part.startswith("\0"):
        return _DIRECTIVES.get(part[1], _TWO_DIGITS.get(part[1], ".+?"))
    return re.escape(part)
