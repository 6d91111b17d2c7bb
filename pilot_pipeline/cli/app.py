"""The commands and their options; everything heavy is imported inside the command that needs it, so --help is quick."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from pilot_pipeline import __version__
from pilot_pipeline.cli import completing, faults

app = typer.Typer(
    name="pilot",
    help="Measures an AI-coaching pilot, from the feeds a company has to go, no-go or reconfigure.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _concerned(config: Path) -> Path:
    if config.is_file():
        faults.concerns(config.parent)
    return config


Config = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        help="The pilot's pilot.yaml.",
        show_default=True,
        callback=_concerned,
        autocompletion=completing.yaml_files,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object; its keys are listed above.")]
Now = Annotated[
    datetime | None,
    typer.Option(
        "--now", help="The run's instant, UTC; default: the clock.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
    ),
]
HERE = Path("pilot.yaml")


def main() -> None:
    """Run a command; a refusal is one sentence on stderr and an exit code, never a traceback."""
    # Frames here are small: several threads of a linear algebra library cost more than they save.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows `?`, rather than nothing at all
    sys.exit(faults.ended(lambda: app(prog_name="pilot")))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def init(directory: Annotated[Path, typer.Argument(help="Where the new pilot shall live.")]) -> None:
    """Make a new pilot: commented pilot.yaml, .env with a key, one documented sample per feed."""
    from pilot_pipeline.cli import starting

    starting.init(directory)


@app.command()
def demo(
    scenario: Annotated[
        str, typer.Option(help="What is true in the synthetic company.", autocompletion=completing.scenarios)
    ] = "effective",
    directory: Annotated[Path, typer.Option("--dir", help="Where to put it.")] = Path("pilot-demo"),
    seed: Annotated[int, typer.Option(help="Another seed, another company.", min=0)] = 1,
    population: Annotated[
        Path | None, typer.Option(help="Rehearse among the people of this HRIS export (csv, jsonl, parquet).")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="YAML: feeds.employees of that export, as in pilot.yaml, without source.")
    ] = None,
    now: Now = None,
) -> None:
    """Make a synthetic company, or rehearse among your own people, and take it from feeds to verdict."""
    from pilot_pipeline.cli import rehearsing, starting

    if population or mapping:
        raise typer.Exit(rehearsing.rehearse(population, mapping, scenario, directory, seed, now))
    raise typer.Exit(starting.demo(scenario, directory, seed, now))


@app.command()
def check(config: Config = HERE, now: Now = None, as_json: Json = False) -> None:
    """Judge go-live readiness; exit 1 when it blocks.

    With --json: ready (true, false); conditions, each with name, state (holds, failed, missing, stale) and detail;
    notes, each with name and detail; expired, sentences on what was judged again because its evidence changed; gaps,
    what the feeds lack; sentences, what a step said that failed; quarantine, the directory of rows set aside, or null.
    """
    from pilot_pipeline.cli import operating

    raise typer.Exit(operating.check(config, now, as_json))


@app.command()
def status(config: Config = HERE, now: Now = None, as_json: Json = False) -> None:
    """Say which week it is, what the gate says, which feed is late, what runs next.

    It reads what is stored and runs nothing.

    With --json: pilot, now, starts_on, ends_on, week (null outside the pilot), weeks, weeks_finished, next_run (null
    after the last); lock with state (absent, broken, witnessed, attested), locked_on, sha256, deviations, detail; gate
    with holds (null when never checked), blockers (each with name, state, detail), detail; feeds, each with feed, state
    (fresh, late, read, unread, waiting, absent), fresh_as_of, detail; release with kind (none, blocked, interim,
    verdict), through_week, decision, label. Instants are UTC.
    """
    from pilot_pipeline.cli import status as command

    command.status(config, (now or datetime.now(UTC)).replace(tzinfo=None, microsecond=0), as_json)


@app.command()
def propose(
    config: Config = HERE,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write who it is: a CSV file of employee_id and arm, for your eyes.")
    ] = None,
    now: Now = None,
) -> None:
    """Propose a representative cohort from the volunteers; nothing is stored or locked."""
    from pilot_pipeline.cli import proposing

    proposing.propose(config, out, now)


@app.command()
def power(
    config: Config = HERE,
    pairs: Annotated[int | None, typer.Option(help="Of a planned cohort, instead of the pilot's.", min=2)] = None,
    clusters: Annotated[int | None, typer.Option(help="Judging clusters (managers) of a planned cohort.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Also draw the curves: a file that ends in .svg or .png.")
    ] = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Say what the cohort can show and what it cannot answer, KPI by KPI.

    With --json: pairs, clusters, participants; kpis, each with kpi, unit, mde (null where nothing can be shown),
    design_effect, needed_per_arm, sentence, cannot.
    """
    from pilot_pipeline.cli import power as command

    command.power(config, pairs, clusters, plot, now, as_json)


