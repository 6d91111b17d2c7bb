"""Bytes in, rows out: every dialect is read, every damaged file or row is named with its place."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.formats.raw import MAX_CELL_CHARACTERS, WHOLE_ROW
from pilot_pipeline.feeds.formats.readers import READERS, read_source

CSV = READERS["csv"]
JSON = READERS["jsonl"]
PARQUET = READERS["parquet"]


def rows(table) -> list[list[object]]:
    return table.frame.astype(object).where(table.frame.notna(), None).to_numpy().tolist()


@pytest.mark.parametrize(
    "data",
    [
        b"id,name\n1,Ann\n2,Bob\n",
        b"\xef\xbb\xbfid,name\n1,Ann\n2,Bob\n",
        b"id,name\r\n1,Ann\r\n2,Bob\r\n",
        b"id;name\n1;Ann\n2;Bob",
        b"id\tname\n1\tAnn\n2\tBob\n",
        b"id|name\r1|Ann\r2|Bob\r",
        "id,name\n1,Ann\n2,Bob\n".encode("utf-16"),
        b'"id","name"\n"1","Ann"\n"2","Bob"\n',
        b"id,name,\n1,Ann,\n2,Bob,\n",
    ],
    ids=["plain", "BOM", "CRLF", "semicolon", "tab", "pipe and CR", "UTF-16", "quoted", "trailing separator"],
)
def test_every_dialect_of_the_same_export_reads_the_same(data):
    table = CSV(data, "hr.csv")
    assert list(table.frame.columns) == ["id", "name"]
    assert rows(table) == [["1", "Ann"], ["2", "Bob"]]
    assert table.lines == (2, 3)


def test_leading_zeros_and_long_digits_stay_text():
    assert rows(CSV(b"id,badge\n007,12345678901234567890\n", "x"))[0] == ["007", "12345678901234567890"]


def test_a_row_keeps_the_line_it_starts_on_when_cells_hold_line_breaks():
    table = CSV(b'id,note\n1,"two\nlines"\n2,short\n', "x")
    assert table.lines == (2, 4)


def test_a_windows_file_is_read_and_reported():
    table = CSV("id,name\n1,Zoë\n".encode("cp1252"), "hr.csv")
    assert rows(table) == [["1", "Zoë"]]
    assert table.notes == ("hr.csv is not UTF-8 (line 2) and was read as Windows-1252; check its accents.",)


def test_one_damaged_cell_in_a_utf8_file_costs_that_cell_and_not_everybody_elses_accents():
    table = CSV("id,name\n1,Zoë\n2,".encode() + b"\xff\xfe\n", "hr.csv")
    assert rows(table) == [["1", "Zoë"], ["2", None]]
    assert [(f.position, f.column, f.rule) for f in table.faults] == [(1, "name", "encoding")]


def test_a_file_that_is_no_text_is_refused_with_its_line():
    with pytest.raises(BadInput, match=r"hr\.csv, line 2: .* neither in UTF-8 nor in Windows-1252"):
        CSV(b"id,name\n1,\x81\x8d\n", "hr.csv")


def test_rows_of_another_width_are_kept_as_faults():
    table = CSV(b"id,name\n1,Ann\n2\n3,Cy,extra\n4,Di\n", "x")
    assert [row[0] for row in rows(table)] == ["1", None, None, "4"]
    assert [(f.position, f.column, f.reason) for f in table.faults] == [
        (1, WHOLE_ROW, "The row has 1 cells where the header has 2."),
        (2, WHOLE_ROW, "The row has 3 cells where the header has 2."),
    ]


def test_blank_rows_are_passed_over_and_counted():
    table = CSV(b"id,name\n1,Ann\n,\n\n , \n", "hr.csv")
    assert rows(table) == [["1", "Ann"]]
    assert table.notes == ("hr.csv: 2 blank rows were passed over.",)


def test_a_quotation_that_never_ends_is_refused_with_the_line_where_it_opens():
    with pytest.raises(BadInput, match=r"hr\.csv, line 3: a quotation mark opens a cell that never ends"):
        CSV(b'id,name\n1,Ann\n2,"Bob\n3,Cy\n', "hr.csv")


def test_a_stray_quotation_mark_costs_one_row():
    table = CSV(b'id,name\n1,"Ann"x\n2,Bob\n', "x")
    assert [row[0] for row in rows(table)] == [None, "2"]


def test_a_ten_megabyte_cell_is_one_fault_and_harms_no_other_row():
    table = CSV(b"id,name\n1," + b"a" * 10_000_000 + b"\n2,Bob\n", "x")
    assert rows(table) == [["1", None], ["2", "Bob"]]
    assert [(f.position, f.column, f.rule) for f in table.faults] == [(0, "name", "size")]
    assert MAX_CELL_CHARACTERS < 10_000_000


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("data", [b"", b" \n"])
def test_an_empty_file_is_refused(name, data):
    with pytest.raises(BadInput, match=r"^x is (empty|not a whole)"):
        READERS[name](data, "x")


def test_a_header_alone_is_a_feed_without_rows():
    table = CSV(b"id,name\n", "x")
    assert table.frame.shape == (0, 2)


def test_columns_of_the_same_name_are_told_apart_and_none_is_chosen_silently():
    table = CSV(b"id,name,id,id (1)\n1,Ann,2,3\n", "x")
    assert list(table.frame.columns) == ["id (2)", "name", "id (3)", "id (1)"]
    assert table.notes == ("x has several columns 'id'; a mapping calls them 'id (2)', 'id (3)'.",)


@pytest.mark.parametrize("line", ["E1,jane@acme.example,Ops", "E1,Ops,2020-01-01", "1,2,Ops", "E1,1/31/2020,Ops"])
def test_a_file_without_header_is_refused_without_quoting_anybodys_row(line):
    with pytest.raises(BadInput) as refusal:
        CSV(f"{line}\n{line}\n".encode(), "hr.csv")
    assert str(refusal.value) == "hr.csv, line 1: this looks like a row of data; the first line must name the columns."


def test_nested_json_gets_dotted_names_and_keeps_its_numbers():
    table = JSON(b'{"a": {"b": 1.50, "c": null}, "d": ["x", "y"], "e": [{"f": true}], "g": 12345678901234567890}', "x")
    assert dict(zip(table.frame.columns, rows(table)[0], strict=True)) == {
        "a.b": "1.50",
        "d": "x;y",
        "e.0.f": "true",
        "g": "12345678901234567890",
    }


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}\n{"a":2}\n',
        b'\xef\xbb\xbf{"a":1}\r\n\r\n{"a":2}',
        b'[{"a":1},\n {"a":2}]',
        b'{\n "a":1\n}\n{\n "a":2\n}\n',
    ],
    ids=["lines", "BOM and CRLF", "array", "pretty-printed"],
)
def test_json_objects_are_found_however_they_are_laid_out(data):
    assert rows(JSON(data, "x")) == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1, "b"', "not a whole JSON object"),
        (b"garbage", "not a whole JSON object"),
        (b"7", "not an object"),
        (b'{"a":1,"a":2}', "the same field more than once"),
        (b'{"a":{"b":1},"a.b":2}', "the same field more than once"),
        (b"[" * 100_000, "not a whole JSON object"),
    ],
    ids=["half", "garbage", "number", "twice", "twice by dots", "very deep"],
)
def test_a_broken_line_is_a_fault_and_reading_goes_on(line, reason):
    table = JSON(b'{"a":0}\n' + line + b'\n{"a":3}\n', "x")
    if not line.startswith(b"["):
        assert rows(table) == [["0"], [None], ["3"]]
        assert table.lines == (1, 2, 3)
    assert reason in table.faults[0].reason


def test_lone_surrogates_in_json_are_a_fault():
    table = JSON(b'{"a": "\\ud800"}', "x")
    assert [(f.column, f.rule) for f in table.faults] == [("a", "encoding")]


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def test_typed_parquet_becomes_text_without_loss():
    frame = pd.DataFrame(
        {
            "zoned": pd.to_datetime(["2026-01-05T10:00:00+02:00"]),
            "naive": pd.to_datetime(["2026-01-05T10:00:00.123456"]),
            "whole": [3],
            "share": [0.1],
            "truth": [True],
            "list": [["a", "b"]],
            "inner": [{"x": "y"}],
        }
    )
    table = PARQUET(parquet(frame), "x")
    assert rows(table)[0] == [
        "2026-01-05 08:00:00.000000Z",
        "2026-01-05 10:00:00.123456Z",
        "3",
        "0.1",
        "true",
        "a;b",
        "y",
    ]


def test_a_half_written_parquet_file_is_refused():
    data = parquet(pd.DataFrame({"a": range(1000)}))
    with pytest.raises(BadInput, match="x is not a whole Parquet file"):
        PARQUET(data[: len(data) // 2], "x")


def test_a_column_of_bytes_is_refused_by_name():
    with pytest.raises(BadInput, match="column photo"):
        PARQUET(parquet(pd.DataFrame({"photo": [b"\x00\x01"]})), "x")


@pytest.mark.parametrize("reader", sorted(READERS))
@given(data=st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_arbitrary_bytes_get_an_answer_or_a_sentence(reader, data):
    try:
        table = READERS[reader](data, "x")
    except BadInput as refusal:
        assert str(refusal).startswith("x")
    else:
        assert len(table.frame) == len(table.lines)
        assert all(0 <= fault.position < len(table.frame) for fault in table.faults)


@given(
    cells=st.lists(
        st.lists(
            st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8),
            min_size=2,
            max_size=2,
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_what_a_writer_quotes_the_reader_gives_back(cells):
    wanted = [row for row in cells if any(cell.strip() for cell in row)]
    frame = pd.DataFrame(cells, columns=["a", "b"], dtype="str")
    table = CSV(frame.to_csv(index=False, quoting=1).encode(), "x")
    assert rows(table) == wanted


@given(records=st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | st.integers() | st.booleans()), max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_json_record_is_lost(records):
    text = "\n".join(json.dumps(record) for record in records) + "\n"
    if text.strip():
        assert len(JSON(text.encode(), "x").frame) == len(records)


def test_a_glob_reads_its_files_in_the_order_of_their_names(tmp_path: Path):
    (tmp_path / "feeds" / "hr [2026]").mkdir(parents=True)
    for name in ("b.csv", "a.csv"):
        (tmp_path / "feeds" / name).write_text("id\n1\n")
    files = read_source(FeedSource(source="feeds/*.csv"), tmp_path, "employees")
    assert [file.relative for file in files] == ["feeds/a.csv", "feeds/b.csv"]
    assert len({file.sha256 for file in files}) == 1


def test_a_path_with_brackets_is_a_path_before_it_is_a_pattern(tmp_path: Path):
    (tmp_path / "export [1].csv").write_text("id\n1\n")
    assert read_source(FeedSource(source="export [1].csv"), tmp_path, "employees")[0].relative == "export [1].csv"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("feeds/gone.csv", "no file matches feeds/gone.csv"),
        ("feeds/*.csv", "no file matches"),
        (".", "names the directory"),
        ("s3://bucket/x.csv", "s3:// cannot be read with what is installed here; pip install 'pilot-pipeline[s3]'"),
        ("x.dat", "set feeds.employees.format"),
    ],
)
def test_a_source_that_leads_nowhere_is_refused_in_a_sentence(tmp_path: Path, source, sentence):
    (tmp_path / "x.dat").write_text("id\n1\n")
    with pytest.raises(BadInput) as refusal:
        read_source(FeedSource(source=source), tmp_path, "employees")
    assert sentence in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)
