"""The commands and their options; everything heavy is imported inside the command that needs it, so --help is quick."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pilot_pipeline import __version__
from pilot_pipeline.errors import PilotError

app = typer.Typer(
    name="pilot",
    help="Measures an AI-coaching pilot, from the feeds a company has to go, no-go or reconfigure.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Config = Annotated[Path, typer.Option("--config", "-c", help="The pilot's pilot.yaml.", show_default=True)]
Now = Annotated[
    datetime | None,
    typer.Option(
        "--now", help="The run's instant, UTC; default: the clock.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
    ),
]
HERE = Path("pilot.yaml")


def main() -> None:
    """Run a command; a refusal is one sentence on stderr and an exit code, never a traceback."""
    try:
        app()
    except PilotError as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201 - the one place where a refusal is printed
        sys.exit(refusal.exit_code)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)  # noqa: T201
        sys.exit(130)


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
    scenario: Annotated[str, typer.Option(help="What is true in the synthetic company.")] = "effective",
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
def check(config: Config = HERE, now: Now = None) -> None:
    """Judge go-live readiness; exit 1 when it blocks."""
    from pilot_pipeline.cli import operating

    raise typer.Exit(operating.check(config, now))


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
def path(config: Config = HERE) -> None:
    """Say whether a pilot is the right path at all, and why."""
    from pilot_pipeline.cli import starting

    starting.path(config)
