"""Where Dagster's storage cannot be used, a command says why in a sentence, without a password, and does nothing."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
from commandline import Command

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
VARIABLE = "PILOT_DAGSTER_POSTGRES"
STORAGE = f"storage:\n  postgres:\n    postgres_url:\n      env: {VARIABLE}\n"
SQLITE = "storage:\n  sqlite:\n    base_dir: history\n"
OWN = "event_log_storage:\n  module: pilot_pipeline.cli.event_log\n  class: KeptOpenEventLog\n  config: {home: here}\n"


@pytest.fixture
def new(pilot: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new pilot; what a command exports is taken back."""
    for name in ("DAGSTER_HOME", VARIABLE):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    assert pilot("init", tmp_path / "new").code == 0
    return tmp_path / "new"


def settings(root: Path, text: str) -> None:
    home = root / "var" / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (STORAGE, f"names the variable {VARIABLE}, which is set neither in .env nor in the environment."),
        ("storage: [\n", "line 2, is not YAML"),
        ("storrage: {}\n", 'is not what Dagster accepts. Received unexpected config entry "storrage"'),
        (SQLITE + OWN, "is not what Dagster accepts. Found config for `storage` which is incompatible"),
        ("storage:\n  custom:\n    module: nowhere\n    class: None\n", "is not what Dagster accepts."),
    ],
)
def test_settings_that_cannot_be_used(pilot: Command, new: Path, text: str, sentence: str) -> None:
    settings(new, text)
    for command in ("check", "ui"):
        said = pilot(command, "--config", new / "pilot.yaml")
        assert said.code == 2 and sentence in said.err, said.err
        assert "fault of this software" not in said.err and said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("postgresql+psycopg2://me:s3cret@127.0.0.1:{port}/dagster", "cannot be used: connection to server at"),
        ("s3cret", "cannot be used: its address is not one."),
        ("nosql://me:s3cret@127.0.0.1/dagster", "cannot be used: "),
    ],
)
def test_a_database_that_cannot_be_used(pilot: Command, new: Path, address: str, sentence: str) -> None:
    pytest.importorskip("dagster_postgres", reason="the driver is not installed (requirements-dev.lock has it)")
    settings(new, STORAGE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (new / ".env").open("a", encoding="utf-8") as file:
        file.write(f"{VARIABLE}={address.format(port=port)}\n")
    said = pilot("check", "--config", new / "pilot.yaml")
    assert said.code == 2 and sentence in said.err, said.err
    assert "s3cret" not in said.out + said.err and said.err.count("\n") == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_root_is_refused_where_another_user_runs_the_pilot(pilot: Command, new: Path) -> None:
    (new / "var").mkdir()
    shutil.chown(new / "var", 65534)
    for command in ("check", "lock", "ui"):
        said = pilot(command, "--config", new / "pilot.yaml")
        assert said.code == 2 and "who could not read what root writes there" in said.err
    assert not list((new / "var").iterdir())
