"""Turns a feed's files into one canonical frame, with a finding for every cell that cannot be read as its type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd

from pilot_pipeline.config import FeedSource
from pilot_pipeline.feeds.canon import CANON, Feed
from pilot_pipeline.feeds.cells import Reading, read_cells
from pilot_pipeline.feeds.plan import Plan, check_mapping, plan_columns
from pilot_pipeline.feeds.quarantine import Finding, where
from pilot_pipeline.feeds.raw import WHOLE_ROW, SourceFile


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
    names = [frozenset(file.frame.columns) for file in files]
    others = [frozenset[str]().union(*names[:i], *names[i + 1 :]) for i in range(len(files))]
    plans = [plan_columns(file, source, feed, other) for file, other in zip(files, others, strict=True)]
    job = _Job(tuple(files), tuple(plans), source, feed, zone)
    raw, origins = _stack(job)
    kept = _dated_before(raw, job, before) if before else pd.Series(True, index=raw.index)
    faults = _relabelled(_faults(job), kept)
    raw, origins = raw[kept].reset_index(drop=True), origins[kept].reset_index(drop=True)
    readings = {name: _read(raw[name], name, job) for name in feed.names}
    unreadable = {fault.row for fault in faults if fault.column == WHOLE_ROW}
    troubles = [t for name in feed.names for t in _troubles(name, readings[name]) if t.row not in unreadable]
    frame = pd.DataFrame({name: reading.values for name, reading in readings.items()}, index=raw.index)
    never = tuple(name for name in feed.names if all(name in plan.absent for plan in plans))
    notes = (*_notes(job, readings), *_sometimes_absent(job, never))
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


def _relabelled(findings: Iterator[Finding], kept: pd.Series) -> list[Finding]:
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
    formats = () if stated else job.source.dates.get(name, ())
    return read_cells(cells, job.feed.column(name), job.zone, formats=formats, words=job.source.values.get(name, {}))


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
