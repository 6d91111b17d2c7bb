"""Plots of the value: intervals per lever, and what the net value hangs on; the figures come from `value`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pilot_pipeline.charts.frames import records
from pilot_pipeline.charts.labels import LEVER_LABELS, plain
from pilot_pipeline.charts.marks import blank, chart_of, fitted
from pilot_pipeline.charts.render import INK, MUTED, PILOT

if TYPE_CHECKING:
    import altair as alt

_THOUSANDS = (
    "datum.value == 0 ? '0' : abs(datum.value) >= 1e6 ? format(datum.value / 1e6, '.1~f') + ' m'"
    " : format(datum.value / 1000, '.0~f') + ' k'"
)


def roi_bars(roi: pd.DataFrame, currency: str = "EUR") -> alt.LayerChart | alt.Chart:
    """Draw P10 to P90 per lever with the median, from `roi` rows; a lever that is not estimable says so."""
    import altair as alt

    levers = [{**row, "name": LEVER_LABELS.get(row["lever"], plain(str(row["lever"])))} for row in records(roi)]
    drawn = [row for row in levers if row["p50"] is not None]
    if not drawn:
        return blank("Value of a rollout: not estimable", "No lever can be estimated from this pilot.")
    for row in levers:
        row["kind"] = "total" if str(row["lever"]).startswith("total") else "lever"
    y = alt.Y("name:N", sort=[row["name"] for row in levers], title=None, axis=alt.Axis(domain=False, ticks=False))
    base = chart_of(levers).encode(y=y)
    axis = alt.Axis(labelExpr=_THOUSANDS, tickCount=5)
    x = alt.X("p10:Q", title=f"{currency}: P10 to P90, line at the median", axis=axis)
    colour = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=["lever", "total"], range=[PILOT, INK]))
    known = base.transform_filter("isValid(datum.p50)")
    bar = known.mark_bar(height=16, cornerRadius=3).encode(x=x, x2="p90:Q", color=colour)
    median = known.mark_tick(color="white", thickness=2.5, height=16).encode(x="p50:Q")
    absent = base.transform_filter("!isValid(datum.p50)").mark_text(align="left", color=MUTED, fontSize=11)
    word = absent.encode(x=alt.datum(0), text=alt.value("not estimable"))
    zero = chart_of([{"at": 0}]).mark_rule(color=INK, opacity=0.7).encode(x="at:Q")
    return fitted([bar, zero, median, word], _title(levers, currency), 34 * len(levers))


def tornado_bars(tornado: pd.DataFrame, currency: str = "EUR") -> alt.LayerChart | alt.Chart:
    """Draw how the net value moves when one input goes from its P10 to its P90; columns input, centre,
    total_low, total_high."""
    import altair as alt

    rows = records(tornado)
    if not rows:
        return blank("What the value hangs on", "No lever can be estimated from this pilot.")
    bars = [
        {"input": row["input"], "from": row["centre"], "to": row[end], "end": word}
        for row in rows
        for end, word in (("total_low", "input at its P10"), ("total_high", "input at its P90"))
    ]
    y = alt.Y("input:N", sort=[row["input"] for row in rows], title=None, axis=alt.Axis(domain=False, ticks=False))
    scale = alt.Scale(domain=["input at its P10", "input at its P90"], range=["#9fb4cf", PILOT])
    x = alt.X("from:Q", title=f"net value in {currency}", axis=alt.Axis(labelExpr=_THOUSANDS, tickCount=5)).scale(
        zero=False
    )
    bar = chart_of(bars).mark_bar(height=15).encode(y=y, x=x, x2="to:Q", color=alt.Color("end:N", scale=scale))
    zero = chart_of([{"at": 0}]).mark_rule(color=INK, opacity=0.7).encode(x="at:Q")
    title = f"The net value hangs most on: {str(rows[0]['input']).lower()}"
    return fitted([bar, zero], title, 28 * len(rows))


def _title(levers: list[dict[str, Any]], currency: str) -> str:
    total = next((row for row in levers if row["lever"] == "total" and row["p10"] is not None), None)
    if total is None:
        return "The net value of a rollout is not estimable from this pilot"
    low = f"{currency} {abs(total['p10']):,.0f}"
    if total["p10"] >= 0:
        return f"Nine times in ten a rollout nets at least {low}"
    return f"Nine times in ten a rollout does no worse than a loss of {low}"
