"""Whether a pilot is the right path at all (R1-R4); what a pilot then needs is the business of its siblings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pilot_pipeline.config.frozen import Frozen
from pilot_pipeline.config.planning import OrganisationSection
from pilot_pipeline.readiness.results import listed

Route = Literal["everyone", "pilot", "replacement", "peer_validated"]

PILOT_FROM = 50
"""Head count from which a pilot can leave enough people outside to compare with (R1)."""

ROUTES: dict[Route, str] = {
    "everyone": "Run the six steps on everyone: there are too few people for a pilot beside a control group.",
    "pilot": "Run a pilot.",
    "replacement": "Roll out without a pilot: a like-for-like replacement of a validated tool.",
    "peer_validated": "Roll out without a pilot: the configuration was validated by a peer.",
}


@dataclass(frozen=True)
class Factor:
    """One of the six decision factors: its name, its trigger in words, and what each path does about it."""

    name: str
    trigger: str
    pilot: str
    rollout: str


_FACTORS: dict[str, Factor] = {
    "first_ai_coaching_tool": Factor(
        "tool experience",
        "this is the first AI coaching tool here",
        "learns on 20 to 50 people beside a control group",
        "assumes that what worked elsewhere works here",
    ),
    "hris_quality_uncertain": Factor(
        "HRIS data quality",
        "the quality of the HRIS data is doubtful",
        "four checkpoints find broken data before access",
        "broken roles and reporting lines reach everyone at once",
    ),
    "manager_culture_uneven": Factor(
        "manager culture",
        "manager culture is uneven",
        "compares within managers and enables them first",
        "uneven managers look like an uneven tool",
    ),
    "roi_case_needed": Factor(
        "ROI case",
        "an ROI case is needed",
        "measures against controls, with intervals",
        "has no comparison and hence no effect to price",
    ),
    "equity_concern": Factor(
        "equity",
        "there is an equity concern",
        "audits recommendations for bias before and during use",
        "finds steering only after it has happened",
    ),
    "regulations": Factor(
        "regulation",
        "personal-data or sector rules apply",
        "writes governance down and briefs before access",
        "processes everyone's behavioural data from the first day",
    ),
}


@dataclass(frozen=True)
class PathAnswer:
    """The route with its reasons.

    `factors` has one row per decision factor: factor, observed, points_to (pilot, either), pilot, rollout.
    """

    route: Route
    reasons: tuple[str, ...]
    factors: pd.DataFrame

    @property
    def sentence(self) -> str:
        """The route in words."""
        return ROUTES[self.route]


def rollout_path(organisation: OrganisationSection) -> PathAnswer:
    """Return the path that an organisation should take.

    Under 50 employees everyone runs the six steps. From 50 on any of the six triggers leads to a pilot, whatever the
    attestations; without a trigger a complete set of attestations lets the organisation pass the pilot by.
    """
    triggers = [factor.trigger for key, factor in _FACTORS.items() if getattr(organisation, key)]
    factors = _factor_table(organisation)
    if organisation.employees < PILOT_FROM:
        reason = f"{organisation.employees} employees are fewer than {PILOT_FROM}"
        watch = [f"Watch all the same: {trigger}." for trigger in triggers]
        return PathAnswer("everyone", (f"{reason}.", *watch), factors)
    refused = [*_replacement_gaps(organisation), *_peer_gaps(organisation)]
    if triggers:
        reasons = [f"{trigger[0].upper()}{trigger[1:]}." for trigger in triggers]
        if _complete(organisation.replaces_validated_tool) or _complete(organisation.peer_evidence):
            refused.append("A bypass is attested, but it does not outweigh a reason for a pilot.")
        return PathAnswer("pilot", (*reasons, *refused), factors)
    if _complete(organisation.replaces_validated_tool):
        reason = "Integration architecture, competency framework and governance structure are attested as unchanged."
        return PathAnswer("replacement", (reason,), factors)
    if _complete(organisation.peer_evidence):
        reason = "A peer of the same vertical and size tier has published it independently and reproducibly."
        return PathAnswer("peer_validated", (reason,), factors)
    return PathAnswer("pilot", ("No bypass is attested completely.", *refused), factors)


def _attested(section: Frozen) -> tuple[list[str], list[str]]:
    """Return the attested and the missing attestations, in words."""
    values = section.model_dump()
    words = {key: key.replace("_", " ") for key in values}
    return [words[k] for k, v in values.items() if v], [words[k] for k, v in values.items() if not v]


def _complete(section: Frozen) -> bool:
    return not _attested(section)[1]


def _replacement_gaps(organisation: OrganisationSection) -> list[str]:
    given, missing = _attested(organisation.replaces_validated_tool)
    return [f"A like-for-like replacement also needs: {listed(missing)}."] if given and missing else []


def _peer_gaps(organisation: OrganisationSection) -> list[str]:
    given, missing = _attested(organisation.peer_evidence)
    if not given or not missing:
        return []
    if not organisation.peer_evidence.independently_published:
        return ["The peer evidence is not independently published: a vendor's case study does not count."]
    return [f"Peer evidence also needs: {listed(missing)}."]


def _factor_table(organisation: OrganisationSection) -> pd.DataFrame:
    rows = []
    for key, factor in _FACTORS.items():
        value = getattr(organisation, key)
        observed = ", ".join(value) if isinstance(value, tuple) else ("yes" if value else "no")
        rows.append(
            {
                "factor": factor.name,
                "observed": observed or "none",
                "points_to": "pilot" if value else "either",
                "pilot": factor.pilot,
                "rollout": factor.rollout,
            }
        )
    return pd.DataFrame(rows).astype("str")
