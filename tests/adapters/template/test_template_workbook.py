"""The list as it goes out: whom, what, for whom, by when; nothing that is not approved."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from zipfile import ZipFile

import pytest
from list_samples import DATED, PEOPLE, TASK, WITHDRAWAL, Sheet, filled

from adapters.template.task import Token
from adapters.template.workbook import FIRST_ROW, list_workbook


@pytest.fixture
def sheet() -> Sheet:
    return Sheet(list_workbook(TASK, WITHDRAWAL))


def cover(sheet):
    return {row[0].value: row[1].value for row in sheet.cover.iter_rows(min_row=2)}


@pytest.mark.requirement("R070")
def test_a_list_carries_per_member_what_a_request_carries(sheet):
    titles = ("序号", "姓名", "证件类型", "证件号码", "申请原因")
    rows = [[sheet.cell(FIRST_ROW + n, t).value for t in titles] for n in range(3)]
    assert rows == [[str(p.reference), p.name, "居民身份证", p.id_number, p.reason] for p in PEOPLE]
    told = cover(sheet)
    assert told["查询内容"] == "姓名、证件类型、证件号码、个人账号、提取金额、提取日期、提取原因"
    assert told["查询时点"] == "最新数据"
    ranged = cover(Sheet(list_workbook(DATED, WITHDRAWAL)))
    assert ranged["查询时点"] == "2025/01/01-2025/12/31"


@pytest.mark.requirement("R066")
def test_the_cover_says_who_asks_for_what_under_which_task_and_by_when(sheet):
    told = cover(sheet)
    assert told["查询单位"] == "山东省核对中心（370000）"
    assert told["业务类别"] == "城乡低保"
    assert told["查询用途"] == TASK.purpose
    assert told["反馈期限"] == "2026-03-09 17:00"  # Asia/Shanghai
    assert told["人数"] == "3"
    assert Token.read(told["任务编号"]) == TASK.token
    assert told["数据截至日期"] is None
    assert told["经办人"] is None


@pytest.mark.requirement("R052")
def test_an_item_that_is_not_approved_is_nowhere_in_the_file():
    narrowed = replace(TASK, items=("name", "id_number", "amount"))
    data = list_workbook(narrowed, WITHDRAWAL)
    assert set(Sheet(data).columns) == {
        "序号",
        "姓名",
        "证件类型",
        "证件号码",
        "申请原因",
        "查询结果",
        "无法答复原因",
        "提取金额（元）",
    }
    with ZipFile(BytesIO(data)) as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for item in ("个人账号", "提取账户", "提取日期", "提取原因"):
        assert item.encode() not in content


@pytest.mark.requirement("R066")
@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_no_name_becomes_a_formula_of_the_agency(name):
    people = (replace(PEOPLE[0], name=name, reason=name), *PEOPLE[1:])
    data = list_workbook(replace(TASK, persons=people, purpose=name), WITHDRAWAL)
    sheet = Sheet(data)
    for title in ("姓名", "申请原因"):
        cell = sheet.cell(FIRST_ROW, title)
        assert (cell.value, cell.data_type, cell.quotePrefix) == (name, "s", True)
    with ZipFile(BytesIO(data)) as archive:
        parts = [archive.read(n) for n in archive.namelist() if "worksheets/" in n]
    assert len(parts) == 3
    assert not any(b"<f>" in part or b"<f " in part for part in parts)


def test_control_characters_of_a_name_do_not_reach_the_file():
    people = (replace(PEOPLE[0], name="测\x00试\x1b[2J\n甲"), *PEOPLE[1:])
    sheet = Sheet(list_workbook(replace(TASK, persons=people), WITHDRAWAL))
    assert sheet.cell(FIRST_ROW, "姓名").value == "测\ufffd试\ufffd[2J 甲"


def test_only_what_is_to_be_filled_can_be_changed(sheet):
    assert sheet.list.protection.sheet
    locked = {t: sheet.cell(FIRST_ROW, t).protection.locked for t in sheet.columns}
    persons = ("序号", "姓名", "证件类型", "证件号码", "申请原因")
    assert [t for t, is_locked in locked.items() if is_locked] == list(persons)
    assert sheet.cell(FIRST_ROW, "证件号码").number_format == "@"
    below = sheet.list.column_dimensions
    assert not any(below[letter].protection.locked for letter in "ABCDEFGHIJK")
    assert below["H"].number_format == "@"


def test_choices_are_offered_in_lists(sheet):
    rules = {rule.promptTitle: rule for rule in sheet.list.data_validations.dataValidation}
    assert rules["查询结果"].type == "list"
    assert rules["查询结果"].formula1 == "'代码表'!$A$2:$A$4"
    assert rules["无法答复原因"].formula1 == "'代码表'!$B$2:$B$7"
    assert rules["提取日期"].type is None
    codes = [cell.value for cell in sheet.book["代码表"]["A"] if cell.value]
    assert codes == ["查询结果", "查得", "未查得", "无法答复"]


def test_the_same_task_makes_the_same_bytes_and_its_file_name_tells_of_nobody():
    assert list_workbook(TASK, WITHDRAWAL) == list_workbook(TASK, WITHDRAWAL)
    assert TASK.file_stem == "019c2f00-0000-1-2-00000000abcd"
    assert filled().saved() != list_workbook(TASK, WITHDRAWAL)
