"""Sheets, headers, hidden and merged cells, and dimensions that lie."""

from __future__ import annotations

import re

import pytest
from openpyxl.chart import BarChart
from openpyxl.styles import Font
from workbook_samples import (
    TODAY,
    big_draft,
    codes_of,
    draft,
    edited,
    faults_of,
    in_part,
    person,
    repacked,
    with_cell,
)

from bus.workbook import check
from bus.workbook.parse import parse
from bus.workbook.scan import COLUMN_LIMIT, ROW_LIMIT
from bus.workbook.template import fill


def in_sheet(pattern: bytes, new: bytes, number: int = 3) -> bytes:
    """A filled workbook with the first match of a pattern in one sheet's XML replaced."""

    def change(part: str, content: bytes) -> bytes:
        if part != f"xl/worksheets/sheet{number}.xml":
            return content
        changed, times = re.subn(pattern, new, content, count=1)
        assert times == 1
        return changed

    return repacked(fill(draft()), change)


def test_a_missing_sheet_is_named():
    (fault,) = faults_of(edited(lambda book: book.remove(book["附表"])))
    assert (fault.place, fault.code, fault.row, fault.column) == (
        "附表",
        "SHEET_MISSING",
        None,
        None,
    )
    assert fault.allowed == "申请、附表、名单"


def test_without_a_list_its_count_is_not_held_against_the_form():
    assert codes_of(edited(lambda book: book.remove(book["名单"]))) == [("名单", "SHEET_MISSING")]


def test_a_sheet_without_a_header_says_what_the_header_is():
    (fault,) = faults_of(edited(lambda book: book["附表"].delete_rows(2)))
    assert (fault.place, fault.code) == ("附表", "HEADER_MISSING")
    assert fault.allowed == "标题行：序号、信息提供方、内容类别、内容项、时间范围"


def test_a_form_without_a_header_says_what_the_header_is():
    (fault,) = faults_of(with_cell("申请", "B2", "值"))
    assert (fault.place, fault.code) == ("申请", "HEADER_MISSING")
    assert fault.allowed == "标题行：项目、填写内容"


def test_an_empty_sheet_has_no_header():
    assert codes_of(edited(lambda book: book["名单"].delete_rows(1, 300))) == [
        ("名单", "HEADER_MISSING")
    ]


def test_a_misspelt_title_is_unknown_and_its_column_missing():
    found = faults_of(with_cell("名单", "E2", "身份号"))
    assert [(fault.place, fault.code) for fault in found] == [
        ("名单!2", "HEADER_COLUMN_MISSING"),
        ("名单!E2", "HEADER_UNKNOWN"),
        *((f"名单!E{row}", "CELL_OUTSIDE_TABLE") for row in (3, 4, 5)),
    ]
    assert "证件号码" in found[0].allowed


def test_a_misspelt_optional_column_is_not_passed_over():
    places = codes_of(with_cell("名单", "I2", "监护"))
    assert places == [("名单!2", "HEADER_COLUMN_MISSING"), ("名单!I2", "HEADER_UNKNOWN")]


def test_a_title_twice_is_refused():
    assert ("名单!J2", "HEADER_TWICE") in codes_of(with_cell("名单", "J2", "姓名"))


def test_a_formula_for_a_title_is_no_title():
    assert ("名单!J2", "HEADER_UNKNOWN") in codes_of(with_cell("名单", "J2", "=A1"))


def test_titles_may_differ_in_blanks_width_and_star():
    def change(book):
        book["名单"]["E2"].value = " 证件 号码＊ "
        book["名单"]["A2"].value = "家庭编号"
        book["申请"]["A8"].value = "首名被查询人："
        book["申请"]["A9"].value = "人数"

    assert parse(edited(change), TODAY) == draft()


def test_columns_are_known_by_title_and_not_by_position():
    def change(book):
        sheet = book["名单"]
        rows = list(sheet.iter_rows(min_row=2, max_row=5, max_col=9, values_only=True))
        for number, row in enumerate(rows, 2):
            for column, value in enumerate(reversed(row), 1):
                sheet.cell(number, column).value = value

    assert parse(edited(change), TODAY) == draft()


def test_a_fault_in_a_reordered_column_names_the_column_where_it_stands():
    def change(book):
        sheet = book["附表"]
        for row in range(2, 6):
            sheet.cell(row, 2).value, sheet.cell(row, 3).value = (
                sheet.cell(row, 3).value,
                sheet.cell(row, 2).value,
            )
        sheet["C4"].value = "月球"

    assert codes_of(edited(change)) == [("附表!C4", "PROVIDER_UNKNOWN")]


