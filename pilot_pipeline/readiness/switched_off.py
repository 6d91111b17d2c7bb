"""What each missing feed switches off, in sentences; the switching itself happens where the feed is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pilot_pipeline.feeds.canon import CANON

CONSEQUENCES: Mapping[str, str] = {
    "employees": "no cohort can be formed and nothing can run",
    "consents": "nobody can be shown to have opted in and nothing can run",
    "tool_events": "adoption, completion and exposure cannot be measured and nothing can run",
    "enrolments": "the pipeline proposes the cohort itself, and the order of accounts cannot be shown",
    "sso_signins": "the SSO checkpoint has no test sign-in to judge, so go-live is blocked",
    "module_assignments": "module completion is not measured, so a go is out of reach",
    "manager_observations": "behaviour change is not measured",
    "manager_time": "preparation time is not measured, nor the value of managers' time",
    "pulse_responses": "the pulse is not measured, so a go is out of reach",
    "measurements": "the further KPIs are not measured",
    "recommendations": "the live bias audit is not made",
    "synthetic_recommendations": "the synthetic bias audit has no answers unless the tool is asked over HTTP",
    "enablement_sessions": "whether managers were enabled before their reports is not known",
    "competencies": "pathways cannot be held against competencies, so go-live is blocked",
    "pathways": "there is no pathway to review, so go-live is blocked",
    "business_outcomes": "the link from performance to business outcomes is not estimated",
    "initiatives": "concurrent initiatives are not shown beside the weekly figures",
    "issue_log": "issues rest on checks and audits alone, and no fix can be named for a finding",
}
"""What is lost without each feed of the contract."""


@dataclass(frozen=True)
class SwitchedOff:
    """A feed that is not there, and what that means."""

    feed: str
    sentence: str


def switched_off(
    present: Mapping[str, int | None], http_recommender: bool = False, further: bool = True
) -> tuple[SwitchedOff, ...]:
    """Return the feeds that are missing or empty, in the contract's order, each with its consequence.

    Args:
        present: feed to number of accepted rows; None, or left out, where the feed is not configured. A feed that may
            not be read yet (live, before go-live) is better left at any number above 0.
        http_recommender: whether the tool answers over HTTP, so that its answers need no feed.
        further: whether a further KPI is declared: without one nobody misses measurements.
    """
    needless = {"synthetic_recommendations"} if http_recommender else set()
    needless |= set() if further else {"measurements"}
    found = []
    for feed in CANON:
        rows = present.get(feed)
        if rows or feed in needless:
            continue
        state = "is not configured" if rows is None else "has no rows"
        found.append(SwitchedOff(feed, f"{feed} {state}: {CONSEQUENCES[feed]}."))
    return tuple(found)
