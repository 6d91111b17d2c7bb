"""What every room of tests shares: the made-up companies of `tests/unit` by name, and where this tree stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the rooms that take longest."""
    first = ("whole", "definitions", "docs", "browser", "cli")

    def place(item: pytest.Item) -> int:
        room = item.path.relative_to(TESTS).parts[0]
        return first.index(room) if room in first else len(first)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of one file with one worker, and all of `tests/whole`, which share their runs.

    A fixture of the session is made once per worker. In pytest 9.2 with xdist 3.8 `--dist loadgroup` does nothing: it
    sets an attribute that is no longer read.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByRun(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", maxsplit=1)[0]
            return "whole" if "/whole/" in file else file

    return ByRun(config, log)
