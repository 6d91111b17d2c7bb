"""Plots of the KPIs: weekly curves per arm, and each KPI's distance to its target; the figures come from `kpis`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pilot_pipeline.charts.frames import clean, records
from pilot_pipeline.charts.labels import ARM_LABELS, Catalogue, is_share, kpi_label, kpi_order
from pilot_pipeline.charts.marks import blank, chart_of, fitted
from pilot_pipeline.charts.render import BAD, CONTROL, GOOD, INK, MUTED, PILOT
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE

if TYPE_CHECKING:
    import altair as alt

_ARMS = (ARM_LABELS["pilot"], ARM_LABELS["control"])
_SPARSE = 4
"""Up to this many measured weeks are drawn as separate points, because a line between them would invent weeks."""
_REACH = (-1.0, 2.0)


def weekly_curves(weekly: pd.DataFrame, catalogue: Catalogue = KPI_CATALOGUE) -> list[alt.LayerChart | alt.Chart]:
    """Draw every KPI's weekly curve, from `weekly_kpis` rows."""
    kpis = kpi_order([str(kpi) for kpi in weekly["kpi"]], catalogue)
    if not kpis:
        return [blank("KPIs by week", "No week has finished yet.")]
    return [weekly_curve(weekly, kpi, catalogue) for kpi in kpis]


def weekly_curve(weekly: pd.DataFrame, kpi: str, catalogue: Catalogue = KPI_CATALOGUE) -> alt.LayerChart | alt.Chart:
    """Draw one KPI per week and arm with its 90 % interval and its target, from `weekly_kpis` rows.

    An effect's target is for pilot minus control, so it is left out: a line across one arm's curve would mislead.
    Weeks without a value (not observable, or suppressed) stay empty; the line is never drawn across them.
    """
    rows = _curve_rows(weekly, kpi, catalogue)
    measured = [row for row in rows if row["value"] is not None]
    if not measured:
        return blank(f"{kpi_label(kpi, catalogue)}: not measured yet", "No finished week has a publishable value.")
    weeks = [row["week"] for row in rows]
    sparse = len({row["week"] for row in measured}) <= _SPARSE
    y = _y(kpi, catalogue)
    marks = _points(measured, y, weeks) if sparse else _lines(rows, y, weeks)
    target = [] if _is_effect(kpi, catalogue) else _target(rows)
    return fitted([*marks, *target], _curve_title(weekly, kpi, catalogue), 170)


def kpi_effects(scorecard: pd.DataFrame, catalogue: Catalogue = KPI_CATALOGUE) -> alt.LayerChart | alt.Chart:
    """Draw each KPI with its interval as a share of its target, from `kpi_scorecard` rows: 100 % is the target.

    Where a level is to stay below its target, the target is taken as a share of it, so that more is better throughout.
    """
    import altair as alt

    rows = _reach_rows(scorecard, catalogue)
    if not rows:
        return blank("KPIs against their targets", "No KPI has been measured yet.")
    y = alt.Y("name:N", sort=[row["name"] for row in rows], title=None)
    axis = alt.Axis(format=".0%", values=[-1, -0.5, 0, 0.5, 1, 1.5, 2])
    x = alt.X("reach:Q", title="share of its target, 90 % interval", axis=axis)
    colour = alt.Color(
        "state:N", legend=None, scale=alt.Scale(domain=["met", "not met", "open"], range=[GOOD, BAD, MUTED])
    )
    base = chart_of(rows).encode(y=y, color=colour)
    interval = base.mark_rule(strokeWidth=3, opacity=0.45).encode(x=alt.X("low:Q"), x2="high:Q")
    shape = alt.Shape(
        "state:N",
        legend=None,
        scale=alt.Scale(domain=["met", "not met", "open"], range=["circle", "square", "diamond"]),
    )
    point = base.mark_point(filled=True, size=90, opacity=1).encode(x=x, shape=shape)
    target = chart_of([{"reach": 1, "word": "target"}])
    rule = target.mark_rule(color=INK, strokeDash=[5, 3]).encode(x="reach:Q")
    word = target.mark_text(align="left", dx=4, dy=-6, color=INK, fontSize=11).encode(
        x="reach:Q", y=alt.value(0), text="word:N"
    )
    met = sum(row["state"] == "met" for row in rows)
    title = f"{met} of {len(rows)} measured KPIs reached their target"
    return fitted([rule, word, interval, point], title, 34 * len(rows))


def _is_effect(kpi: str, catalogue: Catalogue) -> bool:
    return kpi in catalogue and catalogue[kpi].kind == "effect"


def _curve_rows(weekly: pd.DataFrame, kpi: str, catalogue: Catalogue) -> list[dict[str, Any]]:
    scale = 100.0 if is_share(kpi, catalogue) else 1.0
    rows = records(weekly.loc[weekly["kpi"] == kpi].sort_values(["week_no", "arm"], kind="stable"))
    return [
        {
            "week": int(row["week_no"]),
            "arm": ARM_LABELS.get(row["arm"], str(row["arm"])),
            "value": _times(row["value"], scale),
            "low": _times(row["ci_low"], scale),
            "high": _times(row["ci_high"], scale),
            "target": _times(row.get("target"), scale),
        }
        for row in rows
    ]


