"""Whether the data at hand can measure each KPI before launch (R6), and what could replace it; measuring is `kpis`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pilot_pipeline.config.kpi_catalogue import KpiDefinition
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.readiness.results import Requirement, listed


@dataclass(frozen=True)
class Replacement:
    """Something measurable in a KPI's place, and the feeds that it takes."""

    words: str
    feeds: tuple[str, ...]


REPLACEMENTS: Mapping[str, tuple[Replacement, ...]] = {
    "adoption": (Replacement("weekly sign-ins per participant, from sso_signins", ("sso_signins",)),),
    "module_completion": (
        Replacement("modules completed per participant and week, from tool_events", ("tool_events",)),
    ),
    "behaviour_change": (
        Replacement("preparation time per direct report, from manager_time", ("manager_time",)),
        Replacement("each unit's own result, from business_outcomes", ("business_outcomes",)),
    ),
    "prep_time_reduction": (
        Replacement("behaviour scored by managers, from manager_observations", ("manager_observations",)),
        Replacement("each unit's own result, from business_outcomes", ("business_outcomes",)),
    ),
    "pulse": (Replacement("opt-outs and withdrawals over time, from consents", ("consents",)),),
}
"""What could take a KPI's place, the nearest first; a further one is replaced by declaring another."""

_IN_PILOT = ("tool_events", "sso_signins", "pulse_responses")


def measurability(
    config: PilotConfig, present: Mapping[str, int | None], metrics: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """Return one row per configured KPI: kpi, measurable, required, reason, replacement (missing where none is needed).

    Args:
        config: the pilot's.
        present: feed to number of accepted rows dated before `starts_on`; None, or left out, where the feed is not
            configured. Feeds that fill only during the pilot need not have a row yet.
        metrics: the same of the feed measurements, metric by metric; None where it has not been read.
    """
    rows = []
    for kpi, need in config.kpis.catalogue.items():
        missing = [feed for feed in need.feeds if present.get(feed) is None]
        empty = _without_baseline(need, present, metrics) if need.baseline else []
        fits = not missing and not empty
        rows.append(
            {
                "kpi": kpi,
                "measurable": fits,
                "required": kpi in config.kpis.required_effects,
                "reason": _reason(need, missing, empty),
                "replacement": None if fits else _replacement(kpi, present),
            }
        )
    text = dict.fromkeys(("kpi", "reason", "replacement"), "str")
    return pd.DataFrame(rows).astype({**text, "measurable": "bool", "required": "bool"})


def check_measurability(table: pd.DataFrame) -> tuple[Requirement, ...]:
    """Return a requirement per KPI of `measurability`.

    All warn: a missing feed switches its KPI off and the gate then says reconfigure, but the pilot may still run.
    """
    return tuple(
        Requirement(
            f"{row.kpi}_measurable",
            "1 KPIs",
            bool(row.measurable),
            "warn",
            str(row.reason) if row.measurable else f"{row.reason} {_advice(row.replacement)}",
        )
        for row in table.itertuples()
    )


def _without_baseline(
    need: KpiDefinition, present: Mapping[str, int | None], metrics: Mapping[str, int] | None
) -> list[str]:
    """Return the feeds, of a further KPI the metric in its feed, that have no row from before the pilot."""
    if need.metric is not None and metrics is not None:
        return [] if metrics.get(need.metric) else [f"{need.metric} in {listed(list(need.feeds))}"]
    return [feed for feed in need.feeds if present.get(feed) == 0]


def _reason(need: KpiDefinition, missing: list[str], empty: list[str]) -> str:
    if missing:
        return f"{_feeds(missing)} not configured."
    if empty:
        return f"{_feeds(empty)} without a baseline row before the pilot starts."
    if need.baseline:
        return f"{listed(list(need.feeds))} has baseline rows."
    return f"{_feeds(list(need.feeds))} configured."


def _feeds(names: list[str]) -> str:
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}"


def _replacement(kpi: str, present: Mapping[str, int | None]) -> str | None:
    for candidate in REPLACEMENTS.get(kpi, ()):
        if all(_has(feed, present) for feed in candidate.feeds):
            return candidate.words
    return None


def _has(feed: str, present: Mapping[str, int | None]) -> bool:
    rows = present.get(feed)
    return rows is not None and (rows > 0 or feed in _IN_PILOT)


def _advice(replacement: object) -> str:
    if isinstance(replacement, str):
        return f"Measurable instead: {replacement}."
    return "Nothing among today's feeds could replace it."
