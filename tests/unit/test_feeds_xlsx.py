"""Workbooks give the cells that are stored in them, and damaged or enormous ones a sentence."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlsxwriter

from pilot_pipeline.config import FeedSource
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.formats.raw import Options, SourceFile
from pilot_pipeline.feeds.formats.xlsx_files import parse_xlsx
from pilot_pipeline.feeds.mapping import map_to_canon


def workbook(fill, *more: str) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        fill(book, book.add_worksheet("People"))
        for name in more:
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, "id")
            if name.startswith("hidden"):
                sheet.hide()
    return data.getvalue()


def filled(book, sheet) -> None:
    day, instant = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write(1, 0, "A title above the table")
    sheet.write_row(2, 0, ["id", "level", "share", "hired", "seen", "ok", "sum", "wrong"])
    sheet.write_row(3, 0, ["007", 3, 0.1])
    sheet.write_datetime(3, 3, datetime(2020, 1, 31), day)
    sheet.write_datetime(3, 4, datetime(2020, 1, 31, 9, 30), instant)
    sheet.write_boolean(3, 5, True)
    sheet.write_formula(3, 6, "=1+1", value=2)
    sheet.write_formula(3, 7, "=1/0", value="#DIV/0!")
    sheet.write_row(5, 0, ["008"])


def plain(book, sheet) -> None:
    sheet.write_row(0, 0, ["id", "level"])
    sheet.write_row(1, 0, ["1", 3])


def test_cells_are_read_as_they_are_stored():
    def untitled(book, sheet) -> None:
        filled(book, sheet)
        sheet.write_blank(1, 0, None, book.add_format())

    table = parse_xlsx(workbook(untitled), "x.xlsx")
    rows = table.frame.to_numpy().tolist()
    assert rows[0] == ["007", "3", "0.1", "2020-01-31", "2020-01-31 09:30:00", "true", "2", "#DIV/0!"]
    assert rows[1][0] == "008"
    assert table.lines == (4, 6)
    assert not table.faults


def test_a_formula_that_nobody_calculated_is_no_empty_cell():
    book = openpyxl.Workbook()
    for row in (["id", "level"], ["1", "=1+2"], ["=A2", None], ["2", 3]):
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    cells = parse_xlsx(data.getvalue(), "x.xlsx").frame.to_numpy().tolist()
    assert [cell.startswith("=") for cell in (cells[0][1], cells[1][0])] == [True, True]
    assert (cells[1][1], cells[2]) == ("", ["2", "3"])


def test_dates_that_are_dates_are_read_beside_dates_that_somebody_typed():
    def mixed(book, sheet) -> None:
        sheet.write_row(0, 0, ["observation_id", "starts_on", "name", "ends_on", "scope"])
        sheet.write_row(1, 0, ["", "01/31/2020", "a", "02/01/2020", "all"])
        sheet.write_row(2, 0, ["", "", "b", "02/01/2020", "all"])
        sheet.write_datetime(2, 1, datetime(2020, 1, 31), book.add_format({"num_format": "dd.mm.yy"}))

    table = parse_xlsx(workbook(mixed), "x.xlsx")
    source = FeedSource(source="x.xlsx", dates={"starts_on": ["%m/%d/%Y"], "ends_on": ["%m/%d/%Y"]}, ignore=["obs*"])
    mapped = map_to_canon([SourceFile(Path("x"), "x.xlsx", "0", table)], source, "initiatives", ZoneInfo("UTC"))
    assert mapped.findings == ()
    assert mapped.frame["starts_on"].dt.strftime("%Y-%m-%d").tolist() == ["2020-01-31"] * 2


def test_a_title_above_the_table_is_taken_for_the_header_and_every_row_says_so():
    table = parse_xlsx(workbook(filled), "x.xlsx")
    assert {fault.rule for fault in table.faults} == {"shape"} and len(table.faults) == len(table.frame) - 1


def test_the_only_visible_sheet_is_read_and_of_several_the_mapping_names_one():
    assert parse_xlsx(workbook(plain, "hidden"), "x.xlsx").frame.shape == (1, 2)
    with pytest.raises(BadInput, match=r"x\.xlsx has 2 sheets: People, Left; name one in `sheet`"):
        parse_xlsx(workbook(plain, "Left"), "x.xlsx")
    assert parse_xlsx(workbook(plain, "Left"), "x.xlsx", Options(sheet="People")).frame.shape == (1, 2)
    with pytest.raises(BadInput, match=r"no sheet 'Peeple'\. Did you mean 'People'\?"):
        parse_xlsx(workbook(plain), "x.xlsx", Options(sheet="Peeple"))


@pytest.mark.parametrize("cut", [0, 4, 500, -30])
def test_half_a_workbook_is_refused(cut):
    with pytest.raises(BadInput, match=r"x\.xlsx is (not a whole workbook|empty)"):
        parse_xlsx(workbook(plain)[:cut], "x.xlsx")


def test_a_cell_at_the_far_corner_of_the_sheet_costs_no_memory():
    def far(book, sheet) -> None:
        plain(book, sheet)
        sheet.write(1_000, 16_383, "x")

    table = parse_xlsx(workbook(far), "x.xlsx")
    assert [(fault.position, fault.rule) for fault in table.faults] == [(1, "shape")]
    assert table.frame.shape == (2, 2)


def test_what_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr("pilot_pipeline.feeds.formats.xlsx_files.MAX_UNPACKED_BYTES", 10_000)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 20_000)
    with pytest.raises(BadInput, match="unpacks to more than"):
        parse_xlsx(data.getvalue(), "x.xlsx")
