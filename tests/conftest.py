"""What every room of tests shares: the made-up companies of `tests/unit` by name, and where this tree stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

# Made-up companies and frames stand beside the unit tests and serve the other rooms too.
for _room in (TESTS / "unit", TESTS / "unit" / "scorecard"):
    if str(_room) not in sys.path:
        sys.path.insert(0, str(_room))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The directory of this tree."""
    return TESTS.parent


@pytest.fixture(scope="session")
def wheel_file(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the committed files, so that the build leaves nothing in the tree."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files"], cwd=checkout, capture_output=True, text=True, check=True)
    packages = ("assets", "checks", "dbt_like_sql", "pilot_pipeline")
    for name in listed.stdout.splitlines():
        if name.startswith((*packages, "pyproject", "README", "LICENSE")) and (checkout / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((checkout / name).read_bytes())
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", out, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (made,) = out.glob("pilot_pipeline-*.whl")
    return made


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares a whole run with one worker, and begin with the longest.

    Under `--dist loadgroup` a fixture of the session is made once per worker. All of `tests/whole` shares its runs, so
    it is one group; every other file is one of its own.
    """
    first = ("whole", "browser", "docs", "cli")

    def room(item: pytest.Item) -> str:
        return item.path.relative_to(TESTS).parts[0]

    for item in items:
        name = "whole" if room(item) == "whole" else str(item.path.relative_to(TESTS))
        item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: first.index(room(item)) if room(item) in first else len(first))
