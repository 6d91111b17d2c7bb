"""A pilot.yaml that was typed in haste is refused in a sentence that names the place; nothing is guessed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pilot_pipeline.config import PilotConfig, load_pilot, parse_config
from pilot_pipeline.config.yaml_text import parse_yaml
from pilot_pipeline.errors import BadInput
from pilot_pipeline.simulation.company import pilot_yaml

SECRETS = {"PILOT_PSEUDONYM_KEY": "sixteen letters and more"}
SOUND = pilot_yaml("effective", 1)


def parsed(text: str) -> PilotConfig:
    return parse_config(parse_yaml(text, "pilot.yaml"), SECRETS, "pilot.yaml")


def edited(old: str, new: str) -> str:
    assert SOUND.count(old) >= 1
    return SOUND.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("weeks: 12 ", "weeks: twelve ", "pilot.weeks must be 12 or 16."),
        ("employees: 812", "employees: many", "organisation.employees must be a whole number."),
        ("starts_on: 2026-01-05", "starts_on: 2026-13-45", "pilot.starts_on must be a date such as 2026-01-05."),
        ("starts_on: 2026-01-05", "starts_on: 05/01/2026", "pilot.starts_on must be a date such as 2026-01-05."),
        ("starts_on: 2026-01-05", "starts_on: 20260105", "pilot.starts_on must be a date such as 2026-01-05."),
        ("starts_on: 2026-01-05", "starts_on: 9999-12-27", "pilot.starts_on: 9999-12-27 is not in this century."),
        ("starts_on: 2026-01-05", "starts_on: 2026-01-06", "starts on a Monday, for example 2026-01-05."),
        ("size: 30", "size: [30]", "cohort.size must be a whole number."),
        ("size: 30", "size: 19", "19 pairs are too few to measure anything"),
        ("size: 30", "true: 30", "cannot be read as a key; put it into quotes."),
        ("role_levels: [3, 4]", "role_levels: [3]", "cohort.role_levels has too few values."),
        ("role_levels: [3, 4]", "role_levels: [3, 4, 5]", "cohort.role_levels has too many values."),
        ("role_levels: [3, 4]", "role_levels: 3", "cohort.role_levels must be a list, such as [a, b]."),
        ("seed: 20260105", "seed: " + "9" * 6000, "cohort.seed is too large a number."),
        ("seed: 20260105", "seed: -1", "cohort.seed must be greater than or equal to 0."),
        ("alpha: 0.05", "alpha: .nan", "decision.alpha must be a finite number."),
        ("alpha: 0.05", "alpha: .inf", "decision.alpha must be a finite number."),
        ("first_ai_coaching_tool: true", "first_ai_coaching_tool: maybe", "must be true or false."),
        (
            "employees: {source",
            "employes: {source",
            "feeds.employes is not a key of pilot.yaml. Did you mean 'employees'?",
        ),
        ("employees: {source: feeds/employees/*.csv}", "employees: a.csv", "feeds.employees must be a section of keys"),
        (
            "employees: {source: feeds/employees/*.csv}",
            "employees: {source: 5}",
            "feeds.employees.source must be text.",
        ),
        ("timezone: Europe/Berlin", "timezone: ../../etc/passwd", "is not an IANA time zone such as Europe/Berlin."),
        ("recommender: {feed: synthetic_recommendations}", "recommender: {}", "give one of feed:"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named_by_its_key(old: str, new: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refusal:
        parsed(edited(old, new))
    assert sentence in str(refusal.value)
    assert "Input should" not in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("  size: 30", "  size: 30\n  size: 31", "line 23: the key 'size' was given on line 22 already"),
        ("privacy: {", "privacy: {min_group_size: 5, ", "the key 'min_group_size' was given on line"),
        ("  size: 30", "\tsize: 30", "a tab stands where YAML needs spaces"),
        ("  size: 30", "  size: &a [*a]", "an alias refers to what it is part of"),
        ("  size: 30", "  <<: *nothing", "found undefined alias 'nothing'"),
        ("  size: 30", "  ? [a, b]\n  : 30", "a key must be a single word, not a list"),
        ("  size: 30", "  size: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("  size: 30", "  size: 'open", "not valid YAML"),
        ("  size: 30", "  size: \x07", "it holds a character (#x0007)"),
    ],
)
def test_yaml_that_says_two_things_or_none_is_refused_with_its_line(old: str, new: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refusal:
        parsed(edited(old, new))
    assert sentence in str(refusal.value)
    assert str(refusal.value).startswith("pilot.yaml")


def bomb() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join(['*' + a] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(lines)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (bomb(), "aliases stand for more than 100,000 values"),
        ("[" * 100_000, "nested more than 40 levels deep"),
        ("{a: " * 200 + "1" + "}" * 200, "nested more than 40 levels deep"),
        ("\n".join(f"{' ' * n}k:" for n in range(300)), "nested more than 40 levels deep"),
        ("", "holds no sections"),
        ("# nothing but a comment\n", "holds no sections"),
        ("- a\n- list\n", "holds no sections"),
        ("a: 1\n---\nb: 2\n", "another document"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_at_once(text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        parsed(text)


def test_words_and_numbers_of_a_mapping_stay_what_was_typed() -> None:
    mapping = (
        "{source: a.csv, constants: {manager_id: 0012, as_of: 2025-12-15}, values: {outcome: {no: failure, off: x}}}"
    )
    source = parsed(
        edited("sso_signins: {source: feeds/sso_signins/*.jsonl}", f"sso_signins: {mapping}")
    ).feeds.sso_signins
    assert source is not None
    assert source.constants == {"manager_id": "0012", "as_of": "2025-12-15"}
    assert source.values == {"outcome": {"no": "failure", "off": "x"}}


@pytest.mark.parametrize("word", ["no", "off", "false", "False"])
def test_every_word_for_false_is_false_where_a_truth_value_is_asked(word: str) -> None:
    text = edited("first_ai_coaching_tool: true", f"first_ai_coaching_tool: {word}")
    assert parsed(text).organisation.first_ai_coaching_tool is False


def test_dates_in_quotes_and_aliases_of_sound_size_are_welcome() -> None:
    text = edited("starts_on: 2026-01-05", "starts_on: '2026-01-05'").replace(
        "retention: 180", "retention: &kept 180", 1
    )
    text = text.replace("name: AI coaching pilot", "name: &who Our pilot").replace(
        "data_owner: Head of People Analytics", "data_owner: *who"
    )
    config = parsed(text)
    assert config.pilot.starts_on.isoformat() == "2026-01-05"
    assert config.governance.data_owner == "Our pilot"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x7fELF\0\0\0", "is a binary file"),
        ("pilot:\n  name: Kr\u00e4he\n".encode("latin-1"), "line 2: not UTF-8 text"),
        (b"a: " + b"x" * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "pilot.yaml").write_bytes(content)
    with pytest.raises(BadInput, match=sentence):
        load_pilot(tmp_path / "pilot.yaml", SECRETS)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "pilot.yaml").write_bytes(b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode())
    assert load_pilot(tmp_path / "pilot.yaml", SECRETS).config == parsed(SOUND)


def test_what_is_not_a_file_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"is a directory; --config names the file, for example .*pilot\.yaml"):
        load_pilot(tmp_path, SECRETS)
    with pytest.raises(BadInput, match="does not exist; `pilot init DIR`"):
        load_pilot(tmp_path / "nothing.yaml", SECRETS)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="is not a file"):
        load_pilot(tmp_path / "pipe", SECRETS)
    with pytest.raises(BadInput, match="cannot be read: File name too long"):
        load_pilot(tmp_path / ("x" * 300), SECRETS)


def test_a_file_that_may_not_be_read_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pilot.yaml").write_text(SOUND, encoding="utf-8")

    def denied(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")  # chmod stops no test that runs as root

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(BadInput, match=r"pilot\.yaml cannot be read: Permission denied"):
        load_pilot(tmp_path / "pilot.yaml", SECRETS)


def test_secrets_that_are_no_text_are_refused_without_being_shown(tmp_path: Path) -> None:
    (tmp_path / "pilot.yaml").write_text(SOUND, encoding="utf-8")
    (tmp_path / ".env").write_bytes(b"PILOT_PSEUDONYM_KEY=opensesam\xe9\n")
    with pytest.raises(BadInput, match=r"\.env is not UTF-8 text") as refusal:
        load_pilot(tmp_path / "pilot.yaml", {})
    assert "opensesam" not in str(refusal.value)
