"""Whatever is thrown at a reader gets an answer or a sentence: never a traceback, never a lost row."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contracts import contract_for
from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.formats.raw import WHOLE_ROW
from pilot_pipeline.feeds.formats.readers import READERS
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.intake import take_in
from pilot_pipeline.privacy.pseudonyms import Pseudonyms

KEY = Pseudonyms("a key that is long enough")
FEW = settings(max_examples=12, deadline=None)
VENDORS = ("okta_system_log", "entra_signin", "google_login", "xapi")
FIELDS = (
    *("uuid", "id", "published", "createdDateTime", "eventType", "actor", "type", "alternateId", "outcome", "result"),
    *("target", "value", "records", "properties", "status", "errorCode", "items", "events", "name", "parameters"),
    *("statements", "verb", "object", "timestamp", "time", "uniqueQualifier", "email", "mbox", "account", "duration"),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-1, 60_000)
    | st.sampled_from(["User", "user.session.start", "SUCCESS", "PT1M", "P1Y", "login_failure", "2026-01-06T08:00:00Z"])
    | st.text(max_size=6)
)
JSON = st.recursive(LEAVES, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), x, max_size=5))
ODD = ("", "active", "E1", "E2", "3", "-1", "1e400", "true", "N/A", "=1+1", ";", '"', "\n", "\u202e", "e\u0301", "山")
DATED = ("2020-01-31", "2020-01-31T08:00:00Z", "9999-12-31", "0000-00-00", "01/02/20", "a@b.example")
CELLS = st.sampled_from((*ODD, *DATED)) | st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), max_size=8
)


def read(reader: str, data: bytes) -> Any:
    """Return the table, or None where the reader refused in a sentence."""
    try:
        table = READERS[reader](data, "x")
    except BadInput as refusal:
        assert str(refusal).startswith("x") and "\n" not in str(refusal)
        return None
    assert len(table.frame) == len(table.lines)
    assert all(0 <= fault.position < len(table.frame) for fault in table.faults)
    assert all(fault.column == WHOLE_ROW or fault.column in table.frame for fault in table.faults)
    assert set(table.made.values()) <= set(table.frame.columns)
    return table


@pytest.mark.parametrize("reader", VENDORS)
@given(documents=st.lists(JSON, min_size=1, max_size=3))
@FEW
def test_any_json_gets_a_row_or_a_reason(reader, documents):
    table = read(reader, "\n".join(map(json.dumps, documents)).encode())
    assert table is not None
    plain = [item for item in documents if not isinstance(item, dict | list)]
    assert len(table.frame) >= len([item for item in plain if item is not None])


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=5), cut=st.integers(0, 40))
@FEW
def test_any_cells_of_a_survey_and_of_a_csv_get_an_answer(rows, cut):
    head = 'Status,Q1\nStatus,How?\n"{""ImportId"":""status""}","{""ImportId"":""QID1""}"\n'
    body = io.StringIO()
    csv.writer(body).writerows(rows)
    data = (head + body.getvalue()).encode()
    for reader in ("qualtrics", "csv"):
        read(reader, data[: len(data) - cut])


@given(
    rows=st.lists(
        st.lists(
            st.none()
            | st.booleans()
            | st.integers(-(10**6), 10**6)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.datetimes(min_value=pd.Timestamp("1901-01-01").to_pydatetime())
            | st.sampled_from(["007", "=A1", "x\ny"]),
            max_size=4,
        ),
        max_size=4,
    )
)
@FEW
def test_any_cells_of_a_workbook_are_rows_or_faults(rows):
    book = openpyxl.Workbook()
    for row in [["id", "level", "when"], *rows]:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    table = read("xlsx", data.getvalue())
    assert len(table.frame) == len([row for row in rows if any(cell not in (None, "") for cell in row)])


@pytest.mark.parametrize("feed", CANON)
@given(data=st.data())
@settings(max_examples=4, deadline=None)
def test_any_cells_in_the_columns_of_a_feed_are_accepted_or_quarantined(feed, data, tmp_path_factory):
    names = CANON[feed].names
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), max_size=4))
    frame = pd.DataFrame(rows, columns=list(names), dtype="str")
    root = tmp_path_factory.mktemp("any")
    frame.to_csv(root / "x.csv", index=False)
    contracts = [contract_for(feed), *([Hierarchy()] if feed == "employees" else [])]
    mapping = FeedSource(source="x.csv", two_digit_years={"birth_year": 10} if feed == "employees" else {})
    intake = take_in(CANON[feed], mapping, root, contracts, KEY, ZoneInfo("Europe/Berlin"))
    blank = sum(not "".join(row).strip() for row in rows)
    assert intake.read.rows_read == len(rows) - blank
    assert intake.read.rows_read == intake.read.rows_accepted + intake.read.rows_quarantined
    assert len(intake.frame) == intake.read.rows_accepted
