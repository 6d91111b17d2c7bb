"""What is seen while something runs: a bar on a terminal, one plain line per phase anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from dagster import DagsterInstance, EventLogEntry

console = Console(highlight=False, soft_wrap=True)
_DONE = frozenset({"STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"})


@contextmanager
def only_data_on_stdout(wanted: bool) -> Iterator[None]:
    """Send everything that is for people to stderr while stdout carries JSON."""
    before, console.stderr = console.stderr, wanted
    try:
        yield
    finally:
        console.stderr = before


@contextmanager
def working(title: str) -> Iterator[None]:
    """Show that something without countable steps is under way."""
    if console.is_terminal:
        with console.status(title):
            yield
    else:
        _line(title)
        yield


@contextmanager
def step_bar(instance: DagsterInstance, run_id: str, title: str, steps: int) -> Iterator[None]:
    """Show how many of a run's steps are done, and which one is under way."""
    if not console.is_terminal:
        _line(title)
        yield
        return
    with _bar() as bar:
        task = bar.add_task(title, total=steps, asset="")

        def seen(entry: EventLogEntry) -> None:
            event = entry.dagster_event
            if event is None:
                return
            if event.event_type_value == "STEP_START":
                bar.update(task, asset=event.step_key or "")
            elif event.event_type_value in _DONE:
                bar.advance(task)

        instance.add_event_listener(run_id, seen)
        yield
        bar.update(task, asset="")


@contextmanager
def counting(title: str, steps: int) -> Iterator[Callable[[str], None]]:
    """Show how many steps are done; what is yielded is to be told the name of each step as it begins."""
    if not console.is_terminal:
        _line(title)
        yield lambda name: None
        return
    with _bar() as bar:
        task, begun = bar.add_task(title, total=steps, asset=""), 0

        def begin(name: str) -> None:
            nonlocal begun
            bar.update(task, completed=begun, asset=name)
            begun += 1

        yield begin
        bar.update(task, completed=steps, asset="")


def _bar() -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[asset]}"),
    )
    return Progress(*columns, console=console)


def _line(title: str) -> None:
    console.print(f"{title} ...", markup=False)
    (sys.stderr if console.stderr else sys.stdout).flush()  # a log is read while it grows
