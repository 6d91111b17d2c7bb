"""SQL and pandera judge the same rows alike, whatever is in them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contracts import LARGE, PanderaContract, contract_for
from pilot_pipeline.feeds.canon import CANON, Column, Feed
from pilot_pipeline.feeds.sql_contract import SqlContract

DTYPES = {"text": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}


def cells(column: Column, key: bool) -> st.SearchStrategy:
    """Few values each, so that keys repeat, rows repeat, and bounds are met from both sides."""
    edges = [edge for edge in (column.minimum, column.maximum) if edge is not None]
    values = {
        "text": st.sampled_from(
            [*column.vocabulary, "elsewhere", "Ünïcode'; --"] if column.vocabulary else ["a", "b", ""]
        ),
        "integer": st.sampled_from([int(edge) + step for edge in edges for step in (-1, 0, 1)] or [0, 1]),
        "number": st.sampled_from([edge + step for edge in edges for step in (-0.5, 0.0, 0.5)] or [0.0, -0.0, 1.5]),
        "boolean": st.booleans(),
        "date": st.sampled_from([datetime(2020, 1, day) for day in (5, 6, 7)]),
        "timestamp": st.sampled_from([datetime(2020, 1, 6, 8), datetime(2020, 1, 6, 8, 0, 0, 1)]),
    }[column.type]
    return values if key else st.none() | values


def frames(feed: Feed) -> st.SearchStrategy[pd.DataFrame]:
    def built(rows: list[tuple], twice: list[int], start: int) -> pd.DataFrame:
        rows = [*rows, *(rows[i % len(rows)] for i in twice)] if rows else rows
        columns = {
            column.name: pd.Series([row[place] for row in rows], dtype=DTYPES.get(column.type, "datetime64[us]"))
            for place, column in enumerate(feed.columns)
        }
        frame = pd.DataFrame(columns)
        return frame.set_axis(pd.RangeIndex(start, start + len(frame)))

    row = st.tuples(*(cells(column, False) for column in feed.columns))
    sound = st.tuples(*(cells(column, not column.nullable) for column in feed.columns))
    return st.builds(
        built, st.lists(sound | row, max_size=5), st.lists(st.integers(0, 4), max_size=3), st.integers(0, 9)
    )


@pytest.mark.parametrize("feed", CANON)
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_both_judges_find_the_same(feed, data):
    frame = data.draw(frames(CANON[feed]))
    assert SqlContract(CANON[feed]).findings(frame) == PanderaContract(CANON[feed]).findings(frame)


@given(frame=frames(CANON["employees"]))
@settings(max_examples=20, deadline=None)
def test_both_judges_find_the_same_spells_and_contradictions(frame):
    frame = frame.assign(
        as_of=pd.Timestamp("2020-01-07"),
        employee_id=pd.Series("a", index=frame.index, dtype="str"),
        employment_status=frame["employment_status"].fillna("terminated"),
    ).astype({"as_of": "datetime64[us]"})
    assert SqlContract(CANON["employees"]).findings(frame) == PanderaContract(CANON["employees"]).findings(frame)


def test_a_frame_too_large_for_pandera_is_judged_by_sql(monkeypatch):
    def never(self, frame):
        raise AssertionError("pandera was asked")

    monkeypatch.setattr(PanderaContract, "findings", never)
    answers = pd.DataFrame(
        {
            "synthetic_id": pd.Series(range(LARGE + 1)).astype("str"),
            "pathway_id": pd.Series("w", index=range(LARGE + 1), dtype="str"),
            "rank": pd.Series(1, index=range(LARGE + 1), dtype="Int64"),
            "model_version": pd.Series(None, index=range(LARGE + 1), dtype="str"),
        }
    )
    answers.loc[7, "rank"] = 0
    found = contract_for("synthetic_recommendations").findings(answers)
    assert [(f.row, f.column, f.rule) for f in found] == [(7, "rank", "range")]


def test_the_benchmark_lists_every_planted_row(checkout, monkeypatch):
    monkeypatch.syspath_prepend(str(checkout / "benchmarks"))
    import hris_checkpoint

    measured = hris_checkpoint.measure(5_000, rounds=1, peers=False)  # it compares what is found with what was planted
    assert measured["rules"] >= 20
    assert measured["the whole checkpoint"] > 0
