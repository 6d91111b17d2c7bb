"""`pilot audit` shows the audits that the warehouse holds, and runs nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from commandline import Command

from pilot_pipeline.config import Pilot, load_pilot
from pilot_pipeline.fairness.export import LL144
from pilot_pipeline.simulation.company import pilot_yaml, pseudonym_key
from pilot_pipeline.warehouse.connection import open_warehouse
from pilot_pipeline.warehouse.tables import TABLES


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    monkeypatch.setenv("PILOT_PSEUDONYM_KEY", pseudonym_key(1))
    (tmp_path / "pilot.yaml").write_text(pilot_yaml("effective", 1), encoding="utf-8")
    return load_pilot(tmp_path / "pilot.yaml")


def _store(pilot: Pilot, table: str, rows: list[tuple[object, ...]]) -> None:
    columns = TABLES[table].types
    with open_warehouse(pilot.home.warehouse) as warehouse:
        warehouse.write(table, pd.DataFrame(rows, columns=[*columns]), columns=columns)


def _audited(pilot: Pilot) -> None:
    day = date(2026, 1, 2)
    _store(
        pilot,
        "fairness.synthetic_rates",
        [
            ("synthetic", day, "gender", group, "P-A", 800, rate, rate / 0.4, 0.01, 0.004, "bias_found", False)
            for group, rate in (("female", 0.4), ("male", 0.2))
        ],
    )
    statements = [
        ("synthetic", "verdict", 0, "bias_found"),
        ("synthetic", "finding", 0, "gender: bias found (family p 0.004, the line is 0.01)."),
        ("inputs", "finding", 0, "Within roles no group differs in ratings by more than chance explains."),
    ]
    _store(pilot, "fairness.audit_findings", statements)


def test_verdicts_and_sentences_are_shown(pilot: Command, stored: Pilot) -> None:
    _audited(stored)
    ended = pilot("audit", "--config", stored.home.root / "pilot.yaml")
    assert (ended.code, ended.err) == (0, "")
    assert "Before launch, on synthetic employees (2026-01-02)" in ended.out
    assert "bias found" in ended.out
    assert "0.004" in ended.out
    assert "Within roles no group differs in ratings" in ended.out


def test_as_json_with_the_keys_that_help_names(pilot: Command, stored: Pilot) -> None:
    _audited(stored)
    told = json.loads(pilot("audit", "--config", stored.home.root / "pilot.yaml", "--json").out)
    (one,) = told["audits"]
    assert one["attributes"] == [{"attribute": "gender", "verdict": "bias_found", "q_value": 0.004}]
    assert one["findings"] == ["gender: bias found (family p 0.004, the line is 0.01)."]
    assert told["inputs"] == ["Within roles no group differs in ratings by more than chance explains."]


def test_the_table_of_local_law_144_is_written(pilot: Command, stored: Pilot, tmp_path: Path) -> None:
    _audited(stored)
    out = tmp_path / "ll144.csv"
    ended = pilot("audit", "--config", stored.home.root / "pilot.yaml", "--ll144", out)
    assert ended.code == 0
    table = pd.read_csv(out)
    assert list(table.columns) == LL144
    assert table.set_index("category")["impact_ratio"].to_dict() == {"female": 1.0, "male": 0.5}
    nowhere = pilot("audit", "--config", stored.home.root / "pilot.yaml", "--ll144", tmp_path / "no" / "x.csv")
    assert nowhere.code == 2
    assert "cannot be written" in nowhere.err


def test_without_an_audit_there_is_a_sentence(pilot: Command, stored: Pilot) -> None:
    ended = pilot("audit", "--config", stored.home.root / "pilot.yaml")
    assert ended.code == 1
    assert "No bias audit has been made yet; `pilot check` makes the one before launch." in ended.err
    _store(stored, "fairness.audit_findings", [("synthetic", "refusal", 0, "The recommender dropped 3 of 60.")])
    assert "The recommender dropped 3 of 60." in pilot("audit", "--config", stored.home.root / "pilot.yaml").err
