"""How the tests of this room call the command line: in this process, or as one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


def start(*arguments: object, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """Start the command line as a process of its own, through pipes, that Ctrl-C stops."""
    return subprocess.Popen(
        [sys.executable, "-c", "from pilot_pipeline.cli import main; main()", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "80", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # A shell's background job ignores Ctrl-C, and so would we.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )


def wait(process: subprocess.Popen[str], seconds: float = 300) -> Ended:
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in out + err
    return Ended(process.returncode, out, err)
