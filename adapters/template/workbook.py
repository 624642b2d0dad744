"""Writes the workbook of one list: text that no program takes for a formula, and places to fill.

A name that begins with `=`, `+`, `-` or `@`, as a hostile one may, stands there as text: its cell
is a string and says so to the program (quotePrefix). Control characters become U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from adapters.template.layout import (
    AS_OF_LABEL,
    CODES_SHEET,
    COVER_SHEET,
    HANDLER_LABEL,
    LIST_SHEET,
    PERSON_FIELDS,
    REASON,
    TASK_LABEL,
    fields_of,
    item_of,
)
from adapters.template.reasons import REASONS
from adapters.template.task import ListTask
from adapters.values import CHINA
from bus.model.request import Person
from bus.rules.form import LEGAL_BASIS
from bus.workbook.layout import Field
from bus.workbook.save import new_workbook, to_bytes
from schemas import codes
from schemas.resources import ItemKind, Resource

HEADER_ROW = 2
FIRST_ROW = HEADER_ROW + 1

SPARE_ROWS = 5_000
"""Rows below the persons in which choices are offered, for further records of one."""

_NOTE = (
    "填写说明：一、请按姓名和证件号码查询，逐人选择查询结果；查得的，填写右侧各内容项。"
    "二、一人有多条记录的，在名单下方空行重复其序号，逐条填写。三、不得增减、调换或改动人员，"
    "不得增删列，不得使用公式、隐藏行列。四、“查询函”中的数据截至日期和经办人须填写。"
)
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_TEXT = "@"
_FORMATS = {
    ItemKind.INTEGER: "0",
    ItemKind.MONEY: "0.00",
    ItemKind.DATE: "yyyy-mm-dd",
}
_THIN = Side(style="thin", color="BFBFBF")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_FILL = PatternFill("solid", fgColor="D9E1F2")
_OPEN = PatternFill("solid", fgColor="FFF9E5")
_WRAP = Alignment(wrap_text=True, vertical="center")
_BOLD = Font(bold=True)
_UNLOCKED = Protection(locked=False)


def list_workbook(task: ListTask, resource: Resource) -> bytes:
    """Return the workbook of a list; the same task yields the same bytes.

    Args:
        task: What is asked, of whom.
        resource: The resource it is asked of.
    """
    workbook = new_workbook()
    fields = fields_of(resource, task.items)
    _lay_cover(workbook.create_sheet(COVER_SHEET), task, resource)
    ranges = _lay_codes(workbook.create_sheet(CODES_SHEET), fields)
    _lay_list(workbook.create_sheet(LIST_SHEET, 1), task, resource, fields, ranges)
    return to_bytes(workbook)


def plain(text: str) -> str:
    """Return a text as it stands in a cell: one line, no control characters."""
    return _UNWRITABLE.sub("\ufffd", re.sub(r"[\t\r\n]+", " ", text)).strip()


def person_texts(person: Person) -> tuple[str, ...]:
    """Return what stands in the columns of `PERSON_FIELDS` for a person (R070)."""
    known = codes.id_types().get(person.id_type)
    id_type = person.id_type if known is None else known.zh
    texts = (str(person.reference), person.name, id_type, person.id_number, person.reason)
    return tuple(plain(text) for text in texts)


def _lay_cover(sheet: Any, task: ListTask, resource: Resource) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 18, 90
    _head(sheet, 1, 1, "项目")
    _head(sheet, 1, 2, "内容")
    for row, (label, text) in enumerate(_cover(task, resource).items(), 2):
        _put(sheet, row, 1, label).font = _BOLD
        cell = _put(sheet, row, 2, text)
        if label in {AS_OF_LABEL, HANDLER_LABEL}:
            cell.protection, cell.fill = _UNLOCKED, _OPEN
    sheet.protection.sheet = True


def asked_texts(task: ListTask, resource: Resource) -> dict[str, str]:
    """Return what 查询函 says of the question itself, by label: it must come back unchanged."""
    known = codes.business().get(task.business)
    items = [item.zh for item in resource.items if item.name in set(task.items)]
    return {
        "查询编号": str(task.query),
        "业务类别": task.business if known is None else known.zh,
        "查询用途": task.purpose,
        "法律依据": LEGAL_BASIS,
        "信息资源": resource.zh,
        "查询内容": "、".join(items),
        "查询时点": _range(task.time_from, task.time_to),
        "人数": str(len(task.persons)),
        "反馈期限": _local(task.due),
    }


def _cover(task: ListTask, resource: Resource) -> dict[str, str]:
    return {
        TASK_LABEL: str(task.token),
        "查询单位": f"{task.requester_title}（{task.requester}）",
        "反馈单位": f"{task.provider_title}（{task.provider}）",
        "批准": "部中心受理，并由上级节点逐级批转",
        **asked_texts(task, resource),
        "发出时间": _local(task.issued),
        AS_OF_LABEL: "",
        HANDLER_LABEL: "",
    }


def _range(start: date | None, end: date | None) -> str:
    if start is None or end is None:
        return "最新数据"
    return f"{start:%Y/%m/%d}-{end:%Y/%m/%d}"


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _lay_codes(sheet: Any, fields: Sequence[Field]) -> dict[str, str]:
    """Write what the drop-down lists offer; returns the range of each column's choices."""
    offered = [(field, field.offered) for field in fields if field.offered]
    offered.append((REASON, tuple(reason.zh for reason in REASONS)))
    ranges = {}
    for column, (field, choices) in enumerate(offered, 1):
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = 28
        _head(sheet, 1, column, field.title)
        for row, choice in enumerate(choices, 2):
            _put(sheet, row, column, choice)
        ranges[field.key] = f"'{CODES_SHEET}'!${letter}$2:${letter}${len(choices) + 1}"
    sheet.protection.sheet = True
    return ranges


