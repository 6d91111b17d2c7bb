"""`pilot init`, `demo` and `path`: what is asked before there is a pilot."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from pilot_pipeline.cli.running import console
from pilot_pipeline.config import load_pilot
from pilot_pipeline.errors import BadInput, NotReady, nearest

DEMO_MARK = ".pilot-demo"
DEMO_LOCKED_ON = date(2025, 12, 22)


def init(directory: Path) -> None:
    """Write the files of a new pilot and say what to do with them."""
    from pilot_pipeline.simulation.template import write_template

    written = write_template(directory)
    console.print(f"A new pilot stands in {directory}:")
    for file in written:
        console.print(f"  {file.relative_to(directory)}")
    console.print("\nNext: edit pilot.yaml, put your exports into feeds/, then")
    console.print(f"  pilot check --config {directory / 'pilot.yaml'}")


def demo(scenario: str, directory: Path, seed: int, now: datetime | None) -> int:
    """Make the synthetic company, lock it and run it through; 1 when readiness blocks."""
    from pilot_pipeline.simulation.company import write_company
    from pilot_pipeline.simulation.scenarios import SCENARIOS

    if scenario not in SCENARIOS:
        known = ", ".join(SCENARIOS)
        raise BadInput(f"'{scenario}' is not a scenario.{nearest(scenario, list(SCENARIOS))} Known are {known}.")
    clear(directory)
    told = SCENARIOS[scenario]
    with console.status("Making a synthetic company"):
        config = write_company(directory, scenario, seed)
    (directory / DEMO_MARK).touch()
    console.print(f"A synthetic company, scenario [bold]{scenario}[/]: {escape(told.description)}")
    return lock_and_run(config, "the demo", now)


def lock_and_run(config: Path, attested_by: str, now: datetime | None) -> int:
    """Lock a simulated pilot, back-dated, and run it through; 1 when readiness blocks."""
    from pilot_pipeline.cli import operating

    instant = now or datetime.now(UTC)
    try:
        operating.lock(config, DEMO_LOCKED_ON, attested_by, instant)
    except NotReady as refusal:
        console.print(escape(str(refusal)), style="yellow")
        console.print("The run goes on without a lock, to show what readiness says.")
    return operating.run(config, None, instant)


def clear(directory: Path) -> None:
    """Remove an earlier demo; anything else that is there stays."""
    if not directory.exists() or not any(directory.iterdir()):
        return
    if not (directory / DEMO_MARK).is_file():
        raise BadInput(f"{directory} is not empty and was not made by `pilot demo`; choose another place with --dir.")
    shutil.rmtree(directory)


def path(config: Path) -> None:
    """Print the recommended way into a rollout, with its reasons and factors."""
    from pilot_pipeline.readiness.path import rollout_path

    answer = rollout_path(load_pilot(config).config.organisation)
    console.print(f"[bold]{escape(answer.route)}[/]")
    for reason in answer.reasons:
        console.print(f"• {escape(reason)}")
    table = Table(expand=False)
    for column in answer.factors.columns:
        table.add_column(str(column), overflow="fold")
    for row in answer.factors.itertuples(index=False):
        table.add_row(*(escape(str(value)) for value in row))
    console.print(table)
