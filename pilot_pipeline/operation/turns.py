"""One run of a pilot at a time, whoever starts it: the next one waits, and says for whom; locking rows is DuckDB's."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pilot_pipeline.config import Pilot
from pilot_pipeline.errors import BadInput

_LOOK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Holder:
    """Who has the turn: what it runs (a command or a job), its process, its run and since when (UTC)."""

    what: str
    process: int
    run_id: str | None
    since: str


@dataclass
class _Held:
    """A turn of this process; runs inside it join."""

    depth: int
    file: int


_HELD: dict[Path, _Held] = {}
_GUARD = threading.Lock()


@contextmanager
def turn(pilot: Pilot, what: str, run_id: str | None = None, *, say: Callable[[str], None]) -> Iterator[Holder | None]:
    """Wait until no other process runs this pilot, and keep others waiting meanwhile.

    The lock is the operating system's: it ends with the process, however that ends, so nobody waits for a dead run.

    Args:
        pilot: The pilot.
        what: What is run, for whoever waits.
        run_id: Its Dagster run, where there is one.
        say: Told once, in a sentence, when there is somebody to wait for.

    Yields:
        Who had the turn before and did not give it back, because it was killed; None in ordinary times.

    Raises:
        BadInput: the lock file cannot be made.
    """
    path = pilot.home.var / "turn.lock"
    if _joined(path):
        try:
            yield None
        finally:
            _leave(path)
        return
    file = _opened(path)
    try:
        _wait(file, say)
        died = _read(file)
        _write(file, Holder(what, os.getpid(), run_id, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")))
        with _GUARD:
            _HELD[path] = _Held(1, file)
        try:
            yield died
        finally:
            _leave(path)
    finally:
        os.close(file)


def died(pilot: Pilot) -> Holder | None:
    """Return who had the turn and was killed with it, where nobody has it now; None in ordinary times."""
    path = pilot.home.var / "turn.lock"
    if not path.exists() or path.stat().st_size == 0:
        return None
    file = _opened(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    else:
        return _read(file)
    finally:
        os.close(file)


def _joined(path: Path) -> bool:
    with _GUARD:
        held = _HELD.get(path)
        if held is None:
            return False
        held.depth += 1
        return True


def _leave(path: Path) -> None:
    with _GUARD:
        held = _HELD[path]
        held.depth -= 1
        if held.depth == 0:
            del _HELD[path]
            os.ftruncate(held.file, 0)  # given back; what is left in the file tells of a killed run


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from None


def _wait(file: int, say: Callable[[str], None]) -> None:
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(file)
            if holder and not told:
                told = True
                say(_waiting(holder))
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def _waiting(holder: Holder) -> str:
    run = f", run {holder.run_id[:8]}" if holder.run_id else ""
    return (
        f"Waiting for {holder.what} (process {holder.process}{run}, since {holder.since}), which uses this pilot's "
        "warehouse; this goes on by itself when that ends."
    )


def _read(file: int) -> Holder | None:
    """Return what the file says; None where the turn was given back, or is just being taken."""
    try:
        return Holder(**json.loads(os.pread(file, 4096, 0)))
    except (ValueError, TypeError):
        return None


def _write(file: int, holder: Holder) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(asdict(holder)).encode(), 0)
