"""Reads Parquet into a `RawTable`: typed values become the text that `cells` reads back without loss."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.formats.raw import (
    CELL_REASONS,
    MAX_CELL_CHARACTERS,
    PLAIN,
    Fault,
    Options,
    RawTable,
    text_frame,
)


def parse_parquet(data: bytes, place: str, options: Options = PLAIN) -> RawTable:
    """Read a Parquet file.

    Timestamps become ISO text in UTC (one without a zone is taken as UTC, which is what writers of typed timestamps
    mean by it), finer than microseconds cut off; lists of plain values one text separated by semicolons; structs
    dotted names.

    Raises:
        BadInput: the file is no whole Parquet file, or holds a column of bytes or of nested lists.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not data:
        raise BadInput(f"{place} is empty: it is no Parquet file. Was it only half transferred?")
    try:
        table = pq.read_table(pa.BufferReader(data))
        while any(pa.types.is_struct(column.type) for column in table.schema):
            table = table.flatten()
        twice = [name for name, count in Counter(table.column_names).items() if count > 1]
        if twice:
            raise BadInput(f"{place} names the column '{twice[0]}' more than once.")
        columns = {name: _as_text(table[name], name, place) for name in table.column_names}
    except (pa.ArrowException, OSError, OverflowError):
        raise BadInput(f"{place} is not a whole Parquet file; it may be half-written or of another kind.") from None
    typed = frozenset(field.name for field in table.schema if not _is_text(field.type))
    faults = _oversized(columns)
    return RawTable(text_frame(columns, table.num_rows), tuple(range(1, table.num_rows + 1)), faults, typed=typed)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))


def _as_text(column: Any, name: str, place: str) -> list[str | None]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_timestamp(kind):
        instants = column.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.timestamp("us"))
        return [None if text is None else f"{text}Z" for text in instants.cast(pa.string()).to_pylist()]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        if not _is_text(kind.value_type):
            raise BadInput(f"{place}, column {name}: lists of anything but text cannot be read; ignore the column.")
        return [None if items is None else ";".join(filter(None, items)) for items in column.to_pylist()]
    if pa.types.is_floating(kind):
        return [None if value is None else repr(value) for value in column.to_pylist()]
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise BadInput(f"{place}, column {name}: a column of {kind} cannot be read; leave it out of the file.")
    texts: list[str | None] = pc.cast(column, pa.string()).to_pylist()
    return texts


def _oversized(columns: dict[str, list[str | None]]) -> tuple[Fault, ...]:
    """Blank every enormous cell in place and return a fault for each."""
    faults = []
    for name, cells in columns.items():
        for position, cell in enumerate(cells):
            if cell is not None and (len(cell) > MAX_CELL_CHARACTERS or "\0" in cell):
                rule = "size" if len(cell) > MAX_CELL_CHARACTERS else "encoding"
                cells[position] = None
                faults.append(Fault(position, name, rule, CELL_REASONS[rule]))
    return tuple(faults)
