"""`pilot.yaml` as frozen models with documented defaults; reading the file and wording its errors is `loading`."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Triple = Annotated[tuple[float, float, float], Field(description="low, likely, high")]


class Frozen(BaseModel):
    """A section of `pilot.yaml`: immutable, and an unknown key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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

    @field_validator("size")
    @classmethod
    def _size(cls, value: int) -> int:
        if value < 20:
            raise ValueError(f"{value} pairs are too few to measure anything: a pilot needs 20 to 50")
        if value > 50:
            raise ValueError(f"{value} pairs are a rollout, not a pilot: a pilot needs 20 to 50")
        return value


EventType = Literal["session", "module_started", "module_completed", "reflection"]


class AdoptionKpi(Frozen):
    """Share of the adoption denominator that is active in the week."""

    target: Share = Field(0.70, description="Share of participants active in the week.")
    by_week: int = Field(6, ge=1, description="The week that is judged.")
    active_event_types: tuple[EventType, ...] = Field(
        ("session", "module_started", "module_completed", "reflection"), description="What counts as being active."
    )


class CompletionKpi(Frozen):
    """Modules completed over modules assigned and due."""

    target: Share = Field(0.60, description="Share of the modules assigned.")


class BehaviourKpi(Frozen):
    """Manager-observed behaviour change, pilot minus control, in score points."""

    target: float = Field(0.30, gt=0, description="Score points.")
    required: bool = Field(True, description="A go needs it.")


class PrepTimeKpi(Frozen):
    """Reduction of managers' preparation time, pilot minus control, as a share of baseline minutes."""

    target: float = Field(0.15, gt=0, le=1, description="Share of baseline minutes.")
    required: bool = Field(True, description="A go needs it.")


class PulseKpi(Frozen):
    """Participant pulse, mean item score of its weeks."""

    weeks: tuple[int, ...] = Field((4, 8, 12), description="Weeks in which participants are asked.")
    target: float = Field(3.5, ge=1, le=5, description="Mean item score, 1 to 5.")


class KpisSection(Frozen):
    """The five KPIs, defined before the tool is configured (R5)."""

    adoption: AdoptionKpi = AdoptionKpi()
    module_completion: CompletionKpi = CompletionKpi()
    behaviour_change: BehaviourKpi = BehaviourKpi()
    prep_time_reduction: PrepTimeKpi = PrepTimeKpi()
    pulse: PulseKpi = PulseKpi()

    @property
    def required_effects(self) -> tuple[str, ...]:
        """Names of the effect KPIs that a go requires."""
        pairs = (("behaviour_change", self.behaviour_change), ("prep_time_reduction", self.prep_time_reduction))
        return tuple(name for name, kpi in pairs if kpi.required)


class DecisionSection(Frozen):
    """The decision rule's numbers; the rule itself is `closeout.gate`."""

    alpha: float = Field(0.05, gt=0, lt=0.5, description="One-sided error rate of each effect.")
    min_pairs: int = Field(30, ge=2, description="Fewer pairs are directional only.")
    min_managers: int = Field(8, ge=2, description="Judging clusters.")
    accept_smaller_design: bool = Field(False, description="Judge although pairs or clusters are too few.")
    max_control_exposure: Share = Field(0.05, description="Share of controls that may have used the tool.")
    max_missing: Share = Field(0.20, description="Share of pairs that may lack an outcome.")
    target_tolerance: Share = Field(0.8, description="An effect counts as reached from this share of its target.")


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


class Recommender(Frozen):
    """Where answers about synthetic employees come from: a feed, or the tool itself over HTTP."""

    feed: Literal["synthetic_recommendations"] | None = Field(None, description="The answers are a feed.")
    http: str | None = Field(None, description="The tool's URL, which is asked directly.")
    batch_size: int = Field(200, ge=1, description="Synthetic employees per request.")
    timeout_s: float = Field(30, gt=0, description="Seconds to wait for an answer.")
    retries: int = Field(3, ge=0, description="Further tries of a request that failed.")

    @model_validator(mode="after")
    def _one_of(self) -> Recommender:
        if (self.feed is None) == (self.http is None):
            raise ValueError("give either feed: synthetic_recommendations or http: URL")
        return self


Attribute = Literal["gender", "ethnicity", "age_band"]


class FairnessSection(Frozen):
    """What the bias audit looks at."""

    attributes: tuple[Attribute, ...] = Field(
        ("gender", "ethnicity", "age_band"), min_length=1, description="Protected attributes that twins differ in."
    )
    intersections: tuple[tuple[Attribute, Attribute], ...] = Field((), description="Pairs of them looked at together.")
    twins: int = Field(2000, ge=100, description="Twin sets per attribute, A/A twins included.")
    recommender: Recommender = Recommender(feed="synthetic_recommendations")


class ReadinessSection(Frozen):
    """What the four checkpoints demand."""

    sso_personas: tuple[str, ...] = Field(("employee", "manager", "hr_admin"), description="Who must have signed in.")
    sso_division: Literal["department", "business_unit", "location"] = Field(
        "department", description="Each persona must have signed in from each of the cohort's."
    )
    max_quarantine_share: Share = Field(0.02, description="Share of a feed's rows that may be set aside.")


class EnablementSection(Frozen):
    """Manager enablement before employees (R29)."""

    minutes: int = Field(90, ge=1, description="Per manager, before their reports' first access.")
    topics: tuple[str, ...] = Field(("signals", "one_on_ones", "limits"), description="All of them must be covered.")


class RoiSection(Frozen):
    """Prices and ranges; every range is low, likely, high."""

    currency: str = Field("EUR", description="Of every amount here.")
    manager_hour_cost: Triple = Field((55, 70, 90), description="low, likely, high: an hour of a manager.")
    replacement_cost_share_of_salary: Triple = Field((0.3, 0.5, 1.0), description="low, likely, high: of a leaver.")
    average_salary: float = Field(62000, gt=0, description="Per year.")
    licence_per_person_year: float = Field(240, ge=0, description="What the tool costs.")
    one_off_costs: dict[str, float] = Field({}, description="name: amount")
    horizon_years: float = Field(1, gt=0, description="Over which value and cost are counted.")
    rollout_employees: int | None = Field(None, ge=1, description="Without it a rollout's value is not estimated.")
    rollout_adoption: Triple | None = Field(None, description="Share of the pilot's adoption kept; no default.")

    @field_validator("manager_hour_cost", "replacement_cost_share_of_salary", "rollout_adoption")
    @classmethod
    def _ordered(cls, value: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
        if value is not None and not 0 <= value[0] <= value[1] <= value[2] < math.inf:
            raise ValueError(f"{list(value)} must read low, likely, high, none below 0")
        return value


class AlertsSection(Frozen):
    """Where a failed run is told; an unset variable disables it."""

    webhook: str | None = Field(None, repr=False, description="A secret URL, as ${VARIABLE} from .env.")


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
