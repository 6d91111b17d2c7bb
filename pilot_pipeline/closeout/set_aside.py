"""What the rows in quarantine could have made of a KPI, as bounds in sentences; no row is looked at, only counted.

A row that was set aside says nothing about whom it meant, so the bound is the widest one: every such row is somebody
who is not counted yet. What people left out themselves is `kpi_remarks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from pilot_pipeline.closeout import formats
from pilot_pipeline.kpis.results import KpiResult


def set_aside_remarks(
    results: Sequence[KpiResult], data_quality: pd.DataFrame, modules: pd.DataFrame | None
) -> tuple[str, ...]:
    """Return one sentence per measured KPI some of whose rows are in quarantine, in the order of the KPIs.

    Args:
        results: the KPIs at close-out.
        data_quality: the published columns of `data_quality`; read are feed and rows_quarantined.
        modules: assigned and completed modules that are due, one row per participant; None where none were read.
    """
    counted = data_quality.set_index("feed")["rows_quarantined"]
    aside = {str(feed): int(rows) for feed, rows in counted.items() if rows > 0}
    return tuple(
        f"{result.told.label}: {said}"
        for result in results
        if result.measured
        for said in _said(result, {f: aside[f] for f in result.told.feeds if f in aside}, modules)
    )


def _said(result: KpiResult, aside: Mapping[str, int], modules: pd.DataFrame | None) -> Iterator[str]:
    if not aside:
        return
    rows = " and ".join(f"{count:,} {'row' if count == 1 else 'rows'} of {feed}" for feed, count in aside.items())
    were = "was" if sum(aside.values()) == 1 else "were"
    yield f"{rows} {were} set aside; {_bound(result, aside, modules)}"


def _bound(result: KpiResult, aside: Mapping[str, int], modules: pd.DataFrame | None) -> str:
    if result.kpi == "adoption" and result.active is not None and result.n:
        most = min(result.n, result.active + sum(aside.values()))
        return f"had each shown somebody else in the deadline week, it would be {formats.percent(most / result.n)}."
    if result.kpi == "module_completion" and modules is not None:
        completed, assigned = float(modules["completed"].sum()), float(modules["assigned"].sum())
        low = completed / (assigned + aside.get("module_assignments", 0))
        high = min(1.0, (completed + aside.get("tool_events", 0)) / assigned)
        return f"whatever they said, it lies between {formats.percent(low)} and {formats.percent(high)}."
    if result.kind == "effect":
        return "pairs that they would have completed count as missing."
    if result.declared:
        return "what they said counts as missing."
    return "what they said counts as not said."
