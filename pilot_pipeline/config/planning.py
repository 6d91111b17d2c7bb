"""Sections of `pilot.yaml` that plan the pilot: when it runs, whether it is the right path, and who takes part."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator

from pilot_pipeline.config.frozen import Frozen


class PilotSection(Frozen):
    """What the pilot is called and when it runs."""

    name: str = Field("AI coaching pilot", description="What reports call it.")
    starts_on: date = Field(description="A Monday: the first day of week 1.")
    weeks: Literal[12, 16] = Field(12, description="12, or 16 where performance reviews are quarterly.")
    timezone: str = Field("UTC", description="IANA name; it decides which local week an event falls into.")
    configured_on: date | None = Field(None, description="When the tool was first configured; the lock must be older.")

    @field_validator("starts_on")
    @classmethod
    def _monday(cls, value: date) -> date:
        if not 2000 <= value.year < 2100:
            raise ValueError(f"{value} is not in this century")
        if value.weekday() != 0:
            monday = value - timedelta(days=value.weekday())
            raise ValueError(f"{value} is a {value:%A}; a pilot starts on a Monday, for example {monday}")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is not an IANA time zone such as Europe/Berlin")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The pilot's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def ends_on(self) -> date:
        """The Monday after the last week: the day of the decision, and the exclusive end of the pilot."""
        return self.starts_on + timedelta(weeks=self.weeks)

    def week_start(self, week_no: int) -> date:
        """Return the Monday of a pilot week (week 1 starts on `starts_on`; baseline weeks are 0 and below)."""
        return self.starts_on + timedelta(weeks=week_no - 1)


class ReplacedTool(Frozen):
    """Three attestations for a like-for-like replacement (R2)."""

    integration_architecture: bool = Field(False, description="The same systems are connected in the same way.")
    competency_framework: bool = Field(False, description="The same competencies are coached.")
    governance_structure: bool = Field(False, description="The same people answer for the data.")


class PeerEvidence(Frozen):
    """Four attestations for a peer-validated configuration (R3)."""

    same_vertical: bool = Field(False, description="The peer is in the same line of business.")
    same_size_tier: bool = Field(False, description="The peer is about as large.")
    reproducible: bool = Field(False, description="Its configuration is written down so that it can be repeated.")
    independently_published: bool = Field(False, description="Published by somebody other than the vendor.")


class OrganisationSection(Frozen):
    """What decides whether a pilot is the right path at all (R1-R4)."""

    employees: int = Field(ge=1, description="Head count of the organisation.")
    first_ai_coaching_tool: bool = Field(True, description="No AI coaching tool was used here before.")
    replaces_validated_tool: ReplacedTool = ReplacedTool()
    peer_evidence: PeerEvidence = PeerEvidence()
    hris_quality_uncertain: bool = Field(True, description="Nobody vouches for roles and reporting lines.")
    manager_culture_uneven: bool = Field(True, description="Managers lead in very different ways.")
    roi_case_needed: bool = Field(True, description="Somebody has to be shown what it is worth.")
    equity_concern: bool = Field(False, description="There is a worry that some groups are served worse.")
    regulations: tuple[str, ...] = Field((), description="Rules that apply, such as GDPR, CCPA or a sector's own.")


Covariate = Literal["performance_score", "tenure_years", "role_level", "birth_year"]
ExactKey = Literal["manager_id", "role", "role_level", "department", "business_unit", "location"]
Rung = Literal["manager_of_manager", "business_unit", "role_family", "caliper_0.5"]


class CohortSection(Frozen):
    """The cohort as research design."""

    size: int = Field(30, description="Pairs, 20 to 50.", json_schema_extra={"minimum": 20, "maximum": 50})
    design: Literal["matched_control", "matched_pair_randomised"] = Field(
        "matched_pair_randomised", description="Participants are given, or a seeded coin decides within each pair."
    )
    seed: int = Field(20260105, ge=0, description="Decides every coin and every tie.")
    role_levels: tuple[int, int] = Field((3, 4), description="How many role levels, least and most.")
    exact: tuple[ExactKey, ...] = Field(("manager_id", "role"), description="What the two of a pair share.")
    balance: tuple[Covariate, ...] = Field(
        ("performance_score", "tenure_years"), description="What pairs are close on, and arms are compared on."
    )
    caliper_sd: float = Field(0.25, gt=0, description="On performance_score, in standard deviations.")
    role_families: dict[str, tuple[str, ...]] = Field({}, description="family: [roles]; roles that may be paired.")
    relax: tuple[Rung, ...] = Field(
        ("manager_of_manager", "business_unit", "role_family", "caliper_0.5"),
        description="What gives way, in this order, where nobody fits.",
    )
    relax_for: Literal["pairs", "quotas"] = Field(
        "pairs", description="A proposal climbs that ladder for enough pairs only, or also to be representative."
    )

    @field_validator("size")
    @classmethod
    def _size(cls, value: int) -> int:
        if value < 20:
            raise ValueError(f"{value} pairs are too few to measure anything: a pilot needs 20 to 50")
        if value > 50:
            raise ValueError(f"{value} pairs are a rollout, not a pilot: a pilot needs 20 to 50")
        return value
