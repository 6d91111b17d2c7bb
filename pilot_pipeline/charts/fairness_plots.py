"""The heat maps of recommendations by group and of twins; whether there is bias is decided in `fairness`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pilot_pipeline.charts.frames import day, records
from pilot_pipeline.charts.labels import VERDICT_LABELS, plain
from pilot_pipeline.charts.marks import blank, chart_of, fitted
from pilot_pipeline.charts.render import CONTROL, INK, PILOT

if TYPE_CHECKING:
    import altair as alt

_COLOURS = [CONTROL, "#f5f6f8", PILOT]
_SLANTED: dict[str, Any] = {
    "orient": "top",
    "labelAngle": -38,
    "labelLimit": 130,
    "domain": False,
    "ticks": False,
}
_AUDITS = {"synthetic": "Synthetic audit", "live": "Live audit"}


def latest_audit(bias_audit: pd.DataFrame, audit: str | None = None) -> pd.DataFrame:
    """Return the latest rows of one audit ('synthetic' or 'live'; default live where there is one)."""
    kinds = list(dict.fromkeys(str(kind) for kind in bias_audit["audit"]))
    if audit is None:
        audit = "live" if "live" in kinds else next(iter(kinds), "synthetic")
    own = bias_audit.loc[bias_audit["audit"] == audit]
    return own if own.empty else own.loc[own["as_of"] == own["as_of"].max()]


def bias_heat_map(bias_audit: pd.DataFrame, audit: str | None = None) -> alt.LayerChart | alt.Chart:
    """Draw each group's first-choice rate per pathway against its attribute's mean, from `bias_audit` rows.

    A cell's number is the group's rate in per cent; its colour the distance to the attribute's mean rate in points,
    blue above and brown below. Suppressed cells are grey and say "n/a"; an attribute without any other is left out.
    """
    import altair as alt

    own = latest_audit(bias_audit, audit)
    rows = records(own.loc[own["pathway_id"].notna()]) if len(own) else []
    if not rows:
        return blank("Recommendations by group", "No audit has been made yet.")
    shown = {row["attribute"] for row in rows if row["rate"] is not None}
    cells = _cells([row for row in rows if row["attribute"] in shown] or rows)
    x = alt.X("pathway:N", title=None, axis=alt.Axis(**_SLANTED))
    y = alt.Y("group:N", title=None, axis=alt.Axis(domain=False, ticks=False), sort=[c["group"] for c in cells])
    base = chart_of(cells).encode(x=x, y=y)
    scale = alt.Scale(domain=[-30, 0, 30], range=_COLOURS, clamp=True, interpolate="rgb")
    fill = alt.condition(
        "datum.distance === null", alt.value("#dde1e7"), alt.Color("distance:Q", scale=scale, legend=None)
    )
    tiles = base.mark_rect(stroke="white", strokeWidth=2, invalid=None).encode(color=fill)
    ink = alt.condition("abs(datum.distance) > 17", alt.value("white"), alt.value(INK))
    words = base.mark_text(fontSize=11).encode(text="word:N", color=ink)
    count = len(dict.fromkeys(cell["group"] for cell in cells))
    map_ = fitted([tiles, words], _title(rows), 24 * count)
    return map_.properties(padding={"left": 0, "top": 0, "right": 18, "bottom": 0})  # room for the last slanted label


def flip_heat_map(targets: pd.DataFrame) -> alt.LayerChart | alt.Chart:
    """Draw where twins are sent when only the attribute changes, from `Audit.flip_targets`.

    A cell's number is, of 100 twin sets, in how many more the first value than the second is sent to the pathway.
    """
    import altair as alt

    title = "Net change in 100 twin sets when only this changes"
    if targets.empty:
        return blank(title, "No twins have been asked about yet.")
    cells = []
    for row in records(targets):
        net = 100 * (row["only_group"] - row["only_other"])
        who = f"{row['group_value']}, not {row['other_value']}"
        cells.append({"group": who, "pathway": str(row["pathway_id"]), "net": net, "word": _signed(net)})
    x = alt.X("pathway:N", title=None, axis=alt.Axis(**_SLANTED))
    y = alt.Y("group:N", title=None, axis=alt.Axis(domain=False, ticks=False), sort=[c["group"] for c in cells])
    base = chart_of(cells).encode(x=x, y=y)
    most = max(5.0, *(abs(cell["net"]) for cell in cells))
    scale = alt.Scale(domain=[-most, 0, most], range=_COLOURS, interpolate="rgb")
    tiles = base.mark_rect(stroke="white", strokeWidth=2).encode(color=alt.Color("net:Q", scale=scale, legend=None))
    ink = alt.condition(f"abs(datum.net) > {0.57 * most}", alt.value("white"), alt.value(INK))
    words = base.mark_text(fontSize=11).encode(text="word:N", color=ink)
    map_ = fitted([tiles, words], title, 24 * len(dict.fromkeys(cell["group"] for cell in cells)))
    return map_.properties(padding={"left": 0, "top": 0, "right": 18, "bottom": 0})


def _signed(points: float) -> str:
    return f"{points:+.0f}".replace("-", "−") if round(points) else "·"


def _cells(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One cell per group and pathway; the mean it is compared with is weighted by people."""
    shown = [row for row in rows if row["rate"] is not None]
    weights: dict[tuple[str, str], list[float]] = {}
    for row in shown:
        total = weights.setdefault((row["attribute"], row["pathway_id"]), [0.0, 0.0])
        total[0] += (row["n"] or 1) * row["rate"]
        total[1] += row["n"] or 1
    cells = []
    for row in sorted(rows, key=lambda r: (str(r["attribute"]), str(r["group_value"]), str(r["pathway_id"]))):
        cell: dict[str, Any] = {
            "group": f"{plain(str(row['attribute']))}: {row['group_value']}",
            "pathway": str(row["pathway_id"]),
            "distance": None,
            "word": "n/a",
        }
        if row["rate"] is not None:
            total = weights[(row["attribute"], row["pathway_id"])]
            cell |= {"distance": 100 * (row["rate"] - total[0] / total[1]), "word": f"{100 * row['rate']:.0f}"}
        cells.append(cell)
    return cells


def _title(rows: list[dict[str, Any]]) -> str:
    verdicts = {str(row["attribute"]): str(row["verdict"]) for row in rows}
    found = [plain(name).lower() for name, verdict in verdicts.items() if verdict == "bias_found"]
    kind = _AUDITS.get(str(rows[0]["audit"]), "Audit")
    when = day(rows[0]["as_of"])
    if found:
        return f"{kind} of {when}: bias found by {' and '.join(found)}"
    kinds = set(verdicts.values())
    if len(kinds) == 1:
        return f"{kind} of {when}: {VERDICT_LABELS.get(kinds.pop(), 'no verdict')}"
    return f"{kind} of {when}: no bias found, and not every attribute could be tested"
