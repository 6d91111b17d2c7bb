"""`pilot check`, `lock`, `run` and `twins`: load the pilot, run a job, say what came out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pilot_pipeline.cli import showing
from pilot_pipeline.cli.dagster_home import dagster_home, refuse_root_elsewhere
from pilot_pipeline.cli.progress import console, only_data_on_stdout, working
from pilot_pipeline.cli.running import Outcome, run_job
from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.errors import BadInput, NotReady

if TYPE_CHECKING:
    import pandas as pd
    from dagster import DagsterInstance, Definitions

    from pilot_pipeline.readiness.golive import GoLive


def check(config: Path, now: datetime | None, as_json: bool = False) -> int:
    """Judge readiness and show it, or print it as one JSON object; 1 when it blocks."""
    pilot, instant = load_pilot(config), _instant(now)
    with only_data_on_stdout(as_json), _dagster(pilot, "pilot check") as (defs, instance):
        outcome = run_job(pilot, defs, instance, "readiness", "Checking readiness", now=instant)
        _refuse_unusable(outcome)
        state, expired = _state(pilot), _judged_again(pilot, instant)
    if as_json:
        data = showing.readiness_data(pilot, state, outcome, expired)
        print(json.dumps(data, indent=2, ensure_ascii=False))  # noqa: T201
    else:
        showing.readiness(pilot, state, outcome, expired)
    return 0 if state.holds and outcome.success else 1


def lock(config: Path, as_of: date | None, attested_by: str | None, now: datetime | None) -> str:
    """Form the cohort and freeze it with the rule; return the lock's SHA-256."""
    from assets.stage import FIXED_ON_TAG
    from pilot_pipeline.registration import build_lock, write_lock
    from pilot_pipeline.registration.design import refuse_seen_outcomes
    from pilot_pipeline.warehouse.looking import look_into

    pilot, instant = load_pilot(config), _instant(now)
    if pilot.home.lock_file.exists():
        raise BadInput(f"{pilot.home.lock_file} exists already; a lock is made once.")
    with look_into(pilot.home.warehouse) as warehouse:
        if warehouse is not None:
            refuse_seen_outcomes(warehouse, pilot)
    today = datetime.now(UTC).date()  # whatever --now says: a witness looks at the clock
    locked_on = as_of or today
    members, facts = _designed(
        pilot,
        "cohort.cohort_members",
        instant,
        command="pilot lock",
        title="Forming the cohort",
        failed="Nothing was locked.",
        tags={FIXED_ON_TAG: locked_on.isoformat()},
    )
    snapshot = date.fromisoformat(facts["snapshot"])
    content = build_lock(
        pilot.config, members, facts["match_hash"], snapshot, locked_on, instant, attested_by, today=today
    )
    sha = write_lock(pilot.home.lock_file, content)
    showing.locked(pilot, members, sha, content)
    return sha


def run(config: Path, through: str | None, now: datetime | None) -> int:
    """Run everything that may run now; 1 when readiness blocks."""
    pilot, instant = load_pilot(config), _instant(now)
    weeks = finished_weeks(pilot, through, instant)
    if not weeks:
        console.print(f"Week 1 ends on {pilot.config.pilot.week_start(2)}; until then only readiness can be judged.")
        return check(config, now)
    with _dagster(pilot, "pilot run") as (defs, instance):
        title = f"Week 1 to {len(weeks)}" if len(weeks) > 1 else "Week 1"
        outcome = run_job(pilot, defs, instance, "pilot_week", title, now=instant, weeks=weeks, tags=_launched(pilot))
        if outcome.success:
            showing.verdict(pilot)
            return 0
        _refuse_unusable(outcome)
        state = _state(pilot)
        if state.holds:  # the run went live, and an audit refused what it would have published
            raise NotReady("\n".join(outcome.sentences))
        run_job(pilot, defs, instance, "publish_block", "Publishing the block", now=instant)
    showing.readiness(pilot, state, outcome)
    return 1


def twins(config: Path, out: Path, now: datetime | None) -> None:
    """Write the synthetic employees for the tool."""
    from pilot_pipeline.cohort.workforce import build_workforce
    from pilot_pipeline.fairness.answers import make_synthetic
    from pilot_pipeline.fairness.twins import for_tool

    pilot = load_pilot(config)
    employees, facts = _designed(
        pilot,
        "feeds.employees",
        _instant(now),
        command="pilot twins",
        title="Reading the workforce",
        failed="No twins were made.",
    )
    workforce = build_workforce(employees, pilot.config, date.fromisoformat(facts["snapshot"]))
    sent = for_tool(make_synthetic(workforce, pilot.config).everyone)
    try:
        sent.to_csv(out, index=False)
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror or 'its directory does not exist'}.") from None
    console.print(f"{len(sent):,} synthetic employees stand in {out}. No real person is among them.")
    console.print("Send them to the tool and put its answers where feeds.synthetic_recommendations points.")


