"""How a command ends that could not do its work: one sentence on stderr and an exit code, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pilot_pipeline.errors import PilotError

STOPPED = 130
# What a disk, a directory or a limit of the machine says; a missing file is ours to word, so here it is a fault.
_CIRCUMSTANCES = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.EFBIG, errno.EIO)
)
_concerned: list[Path] = []


def concerns(directory: Path) -> None:
    """Remember the pilot's directory, so that a fault can be written down there."""
    _concerned[:] = [directory.expanduser().absolute()]


def ended(command: Callable[[], object]) -> int:
    """Run a command and return its exit code: its own, or 2 for bad input, 1 where readiness blocks, 130 for Ctrl-C."""
    _concerned.clear()
    try:
        command()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
        if code != STOPPED:
            return code
    except KeyboardInterrupt:
        pass
    except PilotError as refusal:
        return _say(str(refusal), refusal.exit_code)
    except Exception as fault:
        return _say(_circumstance(fault) or _written_down(fault), 2)
    else:
        return 0
    return _say("Stopped. What was published before stands; the same command can be run again.", STOPPED)


def _circumstance(fault: Exception) -> str | None:
    """Return the sentence for what no software can mend: a full disk, a directory that may not be written."""
    if not isinstance(fault, OSError) or fault.errno not in _CIRCUMSTANCES:
        return None
    place = f"{fault.filename}: " if fault.filename else ""
    return f"{place}{fault.strerror}. What was published before stands; mend this and run the command again."


def _written_down(fault: Exception) -> str:
    """Keep the traceback, which may quote a cell, in a private file, and return the sentence that names it."""
    said = f"This should not have happened ({type(fault).__name__}), and is a fault of this software."
    text = f"{datetime.now(UTC).isoformat(timespec='seconds')}\n{''.join(traceback.format_exception(fault))}\n"
    for directory in (*(place / "var" for place in _concerned if place.is_dir()), Path(tempfile.gettempdir())):
        try:
            if _concerned and directory.parent == _concerned[0]:
                directory.mkdir(mode=0o700, exist_ok=True)
                log = directory / "errors.log"
            else:
                handle, name = tempfile.mkstemp(prefix="pilot-", suffix="-errors.log")
                os.close(handle)
                log = Path(name)
            with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
                file.write(text)
            log.chmod(0o600)
        except OSError:
            continue  # the next place; the sentence below tells where there was none
        return f"{said} The details may hold personal data; they stand in {log}."
    return f"{said} Its details could not be written anywhere."


def _say(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 - the one place where a refusal is printed
    return code
