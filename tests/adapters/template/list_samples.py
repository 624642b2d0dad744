"""A list of three synthetic people, and hands that fill it as a spreadsheet program would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from uuid import UUID

from openpyxl import load_workbook

from adapters.template.layout import AS_OF_LABEL, COVER_SHEET, HANDLER_LABEL, LIST_SHEET
from adapters.template.task import ListTask, Token
from adapters.template.workbook import HEADER_ROW, list_workbook
from bus.model.request import Person
from bus.model.returns import TaskKey
from schemas.resources import resources

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
WITHDRAWAL = resources()["housing-fund-withdrawal"]
ITEMS = ("name", "id_type", "id_number", "account", "amount", "withdrawn_on", "reason")
PEOPLE = (
    Person(4, "测试甲", "111", "990000196001010004", "低保审核"),
    Person(5, "测试乙", "111", "990000196001010012", "低保审核"),
    Person(6, "=HYPERLINK(1)", "111", "99000019600101002X", "低保审核"),
)
TASK = ListTask(
    token=Token(TaskKey(b"\x0a" * 32, 1, 2), UUID("019c2f00-0000-7000-8000-00000000abcd")),
    query=UUID("019c2f00-0000-7000-8000-000000000001"),
    requester="370000",
    requester_title="山东省核对中心",
    provider="320000.housing-fund",
    provider_title="江苏省住房公积金中心",
    business="subsistence-allowance",
    purpose="核对申请家庭经济状况",
    resource="housing-fund-withdrawal",
    items=ITEMS,
    time_from=None,
    time_to=None,
    due=datetime(2026, 3, 9, 9, 0, tzinfo=UTC),
    issued=NOW,
    persons=PEOPLE,
)
DATED = replace(TASK, time_from=date(2025, 1, 1), time_to=date(2025, 12, 31))


class Sheet:
    """The workbook as people see it: cells by title and row."""

    def __init__(self, data: bytes) -> None:
        self.book = load_workbook(BytesIO(data))
        self.cover, self.list = self.book[COVER_SHEET], self.book[LIST_SHEET]
        self.columns = {
            cell.value: cell.column for cell in self.list[HEADER_ROW] if cell.value is not None
        }

    def cell(self, row, title):
        return self.list.cell(row, self.columns[title])

    def put(self, row, **values):
        for title, value in values.items():
            self.cell(row, title).value = value

    def sign(self, day="2026-03-01", handler="李经办"):
        for row in self.cover.iter_rows():
            if row[0].value == AS_OF_LABEL:
                row[1].value = day
            if row[0].value == HANDLER_LABEL:
                row[1].value = handler

    def saved(self) -> bytes:
        out = BytesIO()
        self.book.save(out)
        return out.getvalue()


FOUND = {
    "查询结果": "查得",
    "提取金额（元）": 1200.5,
    "提取日期": datetime(2025, 6, 15),  # noqa: DTZ001 - as a spreadsheet holds a day
}


def filled(task=TASK) -> Sheet:
    """Return the list filled without a fault: found with two records, not found, no answer."""
    sheet = Sheet(list_workbook(task, resources()[task.resource]))
    sheet.sign()
    sheet.put(3, **FOUND, 个人账号="0012345678901234567", 提取原因="购房")
    sheet.put(4, 查询结果="未查得")
    sheet.put(5, 查询结果="无法答复", 无法答复原因="证件号码相符但姓名不一致")
    sheet.put(6, 序号="4", 查询结果="查得")
    sheet.put(6, **{"提取金额（元）": "80.00", "提取日期": "2025-07-01"})
    return sheet
