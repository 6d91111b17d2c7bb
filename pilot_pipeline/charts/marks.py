"""What every plot is made of: a chart on plain rows, layers fitted to the width, and the drawing for 'nothing yet'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from pilot_pipeline.charts.render import MUTED, WIDTH

if TYPE_CHECKING:
    import altair as alt


def chart_of(rows: Sequence[dict[str, Any]], title: str | None = None) -> alt.Chart:
    """Return an empty chart on plain rows, so that no data frame's types are guessed a second time."""
    import altair as alt

    chart = alt.Chart(alt.Data(values=list(rows)))  # type: ignore[no-untyped-call]
    return chart.properties(title=title) if title else chart


def fitted(layers: Sequence[alt.Chart | alt.LayerChart], title: str, height: int) -> alt.LayerChart:
    """Return the layers as one chart of the common width."""
    import altair as alt

    chart = alt.layer(*layers, title=title).properties(width=WIDTH, height=height)
    return cast("alt.LayerChart", chart)


def blank(title: str, sentence: str) -> alt.Chart:
    """Return a small chart with a title and one muted sentence instead of marks."""
    import altair as alt

    text = chart_of([{"sentence": sentence}], title).mark_text(color=MUTED, align="left", fontSize=12)
    placed = text.encode(x=alt.value(0), y=alt.value(20), text="sentence:N")
    chart: alt.Chart = placed.properties(width=WIDTH, height=44)
    return chart