def _lay_list(
    sheet: Any,
    task: ListTask,
    resource: Resource,
    fields: Sequence[Field],
    ranges: dict[str, str],
) -> None:
    note = sheet.cell(1, 1, _NOTE)
    note.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(PERSON_FIELDS) + 2)
    sheet.row_dimensions[1].height = 64
    last = HEADER_ROW + len(task.persons) + SPARE_ROWS
    formats = [_format(resource, field) for field in fields]
    for column, field in enumerate(fields, 1):
        letter = get_column_letter(column)
        # The column's own style holds for the rows below the persons: they are open too.
        dimension = sheet.column_dimensions[letter]
        dimension.width, dimension.protection = field.width, _UNLOCKED
        dimension.number_format = formats[column - 1]
        _head(sheet, HEADER_ROW, column, field.title)
        _offer(sheet, field, ranges.get(field.key), f"{letter}{FIRST_ROW}:{letter}{last}")
    for row, person in enumerate(task.persons, FIRST_ROW):
        texts = person_texts(person)
        for column, form in enumerate(formats, 1):
            if column <= len(texts):
                _put(sheet, row, column, texts[column - 1])
                continue
            cell = _put(sheet, row, column, "")
            cell.number_format, cell.protection = form, _UNLOCKED
    sheet.freeze_panes = sheet.cell(FIRST_ROW, len(PERSON_FIELDS) + 1)
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False  # openpyxl's False: it stays allowed


def _format(resource: Resource, field: Field) -> str:
    item = item_of(resource, field)
    return _TEXT if item is None else _FORMATS.get(item.kind, _TEXT)


def _head(sheet: Any, row: int, column: int, title: str) -> None:
    cell = _put(sheet, row, column, title)
    cell.font, cell.fill = _BOLD, _FILL


def _put(sheet: Any, row: int, column: int, text: str) -> Any:
    cell = sheet.cell(row, column)
    cell.number_format = _TEXT
    if text:
        cell.value = plain(text)
        # Set after the value: openpyxl makes a formula of what begins with "=".
        cell.data_type = "s"
        cell.quotePrefix = True
    cell.border, cell.alignment = _BORDER, _WRAP
    return cell


def _offer(sheet: Any, field: Field, choices: str | None, cells: str) -> None:
    """Attach the drop-down list and the note that shows when a cell is chosen."""
    rule = DataValidation(
        type=None if choices is None else "list",
        formula1=choices,
        allow_blank=True,
        showErrorMessage=choices is not None,
        errorTitle=None if choices is None else field.title,
        error=None if choices is None else "请从下拉列表中选择",
        showInputMessage=True,
        promptTitle=field.title[:32],
        prompt=field.hint,
    )
    rule.add(cells)
    sheet.add_data_validation(rule)
