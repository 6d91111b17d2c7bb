"""`pilot map` proposes a mapping that pilot.yaml takes as it is, previews it, and quotes nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from commandline import Command

from pilot_pipeline.config import FeedSource

HR = """EmpNo;First Name;Last Name;Reports To;Dept;Job Title;Grade;Status;Hire Date;DOB;Sex;Cost Centre
007;Ann;Lee;;Ops;Head;5;Active;01/31/2019;07/10/59;F;17
008;Bob;Ray;Lee, Ann;Ops;Clerk;3;Active;12/24/2020;11/24/68;M;17
009;Cy;Day;Ann Lee;Ops;Clerk;3;Terminated for Cause;2/29/2020;01/02/03;M;17
010;Di;Fox;Ann Lee;Ops;Clerk;99;Gone fishing;1/1/20;01/02/93;M;17
"""


def proposed(out: str) -> dict:
    text = out.partition("\n? ")[0].partition("\n4 rows")[0]
    return yaml.safe_load(text)


@pytest.fixture
def hr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hr_2025-12-15.csv").write_text(HR, encoding="utf-8")
    return Path("hr_2025-12-15.csv")


def test_a_dirty_export_is_mapped_and_previewed(pilot: Command, hr: Path):
    ended = pilot("map", "employees", hr)
    assert ended.code == 0, ended.err
    source = proposed(ended.out)["feeds"]["employees"]
    FeedSource.model_validate(source)
    assert source["columns"] == {
        "employee_id": "EmpNo",
        "manager_id": "Reports To",
        "department": "Dept",
        "role": "Job Title",
        "role_level": "Grade",
        "employment_status": "Status",
        "hired_on": "Hire Date",
        "gender": "Sex",
        "birth_year": "DOB",
    }
    assert source["by_name"] == {"manager_id": ["First Name", "Last Name"]}
    assert source["filename"] == {"as_of": "%Y-%m-%d"}
    assert source["dates"] == {"hired_on": ["%m/%d/%Y", "%m/%d/%y"], "birth_year": ["%m/%d/%y"]}
    assert source["two_digit_years"] == {"hired_on": 68, "birth_year": 10}
    assert source["values"] == {"employment_status": {"Terminated for Cause": "terminated"}}
    assert source["ignore"] == ["Cost Centre"]
    assert "? employment_status: say in `values` what 'Gone fishing' means" in ended.out
    assert "4 rows read: 3 would be accepted, 1 quarantined." in ended.out
    assert "role_level lies outside 1 to 10" in ended.out
    assert "Lee" not in ended.out and "Bob" not in ended.out
    assert [path.name for path in Path().iterdir()] == [hr.name]


@pytest.mark.parametrize(
    ("name", "cells", "meaning"),
    [
        ("Attrition", ("Yes", "No"), {"No": "active", "Yes": "terminated"}),
        ("Active", ("1", "0"), {"0": "terminated", "1": "active"}),
        ("Status", ("1", "0"), None),
    ],
)
def test_yes_and_no_mean_what_the_name_of_their_column_says(pilot: Command, hr: Path, name, cells, meaning):
    rows = [f"{i},{cell},Ops,Clerk,3,2019-01-01" for i, cell in enumerate(cells)]
    hr.write_text("\n".join([f"id,{name},department,role,role_level,hired_on", *rows]))
    out = pilot("map", "employees", hr).out
    values = yaml.safe_load(out.partition("\n? ")[0].partition("\n2 rows")[0])["feeds"]["employees"].get("values")
    assert values == (meaning and {"employment_status": meaning})
    assert ("say in `values` what '0', '1' means" in out) == (meaning is None)


def test_what_is_missing_is_said_and_may_be_given_for_a_preview(pilot: Command, hr: Path):
    hr.write_text("EmpNo,Dept,Job Title,Status\n1,Ops,Clerk,A\n")
    first = pilot("map", "employees", hr)
    assert "# nothing found for hired_on" in first.out and "--constant NAME=VALUE" in first.out
    given = ("--constant", "hired_on=2019-01-01", "--constant", "role_level=3")
    assert "1 rows read: 1 would be accepted" in pilot("map", "employees", hr, *given).out
    wrong = pilot("map", "employees", hr, "--constant", "hired_on")
    assert (wrong.code, "not of the form NAME=VALUE" in wrong.err) == (2, True)


def test_a_vendor_s_log_is_known_by_its_shape(pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("log.json").write_text(
        '{"value": [{"id": "a", "createdDateTime": "2025-12-30T08:00:00Z", "userPrincipalName": "a@b.example", '
        '"status": {"errorCode": 0}}]}'
    )
    ended = pilot("map", "sso_signins", "log.json", "--constant", "is_test=true")
    assert "format: entra_signin" in ended.out
    assert "1 rows read: 1 would be accepted, 0 quarantined." in ended.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("employes", "x.csv"), "'employes' is not a feed. Did you mean 'employees'?"),
        (("employees", "gone.csv"), "gone.csv is not a file."),
        (("employees", "hr.dat"), "its ending does not tell the format"),
    ],
)
def test_what_cannot_be_mapped_is_refused_in_a_sentence(pilot: Command, hr: Path, arguments, sentence):
    Path("hr.dat").write_text("x")
    ended = pilot("map", *arguments)
    assert ended.code == 2
    assert sentence in " ".join(ended.err.split())
