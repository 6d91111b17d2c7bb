"""The Great Expectations suites find planted faults, name keys and nothing else, and their pages stay offline."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import readiness_company as company

from checks.expectations import run_suite
from checks.expectations.docs import offline
from checks.expectations.suites import suites_for
from pilot_pipeline.readiness.results import CHECKPOINTS
from pilot_pipeline.readiness.sso import sso_matrix

PEOPLE = company.employees()
MEMBERS = company.members(PEOPLE)
CONFIG = company.config()
NAME = "Jane Q. Doe"


def frames(checkpoint: str) -> dict[str, pd.DataFrame | None]:
    return company.checkpoint_frames(PEOPLE, CONFIG)[checkpoint]


def failing(results):
    return [item.check_name for item in results if not item.passed]


def pages(directory: Path) -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in directory.rglob("*.html"))


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_sound_company_passes_and_every_page_is_offline(checkpoint, tmp_path, capfd):
    results = run_suite(checkpoint, frames(checkpoint), CONFIG, tmp_path / "docs")
    assert failing(results) == []
    assert {(item.checkpoint, item.tool) for item in results} == {(checkpoint, "great_expectations")}
    assert len(results) == sum(len(suite.expectations) for suite in suites_for(checkpoint, frames(checkpoint), CONFIG))
    text = pages(tmp_path / "docs")
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//|url\(|@import|<script|<img|<iframe""", text, re.I)
    assert text.count("Content-Security-Policy") == len(list((tmp_path / "docs").rglob("*.html")))
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in (tmp_path / "docs").iterdir()] == [checkpoint]


def test_planted_hris_faults_are_found_by_the_keys_of_their_rows(tmp_path):
    faults = {
        "employment_status": (NAME, "employment_status_vocabulary"),
        "department": (None, "department_complete"),
        "role_level": (11, "role_level_range"),
        "hired_on": (pd.Timestamp("2026-02-01"), "hired_before_snapshot"),
        "employee_id": ("p_7_4", "employee_id_unique"),
    }
    people = PEOPLE.copy()
    for team, (column, (value, _)) in enumerate(faults.items()):
        people.loc[people["employee_id"] == f"p_{team}_0", column] = value
    people.loc[0, "as_of"] = pd.Timestamp("2025-12-16")
    failed = {item.check_name: item for item in run_suite("hris_feed", {"employees": people}, CONFIG, tmp_path)}
    failed = {name.removeprefix("employees_"): item for name, item in failed.items() if not item.passed}
    assert set(failed) == {"one_snapshot", *(check for _, check in faults.values())}
    for team, (_, check) in enumerate(list(faults.values())[:4]):
        assert (failed[check].keys, failed[check].rows_failed) == ((f"p_{team}_0",), 1)
        assert "expected: " in failed[check].detail
        assert "not so in 1 row of 49" in failed[check].detail
    assert failed["employee_id_unique"].keys == ("p_7_4",)
    assert NAME not in pages(tmp_path) + "".join(item.detail for item in failed.values())


def test_values_of_personal_columns_reach_no_page(tmp_path):
    people = PEOPLE.assign(role=f"{NAME}", skills=f"{NAME};jane@example.org", gender=NAME, location=NAME)
    people.loc[0, ["skills", "email"]] = None
    run_suite("hris_feed", {"employees": people}, CONFIG, tmp_path)
    assert NAME not in pages(tmp_path)
    assert "jane@example.org" not in pages(tmp_path)


def test_thin_columns_and_a_stale_snapshot_warn(tmp_path):
    blank = pd.Series(None, index=PEOPLE.index, dtype="str")
    people = PEOPLE.assign(email=blank, skills=blank, as_of=pd.Timestamp("2025-10-01"))
    results = run_suite("hris_feed", {"employees": people}, CONFIG, tmp_path)
    assert failing(results) == ["employees_as_of_range", "employees_email_complete", "employees_skills_complete"]
    assert not any(item.blocks for item in results)


def test_a_halved_snapshot_is_a_matter_of_volume(tmp_path):
    results = run_suite("hris_feed", {"employees": PEOPLE.head(20)}, CONFIG, tmp_path)
    assert failing(results) == ["employees_volume_for_cohort", "employees_volume_for_organisation"]
    assert results[0].detail.endswith("counted 20.")


def test_an_untested_cell_is_found_by_persona_and_division(tmp_path):
    signins = company.signins(PEOPLE).iloc[:-1]
    given = {"sso_signins": signins, "sso_matrix": sso_matrix(signins, PEOPLE, MEMBERS, CONFIG)}
    results = run_suite("sso_matrix", given, CONFIG, tmp_path)
    assert failing(results) == ["sso_matrix_cells_tested", "sso_matrix_cells_passed"]
    assert results[-1].keys == ("hr_admin / Sales",)


def test_answers_about_strangers_repeated_or_missing_are_found(tmp_path):
    given = frames("synthetic_audit")
    answers = given["synthetic_recommendations"].copy()
    answers.loc[1, "synthetic_id"] = "s1"
    answers.loc[2, ["synthetic_id", "pathway_id"]] = ["stranger", "w9"]
    results = run_suite("synthetic_audit", {**given, "synthetic_recommendations": answers}, CONFIG, tmp_path)
    assert [name.removeprefix("synthetic_recommendations_") for name in failing(results)] == [
        "answers_unique",
        "volume_of_answers",
        "employee_known",
        "pathway_known",
    ]


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_missing_feed_fails_in_a_sentence_and_still_has_a_page(checkpoint, tmp_path):
    results = run_suite(checkpoint, {}, CONFIG, tmp_path)
    assert results
    assert all(item.blocks and "is missing" in item.detail for item in results)
    assert "is missing" in (tmp_path / checkpoint / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_feed_with_nothing_but_a_header_is_an_answer_not_a_crash(checkpoint, tmp_path):
    empty = {name: frame if name == "twins" else frame.iloc[:0] for name, frame in frames(checkpoint).items()}
    results = run_suite(checkpoint, empty, CONFIG, tmp_path)
    assert any(item.blocks and "volume" in item.check_name for item in results)
    assert not [item for item in results if "could not be evaluated" in item.detail]


def test_a_second_run_replaces_the_pages_of_its_checkpoint_alone(tmp_path):
    run_suite("pathways", frames("pathways"), CONFIG, tmp_path)
    run_suite("hris_feed", {}, CONFIG, tmp_path)
    before = sorted((tmp_path / "pathways").rglob("*.html"))
    run_suite("pathways", frames("pathways"), CONFIG, tmp_path)
    assert len(sorted((tmp_path / "pathways").rglob("*.html"))) == len(before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hris_feed", "pathways"]


def test_importing_the_suites_does_not_load_great_expectations():
    code = "import sys, checks.expectations; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "snippet",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<link rel='stylesheet' href='//cdn.example/x.css'>",
        '<img src="https://cdn.example/x.png?d=1"/>',
        "<style>a{background:url('https://cdn.example/x.png')}</style>",
        "<style>@import 'https://cdn.example/x.css';</style>",
        '<a class="x" href="https://cdn.example/">a word</a>',
        "<a onclick=\"fetch('https://cdn.example/')\" href='#here'>a word</a>",
        '<iframe src="https://cdn.example/"></iframe>',
    ],
)
def test_nothing_from_another_host_survives(snippet):
    page = offline(f"<html><head><title>t</title></head><body>kept {snippet}</body></html>")
    assert "cdn.example" not in page
    assert "kept" in page
    assert ("a word" in page) == ("a word" in snippet)
