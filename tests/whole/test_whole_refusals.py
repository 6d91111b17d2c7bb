"""Bad input through the command line: exit 2, one sentence that names the place, never a traceback."""

from __future__ import annotations

import csv
import shutil
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from whole_pilots import Site, Told, pilot, sentences

from pilot_pipeline.cli.operating import finished_weeks
from pilot_pipeline.config import Home, Pilot, parse_config
from pilot_pipeline.errors import BadInput
from pilot_pipeline.simulation.company import pilot_yaml
from pilot_pipeline.simulation.pilot_file import write_env

IBM = Path(__file__).resolve().parents[3] / "shared" / "data" / "hris_ibm_attrition.csv"
NOW = ("--now", "2025-12-30T08:00:00")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A pilot as `pilot init` leaves it."""
    from pilot_pipeline.simulation.template import write_template

    write_template(tmp_path / "new")
    return tmp_path / "new"


@pytest.fixture(scope="module")
def settings() -> Pilot:
    """The demo's settings: twelve weeks from 5 January 2026 in Berlin."""
    secrets = {"PILOT_PSEUDONYM_KEY": "a key for tests only"}
    return Pilot(parse_config(yaml.safe_load(pilot_yaml("effective", 1)), secrets, "the demo"), Home(Path("nowhere")))


def refused(told: Told, *named: str) -> None:
    assert told.code == 2, told.out + told.err
    assert len(sentences(told)) == 1, told.err
    assert "Traceback" not in told.out + told.err
    for word in named:
        assert word in told.err


def _edited(root: Path, old: str, new: str) -> Path:
    path = root / "pilot.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_a_missing_pilot_yaml_is_named(tmp_path: Path) -> None:
    refused(pilot("check", "--config", "gone/pilot.yaml", cwd=tmp_path), "gone/pilot.yaml", "does not exist")


def test_yaml_that_does_not_parse_is_named_with_line_and_column(new: Path) -> None:
    (new / "pilot.yaml").write_text("pilot: {name: [\n", encoding="utf-8")
    refused(pilot("run", cwd=new), "pilot.yaml", "line 2", "not valid YAML")


def test_an_unknown_key_is_named_with_the_nearest_right_one(new: Path) -> None:
    _edited(new, "caliper_sd:", "calliper_sd:")
    refused(pilot("lock", cwd=new), "cohort.calliper_sd", "caliper_sd")


def test_an_unset_secret_is_named_and_no_other_one_is_told(new: Path) -> None:
    (new / ".env").unlink()
    refused(pilot("check", cwd=new), "PILOT_PSEUDONYM_KEY", "privacy.pseudonym_key")


def test_an_unset_webhook_only_switches_alerts_off(new: Path) -> None:
    told = pilot("path", cwd=new)
    assert told.code == 0, told.err


def test_a_week_that_cannot_be_is_refused(new: Path) -> None:
    _edited(new, "weeks: 12 ", "weeks: 16 ")
    refused(pilot("run", "--through", "17", cwd=new), "--through 17", "weeks 1 to 16")


@pytest.mark.parametrize(
    ("through", "now", "named"),
    [
        ("0", "2026-04-10", "weeks 1 to 12"),
        ("2026-01-06", "2026-04-10", "not a Monday"),
        ("2025-12-29", "2026-04-10", "weeks 1 to 12"),
        ("soon", "2026-04-10", "neither a week number nor a Monday"),
        ("9", "2026-02-02", "week 9 ends on 2026-03-09"),
        (None, "2999-01-01", "lies in the future"),
    ],
)
def test_a_week_or_instant_is_refused_for_what_is_wrong_with_it(
    settings: Pilot, through: str | None, now: str, named: str
) -> None:
    with pytest.raises(BadInput, match=named):
        finished_weeks(settings, through, datetime.fromisoformat(now))


def test_a_week_is_named_by_its_number_or_its_monday(settings: Pilot) -> None:
    now = datetime.fromisoformat("2026-02-02T06:00:00")
    mondays = ["2026-01-05", "2026-01-12"]
    assert finished_weeks(settings, "2", now) == mondays
    assert finished_weeks(settings, "2026-01-12", now) == mondays
    assert finished_weeks(settings, None, now) == [*mondays, "2026-01-19", "2026-01-26"]


