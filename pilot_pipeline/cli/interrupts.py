"""Notices Ctrl-C whatever others make of it; what a stopped command says is in `faults`."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def noticed() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C or SIGTERM has come since; for the main thread.

    Dagster puts handlers of its own in the place of ours, and an interrupt then ends as the failure of whatever step
    was at work, wrapped by whoever caught it on the way. Python writes every signal that it handles
    to the wake-up descriptor as well, before anybody can make something else of it.
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

        try:
            yield stopped
        finally:
            signal.set_wakeup_fd(before)
