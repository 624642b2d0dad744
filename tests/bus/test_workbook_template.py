"""The template is the official form, and what is saved touches no disk and no clock."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from io import BytesIO

import pytest
from openpyxl import load_workbook
from workbook_samples import FORM_ROW, TODAY, draft, faults_of

from bus.model.request import DraftLine
from bus.rules.form import ADDRESSEE, DECLARED_SCOPE, LEGAL_BASIS
from bus.workbook.parse import parse
from bus.workbook.save import new_workbook, stream_to_memory, to_bytes
from bus.workbook.template import Offer, fill, template
from schemas import codes

OFFERS = (Offer("住房公积金", "住房公积金账户", ("姓名", "个人账户余额")),)


def book(data: bytes):
    return load_workbook(BytesIO(data))


@pytest.mark.requirement("R041")
@pytest.mark.requirement("R046")
def test_the_form_has_every_field_and_its_presets():
    sheet = book(template())["申请"]
    rows = {
        row[0].rstrip("*"): row[1]
        for row in sheet.iter_rows(min_row=3, max_col=2, values_only=True)
    }
    assert list(rows) == list(FORM_ROW)
    assert {title: value for title, value in rows.items() if value} == {
        "受文单位": ADDRESSEE,
        "法律依据": LEGAL_BASIS,
        "授权范围": DECLARED_SCOPE,
    }


@pytest.mark.requirement("R049")
def test_the_sheets_and_their_columns_are_those_of_the_form():
    sheets = book(template())
    assert sheets.sheetnames == ["申请", "附表", "名单"]
    assert [cell.value for cell in sheets["附表"][2]] == [
        "序号",
        "信息提供方*",
        "内容类别*",
        "内容项",
        "时间范围",
    ]
    assert [cell.value for cell in sheets["名单"][2]] == [
        "户编号*",
        "与申请人关系*",
        "姓名*",
        "证件类型*",
        "证件号码*",
        "申请原因*",
        "授权书编号*",
        "授权日期*",
        "监护人",
        "授权书文件",
        "授权范围",
        "有效期至",
    ]


def test_every_input_cell_is_text_and_every_header_is_frozen_and_explained():
    sheets = book(template())
    for name in ("附表", "名单"):
        sheet = sheets[name]
        assert sheet.freeze_panes == "A3"
        for header in sheet[2]:
            assert header.comment.text
            assert sheet.column_dimensions[header.column_letter].number_format == "@"
        assert {cell.number_format for row in sheet["A3:E30"] for cell in row} == {"@"}
    assert sheets["申请"].freeze_panes == "A3"
    assert {sheets["申请"].cell(row, 2).number_format for row in FORM_ROW.values()} == {"@"}
    assert "填写说明" in sheets["申请"]["A1"].value


def lists(sheet) -> dict[str, list[str]]:
    return {
        str(rule.sqref): rule.formula1.strip('"').split(",")
        for rule in sheet.data_validations.dataValidation
        if rule.type == "list"
    }


@pytest.mark.requirement("R050")
def test_choices_are_offered_as_drop_down_lists():
    sheets = book(template())
    assert lists(sheets["申请"]) == {
        f"B{FORM_ROW['业务类别']}": [row.zh for row in codes.business().values()],
        f"B{FORM_ROW['授权声明']}": ["是", "否"],
    }
    assert lists(sheets["附表"]) == {
        "B3:B1048576": ["全国", "部中心", *(row.short for row in codes.regions().values())],
        "C3:C1048576": [row.zh for row in codes.categories().values()],
    }
    assert lists(sheets["名单"]) == {
        "B3:B1048576": [row.zh for row in codes.relations().values()],
        "D3:D1048576": [row.zh for row in codes.id_types().values()],
    }


def test_no_drop_down_list_is_longer_than_a_cell_rule_may_be():
    for sheet in book(template()):
        for rule in sheet.data_validations.dataValidation:
            assert len(rule.formula1 or "") <= 257
            assert len(rule.prompt) <= 255
            assert len(rule.promptTitle) <= 32


def test_a_category_may_be_typed_that_the_list_does_not_offer():
    rules = book(template())["附表"].data_validations.dataValidation
    strict = {str(rule.sqref): rule.showErrorMessage for rule in rules if rule.type == "list"}
    assert strict == {"B3:B1048576": True, "C3:C1048576": False}


@pytest.mark.requirement("R021")
def test_an_empty_template_lacks_exactly_what_is_mandatory():
    found = [(fault.place, fault.code) for fault in faults_of(template(OFFERS))]
    preset = ("受文单位", "法律依据", "授权范围")
    assert found == [
        *((f"申请!B{row}", "CELL_MISSING") for t, row in FORM_ROW.items() if t not in preset),
        ("附表", "LINES_EMPTY"),
        ("名单", "PERSONS_EMPTY"),
    ]


def test_the_catalogue_may_stand_beside_for_reading():
    data = fill(draft(), OFFERS)
    assert [[cell.value for cell in row] for row in book(data)["资源目录"]["A2:C3"]] == [
        ["内容类别", "信息资源", "内容项"],
        ["住房公积金", "住房公积金账户", "姓名、个人账户余额"],
    ]
    assert parse(data, TODAY) == draft()


def test_values_that_look_like_formulas_are_filled_in_as_text():
    sly = replace(draft(), purpose='=HYPERLINK("x")', query_text="+1", authority="@SUM(A1)")
    data = fill(sly)
    cells = [cell for row in book(data)["申请"].iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    assert parse(data, TODAY) == sly


def test_codes_that_no_table_knows_are_filled_in_as_they_are():
    line = DraftLine(1, "790000", "水费", (), None, None)
    assert book(fill(replace(draft(), lines=(line,))))["附表"]["B3"].value == "790000"


def test_free_wording_of_the_business_is_filled_in_as_its_category():
    read = parse(fill(replace(draft(), business_text="低保年度复核")), TODAY)
    assert (read.business, read.business_text) == ("subsistence-allowance", "城乡低保")


def test_the_same_draft_makes_the_same_bytes():
    assert fill(draft(), OFFERS) == fill(draft(), OFFERS)
    assert template() == template()


@pytest.fixture
def no_disk(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was asked for")

    monkeypatch.setattr("openpyxl.worksheet._writer.NamedTemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)


def test_a_workbook_is_written_and_read_without_temporary_files(no_disk):
    assert parse(fill(draft()), TODAY) == draft()


def test_a_streamed_workbook_is_written_without_temporary_files(no_disk):
    workbook = new_workbook(write_only=True)
    sheet = workbook.create_sheet("甲")
    stream_to_memory(sheet)
    sheet.append(["一", "二"])
    empty = workbook.create_sheet("乙")
    stream_to_memory(empty)
    read = book(to_bytes(workbook))
    assert [[cell.value for cell in row] for row in read["甲"]] == [["一", "二"]]
    assert read.sheetnames == ["甲", "乙"]
