"""Whatever is typed, a command ends with a sentence and an exit code; the unforeseen is written down privately."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

import pytest
from commandline import Command

from pilot_pipeline.cli import starting
from pilot_pipeline.cli import status as status_command
from pilot_pipeline.simulation import template
from pilot_pipeline.simulation.template import write_template

WITH_CONFIG = ("check", "status", "lock", "run", "ui", "path", "twins", "audit")


def arguments(command: str) -> tuple[str, ...]:
    return ("twins", "--out", "x.csv") if command == "twins" else (command,)


@pytest.mark.parametrize("command", WITH_CONFIG)
def test_every_command_refuses_a_config_that_is_not_there(
    pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    here = pilot(*arguments(command))
    assert here.code == 2
    assert here.err == (
        f"{tmp_path / 'pilot.yaml'} does not exist; `pilot init DIR` makes a new pilot, --config names another one.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", WITH_CONFIG)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "is a directory; --config names the file"),
        (b"\x00\x01\x02", "is a binary file"),
        (b"name: \xff\xfe", "not UTF-8 text"),
        (b"# nothing yet\n", "holds no sections"),
        (b"a: 1\na: 2\n", "the key 'a' was given on line 1 already"),
        (b"pilot: 5\norganisation: x\nfeeds: []\n", "pilot must be a section of keys with values"),
    ],
)
def test_every_command_refuses_a_config_that_is_none(
    pilot: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    content: bytes | None,
    sentence: str,
) -> None:
    monkeypatch.setenv("PILOT_PSEUDONYM_KEY", "sixteen letters and more")
    config = tmp_path / "pilot.yaml"
    if content is None:
        config.mkdir()
    else:
        config.write_bytes(content)
    ended = pilot(*arguments(command), "--config", config)
    assert (ended.code, ended.out) == (2, "")
    assert sentence in ended.err


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("demo", "--scenario", "usless"), "'usless' is not a scenario. Did you mean 'useless'?"),
        (("demo", "--scenario", "zzz"), "Known are effective, useless, unused"),
        (("demo", "--seed", "-1"), "'--seed': Input should be greater than or equal to 0"),
        (("demo", "--seed", "many"), "'--seed': Input should be a valid integer"),
        (("statu",), "No such command 'statu'. Did you mean 'status'?"),
        (("status", "--now", "soon"), "soon"),
        (("init",), "Missing argument 'directory'"),
        (("twins",), "--out"),
    ],
)
def test_what_is_mistyped_is_named_with_the_nearest(pilot: Command, typed: tuple[str, ...], sentence: str) -> None:
    ended = pilot(*typed)
    assert ended.code == 2
    assert sentence in ended.err


def test_a_demo_does_not_write_into_a_file_nor_over_what_is_not_its_own(pilot: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    for place, sentence in (
        (tmp_path / "taken", "cannot be used for a demo: File exists"),
        (tmp_path / "taken" / "below", "cannot be used for a demo: Not a directory"),
        (tmp_path, "is not empty and was not made by `pilot demo`"),
    ):
        ended = pilot("demo", "--dir", place)
        assert ended.code == 2
        assert sentence in ended.err
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["mine"]


def test_an_earlier_demo_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    directory = tmp_path / "demo"
    starting.clear(directory)
    for name in ("feeds", "var"):
        (directory / name).mkdir()
        (directory / name / "old").touch()
    (directory / "published").symlink_to(elsewhere)
    (directory / "notes.txt").write_text("mine", encoding="utf-8")
    starting.clear(directory)
    assert sorted(file.name for file in directory.iterdir()) == [starting.DEMO_MARK, "notes.txt"]
    assert (elsewhere / "kept").exists()


def test_a_pilot_is_not_begun_where_nothing_may_be_written(
    pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_args: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(tmp_path / "new"))  # chmod stops no test run as root

    monkeypatch.setattr(template, "write_env", denied)
    ended = pilot("init", tmp_path / "new")
    assert (ended.code, ended.err) == (2, f"{tmp_path / 'new'} cannot be written: Read-only file system.\n")


def test_a_full_disk_is_said_and_is_no_fault(pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_template(tmp_path)[0]

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "var/warehouse.duckdb")

    monkeypatch.setattr(status_command, "standing_of", full)
    ended = pilot("status", "--config", config)
    assert ended.code == 2
    assert ended.err.startswith("var/warehouse.duckdb: No space left on device. What was published before stands;")
    assert not (tmp_path / "var").exists()


def test_what_nobody_foresaw_is_a_sentence_and_a_private_file(
    pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_template(tmp_path)[0]

    def fault(*_args: object) -> None:
        raise KeyError("jane.doe@example.org")

    monkeypatch.setattr(status_command, "standing_of", fault)
    ended = pilot("status", "--config", config)
    log = tmp_path / "var" / "errors.log"
    assert ended.code == 2
    assert str(log) in ended.err and "jane" not in ended.err and ended.err.count("\n") == 1
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700


def test_a_fault_without_a_pilot_is_written_down_privately_too(
    pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_args: object, **_options: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(starting, "render_schema", fault)
    ended = pilot("schema")
    (log,) = tmp_path.glob("pilot-*-errors.log")
    assert ended.code == 2
    assert str(log) in ended.err
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_ctrl_c_is_a_sentence(pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(status_command, "standing_of", stopped)
    ended = pilot("status", "--config", write_template(tmp_path)[0])
    assert ended.code == 130
    assert ended.err.startswith("Stopped. What was published before stands")


def test_an_enormous_seed_makes_a_company_as_any_other(tmp_path: Path) -> None:
    from pilot_pipeline.simulation.company import write_company

    assert write_company(tmp_path, "effective", 10**40).is_file()
