"""A rehearsal among an organisation's own people ends in a scorecard that nobody can take for a verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rehearsal_export import MAPPING, export, write_export
from whole_pilots import MADE_ON, TABLES, Site, pilot

pytestmark = pytest.mark.slow

ROWS = export()
MAILS = "quittenbaum.no"


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Site:
    place = tmp_path_factory.mktemp("rehearsal")
    rows = ROWS.assign(Mail=[f"{MAILS}{number}@quittenbaum.example" for number in range(len(ROWS))])
    mapping = MAPPING.replace("columns: {", "columns: {email: Mail, ")
    population, mapped = write_export(place, rows, mapping)
    root = place / "pilot"
    told = pilot(*("demo", "--population", population, "--mapping", mapped, "--dir", root, "--now", MADE_ON), cwd=place)
    return Site(root, told)


def _files(directory: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(directory)), path.read_bytes().decode("latin-1")


def test_it_runs_to_the_end_and_answers_what_the_organisation_allows(rehearsal: Site) -> None:
    assert rehearsal.told.code == 0, rehearsal.told.err
    words = rehearsal.told.words
    assert re.search(r"Pairs that \d+ people who lead nobody allow", words)
    assert re.search(r"exact [\d,]+ [\d,]+", words)
    assert re.search(r"\d+ pairs in \d+ judging clusters find an effect of [\d.]+ SD of a pair difference", words)
    assert "Simulated: manager id, business unit" in words


def test_terminal_table_and_page_all_say_rehearsal_and_none_decides(rehearsal: Site) -> None:
    assert "Rehearsal: decides nothing" in rehearsal.told.words
    row = rehearsal.table("decision").iloc[0]
    assert (row["decision"], row["label"]) == ("reconfigure", "directional")
    notice, would = row["reasons"].splitlines()[:2]
    assert notice.startswith("This is a rehearsal: ")
    assert re.fullmatch(r"On the simulated outcomes the rule would have said (go|no-go|reconfigure) \(\w+\)\.", would)
    assert set(rehearsal.table("kpi_scorecard")["label"]) == {"directional"}
    assert "Scorecard of a rehearsal, not of a pilot" in rehearsal.scorecard
    assert "<title>AI coaching pilot, a rehearsal: Rehearsal</title>" in rehearsal.scorecard
    assert "Managers are simulated, so which pairs share a manager rests on invented teams." in rehearsal.scorecard


def test_all_eleven_tables_are_there(rehearsal: Site) -> None:
    assert {path.stem for path in rehearsal.published.glob("*.parquet")} == set(TABLES)
    assert rehearsal.table("weekly_kpis")["week_no"].nunique() == 12


@pytest.mark.parametrize("directory", ["published", "var/dagster", "var/data_docs"])
def test_no_id_name_or_address_of_the_export_is_published_or_logged(rehearsal: Site, directory: str) -> None:
    known = set(ROWS["Number"])
    searched = 0
    for name, text in _files(rehearsal.root / directory):
        searched += 1
        assert not {found for found in re.findall(r"EMP-\d{5}", text) if found in known}, name
        assert "quittenbaum" not in text.casefold(), name
    assert searched
    assert "quittenbaum" not in rehearsal.told.words.casefold()
    assert "EMP-" not in rehearsal.told.words


def test_the_search_itself_would_have_found_them(rehearsal: Site) -> None:
    feeds = "".join(text for _, text in _files(rehearsal.root / "feeds"))
    assert MAILS in feeds
    assert ROWS["Number"].iloc[0] in feeds
    assert (rehearsal.root / "feeds").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--population", "hris.csv"], "A rehearsal needs both: --population names the HRIS export"),
        (["--mapping", "mapping.yaml"], "A rehearsal needs both: --population names the HRIS export"),
        (["--population", "hris.csv", "--mapping", "mapping.yaml", "--dir", "."], "which a rehearsal writes anew"),
        (["--population", "hris.csv", "--mapping", "mapping.yaml", "--scenario", "efective"], "effective"),
    ],
)
def test_wrong_options_end_in_one_sentence_and_touch_nothing(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    write_export(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    told = pilot("demo", *arguments, cwd=tmp_path)
    assert told.code == 2
    assert sentence in told.words
    assert "Traceback" not in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
