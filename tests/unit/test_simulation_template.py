"""`pilot init` leaves a pilot that loads, a secret key, and samples that nobody reads as data."""

import csv
import stat
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pilot_pipeline.config import FeedSource, load_pilot
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.intake import take_in
from pilot_pipeline.privacy.pseudonyms import Pseudonyms
from pilot_pipeline.simulation.pilot_file import render_pilot_yaml, source_of
from pilot_pipeline.simulation.template import write_template

TODAY = date(2026, 11, 19)


def test_a_new_pilot_loads_and_proposes_the_stronger_design(tmp_path: Path) -> None:
    path = write_template(tmp_path / "new", TODAY)[0]
    config = load_pilot(path, {}).config
    assert config.cohort.design == "matched_pair_randomised"
    assert config.pilot.starts_on == date(2027, 1, 11)
    assert config.pilot.starts_on > TODAY
    assert config.alerts.webhook is None
    assert config.roi.rollout_adoption is None


def test_governance_is_blank_so_that_nobody_goes_live_unanswered(tmp_path: Path) -> None:
    config = load_pilot(write_template(tmp_path, TODAY)[0], {}).config
    assert config.governance.data_owner == ""
    assert set(config.governance.answers.model_dump().values()) == {""}
    assert config.governance.privacy_brief_published_on is None


def test_each_pilot_has_its_own_key_that_only_the_owner_can_read(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        write_template(tmp_path / name, TODAY)
        assert stat.S_IMODE((tmp_path / name / ".env").stat().st_mode) == 0o600
        keys.add(load_pilot(tmp_path / name / "pilot.yaml", {}).config.privacy.pseudonym_key)
    assert len(keys) == 2
    assert all(len(key) == 64 for key in keys)


@pytest.mark.parametrize("existing", ["pilot.yaml", ".env", "feeds/consents.sample.csv", "feeds/README.md"])
def test_nothing_that_exists_is_written_over_and_nothing_else_is_written_then(tmp_path: Path, existing: str) -> None:
    path = tmp_path / existing
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="exists already"):
        write_template(tmp_path, TODAY)
    assert path.read_text(encoding="utf-8") == "mine"
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_a_directory_that_is_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be written"):
        write_template(tmp_path / "taken", TODAY)


def test_no_default_place_of_a_feed_finds_a_sample(tmp_path: Path) -> None:
    write_template(tmp_path, TODAY)
    assert [path for feed in CANON for path in tmp_path.glob(source_of(feed))] == []


@pytest.mark.parametrize("feed", list(CANON))
def test_every_sample_has_the_canonical_columns_and_is_read_without_a_complaint(tmp_path: Path, feed: str) -> None:
    written = write_template(tmp_path, TODAY)
    sample = tmp_path / "feeds" / f"{feed}.sample.csv"
    assert sample in written
    with sample.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == CANON[feed].names
    assert rows
    source = FeedSource(source=f"feeds/{feed}.sample.csv")
    got = take_in(CANON[feed], source, tmp_path, [], Pseudonyms("0123456789abcdef"), ZoneInfo("UTC"))
    assert got.read.rows_quarantined == 0


def test_the_readme_documents_every_column_of_every_feed(tmp_path: Path) -> None:
    write_template(tmp_path, TODAY)
    text = (tmp_path / "feeds" / "README.md").read_text(encoding="utf-8")
    for feed in CANON.values():
        section = text.split(f"## {feed.name}\n")[1].split("\n## ")[0]
        assert all(f"| {name} |" in section for name in feed.names)


def test_every_optional_feed_can_be_switched_on_by_taking_its_hash_away(tmp_path: Path) -> None:
    path = write_template(tmp_path, TODAY)[0]
    text = path.read_text(encoding="utf-8")
    for feed in CANON:
        text = text.replace(f"  # {feed}: {{", f"  {feed}: {{")
    path.write_text(text, encoding="utf-8")
    feeds = load_pilot(path, {}).config.feeds
    assert all(feeds.get(feed) is not None for feed in CANON)


def test_a_value_without_a_place_is_a_programming_error() -> None:
    with pytest.raises(KeyError, match="favourite_colour"):
        render_pilot_yaml({"favourite_colour": "blue"})
