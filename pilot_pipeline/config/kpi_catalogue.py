"""The KPIs as data: what each is called, measured in, made of and estimated by; targets are in `pilot.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["threshold", "effect"]
Unit = Literal["share", "score points"]
Weekly = Literal["share", "ratio", "mean"]


@dataclass(frozen=True)
class KpiDefinition:
    """One KPI; for every one of them more is better.

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
    """

    name: str
    label: str
    meaning: str
    unit: Unit
    kind: Kind
    feeds: tuple[str, ...]
    baseline: bool
    weekly: Weekly
    estimate: str


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
"""Every KPI by its key, in the order in which they are always shown."""
