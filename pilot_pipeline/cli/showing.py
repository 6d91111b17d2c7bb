"""What the commands print: tables and a verdict; what they mean is decided elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from pilot_pipeline.cli.progress import console
from pilot_pipeline.cli.running import Outcome
from pilot_pipeline.config import Pilot
from pilot_pipeline.readiness.results import CHECKPOINTS
from pilot_pipeline.warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from pilot_pipeline.readiness.golive import Condition, GoLive

_COLOURS = {"go": "green", "reconfigure": "yellow", "no_go": "red"}
_MARKS = {
    "holds": "[green]holds[/]",
    "failed": "[red]failed[/]",
    "missing": "[yellow]open[/]",
    "stale": "[yellow]stale[/]",
}


def readiness(pilot: Pilot, state: GoLive, outcome: Outcome, expired: Sequence[str] = ()) -> None:
    """Show every condition of go-live, what expired since, what is switched off, and the sentence that matters."""
    table = Table(title="Go-live readiness", title_justify="left", show_lines=False, expand=False)
    table.add_column("condition", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("finding", overflow="fold")
    warnings = _warnings(pilot)
    for condition in _conditions(state, warnings):
        table.add_row(condition.name, _MARKS[condition.state], escape(condition.detail))
    for row in warnings.itertuples():
        table.add_row(str(row.name), "[yellow]note[/]", escape(str(row.detail)))
    console.print(table)
    for sentence in expired:
        console.print(f"• {escape(sentence)}")
    for gap in _gaps(pilot):
        console.print(f"• {escape(gap)}")
    for sentence in outcome.sentences:
        console.print(escape(sentence), style="red")
    if all(condition.name in CHECKPOINTS for condition in state.conditions):
        console.print("Governance, consent, enablement and KPIs come after the checkpoint that blocks; not judged yet.")
    if state.holds and outcome.success:
        console.print("[green]Ready:[/] live data may be processed.")
        return
    console.print("[red]Blocked:[/] no live data was read. Mend what failed above and run `pilot check` again.")
    quarantined = sorted(pilot.home.quarantine.glob("*.csv"))
    if quarantined:
        console.print(f"Rows that were set aside, with reasons: {near(pilot.home.quarantine)}", markup=False)


def readiness_data(pilot: Pilot, state: GoLive, outcome: Outcome, expired: Sequence[str] = ()) -> dict[str, Any]:
    """Return what `readiness` shows, under the keys that the command's help documents; they are public."""
    set_aside = any(pilot.home.quarantine.glob("*.csv"))
    warnings = _warnings(pilot)
    conditions = _conditions(state, warnings)
    return {
        "ready": state.holds and outcome.success,
        "conditions": [{"name": item.name, "state": item.state, "detail": item.detail} for item in conditions],
        "notes": [{"name": str(row.name), "detail": str(row.detail)} for row in warnings.itertuples()],
        "expired": list(expired),
        "gaps": _gaps(pilot),
        "sentences": list(outcome.sentences),
        "quarantine": str(pilot.home.quarantine) if set_aside else None,
    }


def _conditions(state: GoLive, warnings: pd.DataFrame) -> list[Condition]:
    """Return the conditions without those that only warn: these do not block and are shown as notes."""
    return [condition for condition in state.conditions if condition.name not in set(warnings["name"])]


def _warnings(pilot: Pilot) -> pd.DataFrame:
    with open_warehouse(pilot.home.warehouse) as warehouse:
        if not warehouse.exists("readiness.requirements"):
            return pd.DataFrame(columns=["name", "detail"])
        return warehouse.query(
            "SELECT name, detail FROM readiness.requirements WHERE NOT passed AND severity = 'warn' ORDER BY step, name"
        )


def _gaps(pilot: Pilot) -> list[str]:
    """Return what the feeds lack, in sentences."""
    with open_warehouse(pilot.home.warehouse) as warehouse:
        if not warehouse.exists("feeds.feed_reads"):
            return []
        found = warehouse.query("SELECT gaps FROM feeds.feed_reads WHERE gaps <> '' ORDER BY feed")["gaps"]
    return [sentence for text in found for sentence in str(text).splitlines()]


def locked(pilot: Pilot, members: pd.DataFrame, sha: str, content: dict[str, Any]) -> None:
    """Say what was locked."""
    pairs = int(members["pair_id"].nunique())
    clusters = int(members["cluster"].nunique())
    many = "five" if not pilot.config.kpis.further else str(len(pilot.config.kpis.catalogue))
    how = f"attested by {content['attested_by']}" if content["attested_by"] else "witnessed by this run"
    console.print(
        f"Locked as of {content['locked_on']} ({escape(how)}): {pairs} pairs in {clusters} judging clusters, {many} "
        f"KPIs, their targets and the decision rule.\n{escape(near(pilot.home.lock_file))}\nSHA-256 {sha}"
    )


def verdict(pilot: Pilot) -> None:
    """Show the verdict, its label and reasons, and where to look."""
    rows = _published(pilot, "decision")
    if rows.empty:
        console.print(Panel("The pilot is still running: figures are interim, and there is no verdict yet."))
    else:
        row = rows.iloc[0]
        word = str(row["decision"]).replace("_", "-").upper()
        body = f"[bold {_COLOURS[row['decision']]}]{word}[/]  ({row['label']})\n\n"
        body += "\n".join(f"• {escape(reason)}" for reason in str(row["reasons"]).splitlines())
        panel = Panel(body, title=_title(pilot), title_align="left", expand=False, width=min(console.width, 110))
        console.print(panel, soft_wrap=False)  # the console's own soft wrapping would cut long reasons at the border
    _kpis(pilot)
    _where(pilot)


def _title(pilot: Pilot) -> str:
    return "Rehearsal: decides nothing" if pilot.config.rehearsal else "Verdict"


def _kpis(pilot: Pilot) -> None:
    table = Table(expand=False)
    for name in ("KPI", "target", "actual", "90 % interval", "evidence"):
        table.add_column(name, justify="left" if name in ("KPI", "evidence") else "right")
    rows: Any = _published(pilot, "kpi_scorecard").itertuples()
    for row in rows:
        interval = "" if pd.isna(row.ci_low) else f"{row.ci_low:.2f} to {row.ci_high:.2f}"
        actual = "not measured" if pd.isna(row.actual) else f"{row.actual:.2f}"
        table.add_row(str(row.kpi), f"{row.target:.2f}", actual, interval, str(row.evidence).replace("_", " "))
    console.print(table)


def _where(pilot: Pilot) -> None:
    console.print(f"Scorecard    {near(pilot.home.scorecard)}", markup=False)
    console.print(f"Tables       {near(pilot.home.published_database)}", markup=False)
    # `make demo` runs us from an environment that is not active: name the command as it can be typed.
    script = Path(sys.argv[0])
    command = near(script) if script.name == "pilot" and not shutil.which("pilot") else "pilot"
    console.print(f"Dagster UI   {command} ui --config {near(pilot.home.root / 'pilot.yaml')}", markup=False)


def near(path: Path) -> str:
    """Return the path as seen from here, where that is the shorter way to say it."""
    absolute = str(path.absolute())
    try:
        relative = os.path.relpath(absolute)
    except (OSError, ValueError):  # the current directory is gone, or on another drive
        return absolute
    return min(relative, absolute, key=len)


def _published(pilot: Pilot, table: str) -> pd.DataFrame:
    return pd.read_parquet(pilot.home.published / f"{table}.parquet")
