"""Pilots as whole directories: running the command line in a process of its own, and reading what it left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

MADE_ON = "2026-04-10T06:00:00"
"""The instant of a first run: after the demo's last week."""
LATER = "2026-04-11T06:00:00"
TABLES = (
    *("weekly_kpis", "kpi_scorecard", "cohort_balance", "cohort_summary", "bias_audit", "checkpoints"),
    *("data_quality", "manager_signals", "roi", "top_issues", "decision"),
)
_BORDERS = re.compile(r"[│┃|╭╮╰╯─━┏┓┗┛┡┩╇┳┻├┤┬┴┼└┘•\s]+")


@dataclass(frozen=True)
class Told:
    """What a command said and returned."""

    code: int
    out: str
    err: str

    @cached_property
    def words(self) -> str:
        """Everything it said on one line, without the borders of tables, so that a wrapped sentence is one again."""
        return _BORDERS.sub(" ", self.out + " " + self.err)


def command(*argv: str | Path, cwd: Path, python: str | Path = sys.executable, **variables: str) -> Told:
    """Run a Python module or code in another process, free of this machine's own settings."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PILOT_", "DAGSTER_"))}
    done = subprocess.run(
        [str(python), *map(str, argv)],
        cwd=cwd,
        env={**clean, "COLUMNS": "400", "NO_COLOR": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)


def pilot(*arguments: str | Path, cwd: Path, **variables: str) -> Told:
    """Run the console command."""
    return command("-c", "from pilot_pipeline.cli import main; main()", *arguments, cwd=cwd, **variables)


@dataclass(frozen=True)
class Site:
    """A pilot's directory after a run."""

    root: Path
    told: Told

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def scorecard(self) -> str:
        return (self.published / "scorecard.html").read_text(encoding="utf-8")

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.published / f"{name}.parquet")

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.published / "pilot.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def release(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.published.iterdir())}

    def run(self, *arguments: str) -> Told:
        return pilot("run", "--config", self.root / "pilot.yaml", *arguments, cwd=self.root.parent)


MISSING = "business_outcomes"
PLANTED_NAME = "Zebulon Quackenbush"
PLANTED_EMAIL = "zebulon.quackenbush@northwind.example"
FIRST_WEEKS = 3


CORRECTED_WEEK = 5
EDITS = {
    "kpis.behaviour_change.target was locked at 0.3 and is now 0.1.": ("target: 0.30", "target: 0.10"),
    "cohort.caliper_sd was locked at 0.25 and is now 0.5.": ("caliper_sd: 0.25", "caliper_sd: 0.5"),
    "decision.alpha was locked at 0.05 and is now 0.1.": ("alpha: 0.05", "alpha: 0.10"),
}
"""What was edited after the lock, as a sentence, and in pilot.yaml: before and after."""


def corrected_prep_time(root: Path) -> None:
    """Halve what was logged about one participant in one week."""
    path = root / "feeds" / "manager_time.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    enrolments = pd.read_csv(root / "feeds" / "enrolments.csv", dtype=str)
    participants = set(enrolments.loc[enrolments["arm"] == "pilot", "employee_id"])
    monday = (pd.Timestamp("2026-01-05") + pd.Timedelta(weeks=CORRECTED_WEEK - 1)).date().isoformat()
    theirs = rows.index[rows["employee_id"].isin(participants) & (rows["week_start"] == monday)]
    rows.loc[theirs[0], "prep_minutes"] = "1"
    rows.to_csv(path, index=False)


@dataclass(frozen=True)
class Own:
    """What each command of a pilot of one's own said."""

    site: Site
    init: Told
    lock: Told
    first: Told
    first_weeks: pd.DataFrame
    first_decision: pd.DataFrame


def plant_identifiers(feeds: Path) -> None:
    """Put a name and an e-mail wherever an export may carry one: ignored columns, free text, cells of other types."""
    for path in sorted((feeds / "employees").glob("*.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        leaf = rows.index[~rows["employee_id"].isin(rows["manager_id"])][0]
        rows.loc[leaf, "email"] = PLANTED_EMAIL
        rows["FullName"] = rows["email"].str.partition("@")[0].str.replace(".", " ").str.title()
        # A row that is quarantined: identifiers stand where a number and a date should be.
        bad = rows.loc[[leaf]].assign(employee_id="E99999", performance_score=PLANTED_NAME, birth_year=PLANTED_EMAIL)
        pd.concat([rows, bad], ignore_index=True).to_csv(path, index=False)
    log = pd.read_csv(feeds / "issue_log.csv", dtype=str, keep_default_na=False)
    grave = log.iloc[[0]].assign(
        issue_id="I-PLANTED",
        severity="5",
        kind="configuration",
        status="open",
        title=f"Sign-in of {PLANTED_EMAIL} ({PLANTED_NAME}) failed for a week",
        fix=f"Call {PLANTED_NAME}",
        affected="40",
    )
    pd.concat([log, grave], ignore_index=True).to_csv(feeds / "issue_log.csv", index=False)
    pulse = pd.read_csv(feeds / "pulse_responses.csv", dtype=str, keep_default_na=False)
    odd = pulse.iloc[[0]].assign(question_id="Q-other", score=PLANTED_NAME)
    pd.concat([pulse, odd], ignore_index=True).to_csv(feeds / "pulse_responses.csv", index=False)


@dataclass(frozen=True)
class Identifiers:
    """Everyone who must not be found: ids, e-mail addresses, and names as (first, last)."""

    ids: frozenset[str]
    emails: frozenset[str]
    names: frozenset[tuple[str, str]]

    def found(self, text: str) -> set[str]:
        """Return the identifiers that stand in a text, in any case."""
        low = text.casefold()
        hits = {mail for mail in re.findall(r"[a-z]+\.[a-z]+@[a-z.]+", low) if mail in self.emails}
        hits |= {number for number in re.findall(r"\bE\d{5}\b", text) if number in self.ids}
        words = re.finditer(r"(?=\b([a-z]{2,})(?:[ ._-]|, ?)([a-z]{2,})\b)", low)
        hits |= {" ".join(m.groups()) for m in words if {m.groups(), m.groups()[::-1]} & self.names}
        return hits


def files(directory: Path) -> Iterator[tuple[str, str]]:
    """Give every file below a directory as its path and its bytes, each a character."""
    paths = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    assert paths, f"{directory} is empty"
    for path in paths:
        # Every byte is a character of latin-1, so nothing is skipped, whatever the format.
        yield str(path.relative_to(directory)), path.read_bytes().decode("latin-1")


def sentences(told: Told) -> list[str]:
    """Return the lines of a refusal."""
    return [line for line in told.err.splitlines() if line.strip()]
