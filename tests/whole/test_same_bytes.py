"""The wheel, installed away from its source, gives the bytes that the tree gives; one changed byte moves its own.

The installed copy runs on one thread, the tree's demo on as many as there are: so this is also the claim that threads
change nothing.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from whole_pilots import LATER, MADE_ON, TABLES, Site, Told, command

pytestmark = pytest.mark.slow
ONE_THREAD = """
import duckdb, sys
sys.path.pop(0)
opened = duckdb.connect
duckdb.connect = lambda *args, **more: opened(*args, **{**more, "config": {**more.get("config", {}), "threads": 1}})
from pilot_pipeline.cli import main
main()
"""
ORIGIN = """
import sys
sys.path.pop(0)
import assets, checks, dbt_like_sql, pilot_pipeline
from pilot_pipeline.definitions import defs
assert len(defs().resolve_job_def("pilot_week").graph.node_dict) > 50
print(*(module.__file__ for module in (assets, checks, dbt_like_sql, pilot_pipeline)), sep="\\n")
"""


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel, and what the tests' own environment has beside this project."""

    home: Path

    def run(self, code: str, *arguments: str | Path) -> Told:
        """Run Python code with the installed copy, from a directory that has no source."""
        elsewhere = self.home.parent / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        python = self.home / "bin" / "python"
        return command("-c", code, *arguments, cwd=elsewhere, python=python, PYTHONPATH="", OMP_NUM_THREADS="1")


@pytest.fixture(scope="module")
def installed(wheel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A new environment: the wheel, and the libraries of this one (a path file does not follow their path files)."""
    home = tmp_path_factory.mktemp("installed") / "environment"
    venv.create(home, with_pip=False, symlinks=True)
    place = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    (place / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", place, wheel_file],
        check=True,
    )
    return Installed(home)


@pytest.fixture(scope="module")
def away(installed: Installed, place: Path) -> Site:
    """The demo as the installed copy runs it, on one thread."""
    arguments = ("demo", "--scenario", "effective", "--dir", place / "away" / "effective", "--now", MADE_ON)
    return Site(place / "away" / "effective", installed.run(ONE_THREAD, *arguments))


def test_the_definitions_load_from_the_installed_copy(installed: Installed) -> None:
    told = installed.run(ORIGIN)
    assert told.code == 0, told.err
    origins = [Path(line) for line in told.out.split()]
    assert len(origins) == 4
    assert all(installed.home in origin.parents for origin in origins)


def test_two_runs_at_the_same_instant_give_the_same_bytes(effective: Site, away: Site) -> None:
    assert away.told.code == 0, away.told.err
    first, second = effective.release(), away.release()
    assert first.keys() == second.keys()
    differing = [name for name in first if name != "pilot.duckdb" and first[name] != second[name]]
    assert differing == []


@pytest.mark.parametrize("table", TABLES)
def test_the_database_has_the_same_rows_types_and_comments(effective: Site, away: Site, table: str) -> None:
    comments = (
        "SELECT column_name, data_type, comment FROM duckdb_columns() "
        f"WHERE schema_name = 'pilot' AND table_name = '{table}' ORDER BY column_index"
    )
    assert effective.query(comments) == away.query(comments)
    rows = f"SELECT * FROM pilot.pilot.{table}"
    assert effective.query(rows) == away.query(rows)


@pytest.fixture(scope="module")
def touched(away: Site, installed: Installed) -> tuple[dict[str, bytes], Site]:
    """What was published, and the same pilot after one byte of one feed changed: a last-week answer of 4 became 5."""
    before = away.release()
    path = away.root / "feeds" / "pulse_responses.csv"
    text = path.read_text(encoding="utf-8")
    head, *rows = text.splitlines(keepends=True)
    week = head.strip().split(",").index("week_no")
    score = head.strip().split(",").index("score")
    for number, row in enumerate(rows):
        cells = row.rstrip("\n").split(",")
        if cells[week] == "12" and cells[score] == "4":
            cells[score] = "5"
            rows[number] = ",".join(cells) + "\n"
            break
    changed = head + "".join(rows)
    assert sum(a != b for a, b in zip(text, changed, strict=True)) == 1
    path.write_text(changed, encoding="utf-8")
    return before, Site(
        away.root, installed.run(ONE_THREAD, "run", "--config", away.root / "pilot.yaml", "--now", LATER)
    )


def test_a_changed_byte_changes_the_digest_and_only_what_depends_on_it(touched: tuple[dict[str, bytes], Site]) -> None:
    before, after = touched
    assert after.told.code == 0, after.told.err
    now = after.release()
    changed = {name for name in before if before[name] != now[name]}
    depends = {"weekly_kpis.parquet", "kpi_scorecard.parquet", "decision.parquet", "scorecard.html", "pilot.duckdb"}
    assert changed == depends


def test_only_the_weeks_answer_is_restated(effective: Site, touched: tuple[dict[str, bytes], Site]) -> None:
    _, after = touched
    key = ["week_no", "arm", "kpi"]
    old, new = (site.table("weekly_kpis").set_index(key) for site in (effective, after))
    restated = new.index[new["restated_at"].notna()]
    assert list(restated) == [(12, "pilot", "pulse")]
    pd.testing.assert_frame_equal(new.drop(restated), old.drop(restated))
    digests = [site.table("decision")["data_sha256"].iloc[0] for site in (effective, after)]
    assert digests[0] != digests[1]
