"""The scorecard's pictures as inline SVG with their captions; the drawings themselves are `charts.plots`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pilot_pipeline.charts import plots, render
from pilot_pipeline.charts.labels import kpi_order

if TYPE_CHECKING:
    import altair as alt
    from markupsafe import Markup

    from pilot_pipeline.closeout.card import Scorecard


@dataclass(frozen=True)
class Picture:
    """A drawing and the sentence above it; the sentence is also its accessible name."""

    caption: str
    svg: Markup


@dataclass(frozen=True)
class Pictures:
    """Every picture of the page, by the section that shows it."""

    kpis: tuple[Picture, ...]
    weekly: tuple[Picture, ...]
    cohort: tuple[Picture, ...]
    fairness: tuple[Picture, ...]
    value: tuple[Picture, ...]
    readiness: tuple[Picture, ...]
    limits: tuple[Picture, ...]


def draw_pictures(card: Scorecard) -> Pictures:
    """Return the drawings for which the card has figures; a section without figures has no picture."""
    kpis = kpi_order([str(kpi) for kpi in card.weekly_kpis["kpi"]], card.kpis) if len(card.weekly_kpis) else []
    audits = [
        kind for kind in ("live", "synthetic") if len(card.bias_audit) and (card.bias_audit["audit"] == kind).any()
    ]
    currency = card.pilot.currency
    return Pictures(
        kpis=_drawn("kpis", len(card.kpi_scorecard) > 0, lambda: plots.kpi_effects(card.kpi_scorecard, card.kpis)),
        weekly=tuple(_picture(f"week-{kpi}", plots.weekly_curve(card.weekly_kpis, kpi, card.kpis)) for kpi in kpis),
        cohort=_drawn("love", len(card.cohort_balance) > 0, lambda: plots.love_plot(card.cohort_balance)),
        fairness=tuple(_picture(f"bias-{kind}", plots.bias_heat_map(card.bias_audit, kind)) for kind in audits),
        value=(
            *_drawn(
                "roi", bool(len(card.roi) and card.roi["estimable"].any()), lambda: plots.roi_bars(card.roi, currency)
            ),
            *_drawn("tornado", len(card.tornado) > 0, lambda: plots.tornado_bars(card.tornado, currency)),
        ),
        limits=_drawn("rates", len(card.error_rates) > 0, lambda: plots.verdict_shares(card.error_rates)),
        readiness=_drawn("sso", len(card.sso_matrix) > 0, lambda: plots.sso_matrix(card.sso_matrix)),
    )


def _drawn(prefix: str, wanted: bool, draw: Callable[[], alt.TopLevelMixin]) -> tuple[Picture, ...]:
    return (_picture(prefix, draw()),) if wanted else ()


def _picture(prefix: str, chart: alt.TopLevelMixin) -> Picture:
    from markupsafe import Markup

    # The renderer escapes every text it draws, so its SVG may stand in the page as it is.
    return Picture(render.title_of(chart), Markup(render.to_svg(chart, prefix)))
