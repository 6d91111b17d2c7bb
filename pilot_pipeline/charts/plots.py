"""The pilot's plots, one function each, from frames with the published columns; how they look as files is `render`."""

from pilot_pipeline.charts.cohort_plots import love_plot, power_plot, sso_matrix
from pilot_pipeline.charts.fairness_plots import bias_heat_map, flip_heat_map
from pilot_pipeline.charts.kpi_plots import kpi_effects, weekly_curve, weekly_curves
from pilot_pipeline.charts.rule_plots import verdict_shares
from pilot_pipeline.charts.value_plots import roi_bars, tornado_bars

__all__ = [
    "bias_heat_map",
    "flip_heat_map",
    "kpi_effects",
    "love_plot",
    "power_plot",
    "roi_bars",
    "sso_matrix",
    "tornado_bars",
    "verdict_shares",
    "weekly_curve",
    "weekly_curves",
]
