"""Weekly rows carry a value, a 90 % interval and a target, or say honestly that they do not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from kpis_planted import planted_config

from pilot_pipeline.kpis.intervals import ratio_interval_from_sums, wilson
from pilot_pipeline.kpis.weekly import add_intervals, targets

COLUMNS = [
    "week_no", "week_start", "arm", "kpi", "n", "value", "ci_low", "ci_high", "target", "on_track", "suppressed"
]  # fmt: skip


def week(*rows: tuple[str, str, list[float], list[float]]) -> pd.DataFrame:
    """(arm, kpi, x per person, y per person) as sums."""
    made = []
    for arm, kpi, numerators, denominators in rows:
        x, y = np.array(numerators, dtype=float), np.array(denominators, dtype=float)
        sums = {"sx": x.sum(), "sxx": x @ x, "sy": y.sum(), "syy": y @ y, "sxy": x @ y}
        made.append({"week_no": 6, "week_start": date(2026, 2, 9), "arm": arm, "kpi": kpi, "n": len(x), **sums})
    return pd.DataFrame(made)


def only(frame: pd.DataFrame) -> pd.Series:
    assert len(frame) == 1
    return frame.iloc[0]


def test_adoption_is_the_active_share_with_wilsons_interval():
    row = only(add_intervals(week(("pilot", "adoption", [1] * 22 + [0] * 8, [1] * 30)), planted_config()))
    assert (row.n, row.value, row.target, row.on_track, row.suppressed) == (30, 22 / 30, 0.7, True, False)
    assert (row.ci_low, row.ci_high) == wilson(22, 30)


def test_completion_is_pooled_over_people_and_stays_a_share():
    x, y = [6, 5, 6, 6, 6, 6], [6.0] * 6
    row = only(add_intervals(week(("pilot", "module_completion", x, y)), planted_config()))
    assert row.value == pytest.approx(35 / 36)
    assert row.ci_high == 1.0
    assert 0 < row.ci_low < row.value


def test_prep_time_is_minutes_saved_over_baseline_minutes():
    base, now = np.array([40.0, 60, 50, 30, 45]), np.array([30.0, 55, 50, 20, 36])
    row = only(add_intervals(week(("pilot", "prep_time_reduction", base - now, base)), planted_config()))
    d = base - now
    theirs = ratio_interval_from_sums(5, d.sum(), base.sum(), d @ d, base @ base, d @ base)
    assert row.value == pytest.approx(1 - now.sum() / base.sum())
    assert (row.ci_low, row.ci_high) == (float(theirs.low), float(theirs.high))


def test_control_rows_have_values_and_neither_target_nor_verdict():
    row = only(add_intervals(week(("control", "pulse", [3, 4, 4, 5, 4], [1] * 5)), planted_config()))
    assert row.value == 4.0
    assert row[["target", "on_track"]].isna().all()


def test_not_measured_is_zero_people_and_no_value():
    row = only(add_intervals(week(("pilot", "behaviour_change", [], [])), planted_config()))
    assert (row.n, row.target, row.suppressed) == (0, 0.3, False)
    assert row[["value", "ci_low", "ci_high", "on_track"]].isna().all()


def test_fewer_people_than_the_minimum_lose_every_measure_and_keep_their_keys():
    row = only(add_intervals(week(("pilot", "pulse", [4, 5, 3, 4], [1] * 4)), planted_config()))
    assert row.suppressed
    assert row[["n", "value", "ci_low", "ci_high", "target", "on_track"]].isna().all()
    assert (row.week_no, row.arm, row.kpi) == (6, "pilot", "pulse")


def test_the_minimum_group_size_comes_from_the_configuration():
    rows = week(("pilot", "pulse", [4, 5, 3, 4], [1] * 4))
    allowed = planted_config(privacy={"pseudonym_key": "k" * 32, "min_group_size": 4})
    assert only(add_intervals(rows, allowed)).value == 4.0


def test_every_row_comes_back_in_order_with_the_published_columns_and_types():
    kpis = list(targets(planted_config()))
    rows = week(*[(arm, kpi, [1, 0, 1, 1, 1, 0], [1] * 6) for kpi in kpis for arm in ("pilot", "control")])
    found = add_intervals(rows.iloc[::-1], planted_config())
    assert found.columns.tolist() == COLUMNS
    assert found[["arm", "kpi"]].to_numpy().tolist() == rows.iloc[::-1][["arm", "kpi"]].to_numpy().tolist()
    assert found["n"].dtype == "Int64"
    assert {str(found[name].dtype) for name in ("value", "ci_low", "ci_high", "target")} == {"Float64"}
    assert found["on_track"].dtype == "boolean"
    assert found["suppressed"].dtype == "bool"


def test_a_week_without_rows_stays_without_rows():
    empty = week(("pilot", "adoption", [1], [1])).iloc[:0]
    assert add_intervals(empty, planted_config()).columns.tolist() == COLUMNS
