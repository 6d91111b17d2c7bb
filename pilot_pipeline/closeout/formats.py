"""Numbers, shares, money and dates as people read them; which of them are shown is decided in the tables."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pilot_pipeline.charts.frames import clean
from pilot_pipeline.charts.labels import Catalogue, is_share
from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE

NONE = "–"
_SPACE = "\u00a0"
_MINUS = "\u2212"


def number(value: Any, digits: int = 2) -> str:
    """Return a number with a true minus sign and thousands separated; a dash where there is none."""
    value = clean(value)
    if value is None:
        return NONE
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and any(figure in "123456789" for figure in text)
    return f"{_MINUS}{text}" if negative else text


def count(value: Any) -> str:
    """Return a whole number with thousands separated."""
    return number(value, 0)


def percent(share: Any, digits: int = 0) -> str:
    """Return a share of 0 to 1 as per cent."""
    share = clean(share)
    return NONE if share is None else f"{number(100 * share, digits)}{_SPACE}%"


def money(amount: Any, currency: str) -> str:
    """Return an amount to three significant figures: more would claim a precision no pilot has."""
    amount = clean(amount)
    if amount is None:
        return NONE
    rounded = float(f"{amount:.3g}")
    sign = _MINUS if rounded < 0 else ""
    millions = abs(rounded) >= 1e6
    figures = f"{abs(rounded) / 1e6:,.3g}{_SPACE}m" if millions else f"{abs(rounded):,.0f}"
    return f"{currency}{_SPACE}{sign}{figures}"


def p_value(value: Any) -> str:
    """Return a p-value to three digits, the smallest as a bound."""
    value = clean(value)
    if value is None:
        return NONE
    return f"<{_SPACE}0.001" if value < 0.001 else f"{value:.3f}"


def kpi_value(kpi: str, value: Any, catalogue: Catalogue = KPI_CATALOGUE) -> str:
    """Return a KPI's value in its own unit: per cent for shares, else a number, whose unit stands elsewhere."""
    return percent(value) if is_share(kpi, catalogue) else number(value)


def interval(low: str, high: str) -> str:
    """Return two formatted ends as an interval; a dash where one is missing."""
    return NONE if NONE in (low, high) else f"{low} to {high}"


def day(value: Any) -> str:
    """Return a date as 5 January 2026, whatever its precision."""
    value = clean(value)
    if value is None:
        return NONE
    moment: date | datetime = value
    return f"{moment.day}{_SPACE}{moment:%B}{_SPACE}{moment.year}"


def short_day(value: Any) -> str:
    """Return a date as 2026-01-05, for narrow columns."""
    value = clean(value)
    return NONE if value is None else f"{value:%Y-%m-%d}"


def fewer_than(minimum: int) -> str:
    """Return the words that stand for a suppressed value."""
    return f"fewer than{_SPACE}{minimum}"
