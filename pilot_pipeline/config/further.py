"""Further KPIs as `kpis.further` declares them, and what makes a declaration unusable; the five are `kpi_catalogue`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic import Field, ValidationInfo, field_validator

from pilot_pipeline.config.frozen import Frozen
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE, SHARE, Direction, Estimator, Kind, KpiDefinition

FEED = "measurements"
"""The feed that every further KPI is made of."""
BASELINE_WEEKS = (-4, 0)
"""First and last week whose values are a person's baseline."""
EFFECT_FROM_WEEK = 5
"""The first four weeks are set-up and no effect, as with preparation time."""
RESERVED = ("attrition", "group_differences")
"""Rows of `pilot power` that are no KPI."""
_ESTIMATORS: dict[Kind, tuple[Estimator, ...]] = {"effect": ("ancova", "difference"), "threshold": ("mean", "share")}
_NAME, _ONE_LINE = r"^[a-z][a-z0-9_]*$", r"^\S(.*\S)?$"
_ASKED = {_NAME: "is not a key: small letters, digits and _, a letter first", _ONE_LINE: "must be one line of text"}
_IN_WORDS: dict[Estimator, str] = {
    "ancova": "ANCOVA of pair differences; sign flips of cluster sums, interval by inverting them",
    "difference": "pair differences of the change; sign flips of cluster sums, interval by inverting them",
    "mean": "mean over people of their means, Student's interval",
    "share": "share of the people with a value, Clopper–Pearson; Korn–Graubard over clusters beside it",
}


class FurtherKpi(Frozen):
    """One KPI besides the five, made of one metric of the feed `measurements`."""

    name: str = Field(max_length=40, json_schema_extra={"pattern": _NAME}, description="Its key in every table.")
    label: str | None = Field(None, max_length=60, description="What people call it; default: the name in words.")
    unit: str = Field(max_length=40, description="Of people's values, for example calls per week; share is per cent.")
    kind: Kind = Field(description="effect: pilot minus control; threshold: the participants alone.")
    direction: Direction = Field("more", description="Which way is better: more or less.")
    metric: str | None = Field(
        None, max_length=80, description="The metric in the feed measurements; default: the name."
    )
    target: float = Field(
        description="Of an effect: how much better than the control arm, above 0 in either direction. Of a mean: the "
        "value; of a share: the share of people."
    )
    estimator: Estimator = Field(description="Of an effect ancova or difference, of a threshold mean or share.")
    reached: float | None = Field(
        None, description="With share: the value from which on, in the direction of better, a person counts."
    )
    required: bool = Field(False, description="A go needs it; an effect only.")

    @field_validator("name", "label", "unit", "metric")
    @classmethod
    def _written_well(cls, value: str | None, info: ValidationInfo) -> str | None:
        asked = _NAME if info.field_name == "name" else _ONE_LINE
        if value is not None and not re.fullmatch(asked, value):
            raise ValueError(f"{value!r} {_ASKED[asked]}")
        return value

    @property
    def from_week(self) -> int:
        """The first week that counts as during the pilot; the last is the pilot's."""
        return EFFECT_FROM_WEEK if self.kind == "effect" else 1

    @property
    def definition(self) -> KpiDefinition:
        """The same as a KPI of the catalogue."""
        effect = self.kind == "effect"
        return KpiDefinition(
            name=self.name,
            label=self.label or _words(self.name),
            meaning=", ".join(self._meaning()),
            unit=SHARE if self.estimator == "share" else self.unit,
            kind=self.kind,
            feeds=(FEED,),
            baseline=effect,
            weekly="share" if self.estimator == "share" else "mean",
            estimate=_IN_WORDS[self.estimator],
            direction=self.direction,
            estimator=self.estimator,
            metric=self.metric or self.name,
            reached=self.reached,
        )

    def _meaning(self) -> Iterator[str]:
        if self.reached is not None:
            bound = "at most" if self.direction == "less" else "at least"
            yield f"share of people with {bound} {self.reached:g} {self.unit}"
            return
        yield self.unit
        if self.kind == "effect":
            yield "pilot minus control"
        if self.direction == "less":
            yield "less is better"


def further_faults(kpis: Sequence[FurtherKpi], feed_configured: bool) -> Iterator[str]:
    """Yield a sentence per declaration that cannot be used, naming its key."""
    taken = {kpi.label.casefold(): name for name, kpi in KPI_CATALOGUE.items()}
    names: set[str] = set()
    for kpi in kpis:
        key = f"kpis.further.{kpi.name}"
        if kpi.name in KPI_CATALOGUE:
            yield f"{key}: this name is one of the five KPIs, whose keys stand under kpis itself"
        elif kpi.name in RESERVED:
            yield f"{key}: this name is taken by a row of pilot power; give the KPI another one"
        elif kpi.name in names:
            yield f"{key} is declared twice"
        elif (other := taken.get(kpi.definition.label.casefold())) is not None:
            yield f"{key}.label is what kpis.{other} is called already"
        names.add(kpi.name)
        taken[kpi.definition.label.casefold()] = f"further.{kpi.name}"
        yield from (f"{key}.{fault}" for fault in _own_faults(kpi))
    if kpis and not feed_configured:
        yield f"kpis.further.{kpis[0].name} is made of the feed {FEED}, but feeds.{FEED} is not configured"


def _own_faults(kpi: FurtherKpi) -> Iterator[str]:
    fitting = _ESTIMATORS[kpi.kind]
    if kpi.estimator not in fitting:
        yield f"estimator is {kpi.estimator}, but of kind {kpi.kind} it is {' or '.join(fitting)}"
    elif kpi.kind == "effect" and kpi.target <= 0:
        yield (
            f"target is {kpi.target:g}, but an effect's target says how much better than the control arm, so that it "
            "is above 0 whichever way is better"
        )
    elif kpi.estimator == "share" and not 0 < kpi.target <= 1:
        yield f"target is {kpi.target:g}, but a share of people lies above 0 and is at most 1"
    if kpi.estimator == "share" and kpi.reached is None:
        yield "reached is missing: estimator share counts the people whose mean is at least as good as reached"
    elif kpi.estimator != "share" and kpi.reached is not None:
        yield f"reached goes with estimator share only, and estimator is {kpi.estimator}"
    if kpi.kind == "threshold" and kpi.required:
        yield "required is true, but only an effect can be required: no error rate is promised for a further threshold"


def _words(name: str) -> str:
    return name[:1].upper() + name[1:].replace("_", " ").rstrip()
