"""What every room of tests shares: the made-up companies of `tests/unit` by name, and where this tree stands."""

from __future__ import annotations

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