@app.command()
def lock(
    config: Config = HERE,
    as_of: Annotated[datetime | None, typer.Option("--as-of", help="Back-date the lock.", formats=["%Y-%m-%d"])] = None,
    attested_by: Annotated[
        str | None, typer.Option("--attested-by", help="The role (not a name) that attests a back-dated lock.")
    ] = None,
    now: Now = None,
) -> None:
    """Freeze KPIs, targets, cohort and decision rule in pilot.lock.json."""
    from pilot_pipeline.cli import operating

    day: date | None = as_of.date() if as_of else None
    operating.lock(config, day, attested_by, now)


@app.command()
def run(
    config: Config = HERE,
    through: Annotated[
        str | None, typer.Option("--through", help="Last week to run: its number, or its Monday.")
    ] = None,
    now: Now = None,
) -> None:
    """Run the whole pipeline through Dagster, to the scorecard."""
    from pilot_pipeline.cli import operating

    raise typer.Exit(operating.run(config, through, now))


@app.command()
def ui(
    config: Config = HERE,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.", min=1, max=65535)] = 3000,
) -> None:
    """Serve the Dagster UI with its daemon on 127.0.0.1 until Ctrl-C."""
    from pilot_pipeline.cli import serving

    raise typer.Exit(serving.ui(config, port))


@app.command()
def twins(
    out: Annotated[Path, typer.Option("--out", help="The CSV file to write.")],
    config: Config = HERE,
    now: Now = None,
) -> None:
    """Write the synthetic employees to send to the tool, for the bias audit before launch."""
    from pilot_pipeline.cli import operating

    operating.twins(config, out, now)


@app.command()
def audit(
    config: Config = HERE,
    ll144: Annotated[
        Path | None,
        typer.Option("--ll144", help="Also write selection rates, impact ratios and unknown counts to this CSV file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the bias audits as they stand: verdicts, sentences, and what was unequal before the tool came.

    It reads what is stored and audits nothing anew.

    With --json: audits, each with audit (synthetic, live), as_of, attributes (each with attribute, verdict, q_value)
    and findings; inputs, what was unequal before the tool came.
    """
    from pilot_pipeline.cli import auditing

    auditing.audit(config, ll144, as_json)


@app.command()
def path(config: Config = HERE) -> None:
    """Say whether a pilot is the right path at all, and why."""
    from pilot_pipeline.cli import starting

    starting.path(config)


@app.command()
def simulate(
    config: Config = HERE,
    pilots: Annotated[int, typer.Option(help="Simulated pilots per truth.", min=100, max=1_000_000)] = 2000,
    seed: Annotated[int | None, typer.Option(help="Default: cohort.seed.", min=0)] = None,
    pairs: Annotated[int | None, typer.Option(help="Another number of pairs.", min=3, max=500)] = None,
    managers: Annotated[int | None, typer.Option(help="Another number of clusters.", min=1, max=500)] = None,
    missing: Annotated[
        float | None,
        typer.Option(help="Share of pairs without a difference; default: its own, else 0.1.", min=0, max=0.9),
    ] = None,
    target_sd: Annotated[
        float | None,
        typer.Option(help="Targets in SDs of a pair difference; default: its own, else 0.5.", min=0.05, max=5),
    ] = None,
    truth: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Also draw it: a file that ends in .svg or .png.")] = None,
    as_json: Json = False,
) -> None:
    """Say how often the decision rule would be wrong, by simulating pilots of this design.

    Simulated pilots go through the estimators and the gate of the real close-out. A closed pilot is simulated with its
    own pairs, clusters, spread and missing differences, a locked one with its own pairs and clusters.

    With --json: design with source, pairs, clusters, missing and target_sd (both by KPI), own; false_go_rate and power
    (null where not simulated); truths, each with truth, description, pilots, the shares go, no_go and reconfigure,
    go_error and no_go_error (Monte Carlo), coverage.
    """
    from pilot_pipeline.cli import simulating

    asked = simulating.Asked(pilots, seed, pairs, managers, missing, target_sd, tuple(truth or ()))
    simulating.simulate(config, asked, plot, as_json)


@app.command(name="map")
def map_feed(
    feed: Annotated[str, typer.Argument(help="The feed: employees, consents, sso_signins, …")],
    file: Annotated[Path, typer.Argument(help="One of its files.")],
    config: Annotated[
        Path, typer.Option("--config", "-c", help="The pilot's pilot.yaml, for its time zone; not needed.")
    ] = HERE,
    constant: Annotated[
        list[str] | None, typer.Option("--constant", help="NAME=VALUE of a column that the file lacks; repeatable.")
    ] = None,
) -> None:
    """Look at a file and propose how to map it, with a preview of what would be accepted and quarantined."""
    from pilot_pipeline.cli import mapping

    mapping.propose(feed, file, config, constant or [])


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("--out", help="Write it there; default: print it.")] = None,
) -> None:
    """Give the JSON Schema of pilot.yaml, by which an editor completes and checks it."""
    from pilot_pipeline.cli import starting

    starting.schema(out)