def _times(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale


def _x(weeks: list[int]) -> alt.X:
    import altair as alt

    ticks = sorted(set(weeks))
    domain = alt.Scale(domain=[min(ticks) - 0.5, max(ticks) + 0.5], nice=False)
    return alt.X("week:Q", title="week", scale=domain, axis=alt.Axis(values=ticks, format="d", grid=False))


def _y(kpi: str, catalogue: Catalogue) -> alt.Y:
    import altair as alt

    title = {"behaviour_change": "score points", "pulse": "score, 1 to 5"}.get(kpi, "per cent")
    scale = alt.Scale(domain=[1, 5], zero=False) if kpi == "pulse" else alt.Scale(zero=True)
    if kpi in catalogue and catalogue[kpi].further and not is_share(kpi, catalogue):
        title, scale = catalogue[kpi].unit, alt.Scale(zero=False)
    return alt.Y("value:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5))


def _colour(symbol: str) -> alt.Color:
    import altair as alt

    solid = alt.Legend(symbolOpacity=1, symbolType=symbol, symbolStrokeWidth=2.4)
    return alt.Color("arm:N", legend=solid, scale=alt.Scale(domain=list(_ARMS), range=[PILOT, CONTROL]))


def _lines(rows: list[dict[str, Any]], y: alt.Y, weeks: list[int]) -> list[alt.Chart]:
    import altair as alt

    base = chart_of(rows).encode(x=_x(weeks), color=_colour("stroke"))
    band = base.mark_area(opacity=0.16, invalid="break-paths-filter-domains")
    dash = alt.StrokeDash("arm:N", scale=alt.Scale(domain=list(_ARMS), range=[[1, 0], [5, 3]]))
    line = base.mark_line(strokeWidth=2.4, invalid="break-paths-filter-domains", point={"size": 28})
    return [band.encode(y=alt.Y("low:Q"), y2="high:Q"), line.encode(y=y, strokeDash=dash)]


def _points(rows: list[dict[str, Any]], y: alt.Y, weeks: list[int]) -> list[alt.Chart]:
    import altair as alt

    beside = dict(zip(_ARMS, (-0.12, 0.12), strict=True))
    base = chart_of([{**row, "week": row["week"] + beside.get(row["arm"], 0)} for row in rows]).encode(
        x=_x(weeks), color=_colour("circle")
    )
    shape = alt.Shape("arm:N", scale=alt.Scale(domain=list(_ARMS), range=["circle", "diamond"]))
    rule = base.mark_rule(strokeWidth=2, opacity=0.5).encode(y=alt.Y("low:Q"), y2="high:Q")
    return [rule, base.mark_point(filled=True, size=70, opacity=1).encode(y=y, shape=shape)]


def _target(rows: list[dict[str, Any]]) -> list[alt.Chart]:
    import altair as alt

    targets = [row["target"] for row in rows if row["target"] is not None]
    if not targets:
        return []
    base = chart_of([{"value": targets[0], "word": "target"}])
    rule = base.mark_rule(color=INK, strokeDash=[5, 3], opacity=0.75).encode(y="value:Q")
    word = base.mark_text(align="left", dx=2, dy=-6, fontSize=11, color=INK)
    return [rule, word.encode(y="value:Q", x=alt.value(0), text="word:N")]


def _curve_title(weekly: pd.DataFrame, kpi: str, catalogue: Catalogue) -> str:
    """Say the latest publishable pilot value, its count and how it stands to the target."""
    own = weekly.loc[(weekly["kpi"] == kpi) & (weekly["arm"] == "pilot") & weekly["value"].notna()]
    if own.empty:
        return f"{kpi_label(kpi, catalogue)}: nothing publishable in the pilot arm yet"
    row = records(own.sort_values("week_no", kind="stable").tail(1))[0]
    shown = f"{100 * row['value']:.0f} %" if is_share(kpi, catalogue) else f"{row['value']:.2f}"
    track = None if _is_effect(kpi, catalogue) else clean(row.get("on_track"))
    short = "above" if kpi in catalogue and catalogue[kpi].result_sign < 0 else "below"
    stand = {True: ", on track", False: f", {short} target", None: ""}[track]
    return f"{kpi_label(kpi, catalogue)}: {shown} in week {row['week_no']}{stand}"


def _reach_rows(scorecard: pd.DataFrame, catalogue: Catalogue) -> list[dict[str, Any]]:
    rows = []
    order = kpi_order([str(kpi) for kpi in scorecard["kpi"]], catalogue)
    for row in sorted(records(scorecard), key=lambda row: order.index(str(row["kpi"]))):
        kpi, target = str(row["kpi"]), row["target"]
        if row["actual"] is None or not target or (target < 0 and not _is_effect(kpi, catalogue)):
            continue  # no level is a share of a target of 0 or below
        low, high = (row[end] if row[end] is not None else row["actual"] for end in ("ci_low", "ci_high"))
        ceiling = not _is_effect(kpi, catalogue) and kpi in catalogue and catalogue[kpi].result_sign < 0
        reach = [
            min(max(_share_of(value, target, ceiling), _REACH[0]), _REACH[1]) for value in (row["actual"], low, high)
        ]
        state = {True: "met", False: "not met", None: "open"}[row["met"]]
        rows.append(
            {"kpi": kpi, "name": kpi_label(kpi, catalogue), "state": state}
            | dict(zip(("reach", "low", "high"), reach, strict=True))
        )
    return rows


def _share_of(value: float, target: float, ceiling: bool) -> float:
    if not ceiling:
        return float(value / target)
    return float(target / value) if value > 0 else _REACH[1]
