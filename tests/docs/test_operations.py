"""The operating guide followed in its order on a demo: each block as it is printed, but for where things are.

Left out are only the commands of `NOT_HERE`, which change the machine itself; the rest must end well.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest
from local_postgres import OWNER, PASSWORD, Server, local_postgres

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.M | re.S)
NOT_HERE = {
    r"adduser |apt-get |systemctl |systemd-analyze |cp .* /etc/systemd|cp .* /etc/nginx|ln ": "the machine's own",
    r"git clone |cd /opt/pilot-pipeline": "this checkout is installed already, and test_packaging builds it",
    r".*-m pip install": "the lock installs it",
    r"docker |PILOT_DIRECTORY=": "no engine for containers; test_deploy looks at the files",
    r"mkdir .*/etc/nginx|htpasswd |openssl |nginx |curl ": "test_proxy has an nginx of its own",
}
DAGSTER_YAML = "var/dagster/dagster.yaml"
SECRET = "g3heim"
START_SECONDS = 120


def scripts() -> list[str]:
    return [text for kind, text in BLOCKS if kind == "sh"]


def script(begins: str) -> str:
    """The block that holds a command, from its words."""
    (found,) = (text for text in scripts() if begins in text)
    return found


def kept(text: str) -> list[str]:
    return [line for line in text.splitlines() if not any(re.match(pattern, line) for pattern in NOT_HERE)]


@dataclass
class Machine:
    """A directory that stands for the machine of the guide."""

    root: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def pilot(self) -> Path:
        return self.root / "srv" / "growth"

    @property
    def paths(self) -> Mapping[str, str]:
        return {
            "/opt/pilot-pipeline/.venv/bin": str(Path(sys.executable).parent),
            "/opt/pilot-pipeline": str(ROOT),
            "/srv/pilot": str(self.root / "srv"),
            "/var/backups/pilot": str(self.root / "backups"),
            "/var/lib/postgresql": str(self.root),
            "runuser -u pilot -- ": "",
            "runuser -u postgres -- ": "",
            "--owner pilot --group pilot ": "",
        }

    def here(self, text: str) -> str:
        for there, here in self.paths.items():
            text = text.replace(there, here)
        return text

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PILOT_", "DAGSTER_", "PG"))}
        path = os.pathsep.join([str(Path(sys.executable).parent), clean["PATH"]])
        return {**clean, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1", **self.more}

    def follow(self, text: str, typed: str = "") -> str:
        """Run a block, line after line in one shell that stops at the first that fails; return what it printed."""
        done = subprocess.run(
            ["sh", "-euxc", self.here("\n".join(kept(text)))],
            cwd=self.root,
            env=self.environment(),
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The guide up to a pilot that was run: `init` as it says, then a demo in its place instead of real exports."""
    made = Machine(tmp_path_factory.mktemp("machine"))
    (made.root / "srv").mkdir()
    made.follow(script("install --directory"))
    made.follow(script("pilot init"))
    made.follow(f"rm -r {made.pilot}\npilot demo --dir {made.pilot}")
    made.follow("\n".join(line for line in script("pilot init").splitlines() if line.startswith("chmod")))
    return made


def test_what_is_left_out_is_the_machines_own_and_the_rest_is_followed_below() -> None:
    lines = [line for text in scripts() for line in text.splitlines()]
    left = [line for line in lines if not kept(line)]
    assert 15 <= len(left) < len(lines)
    followed = ("install --directory", "pilot init", "pilot status", "backup.sh", "tar --extract", "pg_dump")
    followed += ("instance migrate", "createuser", "pilot run")
    mine = {line for words in followed for text in scripts() if words in text for line in kept(text)}
    assert {line for line in lines if kept(line)} == mine


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_pilot_is_backed_up_and_restored(machine: Machine) -> None:
    assert "GO (confirmatory)" in machine.follow(status())
    before = tables(machine)
    block = next(text for text in scripts() if text.startswith("runuser -u pilot -- /opt/pilot-pipeline/deploy/backup"))
    archive = Path(machine.follow(block).splitlines()[-1])
    assert archive.parent == machine.root / "backups" and archive.stat().st_mode & 0o777 == 0o600
    restore = re.sub(r"/var/backups/pilot/growth-\S+", str(archive), script("tar --extract"))
    assert "GO (confirmatory)" in machine.follow(restore)
    assert tables(machine) == before
    assert machine.pilot.stat().st_mode & 0o777 == 0o750
    assert (machine.pilot / "feeds").stat().st_mode & 0o777 == (machine.pilot / "var").stat().st_mode & 0o777 == 0o700


