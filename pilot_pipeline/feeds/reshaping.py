"""Makes columns of other columns, and long files of wide ones, before a file is mapped; cells are read in `cells`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pandas as pd

from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.formats.raw import Fault, RawTable, SourceFile


def reshape(file: SourceFile, source: FeedSource, feed: str) -> SourceFile:
    """Return the file with the columns that `split`, `join` and `unpivot` make; the same file where nothing does.

    A filled cell in which a pattern is not found is a fault. Of a wide file each filled cell becomes a row; a cell
    that is empty is no row, and their number is a note.

    Raises:
        BadInput: a source column that is named is not there.
    """
    if not (source.split or source.join or source.unpivot):
        return file
    _refuse_missing(file, source, feed)
    table = _unpivoted(file.table, source, file.relative) if source.unpivot else file.table
    columns: dict[str, pd.Series] = {}
    faults = list(table.faults)
    for name, part in source.split.items():
        columns[f"={name}"], missed = _split(table.frame[part.column], part.pattern)
        reason = f"The part that is {name} is not where the mapping looks for it."
        faults += [Fault(int(position), f"={name}", "split", reason) for position in missed.to_numpy().nonzero()[0]]
    for name, parts in source.join.items():
        columns[f"={name}"] = _joined(table.frame[list(parts.columns)], parts.by)
    frame = table.frame.assign(**columns)
    made = {**table.made, **{name: f"={name}" for name in (*source.split, *source.join)}}
    known = table.known | set(_named(source))
    return replace(file, table=replace(table, frame=frame, faults=tuple(faults), made=made, known=known))


def together(frame: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    """Return the cells of several columns as one text, for comparison."""
    return _joined(frame[list(columns)], " ")


def _named(source: FeedSource) -> Iterator[str]:
    yield from (part.column for part in source.split.values())
    yield from (column for parts in source.join.values() for column in parts.columns)
    if source.unpivot:
        yield from source.unpivot.columns


def _refuse_missing(file: SourceFile, source: FeedSource, feed: str) -> None:
    present = list(file.frame.columns)
    for column in _named(source):
        if column not in present:
            raise BadInput(
                f"{file.relative} has no column '{column}', which feeds.{feed} splits, joins or unpivots."
                f"{nearest(column, present)}"
            )


def _split(cells: pd.Series, pattern: str) -> tuple[pd.Series, pd.Series]:
    """Return what the pattern's group finds, and where a filled cell holds none."""
    found = cells.str.extract(pattern, expand=False).astype("str")
    return found, cells.fillna("").str.strip().ne("") & found.isna()


def _joined(parts: pd.DataFrame, by: str) -> pd.Series:
    """Return the filled cells of each row, joined; null where all are empty."""
    filled = parts.apply(lambda cells: cells.str.strip().replace("", None))
    rows = [by.join(cell for cell in row if isinstance(cell, str)) for row in filled.itertuples(index=False)]
    return pd.Series(rows, index=parts.index, dtype="str").replace("", None).astype("str")


def _unpivoted(table: RawTable, source: FeedSource, place: str) -> RawTable:
    """Return one row per row and listed column that is filled in, in the file's order; a faulty row stays, once."""
    wide = source.unpivot
    assert wide is not None
    whole = [name for name in table.frame.columns if name not in wide.columns]
    unread = {fault.position for fault in table.faults if fault.column not in wide.columns}
    cells = table.frame[list(wide.columns)].to_numpy(dtype=object)
    kept = [
        (row, column)
        for row in range(len(cells))
        for column in range(len(wide.columns))
        if _filled(cells[row, column]) or (column == 0 and row in unread)
    ]
    by_row: dict[int, list[Fault]] = {}
    for fault in table.faults:
        by_row.setdefault(fault.position, []).append(fault)
    damaged = {(f.position, wide.columns.index(f.column)) for f in table.faults if f.column in wide.columns}
    places = sorted({*kept, *damaged})
    rows = [row for row, _ in places]
    frame = table.frame[whole].iloc[rows].reset_index(drop=True)
    frame["=name"] = pd.Series([wide.columns[column] for _, column in places], index=frame.index, dtype="str")
    frame["=value"] = pd.Series([cells[place] for place in places], index=frame.index, dtype="str")
    faults = [
        replace(fault, position=number, column="=value" if fault.column in wide.columns else fault.column)
        for number, (row, column) in enumerate(places)
        for fault in by_row.get(row, ())
        if fault.column not in wide.columns or fault.column == wide.columns[column]
    ]
    empty = len(table.frame) * len(wide.columns) - len(places)
    note = (
        (f"{place}: {empty:,} cells of the unpivoted columns are empty, and no row was made of them.",) if empty else ()
    )
    return replace(
        table,
        frame=frame,
        lines=tuple(table.lines[row] for row in rows),
        faults=tuple(faults),
        notes=table.notes + note,
        made={**table.made, wide.name: "=name", wide.value: "=value"},
    )


def _filled(cell: object) -> bool:
    return isinstance(cell, str) and bool(cell.strip())
