"""A look into the working DuckDB file that changes nothing; whoever writes opens it through `connection`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from pilot_pipeline.errors import BadInput
from pilot_pipeline.warehouse.connection import Warehouse


@contextmanager
def look_into(path: Path) -> Iterator[Warehouse | None]:
    """Open the warehouse for reading only, or yield None where there is none yet; no file is made or changed.

    Raises:
        BadInput: another process is writing to the file, or it cannot be read.
    """
    if not path.exists():
        yield None
        return
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.IOException as error:
        if "Could not set lock" in str(error):
            raise BadInput("A run is writing to the warehouse at this moment; look again when it has ended.") from None
        raise BadInput(f"{path} cannot be opened as a DuckDB database.") from None
    except duckdb.Error:
        raise BadInput(f"{path} cannot be opened as a DuckDB database.") from None
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET python_enable_replacements = false")
        yield Warehouse(connection)
    finally:
        connection.close()
