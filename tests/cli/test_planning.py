"""`pilot propose` and `pilot power` say what could be, name nobody, and store nothing of the pilot's."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import cohort_company as company
import pandas as pd
import pytest
import yaml
from commandline import Command

from pilot_pipeline.registration import Lock
from pilot_pipeline.warehouse.connection import open_warehouse

NOW = ("--now", "2025-12-20")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A pilot of a made-up company in which every second of those who lead nobody has opted in."""
    people = company.employees()
    stored = people.drop(columns="id_rank").assign(as_of="2025-12-15")
    stored.to_csv(tmp_path / "employees.csv", index=False, date_format="%Y-%m-%d")
    willing = people.loc[people["role_level"] < 5, "employee_id"].iloc[::2]
    consents = company.consents(willing)
    for column in ("briefed_at", "decided_at"):
        consents[column] = consents[column].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    consents.to_csv(tmp_path / "consents.csv", index=False)
    raw = json.loads(company.config(design="matched_pair_randomised").model_dump_json())
    settings = {key: raw[key] for key in ("pilot", "organisation", "cohort", "privacy")}
    settings["feeds"] = {name: {"source": f"{name}.csv"} for name in ("employees", "consents", "tool_events")}
    settings["feeds"]["employees"]["dates"] = {"as_of": ["%Y-%m-%d"], "hired_on": ["%Y-%m-%d"]}
    (tmp_path / "pilot.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return tmp_path


def test_a_proposal_says_how_representative_it_is_and_names_nobody(pilot: Command, site: Path) -> None:
    before = sorted(path.name for path in site.iterdir())
    told = pilot("propose", "--config", site / "pilot.yaml", *NOW)
    assert told.code == 0, told.err
    words = " ".join(told.out.split())
    assert "30 of 30 participants (proposed from the volunteers) have a control" in words
    assert "seats are held by another group" in words or "The proposal is representative" in words
    assert "department: D0" in words and "groups are not shown" in words
    assert "p_" not in told.out
    assert sorted(path.name for path in site.iterdir()) == before


def test_the_people_are_written_only_on_demand_only_for_their_owner_and_only_once(pilot: Command, site: Path) -> None:
    out = site / "who.csv"
    assert pilot("propose", "--config", site / "pilot.yaml", *NOW, "--out", out).code == 0
    places = pd.read_csv(out)
    assert places["arm"].value_counts().to_dict() == {"control": 30, "pilot": 30}
    assert set(places["employee_id"]) <= set(pd.read_csv(site / "employees.csv")["employee_id"])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    again = pilot("propose", "--config", site / "pilot.yaml", *NOW, "--out", out)
    assert again.code == 2 and "exists already" in again.err


@pytest.mark.parametrize(("place", "words"), [("feeds/x.csv", "never written"), ("nowhere/x.csv", "cannot be written")])
def test_a_place_that_cannot_be_is_refused(pilot: Command, site: Path, place: str, words: str) -> None:
    told = pilot("propose", "--config", site / "pilot.yaml", *NOW, "--out", site / place)
    assert told.code == 2 and words in " ".join(told.err.split())


def test_a_proposal_as_enrolments_gives_the_same_pairs(pilot: Command, site: Path) -> None:
    pilot("propose", "--config", site / "pilot.yaml", *NOW, "--out", site / "enrolments.csv")
    first = json.loads(pilot("power", "--config", site / "pilot.yaml", *NOW, "--json").out)
    settings = yaml.safe_load((site / "pilot.yaml").read_text(encoding="utf-8"))
    settings["feeds"]["enrolments"] = {"source": "enrolments.csv"}
    (site / "pilot.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    told = pilot("power", "--config", site / "pilot.yaml", *NOW, "--json")
    assert told.code == 0, told.err
    assert json.loads(told.out) == first
    assert "enrolments name the participants" in pilot("propose", "--config", site / "pilot.yaml", *NOW).out


def test_too_few_volunteers_and_volunteers_picked_for_low_scores_are_refused(pilot: Command, site: Path) -> None:
    consents, people = pd.read_csv(site / "consents.csv"), pd.read_csv(site / "employees.csv")
    consents.head(12).to_csv(site / "consents.csv", index=False)
    told = pilot("propose", "--config", site / "pilot.yaml", *NOW)
    assert told.code == 2 and "12 active people opted in" in " ".join(told.err.split())
    lowest = people[people["role_level"] < 5].nsmallest(90, "performance_score")["employee_id"]
    worst = pd.concat([consents.head(1)] * 90, ignore_index=True).assign(employee_id=lowest.to_numpy())
    worst.to_csv(site / "consents.csv", index=False)
    told = pilot("propose", "--config", site / "pilot.yaml", *NOW)
    assert told.code == 2 and "selected for low performance" in " ".join(told.err.split())


def test_a_locked_cohort_is_not_proposed_anew(pilot: Command, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "pilot.lock.json").touch()
    told = pilot("propose", "--config", site / "pilot.yaml", *NOW)
    assert told.code == 2 and "has fixed the cohort" in " ".join(told.err.split())
    pairs = pd.DataFrame({"pair_id": [*range(30)] * 2, "cluster": [pair % 6 for pair in range(30)] * 2})
    pairs["arm"], pairs["employee_id"] = ["pilot"] * 30 + ["control"] * 30, "someone"
    lock = Lock({"members": pairs.to_dict("records")}, "sha")
    monkeypatch.setattr("pilot_pipeline.registration.read_lock", lambda path: lock)
    told = pilot("power", "--config", site / "pilot.yaml", *NOW)
    assert told.code == 0 and "30 pairs, 6 clusters, 30 participants, as locked" in told.out


def test_a_lock_after_the_outcomes_is_refused(pilot: Command, site: Path) -> None:
    reads = pd.DataFrame({"feed": ["tool_events"], "rows_accepted": [9], "fresh_as_of": [pd.Timestamp("2026-01-06")]})
    (site / "var").mkdir(mode=0o700)
    with open_warehouse(site / "var" / "warehouse.duckdb") as warehouse:
        warehouse.write("feeds.feed_reads", reads)
    told = pilot("lock", "--config", site / "pilot.yaml", "--as-of", "2025-12-22", "--attested-by", "works council")
    assert told.code == 2 and "Outcomes have been read already" in " ".join(told.err.split())
    assert not (site / "pilot.lock.json").exists()


def test_a_planned_cohort_needs_no_feeds_and_can_be_drawn(pilot: Command, site: Path) -> None:
    (site / "employees.csv").unlink()
    sizes = ("--pairs", 40, "--clusters", 10)
    told = pilot("power", "--config", site / "pilot.yaml", *sizes, "--plot", site / "power.svg")
    assert told.code == 0 and "40 pairs, 10 clusters, 40 participants, as planned" in told.out
    assert "attrition" in told.out and "cannot answer" in told.out
    assert "40 pairs, 10 clusters" in (site / "power.svg").read_text(encoding="utf-8")
    said = json.loads(pilot("power", "--config", site / "pilot.yaml", *sizes, "--json").out)
    assert {row["kpi"]: row["needed_per_arm"] for row in said["kpis"]}["attrition"] == 1100


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (("--pairs", 40), "needs both: --pairs and --clusters"),
        (("--pairs", 10, "--clusters", 11), "10 pairs have 2 to 10 clusters"),
        (("--pairs", 40, "--clusters", 8, "--plot", "power.doc"), ".svg"),
    ],
)
def test_sizes_that_cannot_be_are_refused(pilot: Command, site: Path, sizes: tuple[object, ...], words: str) -> None:
    told = pilot("power", "--config", site / "pilot.yaml", *sizes)
    assert told.code == 2 and words in " ".join(told.err.split())
