"""`pilot power`: what a cohort can show and cannot answer; the arithmetic is the domain's, and nothing is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.markup import escape
from rich.table import Table

from pilot_pipeline.cli.design_feeds import baseline_spreads, read_design_feeds
from pilot_pipeline.cli.drawing import picture_writer
from pilot_pipeline.cli.progress import console, only_data_on_stdout, working
from pilot_pipeline.cli.showing import near
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.errors import BadInput

if TYPE_CHECKING:
    from pilot_pipeline.cohort.detectable import Design


def power(
    config: Path, pairs: int | None, clusters: int | None, plot: Path | None, now: datetime | None, as_json: bool
) -> None:
    """Say what a cohort can and cannot show: the locked one, the one that the feeds give, or one of these sizes.

    Raises:
        BadInput: sizes that are no pilot, or feeds that give no cohort.
    """
    from pilot_pipeline.cohort.detectable import mde_table, planned, power_curves

    pilot = load_pilot(config)
    draw = picture_writer(plot) if plot else None
    if (pairs is None) != (clusters is None):
        raise BadInput("A planned cohort needs both: --pairs and --clusters (of managers).")
    with only_data_on_stdout(as_json), working("Computing power"):
        sds: dict[str, float] = {}
        if pairs is not None and clusters is not None:
            if not 2 <= clusters <= pairs:
                raise BadInput(f"--clusters {clusters}: {pairs} pairs have 2 to {pairs} clusters.")
            design, origin = planned(pairs, clusters), "as planned"
        else:
            design, origin, sds = _achieved(pilot, now)
        effects = mde_table(design, pilot.config, sds)
    if draw:
        from pilot_pipeline.charts.plots import power_plot

        draw(power_plot(power_curves(design, pilot.config)))
    if as_json:
        print(json.dumps(_power_data(design, effects), indent=2, ensure_ascii=False))  # noqa: T201 - for programs
        return
    _show_power(design, origin, effects)
    if plot is not None:
        console.print(f"The curves stand in {near(plot)}.", markup=False)


def _achieved(pilot: Pilot, now: datetime | None) -> tuple[Design, str, dict[str, float]]:
    from pilot_pipeline.cohort.cohort import form_cohort
    from pilot_pipeline.cohort.detectable import achieved
    from pilot_pipeline.registration import read_lock

    lock = read_lock(pilot.home.lock_file)
    if lock:
        members, origin = lock.members, "as locked"
    else:
        feeds, day = read_design_feeds(pilot), (now or datetime.now(UTC)).date()
        cohort = form_cohort(feeds.workforce, feeds.enrolments, feeds.consents, pilot.config, fixed_on=day)
        members, origin = cohort.members, "as the feeds give it today"
    return achieved(members), origin, baseline_spreads(pilot, members)


def _show_power(design: Design, origin: str, effects: pd.DataFrame) -> None:
    console.print(f"[bold]{design.name}[/], {design.participants} participants, {origin}")
    table = Table(expand=False)
    table.add_column("KPI", no_wrap=True)
    table.add_column("can show", overflow="fold", ratio=3)
    table.add_column("cannot answer", overflow="fold", ratio=2)
    for row in effects.itertuples():
        words = (str(row.kpi).replace("_", " "), escape(str(row.sentence)), escape(str(row.cannot)))
        table.add_row(*words, end_section=True)
    console.print(table)


def _power_data(design: Design, effects: pd.DataFrame) -> dict[str, Any]:
    from pilot_pipeline.charts.frames import records

    counts = {"pairs": design.pairs, "clusters": len(design.sizes), "participants": design.participants}
    return {**counts, "kpis": records(effects)}
