"""The files of `deploy/` and the operating guide hold together: parsed, linted where a tool is there, and tried."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.config.operating import AlertsSection, OperationSection

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LOCK_HELD = """
import fcntl, sys
lock = open(sys.argv[1], "a"); fcntl.flock(lock, fcntl.LOCK_EX); print("held", flush=True); sys.stdin.readline()
"""
BUSY = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA journal_mode=WAL")
database.execute("CREATE TABLE runs (n INTEGER PRIMARY KEY, text TEXT)")
for n in range(1, 10_000_000):
    with database:
        database.execute("INSERT INTO runs VALUES (?, ?)", (n, "x" * 500))
    if n == 100:
        print("writing", flush=True)
"""


def test_the_guide_names_every_file_of_deploy_and_none_that_is_not_there() -> None:
    there = {path.name for path in DEPLOY.iterdir() if path.is_file()}
    named = set(re.findall(r"deploy/([\w.@-]+)", GUIDE))
    assert named == there | {"secrets"}  # the one is made by whoever runs the containers


def test_the_settings_that_it_shows_are_the_defaults() -> None:
    shown = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.M | re.S)]
    (operation,) = [block["operation"] for block in shown if "operation" in block]
    assert OperationSection.model_validate(operation) == OperationSection()
    assert set(operation) == set(OperationSection.model_fields)
    (alerts,) = [block["alerts"] for block in shown if "alerts" in block]
    assert set(alerts["email"]) == set(AlertsSection.model_fields["email"].annotation.model_fields)
    assert "alerts" in PilotConfig.model_fields


def test_it_explains_every_sensor_and_schedule() -> None:
    sources = "\n".join((ROOT / "assets" / f"{name}.py").read_text() for name in ("sensors", "schedules", "alerting"))
    names = re.findall(r'^\s+name="(\w+)",$', sources, re.M)
    assert len(names) == 7
    for name in names:
        assert f"`{name}`" in GUIDE, name


@pytest.mark.parametrize("unit", sorted(path.name for path in DEPLOY.glob("pilot*.*er*")))
def test_systemd_finds_no_fault_in_the_units(unit: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    for path in DEPLOY.glob("pilot*.*er*"):  # the timer asks for its service
        text = path.read_text(encoding="utf-8").replace("/opt/pilot-pipeline/deploy", str(DEPLOY))
        text = text.replace("/opt/pilot-pipeline/.venv/bin/pilot", sys.executable)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit)], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "pilot" in line]
    assert done.returncode == 0 and not ours, done.stderr


def test_the_units_work_in_the_directories_that_the_guide_makes() -> None:
    made = ("/srv/pilot", "/opt/pilot-pipeline", "/var/backups/pilot")
    assert all(re.search(rf"^(adduser|git|install|cd) .*{path}\b", GUIDE, re.M) for path in made)
    for unit in DEPLOY.glob("pilot*.service"):
        text = unit.read_text(encoding="utf-8").replace("%i", "growth")
        paths = re.findall(r"[ =:](/[\w./-]+)", re.sub(r"^#.*\n", "", text, flags=re.M))
        assert paths and all(path.startswith(made) for path in paths), unit.name
        assert "/srv/pilot/growth" in GUIDE and "/srv/pilot/growth" in text
        assert re.search(r"^User=pilot$", text, re.M)


def test_the_image_is_built_from_files_that_exist_and_starts_a_command_that_exists(tmp_path: Path) -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for line in re.findall(r"^COPY (.+)$", text, re.M):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists() and source not in ignored, source
    assert 'ENTRYPOINT ["pilot"]' in text and 'CMD ["ui", "--config", "/srv/pilot/pilot.yaml"' in text
    assert "--require-hashes" in text and re.search(r"^USER pilot$", text, re.M)
    _starts(_image(text, tmp_path), tmp_path)


def _image(dockerfile: str, place: Path) -> Path:
    """What the image holds of ours: the copied files alone."""
    image = place / "image"
    for line in re.findall(r"^COPY (.+)$", dockerfile, re.M):
        *sources, to = line.split()
        for source in sources:
            target = image / to / source if to == "./" else image / to
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(ROOT / source, target)
    return image


