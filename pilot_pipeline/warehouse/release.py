"""Replaces a set of files as one, as far as a file system can; what the files hold is decided elsewhere.

All new files are built and flushed in `.new` beside the old ones. Writing `.new/complete` is the point of no return:
killed before it, the old release stands untouched and `.new` is swept away next time; killed after it, the next call
of `recover` moves the remaining files into place. Each file is replaced by a rename, so no reader ever sees half a
file, and one that has the old file open keeps it. What no file system offers is renaming a dozen files at one instant:
for the moment between the first and the last rename (milliseconds) a reader of *several* files can meet both releases.
Whoever needs all tables from one release reads `pilot.duckdb`, which is renamed last.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pilot_pipeline.errors import BadInput

_STAGING = ".new"
_COMPLETE = "complete"


@contextmanager
def staged_release(directory: Path) -> Iterator[Path]:
    """Yield an empty staging directory inside `directory`, after finishing or sweeping what a killed run left.

    Whatever is in it and not committed by `commit` is removed at the end.

    Raises:
        BadInput: the directory cannot be made or written.
    """
    staging = directory / _STAGING
    try:
        directory.mkdir(parents=True, exist_ok=True)
        recover(directory)
        staging.mkdir()
    except OSError as error:
        raise BadInput(f"{directory} cannot be published to: {error.strerror}.") from None
    try:
        yield staging
    finally:
        if not (staging / _COMPLETE).exists():
            shutil.rmtree(staging, ignore_errors=True)


def commit(directory: Path, names: Sequence[str], removed: Sequence[str] = ()) -> None:
    """Flush the staged files, then rename them into place in this order and delete `removed`."""
    staging = directory / _STAGING
    for name in names:
        _flush(staging / name)
    _flush(staging)
    plan = staging / f"{_COMPLETE}.part"
    plan.write_text(json.dumps({"names": list(names), "removed": list(removed)}), encoding="utf-8")
    _flush(plan)
    plan.replace(staging / _COMPLETE)
    _flush(staging)
    try:
        recover(directory)
    except OSError as error:
        raise BadInput(
            f"The new release is complete but cannot be moved into {directory}: {error.strerror}. "
            "The next run moves it; until then some files are older than others."
        ) from None


def recover(directory: Path) -> bool:
    """Finish a release that was complete when its run was killed, sweep one that was not; say whether one was there."""
    staging = directory / _STAGING
    if not staging.exists():
        return False
    if (staging / _COMPLETE).exists():
        plan = json.loads((staging / _COMPLETE).read_text(encoding="utf-8"))
        for name in plan["names"]:
            if (staging / name).exists():
                (staging / name).replace(directory / name)
        for name in plan["removed"]:
            (directory / name).unlink(missing_ok=True)
        _flush(directory)
        # The plan goes last: without it the rest of the directory counts as unfinished.
        (staging / _COMPLETE).unlink()
    shutil.rmtree(staging)
    return True


def _flush(path: Path) -> None:
    """Make a file or directory durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
