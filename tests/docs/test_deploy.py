"""The files of `deploy/` and the operating guide hold together: parsed, linted where a tool is there, and tried."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
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


def test_the_guide_names_every_file_of_deploy_and_none_that_is_not_there() -> None:
    there = {path.name for path in DEPLOY.iterdir() if path.is_file()}
    named = set(re.findall(r"deploy/([\w.-]+)", GUIDE))
    assert named == there


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


def test_the_image_is_built_from_files_that_exist_and_starts_a_command_that_exists() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for line in re.findall(r"^COPY (.+)$", text, re.M):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists() and source not in ignored, source
    assert 'ENTRYPOINT ["pilot"]' in text and 'CMD ["ui", "--config", "/srv/pilot/pilot.yaml"' in text
    assert "--require-hashes" in text and re.search(r"^USER pilot$", text, re.M)


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


def test_a_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    done = subprocess.run([DEPLOY / "backup.sh", tmp_path / "no"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage" in done.stderr
