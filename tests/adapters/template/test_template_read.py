"""A filled list taken back: what it says of each person, and everything that is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from list_samples import DATED, FOUND, NOW, PEOPLE, TASK, WITHDRAWAL, Sheet, filled

from adapters.template.read import FilledWorkbook
from adapters.template.workbook import list_workbook
from bus.model.messages import OutcomeKind
from bus.workbook.faults import WorkbookFaults


def read(data, task=TASK):
    return FilledWorkbook(data, NOW).answers(task, WITHDRAWAL)


def faults(data, task=TASK):
    """Return place and code of each fault; no text of one may quote what stands in a cell."""
    with pytest.raises(WorkbookFaults) as caught:
        read(data, task)
    texts = "".join(f"{f.zh}{f.en}{f.allowed}" for f in caught.value.faults)
    for person in PEOPLE:
        assert person.name not in texts
        assert person.id_number not in texts
    return [(fault.place, fault.code) for fault in caught.value.faults]


@pytest.mark.requirement("R117")
def test_a_filled_list_gives_each_person_one_outcome():
    found = read(filled().saved())
    assert found.as_of == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)  # the day begins in Shanghai
    first, second, third = found.outcomes
    assert (first.reference, first.kind, first.code) == (4, OutcomeKind.FOUND, None)
    assert first.records == (
        {
            "name": "测试甲",
            "id_type": "111",
            "id_number": "990000196001010004",
            "account": "0012345678901234567",
            "amount": Decimal("1200.50"),
            "withdrawn_on": date(2025, 6, 15),
            "reason": "购房",
        },
        {
            "name": "测试甲",
            "id_type": "111",
            "id_number": "990000196001010004",
            "account": None,
            "amount": Decimal("80.00"),
            "withdrawn_on": date(2025, 7, 1),
            "reason": None,
        },
    )
    assert (second.kind, second.records) == (OutcomeKind.NOT_FOUND, ())
    assert (third.kind, third.code) == (OutcomeKind.NOT_ANSWERABLE, "NAME_MISMATCH")


@pytest.mark.requirement("R052")
def test_only_approved_items_are_read_even_where_identity_is_not_approved():
    task = replace(TASK, items=("amount",))
    sheet = Sheet(list_workbook(task, WITHDRAWAL))
    sheet.sign()
    sheet.put(3, 查询结果="查得", **{"提取金额（元）": 5})
    sheet.put(4, 查询结果="未查得")
    sheet.put(5, 查询结果="未查得")
    assert read(sheet.saved(), task).outcomes[0].records == ({"amount": Decimal("5.00")},)


@pytest.mark.requirement("R052")
def test_a_column_that_was_added_is_refused():
    sheet = filled()
    sheet.list.cell(2, 12).value = "提取账户"
    sheet.list.cell(3, 12).value = "6222"
    assert faults(sheet.saved()) == [
        ("名单!L2", "HEADER_UNKNOWN"),
        ("名单!L3", "CELL_OUTSIDE_TABLE"),
    ]


@pytest.mark.requirement("R066")
def test_a_formula_is_refused_with_its_place_and_no_kept_value_is_trusted():
    sheet = filled()
    sheet.put(3, **{"提取金额（元）": "=1200+0.5", "个人账号": "=A1"})
    sheet.put(4, 查询结果='=IF(1,"未查得","")')
    found = faults(sheet.saved())
    assert ("名单!I3", "CELL_FORMULA") in found
    assert ("名单!H3", "CELL_FORMULA") in found
    assert ("名单!F4", "CELL_FORMULA") in found
    assert len(found) == 3


@pytest.mark.requirement("R066")
@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("xl/vbaProject.bin", "MACROS"),
        ("xl/externalLinks/externalLink1.xml", "EXTERNAL_LINKS"),
        ("xl/embeddings/oleObject1.bin", "EMBEDDED_OBJECTS"),
    ],
)
def test_macros_links_and_objects_are_refused(part, code):
    out = BytesIO(filled().saved())
    with ZipFile(out, "a") as archive:
        archive.writestr(part, b"x")
    assert faults(out.getvalue()) == [("", code)]


@pytest.mark.requirement("R066")
def test_a_person_who_was_changed_added_removed_or_moved_is_refused_with_the_place():
    changed = filled()
    changed.cell(3, "姓名").value = "测试丙"
    changed.cell(4, "证件号码").value = "990000196001010039"
    assert faults(changed.saved()) == [
        ("名单!B3", "PERSON_CHANGED"),
        ("名单!D4", "PERSON_CHANGED"),
    ]

    added = filled()
    added.put(7, 序号="7", 姓名="测试丁", 查询结果="未查得")
    assert faults(added.saved()) == [("名单!A7", "PERSON_UNKNOWN")]

    removed = filled()
    for cell in removed.list[4]:
        cell.value = None
    assert faults(removed.saved()) == [("名单", "PERSON_MISSING")]

    moved = filled()
    for title in moved.columns:
        upper, lower = moved.cell(4, title), moved.cell(5, title)
        upper.value, lower.value = lower.value, upper.value
    moved.cell(4, "姓名").data_type = "s"
    assert ("名单!A5", "PERSON_MOVED") in faults(moved.saved())


def test_identity_sorted_apart_from_its_results_is_seen():
    sheet = filled()
    for title in ("序号", "姓名", "证件号码"):
        upper, lower = sheet.cell(3, title), sheet.cell(4, title)
        upper.value, lower.value = lower.value, upper.value
    assert ("名单!A4", "PERSON_MOVED") in faults(sheet.saved())


@pytest.mark.requirement("R073")
def test_outcome_records_and_reason_must_agree():
    sheet = filled()
    sheet.put(3, **dict.fromkeys(("提取金额（元）", "提取日期", "个人账号", "提取原因")))
    sheet.put(4, 提取原因="购房", 无法答复原因="证件号码相符但姓名不一致")
    sheet.put(5, 无法答复原因=None)
    assert faults(sheet.saved()) == [
        ("名单!3", "RECORD_EMPTY"),
        ("名单!G4", "REASON_UNEXPECTED"),
        ("名单!K4", "RECORD_UNEXPECTED"),
        ("名单!G5", "REASON_MISSING"),
    ]


@pytest.mark.requirement("R072")
def test_nobody_is_passed_over_in_silence():
    sheet = filled()
    sheet.put(4, 查询结果=None)
    sheet.put(5, 查询结果="不清楚", 无法答复原因=None)
    assert faults(sheet.saved()) == [("名单!F4", "OUTCOME_MISSING"), ("名单!F5", "CHOICE_UNKNOWN")]


def test_a_person_with_two_rows_is_found_on_both():
    sheet = filled()
    sheet.put(6, 序号="5", 查询结果="查得", 姓名="测试乙")
    assert faults(sheet.saved()) == [
        ("名单!F6", "OUTCOME_TWICE"),
        ("名单!I6", "RECORD_UNEXPECTED"),
        ("名单!J6", "RECORD_UNEXPECTED"),
    ]


def test_values_are_read_exactly_or_refused():
    sheet = filled()
    sheet.put(
        3,
        个人账号=12345678901234567,
        提取日期="2025-02-30",
        **{"提取金额（元）": "1,200.50"},
    )
    sheet.put(6, 提取日期=datetime(2025, 7, 1, 9, 30))  # noqa: DTZ001 - as a spreadsheet holds it
    assert faults(sheet.saved()) == [
        ("名单!H3", "CELL_NUMBER"),
        ("名单!I3", "VALUE_INVALID"),
        ("名单!J3", "VALUE_INVALID"),
        ("名单!J6", "CELL_TIME"),
    ]
    sheet = filled()
    sheet.put(3, **{"提取金额（元）": 0.005})
    assert faults(sheet.saved()) == [("名单!I3", "VALUE_INVALID")]


@pytest.mark.requirement("R053")
def test_a_record_outside_the_range_asked_is_refused():
    sheet = filled(DATED)
    sheet.put(6, 提取日期="2026-01-01")
    assert faults(sheet.saved(), DATED) == [("名单!J6", "TIME_OUTSIDE")]
    sheet.put(6, 提取日期=None)
    assert faults(sheet.saved(), DATED) == [("名单!J6", "TIME_MISSING")]
    sheet.put(6, 提取日期="2025-12-31")
    sheet.put(3, 提取日期="2025-01-01")
    assert len(read(sheet.saved(), DATED).outcomes) == 3


@pytest.mark.requirement("R072")
def test_the_day_of_the_data_and_who_handled_it_must_be_filled_in():
    sheet = filled()
    sheet.sign(day=None, handler=None)
    assert faults(sheet.saved()) == [
        ("查询函!B16", "AS_OF_MISSING"),
        ("查询函!B17", "HANDLER_MISSING"),
    ]
    sheet.sign(day="2026-03-03")
    assert faults(sheet.saved()) == [("查询函!B16", "AS_OF_LATER")]


@pytest.mark.requirement("R033")
def test_a_question_that_was_changed_on_the_way_is_refused():
    """Nobody is to have answered for another purpose, or on other persons, than was approved."""
    sheet = filled()
    for row in sheet.cover.iter_rows():
        if row[0].value in {"查询用途", "人数"}:
            row[1].value = "商业调查"
    assert faults(sheet.saved()) == [
        ("查询函!B8", "ASKED_CHANGED"),
        ("查询函!B13", "ASKED_CHANGED"),
    ]


def test_a_lost_token_and_missing_or_hidden_sheets_are_named():
    sheet = filled()
    sheet.cover.cell(2, 2).value = "HT1-0a"
    assert faults(sheet.saved()) == [("查询函!B2", "TOKEN_LOST")]
    sheet = filled()
    del sheet.book["名单"]
    assert faults(sheet.saved()) == [("名单", "SHEET_MISSING")]
    sheet = filled()
    sheet.book["代码表"].sheet_state = "hidden"
    assert faults(sheet.saved()) == [("代码表", "SHEET_HIDDEN")]


def test_hidden_rows_and_columns_are_named():
    sheet = filled()
    sheet.list.row_dimensions[4].hidden = True
    sheet.list.column_dimensions["H"].hidden = True
    assert faults(sheet.saved()) == [("名单", "COLUMN_HIDDEN"), ("名单!4", "ROW_HIDDEN")]


def test_columns_may_stand_in_another_order():
    sheet = filled()
    for row in range(2, 7):
        left, right = sheet.list.cell(row, 8), sheet.list.cell(row, 11)
        left.value, right.value = right.value, left.value
    assert read(sheet.saved()).outcomes[0].records[0]["account"] == "0012345678901234567"


def test_hundreds_of_persons_are_written_and_read():
    people = tuple(
        replace(PEOPLE[0], reference=n, name=f"测试{n}", id_number=f"{n:018}")
        for n in range(1, 301)
    )
    task = replace(TASK, persons=people)
    sheet = filled(task)
    for row in range(3, 303):
        sheet.put(row, 查询结果="未查得")
        for title in (*FOUND, "个人账号", "提取原因", "无法答复原因"):
            if title != "查询结果":
                sheet.put(row, **{title: None})
    sheet.cell(6, "序号").value = "4"
    outcomes = read(sheet.saved(), task).outcomes
    assert [one.reference for one in outcomes] == list(range(1, 301))
    assert not re.search("测试", repr(outcomes[0]))
