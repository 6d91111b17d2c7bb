"""The lock: made once, dated honestly, and anything edited afterwards is named."""

import json
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pilot_pipeline.config import PilotConfig, parse_config
from pilot_pipeline.errors import BadInput
from pilot_pipeline.registration import build_lock, read_lock, write_lock

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
