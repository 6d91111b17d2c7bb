"""The heat map of recommendations by group; whether there is bias is decided in `fairness`, never by a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pilot_pipeline.charts.frames import day, records
from pilot_pipeline.charts.labels import VERDICT_LABELS, plain
from pilot_pipeline.charts.marks import blank, chart_of, fitted

if TYPE_CHECKING:
    import altair as alt

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
    x = alt.X(
        "pathway:N", title=None, axis=alt.Axis(orient="top", labelAngle=-38, labelLimit=130, domain=False, ticks=False)
    )
    y = alt.Y("group:N", title=None, axis=alt.Axis(domain=False, ticks=False), sort=[c["group"] for c in cells])
    base = chart_of(cells).encode(x=x, y=y)
    scale = alt.Scale(domain=[-30, 0, 30], range=["#a4590b", "#f5f6f8", "#0b5cad"], clamp=True, interpolate="rgb")
    fill = alt.condition(
        "datum.distance === null", alt.value("#dde1e7"), alt.Color("distance:Q", scale=scale, legend=None)
    )
    tiles = base.mark_rect(stroke="white", strokeWidth=2, invalid=None).encode(color=fill)
    ink = alt.condition("abs(datum.distance) > 17", alt.value("white"), alt.value("#1b2430"))
    words = base.mark_text(fontSize=11).encode(text="word:N", color=ink)
    count = len(dict.fromkeys(cell["group"] for cell in cells))
    map_ = fitted([tiles, words], _title(rows), 24 * count)
    return map_.properties(padding={"left": 0, "top": 0, "right": 18, "bottom": 0})  # room for the last slanted label


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
