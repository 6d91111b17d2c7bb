"""The five KPIs as data: what each is called, measured in, made of and estimated by; further ones are `further`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["threshold", "effect"]
Weekly = Literal["share", "ratio", "mean"]
Direction = Literal["more", "less"]
Estimator = Literal["ancova", "difference", "mean", "share"]


@dataclass(frozen=True)
class KpiDefinition:
    """One KPI; of the five built-in ones more is better.

    Attributes:
        name: its key in `pilot.yaml` under `kpis`, and in every table.
        label: what people call it.
        meaning: the same in a line.
        unit: of its value, its target and its interval; a share is shown in per cent.
        kind: a threshold is reached by the participants alone, an effect is pilot minus control.
        feeds: what it is made of.
        baseline: whether those feeds need rows from before the pilot.
        weekly: how its weekly value comes from sums over people: a share of them, a ratio of two sums, a mean.
        estimate: estimate, interval and test at the close-out, in words; the functions are in `kpis`.
        direction: which way is better.
        estimator: of a further KPI; None for the five, whose estimators are their own.
        metric: the metric of the feed `measurements` that a further KPI is made of.
        reached: from where on, in the direction of better, a person counts for a share of people.
    """

    name: str
    label: str
    meaning: str
    unit: str
    kind: Kind
    feeds: tuple[str, ...]
    baseline: bool
    weekly: Weekly
    estimate: str
    direction: Direction = "more"
    estimator: Estimator | None = None
    metric: str | None = None
    reached: float | None = None

    @property
    def further(self) -> bool:
        """Whether it was declared under `kpis.further`."""
        return self.estimator is not None

    @property
    def sign(self) -> float:
        """What people's figures are multiplied by so that more is better; scoring does it once, before all else."""
        return -1.0 if self.direction == "less" else 1.0

    @property
    def result_sign(self) -> float:
        """What a result is multiplied by to be shown in people's own sign; of a share of people more is better."""
        return 1.0 if self.estimator == "share" else self.sign


SHARE = "share"
"""The unit of figures from 0 to 1 that are shown as per cent."""

_ALL = (
    KpiDefinition(
        "adoption",
        "Adoption",
        "weekly active users in the deadline week, of everyone who was given the tool",
        "share",
        "threshold",
        ("tool_events",),
        False,
        "share",
        "share of the adoption denominator, Clopper–Pearson; Korn–Graubard over clusters beside it",
    ),
    KpiDefinition(
        "module_completion",
        "Module completion",
        "modules completed, of those assigned and due",
        "share",
        "threshold",
        ("tool_events", "module_assignments"),
        False,
        "ratio",
        "completed over assigned, BCa bootstrap over participants",
    ),
    KpiDefinition(
        "behaviour_change",
        "Behaviour change",
        "manager-observed score points, pilot minus control",
        "score points",
        "effect",
        ("manager_observations",),
        True,
        "mean",
        "ANCOVA of pair differences; sign flips of cluster sums, interval by inverting them",
    ),
    KpiDefinition(
        "prep_time_reduction",
        "Prep-time reduction",
        "less preparation per report and week, pilot minus control",
        "share",
        "effect",
        ("manager_time",),
        True,
        "ratio",
        "minutes saved over baseline minutes; sign flips of cluster sums, interval by inverting them",
    ),
    KpiDefinition(
        "pulse",
        "Pulse",
        "participants' mean answer from 1 to 5, over the pulse weeks",
        "score points",
        "threshold",
        ("pulse_responses",),
        False,
        "mean",
        "mean over people of their answered waves, Student's interval; bounds for the silent",
    ),
)

KPI_CATALOGUE: Mapping[str, KpiDefinition] = MappingProxyType({kpi.name: kpi for kpi in _ALL})
"""The five by their keys, in the order in which they are always shown; `KpisSection.catalogue` has further ones too."""
