"""Charts to SVG with one look, no request to any host and no colliding ids; what is drawn stands in `plots`."""

from __future__ import annotations

import base64
import html
import json
import re
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import altair as alt

INK = "#1b2430"
MUTED = "#5b6675"
GRID = "#e6e9ee"
PILOT = "#0b5cad"
CONTROL = "#a4590b"
GOOD = "#1a7a5a"
BAD = "#b3261e"
WAITING = "#8c95a1"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
WIDTH = 360
"""Natural width in pixels: a phone shows every chart unscaled, a desk sets several side by side."""

_AXIS: dict[str, Any] = {
    "labelColor": MUTED,
    "labelFontSize": 12,
    "titleColor": MUTED,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 8,
    "gridColor": GRID,
    "domainColor": "#c5ccd6",
    "tickColor": "#c5ccd6",
    "labelLimit": 150,
    "labelFlush": False,
}
STYLE: dict[str, Any] = {
    "font": FONT,
    "background": "#ffffff",
    "view": {"stroke": None},
    "axis": _AXIS,
    "legend": {
        "orient": "top",
        "direction": "horizontal",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "offset": 4,
        "padding": 0,
    },
    "text": {"color": INK, "fontSize": 12},
}
_TITLE: dict[str, Any] = {"anchor": "start", "color": INK, "fontSize": 14, "fontWeight": 600, "offset": 10}
_TITLE_CHARACTERS = 46
_ID = re.compile(r'\bid="([^"]+)"')


def title_of(chart: alt.TopLevelMixin) -> str:
    """Return the chart's title, a sentence, on one line."""
    return _joined(chart.to_dict(validate=False).get("title"))


def to_svg(chart: alt.TopLevelMixin, prefix: str) -> str:
    """Return the chart as one inline `<svg>` that scales with its container.

    Its title is left to the page, and is the drawing's accessible name. `prefix` starts every id, because ids of
    several inline drawings on one page would collide.
    """
    spec = _spec(chart)
    name = _joined(spec.pop("title", None))
    return _inline(_drawn(json.dumps(spec)), prefix, name)


def to_file(chart: alt.TopLevelMixin, kind: Literal["svg", "png"]) -> bytes:
    """Return the chart with its title as the bytes of a picture that stands alone."""
    import vl_convert

    spec = _spec(chart)
    spec["title"] = {"text": textwrap.wrap(_joined(spec.get("title")), _TITLE_CHARACTERS), **_TITLE}
    if kind == "svg":
        return _drawn(json.dumps(spec)).encode()
    png: bytes = vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
    return png


def picture_markdown(chart: alt.TopLevelMixin) -> str:
    """Return the chart's title and its drawing as markdown that carries the drawing itself, for Dagster's metadata."""
    data = base64.b64encode(to_svg(chart, "plot").encode()).decode("ascii")
    title = title_of(chart)
    alternative = re.sub(r"[\[\]\n]", " ", title)
    return f"**{title}**\n\n![{alternative}](data:image/svg+xml;base64,{data})"


def _spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    # Altair's schema check takes longer than drawing; the tests draw every chart with it.
    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec.pop("$schema", None)
    return {**spec, "config": STYLE, "autosize": {"type": "fit-x", "contains": "padding"}}


@lru_cache(maxsize=64)
def _drawn(spec: str) -> str:
    """Draw a specification; an asset and the scorecard show the same drawings, and drawing is what takes time."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return svg


def _joined(title: Any) -> str:
    if isinstance(title, dict):
        title = title.get("text", "")
    return " ".join(title) if isinstance(title, list) else str(title or "")


def _inline(svg: str, prefix: str, name: str) -> str:
    """Rename the ids in order of appearance (the renderer counts them over the process), and let the width follow."""
    for number, old in enumerate(dict.fromkeys(_ID.findall(svg))):
        new = f"{prefix}-{number}"
        svg = svg.replace(f'id="{old}"', f'id="{new}"')
        svg = svg.replace(f"url(#{old})", f"url(#{new})").replace(f'href="#{old}"', f'href="#{new}"')
    opening, rest = svg.split(">", 1)
    width = re.search(r'\bwidth="([\d.]+)"', opening)
    box = re.search(r'viewBox="[^"]+"', opening)
    natural = round(float(width.group(1))) if width else WIDTH
    view = f" {box.group(0)}" if box else ""
    label = html.escape(name, quote=True)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg"{view} width="{natural}" class="chart" role="img" aria-label="{label}"'
    )
    return f"{head}>{rest}"
