"""The lock: made once, dated honestly, and anything edited afterwards is named."""

import json
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pilot_pipeline.config import Home, Pilot, PilotConfig, parse_config
from pilot_pipeline.errors import BadInput
from pilot_pipeline.readiness.current import unchanged_since_lock
from pilot_pipeline.readiness.results import Requirement
from pilot_pipeline.registration import Lock, build_lock, read_lock, write_lock
from pilot_pipeline.registration.design import refuse_seen_outcomes
from pilot_pipeline.warehouse.connection import open_warehouse

NOW = datetime(2026, 1, 2, 9, 30)
TODAY = NOW.date()
MEMBERS = pd.DataFrame(
    {
        "employee_id": ["p_b", "p_a", "p_c"],
        "arm": ["control", "pilot", "pilot"],
        "pair_id": pd.array([1, 1, None], dtype="Int64"),
        "cluster": pd.array([1, 1, None], dtype="Int64"),
        "performance_score": [3.25, 3.1, None],
    }
)


def config(**changes: object) -> PilotConfig:
    text = f"""
        pilot: {{starts_on: 2026-01-05}}
        organisation: {{employees: 800}}
        privacy: {{pseudonym_key: {"k" * 32}}}
        kpis: {{adoption: {{target: {changes.get("adoption", 0.7)}}}}}
        decision: {{min_pairs: {changes.get("min_pairs", 30)}}}
        feeds:
          employees: {{source: a.csv}}
          consents: {{source: b.csv}}
          tool_events: {{source: c.csv}}
    """
    return parse_config(yaml.safe_load(text), {}, "pilot.yaml")


def locked(path: Path, as_of: date = TODAY, attested_by: str | None = None) -> str:
    lock = build_lock(config(), MEMBERS, "hash", date(2025, 12, 15), as_of, NOW, attested_by, today=TODAY)
    return write_lock(path, lock)


def test_a_lock_comes_back_as_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "pilot.lock.json"
    sha = locked(path)
    lock = read_lock(path)
    assert lock is not None
    assert (lock.sha256, lock.state, lock.locked_on) == (sha, "witnessed", NOW.date())
    back = lock.members.set_index("employee_id").sort_index()
    assert back["arm"].to_dict() == {"p_a": "pilot", "p_b": "control", "p_c": "pilot"}
    assert back["performance_score"].to_list()[:2] == [3.1, 3.25]
    assert pd.isna(back.loc["p_c", "pair_id"])


