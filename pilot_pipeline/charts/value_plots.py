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
_WIDE = frozenset({"attrition", "total"})
_FLATTENING = 3.0
"""From this many times the width of the other levers on, attrition would flatten them."""


def roi_bars(roi: pd.DataFrame, currency: str = "EUR") -> alt.LayerChart | alt.Chart:
    """Draw P10 to P90 per lever with the median, from `roi` rows; a lever that is not estimable says so.

    Attrition over a few weeks is uncertain by millions. Where its interval would flatten all others to a line, its bars
    are cut at the frame and carry their ends in words.
    """
    import altair as alt

    levers = [{**row, "name": LEVER_LABELS.get(row["lever"], plain(str(row["lever"])))} for row in records(roi)]
    if all(row["p50"] is None for row in levers):
        return blank("Value of a rollout: not estimable", "No lever can be estimated from this pilot.")
    frame = _frame(levers)
    for row in levers:
        row["kind"] = "total" if str(row["lever"]).startswith("total") else "lever"
        cut = frame is not None and row["p50"] is not None and (row["p10"] < frame[0] or row["p90"] > frame[1])
        row["ends"] = f"{_short(row['p10'])} to {_short(row['p90'])}" if cut else ""
    y = alt.Y("name:N", sort=[row["name"] for row in levers], title=None, axis=alt.Axis(domain=False, ticks=False))
    base = chart_of(levers).encode(y=y)
    scale = alt.Scale(domain=list(frame), nice=False) if frame else alt.Scale()
    axis = alt.Axis(labelExpr=_THOUSANDS, tickCount=5)
    x = alt.X("p10:Q", title=f"{currency}: P10 to P90, line at the median", axis=axis, scale=scale)
    colour = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=["lever", "total"], range=[PILOT, INK]))
    known = base.transform_filter("isValid(datum.p50)")
    bar = known.mark_bar(height=16, clip=True).encode(x=x, x2="p90:Q", color=colour)
    whole = known.transform_filter("datum.ends == ''")
    median = whole.mark_tick(color="white", thickness=2.5, height=16).encode(x="p50:Q")
    middle = (frame[0] + frame[1]) / 2 if frame else 0
    ends = known.mark_text(color="white", fontSize=11).encode(x=alt.datum(middle), text="ends:N")
    absent = base.transform_filter("!isValid(datum.p50)").mark_text(align="left", dx=4, color=MUTED, fontSize=11)
    word = absent.encode(x=alt.datum(0), text=alt.value("not estimable"))
    zero = chart_of([{"at": 0}]).mark_rule(color=INK, opacity=0.7).encode(x="at:Q")
    return fitted([zero, bar, median, ends, word], _title(levers, currency), 34 * len(levers))


def tornado_bars(tornado: pd.DataFrame, currency: str = "EUR") -> alt.LayerChart | alt.Chart:
    """Draw how the net value moves when one input goes from its P10 to its P90.

    Columns input, centre (net value at medians), total_low, total_high.
    """
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
    """Say the cautious end of the net value, without attrition where both totals are there."""
    nets = {row["lever"]: row["p10"] for row in levers if row["p10"] is not None}
    low = nets.get("total_without_attrition", nets.get("total"))
    if low is None:
        return "The net value of a rollout is not estimable from this pilot"
    aside = ", attrition aside," if "total_without_attrition" in nets else ""
    amount = f"{currency} {abs(float(f'{low:.3g}')):,.0f}"
    if low >= 0:
        return f"Nine times in ten{aside} a rollout nets at least {amount}"
    return f"Nine times in ten{aside} a rollout loses no more than {amount}"


def _frame(levers: list[dict[str, Any]]) -> tuple[float, float] | None:
    """Return where to cut the x axis, or None where everything fits; attrition and what contains it may be cut."""
    known = [row for row in levers if row["p50"] is not None]
    narrow = [row[end] for row in known if row["lever"] not in _WIDE for end in ("p10", "p90")]
    if not narrow:
        return None
    low, high = min(0.0, *narrow), max(0.0, *narrow)
    reach = max(row["p90"] for row in known) - min(row["p10"] for row in known)
    if reach <= _FLATTENING * (high - low):
        return None
    margin = 0.15 * (high - low)
    return low - margin, high + margin


def _short(amount: float) -> str:
    scaled, unit = (amount / 1e6, "m") if abs(amount) >= 1e6 else (amount / 1e3, "k")
    return f"{scaled:.1f} {unit}".replace("-", "\u2212")
