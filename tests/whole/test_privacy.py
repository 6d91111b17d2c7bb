"""Planted names, e-mails and ids are found nowhere that others read: release, event log, compute logs, Data Docs."""

from __future__ import annotations

import pytest
from whole_pilots import PLANTED_EMAIL, PLANTED_NAME, TABLES, Identifiers, Own, files

pytestmark = pytest.mark.slow


def test_the_search_itself_finds_what_was_planted(own: Own, identifiers: Identifiers) -> None:
    feeds = dict(files(own.site.root / "feeds"))
    assert PLANTED_EMAIL in identifiers.found(feeds["issue_log.csv"])
    assert PLANTED_NAME.casefold() in identifiers.found(feeds["pulse_responses.csv"])
    assert len(identifiers.found(feeds["enrolments.csv"]) & identifiers.ids) >= 30
    assert identifiers.found("Quackenbush, Zebulon")
    assert identifiers.found("by Zebulon Quackenbush.")


@pytest.mark.parametrize("name", TABLES)
def test_no_published_table_holds_an_identifier(own: Own, identifiers: Identifiers, name: str) -> None:
    rows = own.site.query(f"FROM pilot.pilot.{name}")
    assert identifiers.found("\n".join(str(row) for row in rows)) == set()


@pytest.mark.parametrize("directory", ["published", "var/dagster", "var/data_docs"])
def test_no_file_that_others_read_holds_an_identifier(own: Own, identifiers: Identifiers, directory: str) -> None:
    found = {name: hits for name, text in files(own.site.root / directory) if (hits := identifiers.found(text))}
    assert found == {}


def test_dagster_did_log_what_was_searched(own: Own) -> None:
    logged = dict(files(own.site.root / "var" / "dagster"))
    assert any(name.endswith(".db") and "ASSET_MATERIALIZATION" in text for name, text in logged.items())


def test_nothing_that_was_printed_holds_an_identifier(own: Own, identifiers: Identifiers) -> None:
    for told in (own.init, own.lock, own.first, own.site.told):
        assert identifiers.found(told.words) == set()


def test_the_lock_file_holds_none(own: Own, identifiers: Identifiers) -> None:
    assert identifiers.found((own.site.root / "pilot.lock.json").read_text(encoding="utf-8")) == set()


def test_an_issue_that_names_somebody_is_published_without_them(own: Own) -> None:
    (issue,) = own.site.table("top_issues").query("rank == 1").to_dict("records")
    assert issue["title"] == "Sign-in of [e-mail removed] ([person removed]) failed for a week"
    assert issue["fix"] == "Call [person removed]"


def test_the_rows_with_planted_cells_are_in_quarantine_without_the_cells(own: Own) -> None:
    for feed in ("employees", "pulse_responses"):
        listed = (own.site.root / "var" / "quarantine" / f"{feed}.csv").read_text(encoding="utf-8")
        assert PLANTED_NAME not in listed
        assert PLANTED_EMAIL not in listed
    assert "performance_score" in (own.site.root / "var" / "quarantine" / "employees.csv").read_text(encoding="utf-8")
