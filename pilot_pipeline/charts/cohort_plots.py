"""Plots of the cohort and its readiness (Love plot, sign-on matrix); the figures come from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from pilot_pipeline.charts.frames import records
from pilot_pipeline.charts.labels import plain
from pilot_pipeline.charts.marks import blank, chart_of, fitted
from pilot_pipeline.charts.render import BAD, CONTROL, GOOD, MUTED, PILOT, WAITING

if TYPE_CHECKING:
    import altair as alt

GOOD_SMD = 0.1
ACCEPTABLE_SMD = 0.25
POWER = 0.8
_ROW = 26


def love_plot(balance: pd.DataFrame) -> alt.LayerChart | alt.Chart:
    """Draw |standardised mean difference| per covariate, before and after matching, from `cohort_balance` rows.

    The published thresholds are drawn: 0.1 (good) and 0.25 (acceptable). Source: Love plot as in cobalt (Greifer).
    """
    import altair as alt

    rows = [row for row in records(balance) if row["smd_after"] is not None or row["smd_before"] is not None]
    if not rows:
        return blank("Balance between the arms", "No covariate has been compared yet.")
    points = [
        {"covariate": plain(str(row["covariate"])), "stage": stage, "smd": abs(row[column])}
        for row in rows
        for stage, column in (("before matching", "smd_before"), ("after matching", "smd_after"))
        if row[column] is not None
    ]
    order = [p["covariate"] for p in sorted(points, key=lambda p: -p["smd"]) if p["stage"] == "before matching"]
    y = alt.Y("covariate:N", sort=order, title=None)
    x = alt.X("smd:Q", title="difference between the arms (SD)").scale(zero=True, nice=True)
    base = chart_of(points)
    path = base.mark_line(color="#c5ccd6", strokeWidth=2).encode(x=x, y=y, detail="covariate:N")
    stages = alt.Scale(domain=["before matching", "after matching"], range=[CONTROL, PILOT])
    dots = base.mark_point(size=85, filled=True, opacity=1).encode(
        x=x,
        y=y,
        color=alt.Color("stage:N", scale=stages, legend=alt.Legend(orient="bottom")),
        shape=alt.Shape("stage:N", scale=alt.Scale(domain=stages["domain"], range=["diamond", "circle"])),
    )
    return fitted([_limits(), path, dots], _love_title(rows), _ROW * len(rows) + 8)


def power_plot(curves: pd.DataFrame) -> alt.LayerChart | alt.Chart:
    """Draw the chance of finding an effect against its size, from `detectable.power_curves`; the first design leads.

    The line at 80 % is the power at which a smallest effect is stated, the dot is where the leading design reaches it.
    """
    import altair as alt

    rows = records(curves)
    names = list(dict.fromkeys(str(row["design"]) for row in rows))
    least = next((row["effect"] for row in rows if row["design"] == names[0] and row["power"] >= POWER), None)
    if not rows:
        return blank("Power", "There are no pairs yet.")
    colours = alt.Scale(domain=names, range=[PILOT, CONTROL, MUTED][: len(names)])
    dashes = alt.Scale(domain=names, range=[[1, 0], [6, 3], [2, 3]][: len(names)])
    x = alt.X("effect:Q", title="true effect (SD of a pair difference)")
    y = alt.Y("power:Q", title="chance to find it", axis=alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1]))
    lines = (
        chart_of(rows)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=x,
            y=y,
            color=alt.Color("design:N", scale=colours, sort=names, legend=alt.Legend(orient="bottom", columns=1)),
            strokeDash=alt.StrokeDash(
                "design:N", scale=dashes, sort=names, legend=alt.Legend(orient="bottom", columns=1)
            ),
        )
    )
    wanted = chart_of([{"power": POWER}]).mark_rule(color=MUTED, strokeDash=[3, 3]).encode(y="power:Q")
    layers: list[alt.Chart | alt.LayerChart] = [wanted, lines]
    if least is None:
        return fitted(layers, f"{names[0]}: no effect is found in four of five pilots", 190)
    dot = chart_of([{"effect": least, "power": POWER}]).mark_point(filled=True, size=95, opacity=1, color=PILOT)
    title = f"{names[0]}: an effect of {least:.2f} SD is found in four of five pilots"
    return fitted([*layers, dot.encode(x="effect:Q", y="power:Q")], title, 190)


def sso_matrix(matrix: pd.DataFrame) -> alt.LayerChart | alt.Chart:
    """Draw the persona × division matrix of test sign-ins; columns persona, division, state (passed, failed, untested).

    A cell says its state by a sign as well as by its colour.
    """
    import altair as alt

    rows = records(matrix[["persona", "division", "state"]]) if len(matrix) else []
    if not rows:
        return blank("Single sign-on", "No persona or division of the cohort is known yet.")
    signs = {"passed": "✓", "failed": "✕", "untested": "?"}
    cells = [
        {**row, "persona": plain(str(row["persona"])), "division": str(row["division"]), "sign": signs[row["state"]]}
        for row in rows
    ]
    states = alt.Scale(domain=["passed", "failed", "untested"], range=[GOOD, BAD, WAITING])
    base = chart_of(cells).encode(
        x=alt.X("persona:N", title=None, axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False)),
        y=alt.Y("division:N", title=None, axis=alt.Axis(domain=False, ticks=False)),
    )
    tiles = base.mark_rect(stroke="white", strokeWidth=3, cornerRadius=5).encode(
        color=alt.Color("state:N", scale=states, legend=alt.Legend(orient="bottom"))
    )
    words = base.mark_text(color="white", fontSize=14, fontWeight="bold").encode(text="sign:N")
    divisions = len({cell["division"] for cell in cells})
    return fitted([tiles, words], _sso_title(cells), 30 * divisions + 8)


def _love_title(rows: list[dict[str, Any]]) -> str:
    judged = [row for row in rows if row["smd_after"] is not None]
    if not judged:
        return "Before matching: differences between the arms"
    worst = max(judged, key=lambda row: abs(row["smd_after"]))
    size = abs(worst["smd_after"])
    name = plain(str(worst["covariate"])).lower()
    if size > ACCEPTABLE_SMD:
        return f"After matching, the arms still differ in {name} by {size:.2f} SD (at most 0.25 is acceptable)"
    quality = "well balanced" if size <= GOOD_SMD else "acceptably balanced"
    return f"After matching, the arms are {quality}: the largest difference is {size:.2f} SD ({name})"


def _sso_title(cells: list[dict[str, Any]]) -> str:
    passed = sum(cell["state"] == "passed" for cell in cells)
    if passed == len(cells):
        return f"Every persona has signed in from every division: all {passed} combinations passed"
    failed = sum(cell["state"] == "failed" for cell in cells)
    untested = len(cells) - passed - failed
    return f"{passed} of {len(cells)} sign-on combinations passed, {failed} failed, {untested} untested"


def _limits() -> alt.LayerChart:
    import altair as alt

    lines = [{"at": GOOD_SMD, "word": "0.1 good"}, {"at": ACCEPTABLE_SMD, "word": "0.25 limit"}]
    rule = chart_of(lines).mark_rule(color=MUTED, strokeDash=[3, 3]).encode(x="at:Q")
    word = chart_of(lines).mark_text(align="left", dx=3, dy=-5, fontSize=10, color=MUTED)
    return cast("alt.LayerChart", alt.layer(rule, word.encode(x="at:Q", y=alt.value(0), text="word:N")))
