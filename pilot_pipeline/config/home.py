"""Where a pilot keeps its state: the directory of its `pilot.yaml`; nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pilot_pipeline.config.models import PilotConfig


@dataclass(frozen=True)
class Home:
    """The places in a pilot's directory."""

    root: Path

    @property
    def var(self) -> Path:
        """Ours, 0700: warehouse, quarantine, identity table, Data Docs, Dagster's home."""
        return self.root / "var"

    @property
    def published(self) -> Path:
        """What others read: the DuckDB file, its Parquet twins, the scorecard."""
        return self.root / "published"

    @property
    def published_database(self) -> Path:
        """The published DuckDB file."""
        return self.published / "pilot.duckdb"

    @property
    def scorecard(self) -> Path:
        """The close-out scorecard."""
        return self.published / "scorecard.html"

    @property
    def lock_file(self) -> Path:
        """KPIs, targets, cohort and decision rule, frozen."""
        return self.root / "pilot.lock.json"

    @property
    def warehouse(self) -> Path:
        """The working DuckDB file."""
        return self.var / "warehouse.duckdb"

    @property
    def identities(self) -> Path:
        """Pseudonym to identifier, 0600, outside the warehouse."""
        return self.var / "identities.parquet"

    @property
    def quarantine(self) -> Path:
        """One CSV per feed with rejected rows."""
        return self.var / "quarantine"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' pages."""
        return self.var / "data_docs"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage."""
        return self.var / "dagster"


@dataclass(frozen=True)
class Pilot:
    """A loaded pilot: its configuration and its home."""

    config: PilotConfig
    home: Home
