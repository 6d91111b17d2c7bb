"""What the net value hangs on (tornado) and where it turns (break-even); the estimate itself is `levers`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from pilot_pipeline.config.measuring import RoiSection
from pilot_pipeline.value.inputs import Floats, ValueInputs
from pilot_pipeline.value.levers import AVOIDED, KEPT, MINUTES, Uncertain, draw_inputs, lever_money

_UNITS = {
    MINUTES: "minutes per report and week",
    KEPT: "share of the pilot's adoption",
    AVOIDED: "leavers per person-year",
}


def tornado(inputs: ValueInputs, roi: RoiSection, seed: int, *, with_attrition: bool = False) -> pd.DataFrame:
    """Move one input from its P10 to its P90, the rest at medians, and return what the net value does.

    Columns input, low, high, centre, total_low, total_high, swing. Money in the configured
    currency; rows by falling swing; empty when no lever is estimable. Attrition stays out unless asked for, because its
    uncertainty over a few weeks would dwarf every other input.
    """
    drawn = draw_inputs(inputs if with_attrition else replace(inputs, pilot_attrition=None), roi, seed)
    columns = ["input", "low", "high", "centre", "total_low", "total_high", "swing"]
    if not lever_money(drawn, drawn.draws):
        return pd.DataFrame(columns=columns)
    medians = _medians(drawn)
    centre = _net(drawn, medians)
    rows = []
    for name, values in drawn.draws.items():
        low, high = (float(q) for q in np.quantile(values, [0.1, 0.9]))
        at_low, at_high = (_net(drawn, {**medians, name: np.array([end])}) for end in (low, high))
        rows.append((name, low, high, centre, at_low, at_high, abs(at_high - at_low)))
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["swing", "input"], ascending=[False, True], kind="stable", ignore_index=True)


def break_even(inputs: ValueInputs, roi: RoiSection, seed: int, *, with_attrition: bool = False) -> pd.DataFrame:
    """Return the value of one input at which the net value is zero, the rest at medians.

    Columns input, unit, assumed, break_even. The net value is linear in each input; `break_even` is
    NaN where the input does not move it. Attrition as in `tornado`. The last row is the highest licence price per
    person and year.
    """
    drawn = draw_inputs(inputs if with_attrition else replace(inputs, pilot_attrition=None), roi, seed)
    columns = ["input", "unit", "assumed", "break_even"]
    if not lever_money(drawn, drawn.draws):
        return pd.DataFrame(columns=columns)
    medians = _medians(drawn)
    rows = [_turning(drawn, medians, name) for name in _UNITS if name in drawn.draws]
    rows.append(_licence(drawn, medians, roi))
    return pd.DataFrame(rows, columns=columns)


def _turning(drawn: Uncertain, medians: dict[str, Floats], name: str) -> tuple[str, str, float, float]:
    at_zero, at_one = (_net(drawn, {**medians, name: np.array([value])}) for value in (0.0, 1.0))
    slope = at_one - at_zero
    return name, _UNITS[name], float(medians[name][0]), -at_zero / slope if slope else float("nan")


def _licence(drawn: Uncertain, medians: dict[str, Floats], roi: RoiSection) -> tuple[str, str, float, float]:
    """Return the licence price that uses up the whole net value."""
    person_years = drawn.employees * drawn.horizon_years
    price = roi.licence_per_person_year + _net(drawn, medians) / person_years
    return "Licence price", "per person and year", roi.licence_per_person_year, price


def _medians(drawn: Uncertain) -> dict[str, Floats]:
    return {name: np.array([np.median(values)]) for name, values in drawn.draws.items()}


def _net(drawn: Uncertain, values: dict[str, Floats]) -> float:
    return float(np.sum(list(lever_money(drawn, values).values())) - drawn.costs)