def test_content_beside_the_table_is_not_lost_in_silence():
    assert codes_of(with_cell("名单", "P4", "备注")) == [("名单!P4", "CELL_OUTSIDE_TABLE")]


def test_blank_rows_between_are_passed_over():
    def change(book):
        book["名单"].insert_rows(4, 2)
        book["名单"]["C4"].value = "\u3000"
        book["附表"].insert_rows(3)
        book["附表"]["A3"].value = "1"

    assert parse(edited(change), TODAY) == draft()


def test_a_row_partly_filled_lacks_each_of_its_fields():
    places = codes_of(with_cell("名单", "F6", "申请低保复核"))
    assert places == [
        ("申请!B9", "FORM_PERSON_COUNT"),
        *((f"名单!{column}6", "CELL_MISSING") for column in "ABCDEGH"),
    ]


def test_a_value_beside_no_label_is_a_fault():
    places = codes_of(with_cell("申请", "A7", "用处"))
    assert places == [("申请", "FIELD_MISSING"), ("申请!B7", "FIELD_UNKNOWN")]


def test_a_label_twice_is_a_fault():
    def change(book):
        book["申请"]["A17"].value = "用途"
        book["申请"]["B17"].value = "其他"

    assert codes_of(edited(change)) == [("申请!A17", "FIELD_TWICE")]


def test_notes_under_the_form_are_passed_over():
    assert parse(with_cell("申请", "A20", "注：请核对"), TODAY) == draft()


@pytest.mark.parametrize(
    ("sheet", "cells", "place"),
    [
        ("名单", "A4:A5", "名单!A4"),
        ("附表", "D3:E3", "附表!D3"),
        ("申请", "B9:C9", "申请!B9"),
        ("名单", "B8:C9", "名单!B8"),
    ],
)
def test_merged_cells_within_the_data_are_named(sheet, cells, place):
    assert (place, "CELL_MERGED") in codes_of(edited(lambda book: book[sheet].merge_cells(cells)))


def test_a_merge_of_the_whole_sheet_costs_nothing():
    data = in_sheet(rb'<mergeCell ref="[A-Z0-9:]+"', b'<mergeCell ref="A1:XFD1048576"')
    assert codes_of(data) == [("名单!A1", "CELL_MERGED")]


def test_hidden_rows_with_data_are_named():
    def change(book):
        book["名单"].row_dimensions[4].hidden = True
        book["名单"].row_dimensions[50].hidden = True

    assert codes_of(edited(change)) == [("名单!4", "ROW_HIDDEN")]


def test_hidden_columns_with_data_are_named():
    def change(book):
        book["名单"].column_dimensions["F"].hidden = True
        book["名单"].column_dimensions["Z"].hidden = True

    (fault,) = faults_of(edited(change))
    assert (fault.place, fault.code) == ("名单", "COLUMN_HIDDEN")
    assert "F" in fault.zh


@pytest.mark.parametrize("height", [b"0", b"0.5"])
def test_a_row_too_low_to_be_seen_counts_as_hidden(height):
    data = in_sheet(rb'<row r="4"', b'<row r="4" customHeight="1" ht="' + height + b'"')
    assert codes_of(data) == [("名单!4", "ROW_HIDDEN")]


@pytest.mark.parametrize("width", [b"0", b"0.1"])
def test_a_column_too_narrow_to_be_seen_counts_as_hidden(width):
    data = in_sheet(rb'width="[0-9.]+"', b'width="' + width + b'"')
    (fault,) = faults_of(data)
    assert (fault.place, fault.code) == ("名单", "COLUMN_HIDDEN")


@pytest.mark.parametrize("size", [b"wide", b""])
def test_a_size_that_is_no_number_breaks_the_sheet(size):
    data = in_sheet(rb'width="[0-9.]+"', b'width="' + size + b'"')
    assert codes_of(data) == [("", "FILE_DAMAGED")]


@pytest.mark.parametrize("drawn", [True, False])
def test_a_chart_sheet_is_left_alone_while_it_can_be_seen(drawn):
    def change(book):
        sheet = book.create_chartsheet("图表", 0)
        if drawn:
            sheet.add_chart(BarChart())

    data = edited(change)
    if not drawn:
        data = repacked(data, lambda _, content: re.sub(rb"<drawing [^>]*/>", b"", content))
    assert parse(data, TODAY) == draft()


def test_a_hidden_chart_sheet_is_refused():
    def change(book):
        book.create_chartsheet("图表").sheet_state = "hidden"

    assert codes_of(edited(change)) == [("图表", "SHEET_HIDDEN")]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
