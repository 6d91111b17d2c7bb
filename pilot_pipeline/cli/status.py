"""`pilot status`: shows where the pilot stands; what that is stands in `closeout.standing`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from pilot_pipeline.cli.progress import console
from pilot_pipeline.closeout.standing import Calendar, Standing, standing_of
from pilot_pipeline.config import Pilot, load_pilot

_SHOWN = ("fresh", "late", "unread", "waiting")


def status(config: Path, now: datetime, as_json: bool) -> None:
    """Print the standing at `now` (naive UTC), as a table or as one JSON object."""
    pilot = load_pilot(config)
    standing = standing_of(pilot, now)
    if as_json:
        print(json.dumps(as_data(pilot, standing, now), indent=2, ensure_ascii=False))  # noqa: T201 - for programs
    else:
        _show(pilot, standing)


def as_data(pilot: Pilot, standing: Standing, now: datetime) -> dict[str, Any]:
    """Return the standing under the keys that the command's help documents; they are public."""
    section, calendar, lock = pilot.config.pilot, standing.calendar, standing.lock
    golive, release = standing.golive, standing.release
    return {
        "pilot": section.name,
        "now": _utc(now.replace(tzinfo=UTC)),
        "starts_on": section.starts_on.isoformat(),
        "ends_on": section.ends_on.isoformat(),
        "week": calendar.week,
        "weeks": section.weeks,
        "weeks_finished": calendar.finished,
        "next_run": _utc(calendar.next_run) if calendar.next_run else None,
        "lock": {
            "state": lock.state,
            "locked_on": lock.locked_on.isoformat() if lock.locked_on else None,
            "sha256": lock.sha256,
            "deviations": list(lock.deviations),
            "detail": lock.detail,
        },
        "gate": {
            "holds": golive.holds if golive else None,
            "blockers": [
                {"name": item.name, "state": item.state, "detail": item.detail}
                for item in (golive.blockers if golive else ())
            ],
            "detail": standing.unread,
        },
        "feeds": [
            {
                "feed": feed.feed,
                "state": feed.state,
                "fresh_as_of": feed.fresh_as_of.isoformat() if feed.fresh_as_of else None,
                "detail": feed.detail,
            }
            for feed in standing.feeds
        ],
        "release": {
            "kind": release.kind,
            "through_week": release.through_week,
            "decision": release.decision,
            "label": release.label,
        },
    }


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _show(pilot: Pilot, standing: Standing) -> None:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, said in (
        ("Week", _week(pilot, standing.calendar)),
        ("Gate", _gate(standing)),
        ("Lock", _lock(standing)),
        ("Release", _release(standing)),
        ("Next run", _next_run(pilot, standing.calendar)),
    ):
        facts.add_row(f"[bold]{name}[/]", said)
    console.print(f"[bold]{escape(pilot.config.pilot.name)}[/]", soft_wrap=False)
    console.print(facts)
    if standing.golive and not standing.golive.holds:
        for condition in standing.golive.blockers:
            words = f"• {condition.name} ({'open' if condition.state == 'missing' else condition.state}): "
            console.print(escape(f"{words}{condition.detail}."), soft_wrap=False)
    _feeds(standing)


def _week(pilot: Pilot, calendar: Calendar) -> str:
    section = pilot.config.pilot
    if calendar.week is not None:
        monday = section.week_start(calendar.week)
        return f"{calendar.week} of {section.weeks} ({monday} to {monday + timedelta(days=6)})"
    if calendar.finished:
        return f"all {section.weeks} are over, since {section.ends_on}"
    days = (section.starts_on - calendar.today).days
    return f"1 of {section.weeks} begins on {section.starts_on}, in {days} day{'s' * (days != 1)}"


def _gate(standing: Standing) -> str:
    if standing.unread:
        return escape(standing.unread)
    if standing.golive is None or all(item.state == "missing" for item in standing.golive.conditions):
        return "[yellow]never checked[/]; `pilot check` does"
    if standing.golive.holds:
        return "[green]holds[/]: live data may be processed"
    count = len(standing.golive.blockers)
    return f"[red]blocks[/]: {count} condition{'s' * (count != 1)} of go-live {'do' if count != 1 else 'does'} not hold"


def _lock(standing: Standing) -> str:
    lock = standing.lock
    if lock.state == "absent":
        return "[yellow]not locked[/]; `pilot lock` freezes KPIs, targets, cohort and rule"
    if lock.state == "broken":
        return f"[red]broken[/]: {escape(lock.detail or '')}"
    changed = " ".join(lock.deviations)
    said = f"locked as of {lock.locked_on}, {lock.state}"
    return f"{said}. [yellow]Changed since:[/] {escape(changed)}" if changed else said


def _release(standing: Standing) -> str:
    release, finished = standing.release, standing.calendar.finished
    behind = (release.through_week or 0) < finished
    late = f"; week {finished} has ended since, `pilot run` brings it in" if release.through_week and behind else ""
    if release.kind == "none":
        return "nothing published yet"
    if release.kind == "blocked":
        return "[red]blocked[/]: checkpoints and data quality only"
    if release.kind == "interim":
        return f"interim, through week {release.through_week}{late}"
    word = str(release.decision).replace("_", "-").upper()
    return f"[bold]{word}[/] ({release.label}), through week {release.through_week}"


def _next_run(pilot: Pilot, calendar: Calendar) -> str:
    if calendar.next_run is None:
        return "none: the last week's run was due"
    when = calendar.next_run.strftime("%A %Y-%m-%d %H:%M")
    return f"{when} {pilot.config.pilot.timezone}, where `pilot ui` runs with its schedule on"


def _feeds(standing: Standing) -> None:
    if not standing.feeds:
        return
    table = Table(expand=False)
    table.add_column("feed", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("as of the last reading", overflow="fold")
    colours = {"late": "red", "fresh": "green"}
    for feed in (feed for feed in standing.feeds if feed.state in _SHOWN):
        state = f"[{colours[feed.state]}]{feed.state}[/]" if feed.state in colours else feed.state
        table.add_row(feed.feed, state, escape(feed.detail))
    if table.row_count:
        console.print(table)
    absent = [feed.feed for feed in standing.feeds if feed.state == "absent"]
    if absent:
        console.print(f"Not configured: {', '.join(absent)}.", soft_wrap=False)
