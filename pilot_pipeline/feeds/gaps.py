"""Says in sentences what a feed's empty columns switch off; whether a gap blocks is decided by readiness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pandas as pd

from pilot_pipeline.feeds.canon import Feed

_CONSEQUENCES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("employees", "email"): "the SSO checkpoint cannot join sign-ins to people",
        ("employees", "manager_id"): (
            "matching under the same manager, observers' management lines and manager enablement cannot be checked"
        ),
        ("employees", "business_unit"): "business units are neither matched nor reported",
        ("employees", "location"): "locations are not reported",
        ("employees", "performance_score"): "the performance baseline cannot be matched",
        ("employees", "terminated_on"): "attrition cannot be dated",
        ("employees", "termination_reason"): "voluntary attrition cannot be told from other departures",
        ("employees", "skills"): "the completeness of skills cannot be checked",
        ("employees", "gender"): "the bias audit of live recommendations cannot look at gender",
        ("employees", "ethnicity"): "the bias audit of live recommendations cannot look at ethnicity",
        ("employees", "birth_year"): "the bias audit of live recommendations cannot look at age",
        ("employees", "promoted_on"): "promotions cannot be profiled by group",
        ("enrolments", "provisioned_at"): "the order of briefing and first account cannot be checked",
        ("enrolments", "withdrawn_at"): "only the consents feed tells of withdrawals",
        ("sso_signins", "persona"): "the SSO matrix cannot tell personas apart",
        ("sso_signins", "failure_reason"): "failed sign-ins are counted without their reasons",
        ("tool_events", "module_id"): "module completion cannot be measured",
        ("tool_events", "duration_s"): "durations are not reported",
        ("module_assignments", "due_on"): "every assigned module counts as due",
        ("manager_time", "prep_minutes"): "preparation time cannot be measured",
        ("measurements", "value"): "no further KPI can be measured",
        ("recommendations", "rank"): "every recommendation counts as a first choice",
        ("recommendations", "model_version"): "a change of the tool's model cannot be seen",
        ("synthetic_recommendations", "rank"): "every answer counts as a first choice",
        ("synthetic_recommendations", "model_version"): "a change of the tool's model cannot expire the audit",
        ("issue_log", "affected"): "issues are ranked without the number of people they touch",
        ("issue_log", "fix"): "issues are reported without the fix that people proposed",
    }
)


def gap_sentences(feed: Feed, frame: pd.DataFrame, never_filled: tuple[str, ...]) -> Iterator[str]:
    """Yield a sentence for every nullable column that has no source, or that is empty in every row."""
    for column in feed.columns:
        if not column.nullable:
            continue
        if column.name in never_filled:
            how = f"no column is mapped to {column.name}"
        elif len(frame) and frame[column.name].isna().all():
            how = f"{column.name} is empty in every row"
        else:
            continue
        consequence = _CONSEQUENCES.get((feed.name, column.name))
        yield f"{feed.name}: {how}; {consequence}." if consequence else f"{feed.name}: {how}."