@pytest.mark.parametrize("name", ["名单", "暂存"])
def test_a_hidden_sheet_with_content_is_refused(state, name):
    def change(book):
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        sheet["A9"].value = "1"
        sheet["A9"].value = sheet["A9"].value if name == "暂存" else None
        sheet.sheet_state = state

    assert codes_of(edited(change)) == [(name, "SHEET_HIDDEN")]


def test_other_visible_sheets_and_empty_hidden_ones_are_left_alone():
    def change(book):
        book.create_sheet("草稿")["A1"].value = "=1+1"
        book["草稿"].merge_cells("B1:C2")
        book.create_sheet("空").sheet_state = "hidden"

    assert parse(edited(change), TODAY) == draft()


def test_two_sheets_of_one_name_are_refused():
    def change(book):
        book.create_sheet("名单 ")

    assert codes_of(edited(change)) == [("", "SHEET_NAME_TWICE")]


@pytest.mark.parametrize("dimension", [b"A1", b"A1:B2", b"A1:XFD1048576", b"C3:D4"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_lying_dimension_loses_nothing(dimension, number):
    new = b'<dimension ref="' + dimension + b'"'
    assert parse(in_sheet(rb'<dimension ref="[A-Z0-9:]+"', new, number), TODAY) == draft()


def test_a_missing_dimension_loses_nothing():
    assert parse(in_sheet(rb'<dimension ref="[A-Z0-9:]+"\s*/>', b""), TODAY) == draft()


@pytest.mark.parametrize("row", [ROW_LIMIT + 1, 1_048_576])
def test_a_row_beyond_the_limit_is_named_and_not_lost(row):
    new = f'<row r="{row}"><c r="A{row}"><v>1</v></c></row></sheetData>'.encode()
    places = codes_of(in_sheet(b"</sheetData>", new))
    assert places == [(f"名单!A{row}", "CELL_BEYOND")]


def test_a_column_beyond_the_limit_is_named_and_not_lost():
    row = b'<row r="900"><c r="XFD900"><v>1</v></c></row></sheetData>'
    assert COLUMN_LIMIT < 16_384
    assert codes_of(in_sheet(b"</sheetData>", row)) == [("名单!XFD900", "CELL_BEYOND")]


def test_formatted_blank_rows_to_the_end_of_the_sheet_are_harmless():
    row = b'<row r="1048576"><c r="A1048576" s="1"/></row></sheetData>'
    assert parse(in_sheet(b"</sheetData>", row), TODAY) == draft()


def test_rows_and_cells_without_references_are_counted():
    data = repacked(
        fill(draft()),
        lambda part, content: (
            re.sub(rb'(<row|<c) r="[A-Z]*[0-9]+"', rb"\1", content)
            if part == "xl/worksheets/sheet2.xml"
            else content
        ),
    )
    assert parse(data, TODAY) == draft()


def test_shared_strings_are_read_as_texts():
    strings = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        "<si><t>其他</t></si><si><r><t>复核</t></r><r><t>低保</t></r></si></sst>"
    ).encode()

    def change(part: str, content: bytes) -> bytes:
        if part == "[Content_Types].xml":
            override = (
                b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/'
                b'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
            )
            return content.replace(b"</Types>", override)
        if part == "xl/worksheets/sheet3.xml":
            old = "申请低保复核".encode()
            changed, times = re.subn(
                rb't="inlineStr"><is><t>' + old + rb"</t></is>", b't="s"><v>1</v>', content
            )
            assert times == 3
            return changed
        return content

    data = repacked(fill(draft()), change, {"xl/sharedStrings.xml": strings})
    assert {person.reason for person in parse(data, TODAY).persons} == {"复核低保"}


def test_rich_text_is_read_as_its_text():
    name = person(1, "1", "10").name.encode()
    data = in_part(
        "xl/worksheets/sheet3.xml",
        b"<is><t>" + name + b"</t></is>",
        b"<is><r><t>" + name[:3] + b"</t></r><r><t>" + name[3:] + b"</t></r></is>",
    )
    assert parse(data, TODAY) == draft()


def test_fonts_and_comments_change_nothing():
    def change(book):
        book["名单"]["C4"].font = Font(bold=True)

    assert parse(edited(change), TODAY) == draft()


def test_twenty_five_thousand_persons_are_read():
    many = big_draft(25_000)
    assert parse(fill(many), TODAY) == many


def test_more_persons_than_the_limit_are_too_many(monkeypatch):
    monkeypatch.setattr(check, "PERSON_LIMIT", 2)
    assert codes_of(fill(draft())) == [("名单", "PERSONS_TOO_MANY")]
