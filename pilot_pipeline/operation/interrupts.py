"""Notices Ctrl-C whatever others make of it; what a stopped command says is in `faults`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_SOON = 0.1  # seconds
_listening: list[Callable[[], bool]] = []


def interrupted() -> bool:
    """Say whether this process was asked to stop while `noticed` was open; in any other process nothing is known."""
    return any(stopped() for stopped in _listening)


@contextmanager
def noticed() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C or SIGTERM has come since; for the main thread.

    Dagster puts handlers of its own in the place of ours, and an interrupt then ends as the failure of whatever step
    was at work, wrapped by whoever caught it on the way. Python writes every signal that it handles to the wake-up
    descriptor as well, before anybody can make something else of it.
    """
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        seen = bytearray()

        def stopped() -> bool:
            with suppress(BlockingIOError):
                seen.extend(reader.recv(4096))
            return signal.SIGINT in seen or signal.SIGTERM in seen

        def repeat(lost: sys.UnraisableHookArgs) -> None:
            """Send an interrupt again that came where Python ignores exceptions, as while something is tidied away."""
            if stopped() and "Interrupt" in lost.exc_type.__name__:
                timer = threading.Timer(_SOON, os.kill, (os.getpid(), signal.SIGINT))
                timer.daemon = True
                timer.start()
            else:
                told(lost)

        told, sys.unraisablehook = sys.unraisablehook, repeat
        _listening.append(stopped)
        try:
            yield stopped
        finally:
            _listening.remove(stopped)
            sys.unraisablehook = told
            signal.set_wakeup_fd(before)
