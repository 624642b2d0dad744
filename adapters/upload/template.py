"""The workbook that a department fills in for a resource (R113).

What must survive being filled and saved by Excel, WPS and LibreOffice stands in cells: the header
in the first row, resource and schema digest in the sheet of explanations. Text columns are in text
format, so that no digit of a number is lost; codes have drop-down lists; each cell shows what it
takes when it is chosen.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from bus.workbook.save import new_workbook, to_bytes
from schemas.codes import known_table
from schemas.resources import IDENTITY_ITEMS, Item, ItemKind, Resource

DATA_SHEET = "数据"
NOTES_SHEET = "说明"
CODES_SHEET = "代码"
OURS = frozenset({DATA_SHEET, NOTES_SHEET, CODES_SHEET})
"""The sheets of the template; others are not ours."""

MARK_RESOURCE = "信息资源代码"
MARK_SCHEMA = "模板版本"
"""Titles of the cells by which a template is recognised, in the first column of 说明."""

_TEXT, _GENERAL = "@", "General"
_FORMATS = {
    ItemKind.TEXT: _TEXT,
    ItemKind.INTEGER: _GENERAL,
    ItemKind.BOOLEAN: _TEXT,
    ItemKind.DATE: "yyyy-mm-dd",
    ItemKind.INSTANT: "yyyy-mm-dd hh:mm:ss",
    ItemKind.MONEY: "0.00",
    ItemKind.DECIMAL: _GENERAL,
}
_LAST_ROW = 1_048_576
_BOLD = Font(bold=True)
_FILL = PatternFill("solid", fgColor="D9E1F2")
_WRAP = Alignment(wrap_text=True, vertical="top")
_PROMPT = 255
"""Longest text of a note that Excel accepts."""

_NOTES = (
    "一、数据从“数据”表第 2 行起填写，每行一条记录；不得改动第 1 行标题，列的次序可以调整。",
    "二、号码、账号等文本列已设为文本格式，请勿改为数字：数字只保留 15 位有效数字。",
    "三、不得使用公式和合并单元格；由其他表格粘贴时请选择“粘贴数值”。",
    "四、姓名、证件类型、证件号码逐行必填；其余内容项没有值时留空。",
    "五、上传内容为截至某日的全部数据，不是与上次相比的变动部分。",
)


def template(resource: Resource, not_held: Collection[str] = ()) -> bytes:
    """Return the empty template of a resource, the bytes of an .xlsx file.

    Args:
        resource: The resource.
        not_held: Names of items that the department does not keep; they get no column.
    """
    items = [item for item in resource.items if item.name not in not_held]
    workbook = new_workbook()
    data, notes = workbook.create_sheet(DATA_SHEET), workbook.create_sheet(NOTES_SHEET)
    lists = _lay_codes(workbook, items)
    for column, item in enumerate(items, 1):
        _lay_column(data, column, item, lists.get(item.codes or ""))
    data.freeze_panes = "A2"
    _lay_notes(notes, resource, items)
    return to_bytes(workbook)


def allowed_zh(item: Item) -> str:
    """Return what an item takes, as a department reads it."""
    if known_table(item.codes) is not None:
        return "代码表所列的代码或名称"
    unit = f"，单位 {item.unit}" if item.unit else ""
    return {
        ItemKind.TEXT: "文本",
        ItemKind.INTEGER: f"整数{unit}",
        ItemKind.BOOLEAN: "是 或 否",
        ItemKind.DATE: "日期，如 2025-03-10",
        ItemKind.INSTANT: "日期时间，如 2025-03-10 08:30:00",
        ItemKind.MONEY: f"金额（元），至多 {item.scale} 位小数",
        ItemKind.DECIMAL: f"数值，至多 {item.scale} 位小数{unit}",
    }[item.kind]


def _lay_codes(workbook: Any, items: list[Item]) -> dict[str, str]:
    """Write the code tables; returns the range of each table's names."""
    tables = {i.codes: table for i in items if i.codes and (table := known_table(i.codes))}
    if not tables:
        return {}
    sheet = workbook.create_sheet(CODES_SHEET)
    ranges: dict[str, str] = {}
    for number, (name, rows) in enumerate(tables.items()):
        code, title = number * 2 + 1, number * 2 + 2
        _head(sheet, code, f"{name} 代码")
        _head(sheet, title, f"{name} 名称")
        for row, one in enumerate(rows.values(), 2):
            _put(sheet, row, code, one.code)
            _put(sheet, row, title, one.zh)
        letter = get_column_letter(title)
        ranges[name] = f"{CODES_SHEET}!${letter}$2:${letter}${len(rows) + 1}"
    return ranges


def _lay_column(sheet: Any, column: int, item: Item, listed: str | None) -> None:
    letter = get_column_letter(column)
    _head(sheet, column, item.zh)
    dimension = sheet.column_dimensions[letter]
    dimension.width = max(14, len(item.zh) * 2 + 4)
    dimension.number_format = _FORMATS[item.kind]
    if item.kind is ItemKind.BOOLEAN:
        listed = '"是,否"'
    # Codes may be given instead of names, so that a list only offers and does not refuse.
    rule = DataValidation(
        type="list" if listed else None,
        formula1=listed,
        allow_blank=True,
        showErrorMessage=False,
        showInputMessage=True,
        promptTitle=item.zh[:32],
        prompt=allowed_zh(item)[:_PROMPT],
    )
    rule.add(f"{letter}2:{letter}{_LAST_ROW}")
    sheet.add_data_validation(rule)


def _lay_notes(sheet: Any, resource: Resource, items: list[Item]) -> None:
    for letter, width in zip("ABCD", (24, 68, 40, 12), strict=True):
        sheet.column_dimensions[letter].width = width
    rows = [
        ("信息资源", resource.zh),
        (MARK_RESOURCE, resource.name),
        (MARK_SCHEMA, resource.schema.digest.hex()),
    ]
    for row, (title, value) in enumerate(rows, 1):
        _put(sheet, row, 1, title).font = _BOLD
        _put(sheet, row, 2, value)
    start = len(rows) + 2
    for row, text in enumerate(_NOTES, start):
        _put(sheet, row, 1, text)
    head = start + len(_NOTES) + 1
    for column, title in enumerate(("内容项", "可填写的值", "英文名称", "必填"), 1):
        _head(sheet, column, title, head)
    for row, item in enumerate(items, head + 1):
        needed = "是" if item.name in IDENTITY_ITEMS else ""
        for column, text in enumerate((item.zh, allowed_zh(item), item.en, needed), 1):
            _put(sheet, row, column, text)


def _head(sheet: Any, column: int, title: str, row: int = 1) -> None:
    cell = _put(sheet, row, column, title)
    cell.font, cell.fill, cell.alignment = _BOLD, _FILL, _WRAP


def _put(sheet: Any, row: int, column: int, text: str) -> Any:
    """Write a text that can never be taken for a formula or a number."""
    cell = sheet.cell(row, column)
    cell.number_format = _TEXT
    if text:
        cell.value = text
        cell.data_type = "s"
    return cell
