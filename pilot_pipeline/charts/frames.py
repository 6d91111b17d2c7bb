"""Published frames to the plain values a drawing or a page needs; no figure is computed here."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import pandas as pd


def clean(value: Any) -> Any:
    """Return a cell as a plain Python value: every null is None, dates stay dates, numpy scalars become Python's."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries of plain values, in the frame's order."""
    names = [str(name) for name in frame.columns]
    columns = [[clean(value) for value in frame[name]] for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] if columns else []


def day(value: Any) -> date | None:
    """Return a date cell as a date, whatever its precision; None where it is null."""
    value = clean(value)
    return value.date() if isinstance(value, datetime) else value
