"""`pilot propose`: a cohort from the volunteers as the feeds stand now; nothing is stored or locked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from rich.markup import escape
from rich.table import Table

from pilot_pipeline.cli.design_feeds import Feeds, read_design_feeds
from pilot_pipeline.cli.progress import console, working
from pilot_pipeline.cli.showing import near
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.errors import BadInput

if TYPE_CHECKING:
    from pilot_pipeline.cohort.cohort import Cohort


def propose(config: Path, out: Path | None, now: datetime | None) -> None:
    """Propose a cohort from the volunteers and say how representative it is.

    Raises:
        BadInput: the cohort is locked, the feeds cannot be used, or the volunteers do not allow a cohort.
    """
    from pilot_pipeline.cohort.cohort import form_cohort

    pilot, day = load_pilot(config), (now or datetime.now(UTC)).date()
    if pilot.home.lock_file.exists():
        raise BadInput(f"{near(pilot.home.lock_file)} has fixed the cohort; `pilot power` says what it can show.")
    if out is not None:
        _refuse_place(pilot, out)
    with working("Proposing a cohort"):
        feeds = read_design_feeds(pilot)
        named = feeds.enrolments is not None and bool((feeds.enrolments["arm"] == "pilot").any())
        places = None if named else feeds.enrolments
        cohort = form_cohort(feeds.workforce, places, feeds.consents, pilot.config, fixed_on=day)
    if named:
        console.print("enrolments name the participants, and `pilot lock` takes those; this is for comparison.")
    _show_proposal(pilot, feeds, cohort, day)
    if out is None:
        console.print("Nobody is named here; --out FILE writes who it is, in the form of the feed enrolments.")
    else:
        _write_places(feeds, cohort, out)
        console.print(f"{near(out)} names the people of both arms (0600). As the feed enrolments it fixes them.")
    console.print("Next: `pilot power` says what such a cohort can show, `pilot lock` freezes it.")


def _refuse_place(pilot: Pilot, out: Path) -> None:
    if out.exists():
        raise BadInput(f"{out} exists already; a proposal overwrites nothing.")
    if out.absolute().is_relative_to((pilot.home.root / "feeds").absolute()):
        raise BadInput(f"{out} lies in feeds/, which is yours and never written; write it elsewhere and move it there.")


def _write_places(feeds: Feeds, cohort: Cohort, out: Path) -> None:
    from pilot_pipeline.privacy.private_files import write_private_file

    people = feeds.identities[feeds.identities["kind"] == "person"].drop_duplicates("pseudonym")
    known = people.set_index("pseudonym")["identifier"]
    places = pd.DataFrame({"employee_id": cohort.members["employee_id"].map(known), "arm": cohort.members["arm"]})
    try:
        write_private_file(out, places.sort_values(["arm", "employee_id"]).to_csv(index=False).encode())
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror or 'its directory does not exist'}.") from None


def _show_proposal(pilot: Pilot, feeds: Feeds, cohort: Cohort, day: date) -> None:
    from pilot_pipeline.charts.frames import records
    from pilot_pipeline.cohort.opt_in import opt_in_parity
    from pilot_pipeline.cohort.profile import cohort_profile

    config = pilot.config
    minimum = config.privacy.min_group_size
    console.print("[bold]The proposed cohort[/]")
    for sentence in (*cohort.explanation, *cohort.relaxed, *cohort.warnings, *cohort.notes):
        console.print(f"• {escape(sentence)}", soft_wrap=False)
    profile = cohort_profile(cohort.members, feeds.workforce, minimum)
    shares = profile[~profile["suppressed"] & profile["metric"].str.contains(":")]
    table = _table("Shares beside the workforce", ("group", "pilot", "control", "workforce"))
    for row in records(shares):
        arms = (row["pilot"], row["control"], row["workforce"])
        table.add_row(escape(_words(row["metric"])), *(f"{share:.0%}" for share in arms))
    console.print(table)
    _say_withheld(int((profile["suppressed"] & profile["metric"].str.contains(":")).sum()), minimum)
    parity = opt_in_parity(feeds.workforce, feeds.consents, config.fairness.attributes, minimum, day)
    table = _table(
        "Who volunteered, beside everybody (ratio), and chance alone (p)",
        ("group", "workforce", "opted in", "ratio", "p"),
    )
    for row in records(parity[~parity["suppressed"]]):
        p_value = "" if row["p_value"] is None else f"{row['p_value']:.2g}"
        measures = (f"{row['workforce']:.0%}", f"{row['opted_in']:.0%}", f"{row['ratio']:.2f} ×", p_value)
        table.add_row(escape(_words(row["group"])), *measures)
    console.print(table)
    _say_withheld(int(parity["suppressed"].sum()), minimum)


def _say_withheld(count: int, minimum: int) -> None:
    if count:
        console.print(
            f"{count} groups are not shown: fewer than {minimum} people, or they would give such a group away."
        )


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", expand=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=bool(number), overflow="fold")
    return table


def _words(name: str) -> str:
    attribute, group = name.split(": ", 1)
    return f"{attribute.replace('_', ' ')}: {group}"