# --- feeds: what only a run finds out --------------------------------------------------------------------------------


@pytest.fixture
def unlocked_copy(effective: Site, tmp_path: Path) -> Path:
    """The effective company's settings and feeds, without anything that a run left."""
    root = tmp_path / "copy"
    root.mkdir()
    shutil.copy(effective.root / "pilot.yaml", root / "pilot.yaml")
    shutil.copytree(effective.root / "feeds", root / "feeds")
    write_env(root / ".env", "0" * 64)
    return root


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "named"),
    [(None, "no file matches"), (b"", "is empty")],
    ids=["missing", "empty"],
)
def test_a_feed_that_cannot_be_read_is_named(unlocked_copy: Path, content: bytes | None, named: str) -> None:
    path = unlocked_copy / "feeds" / "consents.csv"
    path.unlink() if content is None else path.write_bytes(content)
    told = pilot("lock", *NOW, cwd=unlocked_copy)
    refused(told, "consents.csv", named)
    assert not (unlocked_copy / "pilot.lock.json").exists()


@pytest.mark.slow
def test_a_column_that_nobody_expected_is_refused_and_named(unlocked_copy: Path) -> None:
    path = unlocked_copy / "feeds" / "consents.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    told_off = [f"{lines[0]},reflection", *(f"{line},I feel watched" for line in lines[1:])]
    path.write_text("\n".join(told_off), encoding="utf-8")
    told = pilot("lock", *NOW, cwd=unlocked_copy)
    refused(told, "reflection", "neither mapped nor ignored")
    assert "watched" not in told.out + told.err


# --- an export that nobody here wrote --------------------------------------------------------------------------------


def _ibm(root: Path, **constants: str) -> None:
    """Map the export: nothing is computed, only named."""
    shutil.copy(IBM, root / "feeds" / "hris.csv")
    path = root / "pilot.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["pilot"] |= {"starts_on": "2026-01-05", "configured_on": "2025-12-29"}
    settings["cohort"]["exact"] = ["role"]
    settings["feeds"]["employees"] = {
        "source": "feeds/hris.csv",
        "columns": {
            "employee_id": "EmployeeNumber",
            "department": "Department",
            "role": "JobRole",
            "role_level": "JobLevel",
            "employment_status": "Attrition",
            "performance_score": "PerformanceRating",
            "gender": "Gender",
        },
        "values": {"employment_status": {"0": "active", "1": "terminated"}},
        "constants": {"as_of": "2025-12-15", **constants},
        "ignore": "*",
    }
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with IBM.open(encoding="utf-8-sig", newline="") as file:
        ids = [row["EmployeeNumber"] for row in csv.DictReader(file)][:400]
    decided = "2025-12-19T08:00:00Z,opted_in,2025-12-20T08:00:00Z"
    rows = ["employee_id,briefed_at,decision,decided_at", *(f"{number},{decided}" for number in ids)]
    (root / "feeds" / "consents.csv").write_text("\n".join(rows), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(not IBM.is_file(), reason="the shared example exports are not beside this checkout")
def test_a_real_hris_export_passes_by_mapping_alone_and_its_gaps_are_named(new: Path) -> None:
    _ibm(new, hired_on="2015-01-01")
    told = pilot("check", *NOW, cwd=new)
    assert told.code == 1, told.err
    assert not sentences(told), told.err
    assert "sso_signins is not configured" in told.words
    logged = "".join(p.read_bytes().decode("latin-1") for p in (new / "var" / "dagster").rglob("*.db"))
    assert "employees: no column is mapped to email; the SSO checkpoint cannot join sign-ins to people." in logged
    assert "employees: no column is mapped to manager_id; matching under the same manager" in logged
    assert not (new / "var" / "quarantine" / "employees.csv").exists()


@pytest.mark.slow
@pytest.mark.skipif(not IBM.is_file(), reason="the shared example exports are not beside this checkout")
def test_what_the_export_lacks_is_refused_and_not_invented(new: Path) -> None:
    _ibm(new)
    told = pilot("lock", *NOW, cwd=new)
    refused(told, "hired_on", "hris.csv")