def _starts(image: Path, place: Path) -> None:
    """The entry point runs from those files alone: a template is made, and a missing pilot is missed."""
    code = "from pilot_pipeline.cli import main; main()"
    called = {"cwd": place, "env": {"PYTHONPATH": str(image), "PATH": ""}, "capture_output": True, "text": True}
    made = subprocess.run([sys.executable, "-c", code, "init", "new"], check=False, **called)
    assert made.returncode == 0, made.stderr
    served = subprocess.run([sys.executable, "-c", code, "ui", "--config", "none.yaml"], check=False, **called)
    assert served.returncode == 2 and "none.yaml" in served.stderr and "Traceback" not in served.stderr


def test_the_proxy_shares_the_network_of_the_ui_which_nobody_else_reaches() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert services["proxy"]["network_mode"] == "service:pilot"
    assert all(port.startswith("127.0.0.1:") for port in services["pilot"]["ports"])
    assert (ROOT / "deploy" / services["pilot"]["build"]["context"]).resolve() == ROOT
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert "auth_basic_user_file" in nginx and "http://127.0.0.1:3000" in nginx
    assert nginx.count("{") == nginx.count("}")


def test_a_backup_waits_for_its_turn_and_restores_as_it_was(tmp_path: Path) -> None:
    pilot, target = tmp_path / "growth", tmp_path / "backups"
    (pilot / "var").mkdir(parents=True, mode=0o700)
    (pilot / "pilot.yaml").touch()
    (pilot / "var" / "identities.parquet").write_bytes(b"who is who")
    (pilot / ".env").write_text("KEY=secret\n", encoding="utf-8")
    (pilot / ".env").chmod(0o600)
    lock = str(pilot / "var" / "turn.lock")
    with subprocess.Popen(
        [sys.executable, "-c", LOCK_HELD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None and run.stdout.readline() == "held\n"
        backup = subprocess.Popen([DEPLOY / "backup.sh", pilot, target], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            backup.wait(0.5)
        run.communicate("\n")
    archive = Path(backup.communicate(timeout=30)[0].strip())
    assert backup.returncode == 0 and archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as saved:
        saved.extractall(tmp_path / "restored", filter="tar")
    restored = tmp_path / "restored" / "growth"
    assert (restored / "var" / "identities.parquet").read_bytes() == b"who is who"
    assert (restored / ".env").stat().st_mode & 0o777 == 0o600


def test_a_backup_beside_a_running_service_takes_its_databases_whole(tmp_path: Path) -> None:
    pilot = tmp_path / "growth"
    history = pilot / "var" / "dagster" / "history"
    history.mkdir(parents=True)
    (pilot / "var" / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", BUSY, history / "runs.db"], stdout=subprocess.PIPE, text=True) as busy:
        assert busy.stdout is not None and busy.stdout.readline() == "writing\n"
        for _ in range(5):
            done = subprocess.run(
                [DEPLOY / "backup.sh", pilot, tmp_path / "to"], capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, "")
        assert busy.poll() is None
        busy.terminate()
    assert {path.suffix for path in (tmp_path / "to").iterdir()} == {".gz"}
    with tarfile.open(done.stdout.strip()) as saved:
        saved.extractall(tmp_path / "restored", filter="tar")
        names = [name for name in saved.getnames() if "dagster/" in name]
    assert sorted(names) == [f"growth/var/dagster/{name}" for name in ("dagster.yaml", "history", "history/runs.db")]
    with closing(sqlite3.connect(tmp_path / "restored" / "growth/var/dagster/history/runs.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (rows,), (last,) = database.execute("SELECT count(*) FROM runs"), database.execute("SELECT max(n) FROM runs")
        assert rows[0] == last[0] > 0


@pytest.mark.parametrize(("arguments", "said"), [(["no"], "usage"), (["no", "to"], "is no pilot")])
def test_a_backup_of_nothing_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = subprocess.run([DEPLOY / "backup.sh", *arguments], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr
    assert not list(tmp_path.iterdir())
