"""`pilot init`, `demo`, `path` and `schema`: what is asked before there is a pilot."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from pilot_pipeline.cli.faults import concerns
from pilot_pipeline.cli.progress import console, working
from pilot_pipeline.cli.showing import near
from pilot_pipeline.config import load_pilot
from pilot_pipeline.config.schema import MODELINE, render_schema
from pilot_pipeline.errors import BadInput, NotReady, nearest

DEMO_MARK = ".pilot-demo"
_DEMO_FILES = ("pilot.yaml", "pilot.schema.json", "pilot.lock.json", ".env", "feeds", "var", "published")
DEMO_LOCKED_ON = date(2025, 12, 22)


def init(directory: Path) -> None:
    """Write the files of a new pilot and say what to do with them."""
    from pilot_pipeline.simulation.template import write_template

    written = write_template(directory)
    console.print(f"A new pilot stands in {near(directory)}:", markup=False)
    for file in written:
        console.print(f"  {file.relative_to(directory)}", markup=False)
    console.print("\nNext: edit pilot.yaml, put your exports into feeds/, then")
    console.print(f"  pilot check --config {near(directory / 'pilot.yaml')}", markup=False)


def demo(scenario: str, directory: Path, seed: int, now: datetime | None) -> int:
    """Make the synthetic company, lock it and run it through; 1 when readiness blocks."""
    from pilot_pipeline.simulation.company import write_company
    from pilot_pipeline.simulation.scenarios import SCENARIOS

    if scenario not in SCENARIOS:
        known = ", ".join(SCENARIOS)
        raise BadInput(f"'{scenario}' is not a scenario.{nearest(scenario, list(SCENARIOS))} Known are {known}.")
    clear(directory)
    told = SCENARIOS[scenario]
    with working("Making a synthetic company"):
        config = write_company(directory, scenario, seed)
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
    """Make the directory of a demo, marked as one before anything else is in it; remove what an earlier one left.

    Whatever else lies there stays. A demo that was stopped at any moment can be made again.

    Raises:
        BadInput: there is something that no demo wrote, or the place cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        concerns(directory)
        if any(directory.iterdir()) and not (directory / DEMO_MARK).is_file():
            raise BadInput(
                f"{directory} is not empty and was not made by `pilot demo`; choose another place with --dir."
            )
        (directory / DEMO_MARK).touch()
        for name in _DEMO_FILES:
            _remove(directory / name)
    except OSError as error:
        raise BadInput(f"{directory} cannot be used for a demo: {error.strerror}; choose another --dir.") from None


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def schema(out: Path | None) -> None:
    """Write or print the JSON Schema of pilot.yaml."""
    text = render_schema()
    if out is None:
        print(text, end="")  # noqa: T201 - for programs
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}.") from None
    console.print(f"{near(out)} holds the schema; a pilot.yaml names it in its first lines:", markup=False)
    console.print(MODELINE, markup=False)


def path(config: Path) -> None:
    """Print the recommended way into a rollout, with its reasons and factors."""
    from pilot_pipeline.readiness.path import rollout_path

    answer = rollout_path(load_pilot(config).config.organisation)
    console.print(f"[bold]{escape(answer.sentence)}[/]", soft_wrap=False)
    for reason in answer.reasons:
        console.print(f"• {escape(reason)}", soft_wrap=False)
    table = Table(expand=False)
    for column in answer.factors.columns:
        table.add_column(str(column), overflow="fold")
    for row in answer.factors.itertuples(index=False):
        table.add_row(*(escape(str(value)) for value in row))
    console.print(table)
