"""Sections of `pilot.yaml` that guard people and launch: governance, privacy, readiness, enablement."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from pilot_pipeline.config.frozen import Frozen, Share


class GovernanceAnswers(Frozen):
    """Five written answers (R17); a blank one blocks."""

    data_collected: str = Field("", description="What the tool and this pipeline collect.")
    who_can_access: str = Field("", description="Who can see what.")
    retention: str = Field("", description="How long it is kept, and how its end is shown.")
    influence_on_pay_or_termination: str = Field("", description="Whether it bears on rating, pay or termination.")
    contract_end: str = Field("", description="What the vendor hands back and deletes.")


class GovernanceSection(Frozen):
    """Who answers for the data, and what was written down before launch."""

    data_owner: str = Field("", description="The named role that answers for the data; blank blocks.")
    answers: GovernanceAnswers = GovernanceAnswers()
    privacy_brief_published_on: date | None = Field(None, description="Before the first account is made.")


class PrivacySection(Frozen):
    """What protects people: group size, retention and the key of their pseudonyms."""

    min_group_size: int = Field(5, ge=3, description="A smaller group is never shown.")
    retention_days: int = Field(180, ge=1, description="Days after close-out until data are deleted.")
    pseudonym_key: str = Field(
        "${PILOT_PSEUDONYM_KEY}",
        min_length=16,
        repr=False,
        description="Secret, from .env; ids become pseudonyms by it.",
    )


class HrisFaults(Frozen):
    """How many rows with each fault of the hierarchy the HRIS checkpoint lets pass; they stay in quarantine."""

    orphans: int = Field(0, ge=0, description="A manager who is not in the snapshot.")
    cycles: int = Field(0, ge=0, description="Rows on a reporting line that returns to itself.")
    self_managers: int = Field(0, ge=0, description="An employee as their own manager.")
    duplicates: int = Field(0, ge=0, description="Rows of an employee that contradict each other.")
    unmapped_roles: int = Field(0, ge=0, description="A role that no competency names.")
    tops: int = Field(1, ge=1, description="People without a manager, in whom reporting lines end.")


class ReadinessSection(Frozen):
    """What the four checkpoints demand."""

    sso_personas: tuple[str, ...] = Field(("employee", "manager", "hr_admin"), description="Who must have signed in.")
    sso_division: Literal["department", "business_unit", "location"] = Field(
        "department", description="Each persona must have signed in from each of the cohort's."
    )
    max_quarantine_share: Share = Field(0.02, description="Share of a feed's rows that may be set aside.")
    max_hris_faults: HrisFaults = HrisFaults()
    max_volume_change: Share = Field(
        0.25, description="Share by which head count may differ from the previous snapshot."
    )
    max_signin_failure_share: Share = Field(
        0.2, description="Share of a week's live sign-ins of a division that may fail before it is pointed out."
    )


class EnablementSection(Frozen):
    """Manager enablement before employees (R29)."""

    minutes: int = Field(90, ge=1, description="Per manager, before their reports' first access.")
    topics: tuple[str, ...] = Field(("signals", "one_on_ones", "limits"), description="All of them must be covered.")
