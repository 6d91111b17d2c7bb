"""Ctrl-C ends a run, whatever the step that it meets makes of it."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.stage import in_sentences
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.operation.interrupts import noticed
from pilot_pipeline.simulation.template import write_template


@pytest.fixture
def pilot(tmp_path: Path) -> Pilot:
    write_template(tmp_path)
    return load_pilot(tmp_path / "pilot.yaml")


def test_an_interrupt_that_a_library_makes_an_error_of_stops_the_run_and_not_the_step_alone(pilot: Pilot) -> None:
    later: list[str] = []

    @dg.asset
    def a_query() -> None:
        with in_sentences(pilot, "a_query"):
            try:
                signal.raise_signal(signal.SIGINT)
                time.sleep(5)
            except BaseException:
                raise RuntimeError("Query interrupted") from None  # as DuckDB does

    @dg.asset
    def b_independent() -> None:
        later.append("b_independent")

    ended: Any = None
    with noticed() as stopped:
        with suppress(dg.DagsterExecutionInterruptedError):
            ended = dg.materialize([a_query, b_independent], raise_on_error=False)
        assert stopped()
    assert ended is None or not ended.success
    assert later == []
    assert not pilot.home.var.joinpath("errors.log").exists()
