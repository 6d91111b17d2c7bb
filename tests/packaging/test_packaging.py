"""What is installed is this tree: generic package names are ours, the wheel carries its data, the locks no address."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

import assets
import checks
import dbt_like_sql
import pilot_pipeline

PACKAGES = {package.__name__: package for package in (assets, checks, dbt_like_sql, pilot_pipeline)}
DATA = (".sql", ".yml", ".yaml", ".j2", ".css", ".json", ".typed")


@pytest.mark.parametrize("name", sorted(PACKAGES))
def test_each_top_level_package_comes_from_this_tree(checkout: Path, name: str) -> None:
    assert Path(PACKAGES[name].__file__) == checkout / name / "__init__.py"


def test_no_other_installed_distribution_claims_the_generic_names(checkout: Path, tmp_path: Path) -> None:
    """From a directory without a checkout, the interpreter still finds ours."""
    code = "import assets, checks; print(assets.__file__); print(checks.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(checkout / name / "__init__.py") for name in ("assets", "checks")]


def test_the_console_command_is_the_cli() -> None:
    (script,) = (entry for entry in distribution("pilot-pipeline").entry_points if entry.group == "console_scripts")
    assert (script.name, script.value) == ("pilot", "pilot_pipeline.cli:main")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_by_hash_and_names_no_index(checkout: Path, lock: str) -> None:
    text = (checkout / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.M)
    pins = re.findall(r"^[A-Za-z0-9][^\s;]*==[^\s;]+", text, re.M)
    assert len(pins) > 50
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        assert "==" in block.split("\n", 1)[0], block[:80]
        assert "--hash=sha256:" in block, block[:80]


@pytest.fixture(scope="module")
def wheel(wheel_file: Path) -> set[str]:
    with zipfile.ZipFile(wheel_file) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_every_module_and_every_data_file(checkout: Path, wheel: set[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    needed = {name for name in listed if name.endswith((".py", *DATA)) and (checkout / name).is_file()}
    assert {Path(name).suffix for name in needed} >= {".py", ".sql", ".yml", ".yaml", ".j2", ".css"}
    assert needed - wheel == set()


def test_the_wheel_carries_nothing_else(wheel: set[str]) -> None:
    tops = {name.split("/", 1)[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert not {name for name in wheel if name.endswith((".pyc", ".duckdb", ".env"))}
