"""Ctrl-C is noticed whatever others make of it."""

from __future__ import annotations

import os
import signal
import time

import pytest

from pilot_pipeline.operation.interrupts import interrupted, noticed


def _swallowed(*_: object) -> None:
    raise ValueError("somebody made something else of it")


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_somebody_else_handles_is_noticed(kind: signal.Signals) -> None:
    before = signal.signal(kind, _swallowed)
    try:
        with noticed() as stopped:
            assert not stopped()
            with pytest.raises(ValueError, match="something else"):
                os.kill(os.getpid(), kind)
            assert stopped()
            assert interrupted()  # and stays so
        assert not interrupted()
    finally:
        signal.signal(kind, before)


def test_an_interrupt_that_is_lost_while_something_is_tidied_away_comes_again() -> None:
    class Tidied:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)
            sum(range(10))  # the handler runs here, where its exception can only be ignored

    with noticed(), pytest.raises(KeyboardInterrupt):
        Tidied()
        time.sleep(5)


def test_another_signal_is_none_and_what_listened_before_listens_again() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        listening = signal.set_wakeup_fd(-1)
        with noticed() as stopped:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not stopped()
        assert signal.set_wakeup_fd(listening) == -1
    finally:
        signal.signal(signal.SIGUSR1, before)
