"""Sections of `pilot.yaml` on what is measured and judged: KPIs, decision rule, bias audit, value."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from pilot_pipeline.config.frozen import Frozen, Share, Triple
from pilot_pipeline.config.further import FurtherKpi
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE, KpiDefinition

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
    """The five KPIs and any further one, defined before the tool is configured (R5)."""

    adoption: AdoptionKpi = AdoptionKpi()
    module_completion: CompletionKpi = CompletionKpi()
    behaviour_change: BehaviourKpi = BehaviourKpi()
    prep_time_reduction: PrepTimeKpi = PrepTimeKpi()
    pulse: PulseKpi = PulseKpi()
    further: tuple[FurtherKpi, ...] = Field((), description="KPIs of your own, from the feed measurements.")

    @property
    def catalogue(self) -> Mapping[str, KpiDefinition]:
        """Every KPI by its key, the further ones behind the five in the order in which they are declared."""
        return (
            {**KPI_CATALOGUE, **{kpi.name: kpi.definition for kpi in self.further}} if self.further else KPI_CATALOGUE
        )

    @property
    def required_effects(self) -> tuple[str, ...]:
        """Names of the effect KPIs that a go requires."""
        return tuple(name for name, kpi in self.catalogue.items() if kpi.kind == "effect" and self.of(name).required)

    @property
    def metrics(self) -> frozenset[str]:
        """The metrics of the feed measurements that a further KPI is made of."""
        return frozenset(kpi.metric or kpi.name for kpi in self.further)

    def of(self, name: str) -> Any:
        """Return what was written about a KPI: its target, and of an effect whether it is required."""
        return next((kpi for kpi in self.further if kpi.name == name), None) or getattr(self, name)


class DecisionSection(Frozen):
    """The decision rule's numbers; the rule itself is `closeout.gate`."""

    alpha: float = Field(0.05, gt=0, lt=0.5, description="One-sided error rate of each effect.")
    min_pairs: int = Field(30, ge=2, description="Fewer pairs are directional only.")
    min_managers: int = Field(8, ge=2, description="Judging clusters.")
    accept_smaller_design: bool = Field(False, description="Judge although pairs or clusters are too few.")
    max_control_exposure: Share = Field(0.05, description="Share of controls that may have used the tool.")
    max_missing: Share = Field(0.20, description="Share of pairs that may lack an outcome.")
    target_tolerance: Share = Field(0.8, description="An effect counts as reached from this share of its target.")


class Recommender(Frozen):
    """Where answers about synthetic employees come from: a feed, or the tool itself, over HTTP or in Python."""

    feed: Literal["synthetic_recommendations"] | None = Field(None, description="The answers are a feed.")
    http: str | None = Field(None, description="The tool's URL, which is asked directly.")
    python: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="module:function of an installed Python tool; it takes and returns a pandas frame.",
    )
    model_version: str | None = Field(
        None,
        min_length=1,
        description="The version that is piloted: others' answers are refused, and a new one is asked and compared.",
    )
    batch_size: int = Field(200, ge=1, description="Synthetic employees per request.")
    timeout_s: float = Field(30, gt=0, description="Seconds to wait for an answer.")
    retries: int = Field(3, ge=0, description="Further tries of a request that failed.")

    @property
    def asks(self) -> bool:
        """Whether the tool itself is asked, instead of a feed being read."""
        return self.feed is None

    @property
    def whom(self) -> str:
        """A digest of who is asked: another address or function is another tool. An address may hold a secret."""
        return hashlib.sha256(f"{self.feed}|{self.http}|{self.python}".encode()).hexdigest()[:16]

    @model_validator(mode="after")
    def _one_of(self) -> Recommender:
        if sum(way is not None for way in (self.feed, self.http, self.python)) != 1:
            raise ValueError("give one of feed: synthetic_recommendations, http: URL and python: module:function")
        return self


Attribute = Literal["gender", "ethnicity", "age_band"]
FairReason = Literal["location", "performance_score", "skills", "tenure_years"]


class FairnessSection(Frozen):
    """What the bias audit looks at."""

    attributes: tuple[Attribute, ...] = Field(
        ("gender", "ethnicity", "age_band"), min_length=1, description="Protected attributes that twins differ in."
    )
    intersections: tuple[tuple[Attribute, Attribute], ...] = Field((), description="Pairs of them looked at together.")
    legitimate: tuple[FairReason, ...] = Field(
        (), description="What the tool may go by although it goes with an attribute; declared before the lock."
    )
    promotion_years: float = Field(
        2, gt=0, description="Promotions within so many years before the start are profiled by group."
    )
    twins: int = Field(2500, ge=100, description="Twin sets per attribute, A/A twins included.")
    recommender: Recommender = Recommender(feed="synthetic_recommendations")


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
