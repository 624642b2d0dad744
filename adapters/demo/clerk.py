"""The clerk of an agency without a network: looks each person up in a table, fills the list in.

The clerk knows the list as a person does, by its titles, and the table by its items: number and
name must agree, another name is never taken for nobody, and what lies outside the time range asked
stays out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from adapters.contract import Value
from adapters.demo.csv_table import Table
from adapters.mapping.resource import RESIDENT_CARD
from adapters.numbers import id_key
from adapters.template.layout import (
    AS_OF_LABEL,
    COVER_SHEET,
    FOUND,
    HANDLER_LABEL,
    ID_NUMBER,
    ID_TYPE,
    LIST_SHEET,
    NAME,
    NOT_ANSWERABLE,
    NOT_FOUND,
    NUMBER,
    OUTCOME,
    REASON,
    fields_of,
    item_of,
)
from bus.workbook.save import to_bytes
from schemas import codes
from schemas.resources import Item

_CLERK = "演示经办人"
_HEADER, _FIRST = 2, 3
_RANGE_LABEL, _RANGE = "查询时点", "%Y/%m/%d"
_DIFFERS = "证件号码相符但姓名不一致"
_OTHER_ID_TYPE = "本机构不按此证件类型登记"
_NO_TIMES = "所查时段的数据未保存"

_Row = Mapping[str, Value]


def fill_list(workbook: bytes, table: Table, today: date) -> bytes:
    """Return the list filled in from a table.

    Args:
        workbook: The list as it was handed out.
        table: The agency's table of that resource.
        today: The day as of which the table is true, in China.
    """
    book: Any = load_workbook(BytesIO(workbook))
    cover = {row[0].value: row[1] for row in book[COVER_SHEET].iter_rows(min_row=2)}
    cover[AS_OF_LABEL].value, cover[HANDLER_LABEL].value = today, _CLERK
    desk = _Desk(table, _range(str(cover[_RANGE_LABEL].value)))
    sheet = book[LIST_SHEET]
    columns: dict[str, int] = {cell.value: cell.column for cell in sheet[_HEADER]}
    items = {f.title: item_of(table.resource, f) for f in fields_of(table.resource, desk.names)}
    below = sheet.max_row + 1
    for row in range(_FIRST, sheet.max_row + 1):
        person = {title: sheet.cell(row, column).value for title, column in columns.items()}
        outcome, reason, records = desk.search(person)
        sheet.cell(row, columns[OUTCOME.title]).value = outcome
        sheet.cell(row, columns[REASON.title]).value = reason
        for number, record in enumerate(records):
            at = row
            if number:  # further records of one person stand below the list
                at, below = below, below + 1
                sheet.cell(at, columns[NUMBER.title]).value = person[NUMBER.title]
            _write(sheet, at, columns, items, record)
    return to_bytes(book)


def _write(
    sheet: Any, row: int, columns: Mapping[str, int], items: Mapping[str, Item | None], record: _Row
) -> None:
    for title, column in columns.items():
        item = items.get(title)
        if item is not None:
            sheet.cell(row, column).value = _shown(item, record.get(item.name))


def _shown(item: Item, value: Value) -> Any:
    """Return what the clerk types: a choice by its name, anything else as it is."""
    if isinstance(value, bool):
        return "是" if value else "否"
    table = codes.known_table(item.codes)
    if table is not None and isinstance(value, str) and value in table:
        return table[value].zh
    return value


def _range(text: str) -> tuple[date, date] | None:
    ends = [_day(part) for part in text.split("-")] if "/" in text else []
    return (ends[0], ends[1]) if ends else None


def _day(text: str) -> date:
    return datetime.strptime(text, _RANGE).date()  # noqa: DTZ007 - a day has no zone


class _Desk:
    """The agency's table, and the time range asked."""

    def __init__(self, table: Table, span: tuple[date, date] | None) -> None:
        self.names = [item.name for item in table.items]
        self._resource = table.resource
        self._span = span
        self._rows = [dict(zip(self.names, row, strict=True)) for row in table.rows]

    def search(self, person: Mapping[str, Any]) -> tuple[str, str | None, Sequence[_Row]]:
        """Return outcome, reason and records of a person of the list."""
        asked = next(
            (c.code for c in codes.id_types().values() if c.zh == person[ID_TYPE.title]), ""
        )
        if "id_type" not in self.names and asked != RESIDENT_CARD:
            return NOT_ANSWERABLE, _OTHER_ID_TYPE, ()
        number = id_key(str(person[ID_NUMBER.title]))
        mine = [row for row in self._rows if id_key(str(row["id_number"])) == number]
        mine = [row for row in mine if row.get("id_type") in {None, asked}]
        if any(row.get("name") not in {None, person[NAME.title]} for row in mine):
            return NOT_ANSWERABLE, _DIFFERS, ()
        when = self._resource.time_item
        if mine and self._span is not None and when is not None:
            if when not in self.names:
                return NOT_ANSWERABLE, _NO_TIMES, ()
            first, last = self._span
            mine = [row for row in mine if first <= _date_of(row[when]) <= last]
        return (FOUND, None, mine) if mine else (NOT_FOUND, None, ())


def _date_of(value: Value) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.min
