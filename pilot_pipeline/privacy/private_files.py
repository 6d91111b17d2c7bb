"""Writes files that only their owner may read, whole or not at all; what is in them is the caller's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_private(path: Path, data: bytes) -> None:
    """Replace a file atomically: 0600, in a directory of 0700 that is made where it is missing.

    A reader sees the old bytes or the new ones; a failure leaves the old file and nothing else.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_private_file(path, data)


def write_private_file(path: Path, data: bytes) -> None:
    """The same for a file in a directory that is somebody else's: it must be there, and keeps its mode."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