def test_the_same_lock_has_the_same_bytes_whatever_the_order_of_people(tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    locked(first)
    shuffled = build_lock(config(), MEMBERS.iloc[::-1], "hash", date(2025, 12, 15), TODAY, NOW, None, today=TODAY)
    write_lock(second, shuffled)
    assert first.read_bytes() == second.read_bytes()


def test_a_lock_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "pilot.lock.json"
    locked(path)
    before = path.read_bytes()
    with pytest.raises(BadInput, match="made once"):
        locked(path)
    assert path.read_bytes() == before


def test_back_dating_needs_a_role_and_shows_as_attested(tmp_path: Path) -> None:
    path = tmp_path / "pilot.lock.json"
    with pytest.raises(BadInput, match="--attested-by"):
        locked(path, date(2025, 12, 22))
    locked(path, date(2025, 12, 22), "works council")
    lock = read_lock(path)
    assert lock is not None
    assert (lock.state, lock.attested_by) == ("attested", "works council")


def test_an_instant_in_the_past_is_no_witness(tmp_path: Path) -> None:
    """`pilot lock --now` moves the run's instant, not the clock."""
    with pytest.raises(BadInput, match="--attested-by"):
        build_lock(config(), MEMBERS, "hash", date(2025, 12, 15), TODAY, NOW, None, today=date(2026, 4, 1))


def test_a_lock_cannot_come_from_the_future(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="future"):
        locked(tmp_path / "pilot.lock.json", date(2026, 2, 1), "works council")


def test_every_later_edit_is_named_with_both_values(tmp_path: Path) -> None:
    path = tmp_path / "pilot.lock.json"
    locked(path)
    lock = read_lock(path)
    assert lock is not None
    assert lock.deviations(config()) == ()
    assert lock.deviations(config(adoption=0.6, min_pairs=20)) == (
        "decision.min_pairs was locked at 30 and is now 20.",
        "kpis.adoption.target was locked at 0.7 and is now 0.6.",
    )
    assert "not the locked ones" in lock.deviations(config(), "another hash")[0]


def test_a_key_that_came_later_is_a_deviation_only_where_it_is_not_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "pilot.lock.json"
    locked(path)
    data = json.loads(path.read_text())
    del data["settings"]["cohort"]["relax_for"]
    older = Lock(data, "sha")
    assert older.deviations(config()) == ()
    today = config()
    changed = today.model_copy(update={"cohort": today.cohort.model_copy(update={"relax_for": "quotas"})})
    assert older.deviations(changed) == ('cohort.relax_for was locked at not set and is now "quotas".',)


@pytest.fixture
def site(tmp_path: Path) -> Pilot:
    """A locked pilot whose cohort follows from the feeds as it did."""
    pilot = Pilot(config(), Home(tmp_path))
    locked(pilot.home.lock_file)
    facts = pd.DataFrame({"fact": ["match_hash"], "position": [0], "statement": ["hash"]})
    with open_warehouse(pilot.home.warehouse) as warehouse:
        warehouse.write("cohort.cohort_facts", facts)
    return pilot


def told(pilot: Pilot) -> Requirement:
    with open_warehouse(pilot.home.warehouse) as warehouse:
        return next(unchanged_since_lock(warehouse, pilot))


def test_check_says_that_nothing_has_changed_since_the_lock(site: Pilot) -> None:
    assert told(site).passed and "are as they were locked" in told(site).detail


def test_check_names_an_edited_target_rule_and_cohort(site: Pilot) -> None:
    edited = Pilot(config(adoption=0.6, min_pairs=20), site.home)
    with open_warehouse(site.home.warehouse) as warehouse:
        warehouse.write(
            "cohort.cohort_facts", pd.DataFrame({"fact": ["match_hash"], "position": [0], "statement": ["another"]})
        )
    found = told(edited)
    assert not found.passed and found.severity == "warn" and found.detail.endswith("The result is directional.")
    for words in ("min_pairs was locked at 30 and is now 20", "adoption.target was locked at 0.7", "The matched pairs"):
        assert words in found.detail


def test_check_names_a_lock_whose_cohort_was_edited(site: Pilot) -> None:
    path = site.home.lock_file
    path.write_text(path.read_text().replace('"arm":"pilot"', '"arm":"control"', 1))
    assert not told(site).passed and "the locked cohort was edited" in told(site).detail


def test_a_lock_after_the_outcomes_is_refused_and_baselines_do_not_matter(site: Pilot) -> None:
    reads = pd.DataFrame({"feed": ["manager_time"], "rows_accepted": [9], "fresh_as_of": [pd.Timestamp("2026-01-04")]})
    with open_warehouse(site.home.warehouse) as warehouse:
        refuse_seen_outcomes(warehouse, site)
        warehouse.write("feeds.feed_reads", reads)
        refuse_seen_outcomes(warehouse, site)
        warehouse.write("feeds.feed_reads", reads.assign(feed="employees", fresh_as_of=pd.Timestamp("2026-03-01")))
        refuse_seen_outcomes(warehouse, site)
        warehouse.write("feeds.feed_reads", reads.assign(feed="tool_events", fresh_as_of=pd.Timestamp("2026-01-05")))
        with pytest.raises(BadInput, match=r"Outcomes have been read already \(tool_events from 2026-01-05 on\)"):
            refuse_seen_outcomes(warehouse, site)


def test_an_edited_cohort_breaks_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "pilot.lock.json"
    locked(path)
    data = json.loads(path.read_text())
    data["members"][0]["arm"] = "control"
    path.write_text(json.dumps(data))
    with pytest.raises(BadInput, match="cohort was edited"):
        read_lock(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"members": []}', b"null"])
def test_what_is_no_lock_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pilot.lock.json"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="not a readable lock"):
        read_lock(path)


def test_no_file_is_no_lock(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "pilot.lock.json") is None
