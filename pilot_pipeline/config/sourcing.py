"""Sections of `pilot.yaml` on where feeds come from; reading and mapping them is `pilot_pipeline.feeds`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from pilot_pipeline.config.frozen import Frozen


class FeedSource(Frozen):
    """How one feed is mapped from the company's own file to the canonical columns."""

    source: str = Field(description="A path, a glob or a URL; relative to the directory of pilot.yaml.", repr=False)
    format: Literal["csv", "jsonl", "parquet"] | None = Field(None, description="Default: by the file's ending.")
    columns: dict[str, str] = Field({}, description="canonical column: source column")
    values: dict[str, dict[str, str]] = Field({}, description="canonical column: {source value: canonical value}")
    dates: dict[str, tuple[str, ...]] = Field({}, description="canonical column: date formats, in this order")
    constants: dict[str, str] = Field({}, description="canonical column: the one value of every row")
    filename: dict[str, str] = Field({}, description="canonical column: date format of it inside the file's name")
    ignore: tuple[str, ...] | Literal["*"] = Field((), description="source columns never read, or '*'")

    @field_validator("constants", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return {k: str(v) for k, v in value.items()} if isinstance(value, dict) else value

    @field_validator("values", mode="before")
    @classmethod
    def _text_values(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            column: {str(k): str(v) for k, v in pairs.items()} if isinstance(pairs, dict) else pairs
            for column, pairs in value.items()
        }


class FeedsSection(Frozen):
    """Every feed of the contract; the first three are required for a run."""

    employees: FeedSource
    consents: FeedSource
    tool_events: FeedSource
    enrolments: FeedSource | None = None
    sso_signins: FeedSource | None = None
    module_assignments: FeedSource | None = None
    manager_observations: FeedSource | None = None
    manager_time: FeedSource | None = None
    pulse_responses: FeedSource | None = None
    recommendations: FeedSource | None = None
    synthetic_recommendations: FeedSource | None = None
    enablement_sessions: FeedSource | None = None
    competencies: FeedSource | None = None
    pathways: FeedSource | None = None
    business_outcomes: FeedSource | None = None
    initiatives: FeedSource | None = None
    issue_log: FeedSource | None = None

    def get(self, feed: str) -> FeedSource | None:
        """Return the mapping of a feed, or None where it is not configured."""
        source: FeedSource | None = getattr(self, feed)
        return source


class RehearsalSection(Frozen):
    """Marks a simulated pilot among real people, as `pilot demo --population` writes it: it decides nothing."""

    people: int = Field(ge=1, description="Rows of the export that were taken as the population.")
    kept: tuple[str, ...] = Field(description="Canonical columns of employees that come from the export.")
    simulated: tuple[str, ...] = Field((), description="Canonical columns of employees that are simulated.")
