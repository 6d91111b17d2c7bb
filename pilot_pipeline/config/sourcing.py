"""Sections of `pilot.yaml` on where feeds come from; reading and mapping them is `pilot_pipeline.feeds`."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from pilot_pipeline.config.frozen import Frozen

Format = Literal[
    "csv",
    "jsonl",
    "parquet",
    "xlsx",
    "sql",
    "okta_system_log",
    "entra_signin",
    "google_login",
    "xapi",
    "qualtrics",
]


class Split(Frozen):
    """A part of a source column: what the one group of a regular expression finds in each cell."""

    column: str = Field(description="The source column.")
    pattern: str = Field(description="A regular expression with one group, for example '\\(([0-9]+)\\)$'.")

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"'{value}' is not a regular expression ({error})") from None
        if groups != 1:
            raise ValueError(f"'{value}' has {groups} groups; put the part that is wanted, and only it, into ( )")
        return value


class Join(Frozen):
    """Several source columns as one; empty cells are left out."""

    columns: tuple[str, ...] = Field(min_length=2, description="The source columns, in this order.")
    by: str = Field(" ", description="What stands between them.")


class Unpivot(Frozen):
    """A wide file made long: one row per row and listed column that is filled in."""

    columns: tuple[str, ...] = Field(min_length=1, description="The source columns, one per question or week.")
    name: str = Field(description="The canonical column that gets the source column's name.")
    value: str = Field(description="The canonical column that gets its cell.")


class FeedSource(Frozen):
    """How one feed is mapped from the company's own file to the canonical columns."""

    source: str = Field(description="A path, a glob or a URL; relative to the directory of pilot.yaml.", repr=False)
    format: Format | None = Field(None, description="Default: by the file's ending; sql where there is a query.")
    query: str | None = Field(None, repr=False, description="A SELECT, where source is the URL of a database.")
    encoding: str | None = Field(None, description="Of a text file; default: UTF-8, UTF-16 with BOM, Windows-1252.")
    sheet: str | None = Field(None, description="The sheet of a workbook; default: its only visible one.")
    records: str | None = Field(
        None, description="Where in a JSON document the list of rows is: Report_Entry, data.rows"
    )
    columns: dict[str, str] = Field({}, description="canonical column: source column")
    split: dict[str, Split] = Field({}, description="canonical column: a part of a source column")
    join: dict[str, Join] = Field({}, description="canonical column: several source columns as one")
    unpivot: Unpivot | None = Field(None, description="Makes a wide file long.")
    by_email: tuple[str, ...] = Field((), description="canonical id columns that hold an e-mail address instead")
    by_name: dict[str, tuple[str, ...]] = Field(
        {}, description="manager_id, where it holds a name: the source columns that hold everybody's own name"
    )
    values: dict[str, dict[str, str]] = Field(
        {}, description="canonical column: {source value: canonical value}; '*' is any other"
    )
    nulls: dict[str, tuple[str, ...]] = Field({}, description="canonical column, or '*': texts that mean an empty cell")
    dates: dict[str, tuple[str, ...]] = Field({}, description="canonical column: date formats, in this order")
    two_digit_years: dict[str, int] = Field(
        {}, description="canonical column: the last two-digit year that is 20yy; later ones are 19yy"
    )
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

    @field_validator("nulls", mode="before")
    @classmethod
    def _text_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: [str(item) for item in v] if isinstance(v, list) else v for k, v in value.items()}

    @field_validator("two_digit_years")
    @classmethod
    def _two_digits(cls, value: dict[str, int]) -> dict[str, int]:
        for column, year in value.items():
            if not 0 <= year <= 99:
                raise ValueError(f"{column}: {year} is not a year of two digits, 0 to 99")
        return value


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
    measurements: FeedSource | None = None
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
