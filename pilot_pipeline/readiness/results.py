"""What readiness finds, as values: results of checks and states of requirements; its siblings decide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tool = Literal["pandera", "great_expectations", "sql", "scipy"]
Severity = Literal["warn", "error"]
Step = Literal["1 KPIs", "2 cohort", "3 governance", "4 checkpoints", "5 managers"]

HRIS_FEED = "hris_feed"
SSO_MATRIX = "sso_matrix"
PATHWAYS = "pathways"
SYNTHETIC_AUDIT = "synthetic_audit"

CHECKPOINTS = (HRIS_FEED, SSO_MATRIX, PATHWAYS, SYNTHETIC_AUDIT)
"""The four integration checkpoints; all of them hold before live data are processed (R28)."""

MAX_KEYS = 20
"""Most failing keys that a result carries; the count is always complete."""


@dataclass(frozen=True)
class CheckResult:
    """One check of a checkpoint.

    `rows_checked` and `rows_failed` count what `detail` names (rows, cells of a matrix, roles). `keys` are pseudonyms
    or organisational keys of failing rows, at most `MAX_KEYS`, never cell values of personal columns.
    """

    checkpoint: str
    check_name: str
    tool: Tool
    passed: bool
    severity: Severity
    rows_checked: int
    rows_failed: int
    detail: str
    keys: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether this result keeps the pilot from going live."""
        return not self.passed and self.severity == "error"

    @property
    def share(self) -> float:
        """The share of what was checked that failed; 0 where nothing was checked."""
        return self.rows_failed / self.rows_checked if self.rows_checked else 0.0


@dataclass(frozen=True)
class Requirement:
    """One thing that a pilot needs before it goes live and that is no integration checkpoint.

    A failed `error` blocks; a failed `warn` is shown, and where it concerns the order of events it is a deviation.
    """

    name: str
    step: Step
    passed: bool
    severity: Severity
    detail: str

    @property
    def blocks(self) -> bool:
        """Whether this requirement keeps the pilot from going live."""
        return not self.passed and self.severity == "error"


def blocking(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """Return the results that block, in their order."""
    return tuple(result for result in results if result.blocks)


def percent(share: float) -> str:
    """Return a share in words: `1.4 %`, without a decimal from ten per cent up or where it is whole."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 or abs(value - round(value)) < 0.05 else f"{value:.1f} %"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: `1 row`, `2 rows`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(items: Sequence[str], most: int = 5) -> str:
    """Return the first items joined by commas, with the number of those left out."""
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
