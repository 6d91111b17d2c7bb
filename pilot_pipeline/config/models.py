"""The whole of `pilot.yaml` as one frozen model; its sections stand beside it, reading the file is `loading`."""

from __future__ import annotations

from pydantic import Field, model_validator

from pilot_pipeline.config.frozen import Frozen
from pilot_pipeline.config.further import further_faults
from pilot_pipeline.config.guarding import (
    EnablementSection,
    GovernanceSection,
    PrivacySection,
    ReadinessSection,
)
from pilot_pipeline.config.measuring import DecisionSection, FairnessSection, KpisSection, RoiSection
from pilot_pipeline.config.operating import AlertsSection, OperationSection
from pilot_pipeline.config.planning import CohortSection, OrganisationSection, PilotSection
from pilot_pipeline.config.sourcing import FeedsSection, RehearsalSection


class PilotConfig(Frozen):
    """The whole of `pilot.yaml`."""

    pilot: PilotSection
    organisation: OrganisationSection
    cohort: CohortSection = CohortSection()
    kpis: KpisSection = KpisSection()
    decision: DecisionSection = DecisionSection()
    governance: GovernanceSection = GovernanceSection()
    privacy: PrivacySection
    fairness: FairnessSection = FairnessSection()
    readiness: ReadinessSection = ReadinessSection()
    enablement: EnablementSection = EnablementSection()
    roi: RoiSection = RoiSection()
    operation: OperationSection = OperationSection()
    alerts: AlertsSection = AlertsSection()
    feeds: FeedsSection
    rehearsal: RehearsalSection | None = Field(None, description="Only in a rehearsal; never written by hand.")

    @model_validator(mode="after")
    def _weeks_exist(self) -> PilotConfig:
        last = self.pilot.weeks
        if self.kpis.adoption.by_week > last:
            raise ValueError(f"kpis.adoption.by_week is {self.kpis.adoption.by_week}, but the pilot has {last} weeks")
        late = [week for week in self.kpis.pulse.weeks if not 1 <= week <= last]
        if late:
            raise ValueError(f"kpis.pulse.weeks names week {late[0]}, but the pilot has weeks 1 to {last}")
        return self

    @model_validator(mode="after")
    def _further_kpis_fit(self) -> PilotConfig:
        faults = list(further_faults(self.kpis.further, self.feeds.measurements is not None))
        if faults:
            raise ValueError(". ".join(faults))
        return self