def _designed(
    pilot: Pilot,
    table: str,
    now: datetime,
    *,
    command: str,
    title: str,
    failed: str,
    tags: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Run the job `design`; return a table that it filled and, by fact, what it found out about the cohort.

    Raises:
        NotReady: it did not succeed; the sentence begins with `failed`.
    """
    from pilot_pipeline.warehouse.connection import open_warehouse

    with _dagster(pilot, command) as (defs, instance):
        outcome = run_job(pilot, defs, instance, "design", title, now=now, tags=tags)
        _refuse_unusable(outcome)
        if not outcome.success:
            raise NotReady(f"{failed} {' '.join(outcome.sentences or _blocked_sentences(pilot))}")
        with open_warehouse(pilot.home.warehouse) as warehouse:
            return warehouse.read(table), warehouse.read("cohort.cohort_facts").set_index("fact")["statement"]


def finished_weeks(pilot: Pilot, through: str | None, now: datetime) -> list[str]:
    """Return the Mondays of the weeks that have ended by `now`, up to `through` (a week number or a Monday).

    Raises:
        BadInput: `through` is neither, lies outside the pilot or has not ended; `now` is ahead of the clock.
    """
    section = pilot.config.pilot
    if now > _instant(None) + timedelta(minutes=1):
        raise BadInput(f"--now {now.isoformat()} lies in the future; a run can look back, not ahead.")
    today = now.replace(tzinfo=UTC).astimezone(section.zone).date()
    ended = [n for n in range(1, section.weeks + 1) if section.week_start(n + 1) <= today]
    if through is not None:
        last = _week_number(pilot, through)
        if last not in ended:
            raise BadInput(f"--through {through}: week {last} ends on {section.week_start(last + 1)}, after this run.")
        ended = [n for n in ended if n <= last]
    return [section.week_start(n).isoformat() for n in ended]


def _week_number(pilot: Pilot, through: str) -> int:
    section = pilot.config.pilot
    if through.isdigit():
        week = int(through)
    else:
        try:
            gap = date.fromisoformat(through) - section.starts_on
        except ValueError:
            raise BadInput(f"--through {through} is neither a week number nor a Monday such as 2026-01-05.") from None
        if gap.days % 7:
            raise BadInput(f"--through {through} is not a Monday.")
        week = 1 + gap.days // 7
    if not 1 <= week <= section.weeks:
        raise BadInput(f"--through {through}: the pilot has weeks 1 to {section.weeks}.")
    return week


@contextmanager
def _dagster(pilot: Pilot, command: str) -> Iterator[tuple[Definitions, DagsterInstance]]:
    """Load the definitions, wait for whoever runs this pilot now, and open Dagster's storage."""
    from checks.turn import bury
    from pilot_pipeline.operation.turns import turn

    refuse_root_elsewhere(pilot)
    with working("Loading"):
        from pilot_pipeline.definitions import build_defs

        defs = build_defs(pilot)
    with turn(pilot, command, say=console.print) as died, dagster_home(pilot) as instance:
        if died:
            bury(instance, died)
        yield defs, instance


def _launched(pilot: Pilot) -> dict[str, str]:
    """Say on a run which files it reads, so that the sensor for arriving files need not launch another."""
    from assets.requests import FILES_TAG
    from pilot_pipeline.operation.arrivals import files_state

    return {FILES_TAG: files_state(pilot)}


def _state(pilot: Pilot) -> GoLive:
    from pilot_pipeline.readiness.current import current_evidence
    from pilot_pipeline.readiness.golive import golive_state
    from pilot_pipeline.warehouse.connection import open_warehouse

    with open_warehouse(pilot.home.warehouse) as warehouse:
        return golive_state(warehouse, current_evidence(warehouse, pilot))


def _judged_again(pilot: Pilot, instant: datetime) -> tuple[str, ...]:
    from pilot_pipeline.readiness.expiry import judged_again
    from pilot_pipeline.warehouse.connection import open_warehouse

    with open_warehouse(pilot.home.warehouse) as warehouse:
        return judged_again(warehouse, instant)


def _refuse_unusable(outcome: Outcome) -> None:
    """Raise what a run said that failed for another reason than readiness."""
    if outcome.exit_code > 1:
        raise BadInput("\n".join(outcome.sentences) or "The run failed; `pilot ui` shows where.")


def _blocked_sentences(pilot: Pilot) -> list[str]:
    return [condition.detail for condition in _state(pilot).conditions if condition.state == "failed"]


def _instant(now: datetime | None) -> datetime:
    """The run's instant, naive UTC, to the second."""
    instant = now or datetime.now(UTC)
    return instant.astimezone(UTC).replace(tzinfo=None, microsecond=0) if instant.tzinfo else instant
