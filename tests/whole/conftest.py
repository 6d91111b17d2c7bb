"""Whole runs, each made once per session and read by many tests.

A run costs half a CPU minute, so a fixture here takes a pilot through as many claims as it can carry.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from whole_pilots import (
    EDITS,
    FIRST_WEEKS,
    LATER,
    MADE_ON,
    MISSING,
    Identifiers,
    Own,
    Site,
    Told,
    corrected_prep_time,
    pilot,
    plant_identifiers,
)


def _demo(place: Path, scenario: str, *more: str) -> Site:
    arguments = ("demo", "--scenario", scenario, "--dir", place / scenario, "--now", MADE_ON)
    return Site(place / scenario, pilot(*arguments, *more, cwd=place))


def _copied(site: Site, to: Path, told: Callable[[Path], Told]) -> Site:
    shutil.copytree(site.root, to)
    return Site(to, told(to))


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="session")
def effective(place: Path) -> Site:
    """A tool that works: the demo from feeds to go."""
    return _demo(place, "effective")


@pytest.fixture(scope="session")
def useless(place: Path) -> Site:
    return _demo(place, "useless")


@pytest.fixture(scope="session")
def biased(place: Path) -> Site:
    return _demo(place, "biased")


@pytest.fixture(scope="session")
def broken(place: Path) -> Site:
    return _demo(place, "broken-hris")


@pytest.fixture(scope="session")
def broken_later(effective: Site, broken: Site, place: Path) -> Site:
    """A pilot with a verdict whose HRIS feed then breaks."""

    def breaks(root: Path) -> Told:
        shutil.rmtree(root / "feeds" / "employees")
        shutil.copytree(broken.root / "feeds" / "employees", root / "feeds" / "employees")
        return pilot("run", "--config", root / "pilot.yaml", "--now", LATER, cwd=place)

    return _copied(effective, place / "broken-later", breaks)


@pytest.fixture(scope="session")
def unlocked(effective: Site, place: Path) -> Site:
    """The effective pilot run again without its lock, after one manager corrected one week's preparation time."""

    def reruns(root: Path) -> Told:
        (root / "pilot.lock.json").unlink()
        corrected_prep_time(root)
        return pilot("run", "--config", root / "pilot.yaml", "--now", LATER, cwd=place)

    return _copied(effective, place / "unlocked", reruns)


@pytest.fixture(scope="session")
def edited(effective: Site, place: Path) -> tuple[Told, Site]:
    """The effective pilot with a target, the cohort and the rule edited after the lock: `check`, then `run`."""
    checks: list[Told] = []

    def edits(root: Path) -> Told:
        path = root / "pilot.yaml"
        text = path.read_text(encoding="utf-8")
        for locked, now in EDITS.values():
            assert locked in text
            text = text.replace(locked, now)
        path.write_text(text, encoding="utf-8")
        members = root / "feeds" / "enrolments.csv"
        kept = members.read_text(encoding="utf-8").splitlines(keepends=True)
        members.write_text("".join(kept[:-1]), encoding="utf-8")
        checks.append(pilot("check", "--config", path, "--now", LATER, cwd=place))
        return pilot("run", "--config", path, "--now", LATER, cwd=place)

    site = _copied(effective, place / "edited", edits)
    return checks[0], site


@pytest.fixture(scope="session")
def own(effective: Site, place: Path) -> Own:
    """`init`, feeds copied in, `lock`, `run` for three weeks and then for all, each from another directory."""
    root, elsewhere = place / "own", place / "elsewhere"
    elsewhere.mkdir()
    init = pilot("init", root, cwd=elsewhere)
    _fill_in(root, yaml.safe_load((effective.root / "pilot.yaml").read_text(encoding="utf-8")))
    shutil.copytree(effective.root / "feeds", root / "feeds", dirs_exist_ok=True)
    (root / "feeds" / f"{MISSING}.csv").unlink()
    plant_identifiers(root / "feeds")
    config = ("--config", root / "pilot.yaml")
    attested = ("--as-of", "2025-12-22", "--attested-by", "Head of People Analytics")
    lock = pilot("lock", *config, *attested, "--now", MADE_ON, cwd=elsewhere)
    first = pilot("run", *config, "--through", str(FIRST_WEEKS), "--now", MADE_ON, cwd=elsewhere)
    weeks = pd.read_parquet(root / "published" / "weekly_kpis.parquet")
    decision = pd.read_parquet(root / "published" / "decision.parquet")
    told = pilot("run", *config, "--now", LATER, cwd=elsewhere)
    return Own(Site(root, told), init, lock, first, weeks, decision)


def _fill_in(root: Path, demo: dict) -> None:
    """Fill in the new pilot.yaml as a person would: dates, governance, design, and the feeds that there are."""
    path = root / "pilot.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for section in ("pilot", "governance", "cohort", "roi"):
        settings[section] = demo[section]
    settings["feeds"] = {feed: source for feed, source in demo["feeds"].items() if feed != MISSING}
    settings["feeds"]["employees"] = {**settings["feeds"]["employees"], "ignore": ["FullName"]}
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="session")
def identifiers(own: Own) -> Identifiers:
    files = sorted((own.site.root / "feeds" / "employees").glob("*.csv"))
    people = pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False) for path in files])
    emails = frozenset(mail.casefold() for mail in people["email"] if mail)
    names = {tuple(mail.partition("@")[0].split(".")) for mail in emails}
    return Identifiers(frozenset(people["employee_id"]), emails, frozenset(n for n in names if len(n) == 2))
