"""Turns a feed's files into one canonical frame, with a finding for every cell that cannot be read as its type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from zoneinfo import ZoneInfo

import pandas as pd

from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.canon import CANON, Feed
from pilot_pipeline.feeds.cells import Manner, Reading, read_cells
from pilot_pipeline.feeds.formats.raw import WHOLE_ROW, SourceFile
from pilot_pipeline.feeds.plan import Plan, check_mapping, plan_columns
from pilot_pipeline.feeds.quarantine import Finding, where
from pilot_pipeline.feeds.reshaping import reshape, together
from pilot_pipeline.feeds.resolving import AMBIGUOUS, resolve_people
from pilot_pipeline.feeds.times import ISO


@dataclass(frozen=True)
class Mapped:
    """A feed in canonical columns, not yet judged.

    `frame` has the canonical columns and types on a RangeIndex; `raw` the same cells as the files have them;
    `origins` (file, row) says where each row comes from; `never_filled` names the columns that no file has; `dropped`
    counts rows left unread because of `before`.
    """

    frame: pd.DataFrame
    raw: pd.DataFrame
    origins: pd.DataFrame
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    never_filled: tuple[str, ...]
    dropped: int = 0


def map_to_canon(
    files: Sequence[SourceFile], source: FeedSource, feed: Feed | str, zone: ZoneInfo, *, before: date | None = None
) -> Mapped:
    """Map files to the canonical columns of a feed.

    Text loses its padding; an empty cell is one that is blank or says nan, n/a, null or none. Types become text `str`,
    integer `Int64`, number `float64`, boolean `boolean`, date and timestamp `datetime64[us]` (timestamps naive UTC).
    A time that states no zone is a finding, unless its declared format names one (`"%d.%m.%Y %H:%M @Europe/Berlin"`,
    `@local` for the pilot's zone) or a typed Parquet column holds it (then it is UTC).

    Args:
        files: what `read_source` returned.
        source: the mapping.
        feed: the canonical feed or its name.
        zone: the pilot's time zone.
        before: keep only rows whose `feed.live_from` date is earlier; other cells of later rows are not looked at.

    Raises:
        BadInput: the mapping or a file's columns do not fit the canon.
        ValueError: `before` is given for a feed without `live_from`.
    """
    feed = CANON[feed] if isinstance(feed, str) else feed
    check_mapping(source, feed, zone)
    files = [reshape(file, source, feed.name) for file in files]
    names = [frozenset(file.frame.columns) for file in files]
    others = [frozenset[str]().union(*names[:i], *names[i + 1 :]) for i in range(len(files))]
    plans = [plan_columns(file, source, feed, other) for file, other in zip(files, others, strict=True)]
    job = _Job(tuple(files), tuple(plans), source, feed, zone)
    stacked, origins = _stack(job)
    raw, puzzles, looked_up = _resolved(stacked, job)
    kept = _dated_before(raw, job, before) if before else pd.Series(True, index=raw.index)
    faults = _relabelled(chain(_faults(job), puzzles), kept)
    raw, origins = raw[kept].reset_index(drop=True), origins[kept].reset_index(drop=True)
    readings = {name: _read(raw[name], name, job) for name in feed.names}
    unreadable = {fault.row for fault in faults if fault.column == WHOLE_ROW}
    troubles = [t for name in feed.names for t in _troubles(name, readings[name]) if t.row not in unreadable]
    frame = pd.DataFrame({name: reading.values for name, reading in readings.items()}, index=raw.index)
    never = tuple(name for name in feed.names if all(name in plan.absent for plan in plans))
    notes = (*_notes(job, readings), *looked_up, *_sometimes_absent(job, never))
    return Mapped(frame, raw, origins, (*faults, *troubles), notes, never, int((~kept).sum()))


@dataclass(frozen=True)
class _Job:
    """What stays the same from the first column to the last."""

    files: tuple[SourceFile, ...]
    plans: tuple[Plan, ...]
    source: FeedSource
    feed: Feed
    zone: ZoneInfo

    @property
    def pairs(self) -> Iterator[tuple[SourceFile, Plan]]:
        return zip(self.files, self.plans, strict=True)


def _stack(job: _Job) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put all files' cells under the canonical names, one below the other, and say where each row comes from."""
    parts, places = [], []
    for file, plan in job.pairs:
        index = file.frame.index
        columns = {
            name: file.frame[plan.columns[name]]
            if name in plan.columns
            else pd.Series(plan.fixed.get(name), index=index, dtype="str")
            for name in job.feed.names
        }
        parts.append(pd.DataFrame(columns, index=index))
        origin = {"file": pd.Series(file.relative, index=index, dtype="str"), "row": pd.Series(file.table.lines, index)}
        places.append(pd.DataFrame(origin))
    raw = pd.concat(parts, ignore_index=True)
    return raw, pd.concat(places, ignore_index=True).astype({"row": "int64"})


def _faults(job: _Job) -> Iterator[Finding]:
    """Yield what was wrong in the files, under canonical names; a fault in an ignored column is nobody's concern."""
    start = 0
    for file, plan in job.pairs:
        for fault in file.table.faults:
            names = [name for name, column in plan.columns.items() if column == fault.column]
            for name in [WHOLE_ROW] if fault.column == WHOLE_ROW else names:
                yield Finding(start + fault.position, name, fault.rule, fault.reason)
        start += len(file.frame)


def _relabelled(findings: Iterable[Finding], kept: pd.Series) -> list[Finding]:
    """Follow the rows to their places among those that are kept."""
    place = kept.cumsum() - 1
    return [replace(finding, row=int(place[finding.row])) for finding in findings if kept[finding.row]]


def _dated_before(raw: pd.DataFrame, job: _Job, before: date) -> pd.Series:
    """Mark rows dated earlier; one whose date cannot be read stays, to be quarantined rather than lost."""
    if job.feed.live_from is None:
        raise ValueError(f"{job.feed.name} has no column that tells earlier rows from live ones")
    dates = _read(raw[job.feed.live_from], job.feed.live_from, job).values
    return dates.isna() | (dates < pd.Timestamp(before))


def _read(cells: pd.Series, name: str, job: _Job) -> Reading:
    """Read one column; declared formats do not apply where the file itself states the type, or to fixed values."""
    stated = all(name in plan.fixed or plan.columns.get(name) in file.table.typed for file, plan in job.pairs)
    formats = job.source.dates.get(name, ())
    if formats and any(file.table.typed_cells for file in job.files):
        formats = (*formats, ISO)
    manner = Manner(
        formats=() if stated else formats,
        words=job.source.values.get(name, {}),
        nulls=(*job.source.nulls.get("*", ()), *job.source.nulls.get(name, ())),
        pivot=None if stated else job.source.two_digit_years.get(name),
    )
    return read_cells(cells, job.feed.column(name), job.zone, manner)


def _resolved(raw: pd.DataFrame, job: _Job) -> tuple[pd.DataFrame, list[Finding], list[str]]:
    """Put ids where employees' managers are given by name or address; what means several people is a finding."""
    found, notes = [], []
    names = job.source.by_name.items() if job.feed.name == "employees" else ()
    addresses = job.source.by_email if job.feed.name == "employees" else ()
    for column, known_as in (
        *((name, _own_names(columns, job)) for name, columns in names),
        *((name, raw["email"]) for name in addresses),
    ):
        resolved = resolve_people(raw[column], known_as, raw["employee_id"], raw["as_of"].fillna(""))
        raw = raw.assign(**{column: resolved.ids})
        found += where(resolved.several, column, AMBIGUOUS, f"{column} is what several people are known as.")
        if count := int(resolved.found.sum()):
            notes.append(f"{job.feed.name}: {column} was found by name or e-mail in {count:,} rows.")
    return raw, found, notes


def _own_names(columns: Sequence[str], job: _Job) -> pd.Series:
    """Return everybody's own name, file below file."""
    parts = []
    for file in job.files:
        gone = [column for column in columns if column not in file.frame]
        if gone:
            hint = nearest(gone[0], list(file.frame.columns))
            raise BadInput(
                f"{file.relative} has no column '{gone[0]}', which feeds.{job.feed.name}.by_name names.{hint}"
            )
        parts.append(together(file.frame, columns))
    return pd.concat(parts, ignore_index=True)


def _troubles(name: str, reading: Reading) -> Iterator[Finding]:
    for trouble in reading.troubles:
        yield from where(trouble.mask, name, trouble.rule, trouble.reason)


def _notes(job: _Job, readings: Mapping[str, Reading]) -> Iterator[str]:
    """Yield what the readers reported, and how many cells were repaired, column by column."""
    for file in job.files:
        yield from file.table.notes
    for name, reading in readings.items():
        for sentence, count in reading.repairs:
            yield f"{job.feed.name}: {name}: {sentence} ({count:,} {'cell' if count == 1 else 'cells'})."


def _sometimes_absent(job: _Job, never: tuple[str, ...]) -> Iterator[str]:
    for file, plan in job.pairs:
        gone = [name for name in plan.absent if name not in never]
        if gone:
            yield f"{job.feed.name}: {file.relative} has no column for {', '.join(gone)}; it is empty in its rows."
