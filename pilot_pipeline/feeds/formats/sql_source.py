"""Reads the answer of a SELECT into a `RawTable`, in a transaction that cannot write; which query is the mapping's."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.formats.csv_files import told_apart
from pilot_pipeline.feeds.formats.raw import (
    CELL_REASONS,
    Fault,
    RawTable,
    SourceFile,
    clean_cell,
    plain_text,
    text_frame,
)

_BATCH = 10_000
_TIMEOUT_S = 10
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_EXTRAS = {"postgresql+psycopg": "pip install 'pilot-pipeline[postgres]'"}


def read_query(url: str, query: str, feed: str) -> SourceFile:
    """Run a query and return its rows; the digest is that of the rows as sorted CSV, whatever order they came in.

    Typed values become the text that `cells` reads back without loss; a timestamp without a zone stays without one.
    Messages name the feed and the kind of error, never the URL, which holds a password.

    Raises:
        BadInput: the driver is not installed, the server cannot be reached, or the query fails.
    """
    place = f"feeds.{feed}.query"
    names, rows = _fetched(url, query, place)
    header, notes = told_apart(list(names), place)
    texts = [[None if value is None else plain_text(value) for value in row] for row in rows]
    faults: list[Fault] = []
    for position, row in enumerate(texts):
        for column, cell in enumerate(row):
            if cell is not None:
                row[column], rule = clean_cell(cell)
                if rule:
                    faults.append(Fault(position, header[column], rule, CELL_REASONS[rule]))
    columns = zip(*texts, strict=True) if texts else ([] for _ in header)
    frame = text_frame(dict(zip(header, map(list, columns), strict=True)), len(texts))
    typed = (
        frozenset(name for name, cells in zip(header, zip(*rows, strict=True), strict=True) if _days(cells))
        if rows
        else frozenset()
    )
    table = RawTable(frame, tuple(range(1, len(texts) + 1)), tuple(faults), notes, typed)
    return SourceFile(Path(place), place, _digest(header, texts), table)


def _fetched(url: str, query: str, place: str) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    scheme, _, rest = url.partition("://")
    driver = _DRIVERS.get(scheme, scheme)
    try:
        arguments = {"connect_timeout": _TIMEOUT_S} if driver == "postgresql+psycopg" else {}
        engine = create_engine(f"{driver}://{rest}", poolclass=NullPool, connect_args=arguments)
    except (ImportError, ArgumentError, SQLAlchemyError, ValueError):
        how = _EXTRAS.get(driver, f"install its driver ({driver})")
        raise BadInput(f"{place}: {scheme}:// cannot be read with what is installed here; {how}.") from None
    try:
        with engine.connect() as connection:
            only_reading = {"postgresql_readonly": True} if driver == "postgresql+psycopg" else {}
            # Without parameters a percent sign in the query is a percent sign.
            manner = {"stream_results": True, "yield_per": _BATCH, "no_parameters": True, **only_reading}
            result = connection.execution_options(**manner).exec_driver_sql(query)
            if not result.returns_rows:
                raise BadInput(f"{place} returns no rows; it should be a SELECT.")
            return list(result.keys()), [tuple(row) for row in result]
    except DBAPIError as error:
        raise BadInput(f"{place}: {_why(error)}") from None
    except SQLAlchemyError:
        raise BadInput(f"{place}: the query could not be run.") from None
    finally:
        engine.dispose()


def _why(error: Any) -> str:
    """Word a database's error by its kind: its own message may quote cells, addresses and the user."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None and type(error.orig).__name__ == "OperationalError" and getattr(error, "statement", None) is None:
        return "the database cannot be reached, or refuses the user; look at host, port, user and password."
    kinds = {"42P01": "names a table that is not there", "42703": "names a column that is not there"}
    kinds |= {
        "42601": "is no SELECT that the server understands",
        "42501": "asks for what this user may not read",
        "25006": "tries to write",
    }
    known = kinds.get(str(state))
    return f"the query {known}." if known else f"the database refused the query ({state or type(error.orig).__name__})."


def _days(cells: Sequence[Any]) -> bool:
    """Whether the database itself states days or instants: then declared formats do not apply."""
    filled = [cell for cell in cells if cell is not None]
    return bool(filled) and all(isinstance(cell, date) and getattr(cell, "tzinfo", True) is not None for cell in filled)


def _digest(header: Sequence[str], rows: Sequence[Sequence[str | None]]) -> str:
    order = sorted(range(len(header)), key=lambda number: header[number])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([header[number] for number in order])
    writer.writerows(sorted(["" if row[number] is None else str(row[number]) for number in order] for row in rows))
    return hashlib.sha256(text.getvalue().encode("utf-8", "surrogatepass")).hexdigest()
