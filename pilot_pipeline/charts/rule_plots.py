"""Plot of the decision rule's own error rates; the figures come from `error_rates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pilot_pipeline.charts.frames import records
from pilot_pipeline.charts.labels import plain
from pilot_pipeline.charts.marks import blank, chart_of, fitted
from pilot_pipeline.charts.render import BAD, GOOD, WAITING

if TYPE_CHECKING:
    import altair as alt

_VERDICTS = (("go", "Go", GOOD), ("reconfigure", "Reconfigure", WAITING), ("no_go", "No-go", BAD))
_FEWEST = 0.06
"""A smaller share's bar is too narrow for its figure."""


def verdict_shares(rates: pd.DataFrame) -> alt.LayerChart | alt.Chart:
    """Draw the shares of go, reconfigure and no-go per truth, from rows of `error_rates`, in their order."""
    import altair as alt

    rows = list(_rows(rates))
    if not rows:
        return blank("How often the rule is wrong", "Nothing was simulated: the pilot still runs, or has no pair.")
    names = list(dict.fromkeys(row["name"] for row in rows))
    words, colours = [word for _, word, _ in _VERDICTS], [colour for *_, colour in _VERDICTS]
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=150))
    x = alt.X("low:Q", title="share of simulated pilots", axis=alt.Axis(format=".0%", tickCount=5))
    colour = alt.Color("verdict:N", sort=words, scale=alt.Scale(domain=words, range=colours))
    base = chart_of(rows).encode(y=y)
    bar = base.mark_bar(height=17).encode(x=x, x2="high:Q", color=colour)
    figure = base.mark_text(color="white", fontSize=11, fontWeight=600).encode(x="middle:Q", text="figure:N")
    return fitted([bar, figure], _title(rates), 26 * len(names))


def _rows(rates: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for row in records(rates):
        low = 0.0
        for verdict, word, _ in _VERDICTS:
            share = float(row[verdict])
            found.append(
                {
                    "name": plain(str(row["truth"])),
                    "verdict": word,
                    "low": low,
                    "high": low + share,
                    "middle": low + share / 2,
                    "figure": f"{100 * share:.0f}" if share >= _FEWEST else "",
                }
            )
            low += share
    return found


def _title(rates: pd.DataFrame) -> str:
    shares = rates.set_index("truth")["go"]
    said = [f"{100 * shares[name]:.1f} % of {words}" for name, words in _TITLED if name in shares.index]
    return f"The rule says go in {' and '.join(said)}" if said else "What the rule says, by what is true"


_TITLED = (("useless", "useless tools"), ("very_good", "very good ones"))