def status() -> str:
    return next(text for text in scripts() if text.startswith("runuser -u pilot -- pilot status"))


def tables(machine: Machine) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((machine.pilot / "published").glob("*.parquet"))}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_upgrade_migrates_and_checks(machine: Machine) -> None:
    said = machine.follow(script("instance migrate"))
    assert "Updating run storage" in said and "Ready: live data may be processed." in said


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(600)
def test_the_unit_starts_the_ui_and_stops_it_as_systemd_does(machine: Machine) -> None:
    unit = (ROOT / "deploy" / "pilot@.service").read_text(encoding="utf-8").replace("%i", "growth")
    (line,) = re.findall(r"^ExecStart=(.+)$", unit, re.M)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = machine.here(line).replace("${PORT}", str(port)).split()
    log = machine.root / "unit.log"
    with log.open("w") as out:
        service = subprocess.Popen(command, env=machine.environment(), stdout=out, stderr=out, cwd=machine.pilot)
        deadline = time.monotonic() + START_SECONDS
        while "Dagster UI" not in log.read_text() and service.poll() is None and time.monotonic() < deadline:
            time.sleep(0.5)
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0, log.read_text()
    assert f"Dagster UI   http://127.0.0.1:{port} " in log.read_text()


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    pytest.importorskip("dagster_postgres", reason="the driver is not installed (requirements-dev.lock has it)")
    with local_postgres() as server:
        yield server


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(900)
def test_a_whole_run_with_dagsters_storage_in_postgres(machine: Machine, database: Server) -> None:
    block = script("createuser")
    (pinned,) = re.findall(r"dagster-postgres==([\d.]+)'  # that of dagster ([\d.]+)", block)
    assert pinned == (version("dagster-postgres"), version("dagster"))
    machine.more |= {"PGHOST": "127.0.0.1", "PGPORT": str(database.port), "PGUSER": OWNER, "PGPASSWORD": PASSWORD}
    machine.follow(block, typed=f"{SECRET}\n{SECRET}\n")
    to_postgres(machine, database)
    said = machine.follow(script("psql dagster"))
    assert re.search(r"^ pilot_week +\| SUCCESS$", said, re.M) and "(1 row)" in said
    assert "GO  (confirmatory)" in said
    machine.follow(script("pg_dump"))
    assert "(1 row)" in machine.follow("psql dagster --command 'SELECT pipeline_name, status FROM runs'")
    assert "Ready: live data may be processed." in machine.follow(script("instance migrate"))


def to_postgres(machine: Machine, database: Server) -> None:
    """Edit `.env` and dagster.yaml as the guide says."""
    (line,) = (text for kind, text in BLOCKS if text.startswith("PILOT_DAGSTER_POSTGRES="))
    with (machine.pilot / ".env").open("a", encoding="utf-8") as file:
        file.write(line.replace("PASSWORD", SECRET).replace("5432", str(database.port)))
    (storage,) = (text for kind, text in BLOCKS if kind == "yaml" and text.startswith("storage:"))
    settings = machine.pilot / DAGSTER_YAML
    text = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub(r"^event_log_storage:\n( .*\n)+", "", text, flags=re.M) + storage, encoding="utf-8")
