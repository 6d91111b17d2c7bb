"""`pilot simulate`: shows how often the decision rule is wrong, for this pilot's design or another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from pilot_pipeline.cli.drawing import picture_writer
from pilot_pipeline.cli.progress import console, counting, only_data_on_stdout
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.errors import BadInput

if TYPE_CHECKING:
    from pilot_pipeline.error_rates.characteristics import Characteristics
    from pilot_pipeline.error_rates.design import Design
    from pilot_pipeline.error_rates.truths import Truth


@dataclass(frozen=True)
class Asked:
    """The options of the command; None where the pilot itself decides."""

    pilots: int
    seed: int | None
    pairs: int | None
    managers: int | None
    missing: float | None
    target_sd: float | None
    truths: tuple[str, ...]


def simulate(config: Path, asked: Asked, plot: Path | None, as_json: bool) -> None:
    """Simulate the rule and print a table, or one JSON object; write a picture where one is asked for."""
    pilot = load_pilot(config)
    draw = picture_writer(plot) if plot else None
    with only_data_on_stdout(as_json):
        design, source = _design(pilot, asked)
        truths = _truths(pilot, asked.truths)
        found = _run(pilot, design, truths, asked)
    if as_json:
        print(json.dumps(as_data(found, pilot, source), indent=2, ensure_ascii=False))  # noqa: T201 - for programs
    else:
        _show(found, pilot, source)
    if plot and draw:
        from pilot_pipeline.charts.plots import verdict_shares

        draw(verdict_shares(found.frame()))
        if not as_json:
            console.print(f"Plot         {plot}", markup=False)


def as_data(found: Characteristics, pilot: Pilot, source: str) -> dict[str, Any]:
    """Return the figures under the keys that the command's help documents; they are public."""
    from pilot_pipeline.charts.frames import records

    design = found.design
    return {
        "design": {
            "source": source,
            "pairs": design.pairs,
            "clusters": design.managers,
            "missing": design.missing(),
            "target_sd": {effect.kpi: effect.unit_target / effect.sd for effect in design.effects},
            "own": design.own,
        },
        "false_go_rate": found.false_go_rate,
        "power": found.power,
        "truths": records(found.frame()),
    }


def _design(pilot: Pilot, asked: Asked) -> tuple[Design, str]:
    """Return the design to simulate, and a sentence that says where it comes from."""
    from pilot_pipeline.error_rates.design import TARGET_SD, even_clusters, planned_design

    config = pilot.config
    missing = 0.1 if asked.missing is None else asked.missing
    target = TARGET_SD if asked.target_sd is None else asked.target_sd
    if asked.pairs is None and asked.managers is None:
        own, clusters = _stored(pilot)
        if own is not None and asked.missing is None and asked.target_sd is None:
            return own, "This pilot as it closed: its own pairs, clusters, spread and missing differences."
        if clusters is not None:
            plan = planned_design(config, clusters, missing=missing, target_sd=target)
            return plan, "This pilot's own pairs and clusters; missing differences and spread are assumed."
    pairs = asked.pairs or config.cohort.size
    managers = asked.managers or min(config.decision.min_managers, pairs)
    if managers > pairs:
        raise BadInput(f"--managers {managers}: {pairs} pairs cannot be spread over {managers} clusters.")
    plan = planned_design(config, even_clusters(pairs, managers), missing=missing, target_sd=target)
    return plan, "An assumed design, not this pilot's own cohort."


def _stored(pilot: Pilot) -> tuple[Design | None, Any]:
    """Return the closed pilot's own design where live data may be looked at, and the cohort's clusters."""
    if not pilot.home.warehouse.exists():
        return None, None
    from pilot_pipeline.error_rates.reading import closed_design, cohort_clusters
    from pilot_pipeline.warehouse.connection import open_warehouse

    with open_warehouse(pilot.home.warehouse) as warehouse:
        return closed_design(warehouse, pilot), cohort_clusters(warehouse)


def _truths(pilot: Pilot, names: Sequence[str]) -> tuple[Truth, ...]:
    from pilot_pipeline.error_rates.truths import by_name, named_truths

    known = by_name(named_truths(pilot.config))
    for name in names:
        if name not in known:
            raise BadInput(f"--truth {name} is not known; there are {', '.join(known)}.")
    return tuple(known[name] for name in names) if names else tuple(known.values())


def _run(pilot: Pilot, design: Design, truths: tuple[Truth, ...], asked: Asked) -> Characteristics:
    from pilot_pipeline.error_rates.characteristics import operating_characteristics

    seed = pilot.config.cohort.seed if asked.seed is None else asked.seed
    with counting(f"Simulating {len(truths)} × {asked.pilots:,} pilots", len(truths)) as told:
        return operating_characteristics(design, pilot.config, pilots=asked.pilots, seed=seed, truths=truths, told=told)


def _show(found: Characteristics, pilot: Pilot, source: str) -> None:
    from pilot_pipeline.charts.frames import records
    from pilot_pipeline.error_rates.characteristics import in_sentences

    console.print(escape(source))
    console.print(f"{found.design.in_words()}.")
    table = Table(title="What the rule says, in per cent of simulated pilots", title_justify="left", expand=False)
    table.add_column("what is true", overflow="fold")
    for name in ("go", "no-go", "reconf.", "cover"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in records(found.frame()):
        coverage = "" if row["coverage"] is None else f"{100 * row['coverage']:.0f}"
        shares = [_with_error(row[verdict], row[f"{verdict}_error"]) for verdict in ("go", "no_go")]
        name = f"[bold]{row['truth']}[/]\n{escape(row['description'])}"
        table.add_row(name, *shares, f"{100 * row['reconfigure']:.1f}", coverage)
    console.print(table)
    for sentence in in_sentences(found, pilot.config):
        console.print(escape(sentence))
    console.print("± is the Monte Carlo error. cover: how often the 90 % interval of an effect held the true effect.")


def _with_error(share: float, error: float) -> str:
    return f"{100 * share:.1f} ± {100 * error:.1f}"
