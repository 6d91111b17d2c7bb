"""`pilot demo --population`: a simulated pilot among an organisation's own people, and what its structure allows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pilot_pipeline.cli.progress import console
from pilot_pipeline.cli.starting import DEMO_MARK, clear, lock_and_run
from pilot_pipeline.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from pilot_pipeline.cohort.cohort import Cohort
    from pilot_pipeline.simulation.feasibility import Feasibility
    from pilot_pipeline.simulation.rehearsal import Rehearsal

_CONSTRAINTS = {
    "place": "manager, and the units that the ladder allows",
    "role": "role, and the family that the ladder allows",
    "other keys": "other exact keys",
    "caliper": "caliper on the performance score",
}


def rehearse(
    population: Path | None, mapping: Path | None, scenario: str, directory: Path, seed: int, now: datetime | None
) -> int:
    """Say what pairs the people allow, simulate a pilot among them and run it through; 1 when readiness blocks.

    Raises:
        BadInput: the export, its mapping or the directory cannot be used, or the people do not allow twenty pairs.
    """
    from pilot_pipeline.cohort.detectable import achieved, mde_table
    from pilot_pipeline.simulation.rehearsal import enrol, prepare_rehearsal, write_rehearsal

    if population is None or mapping is None:
        raise BadInput("A rehearsal needs both: --population names the HRIS export, --mapping how it is read.")
    if population.absolute().is_relative_to(directory.absolute()):
        raise BadInput(f"{population} lies inside {directory}, which a rehearsal writes anew; choose another --dir.")
    with console.status("Reading the population"):
        rehearsal = prepare_rehearsal(population, mapping, scenario, seed)
        feasibility = rehearsal.feasibility()
    _population(rehearsal)
    _feasible(feasibility)
    with console.status("Simulating a pilot among them"):
        company, cohort = enrol(rehearsal)
    _cohort(cohort, mde_table(achieved(cohort.members), rehearsal.config))
    with console.status("Writing its feeds"):
        clear(directory)
        config = write_rehearsal(directory, rehearsal, company)
        (directory / DEMO_MARK).touch()
    return lock_and_run(config, "the rehearsal", now)


def _population(rehearsal: Rehearsal) -> None:
    from pilot_pipeline.closeout.rehearsed import NOTICE, rehearsal_facts

    console.print("[bold]Rehearsal[/], scenario " + rehearsal.scenario.name, end=": ")
    console.print(escape(rehearsal.scenario.description))
    for sentence in (NOTICE, *rehearsal_facts(rehearsal.config.rehearsal), *rehearsal.export.notes):
        console.print(f"• {escape(sentence)}")


def _feasible(found: Feasibility) -> None:
    table = Table(
        title=f"Pairs that {found.people:,} people who lead nobody allow, if all took part",
        title_justify="left",
        expand=False,
    )
    table.add_column("up to this rung of the ladder")
    table.add_column("people with a possible partner", justify="right")
    table.add_column("pairs at the same time", justify="right")
    for row in found.rungs.itertuples():
        table.add_row(str(row.rung).replace("_", " "), f"{row.people:,}", f"{row.pairs:,}")
    console.print(table)
    for note in found.notes:
        console.print(escape(note))
    if not found.alone:
        console.print("Nobody is without a possible partner.")
        return
    console.print(
        f"{found.alone:,} of {found.people:,} have no possible partner at all. Without this constraint alone:"
    )
    for constraint, people in zip(found.blocked["constraint"], found.blocked["people"].tolist(), strict=True):
        if people:
            console.print(f"  {people:,} would have one: {_CONSTRAINTS[constraint]}")
    if not found.blocked["people"].any():
        console.print("  nobody would have one; at least two constraints are in the way of each.")


def _cohort(cohort: Cohort, effects: pd.DataFrame) -> None:
    console.print("\n[bold]The cohort of this rehearsal[/]")
    for sentence in (*cohort.explanation, *cohort.relaxed, *cohort.warnings):
        console.print(f"• {escape(sentence)}")
    table = Table(title="Minimal detectable effects: what this cohort can show", title_justify="left", expand=False)
    table.add_column("KPI", no_wrap=True)
    table.add_column("", overflow="fold")
    for row in effects.itertuples():
        table.add_row(str(row.kpi).replace("_", " "), escape(str(row.sentence)), end_section=True)
    console.print(table)
