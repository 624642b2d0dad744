"""What one cell says, by the meaning of its column.

Every reader takes a `Cell` and returns the value, or raises `CellProblem`. Numbers are not taken
where digits may have been lost on the way in: a spreadsheet keeps 15 of an ID number's 18.
"""

from __future__ import annotations

import re
from datetime import date

from bus.rules.time_range import TimeRange, TimeRangeError, parse_range
from bus.workbook.faults import Problem
from bus.workbook.sheets import Cell, Kind
from bus.workbook.text import compact, parts, person_name

DATE_FORMS = "YYYY/MM/DD、YYYY-MM-DD、YYYY年M月D日，或日期格式的单元格"
RANGE_FORMS = "YYYY/MM/DD、YYYY/MM/DD-YYYY/MM/DD，或留空（最新数据）"

_DATE = re.compile(
    r"([0-9]{4})(?:/([0-9]{1,2})/([0-9]{1,2})|-([0-9]{1,2})-([0-9]{1,2})"
    r"|年([0-9]{1,2})月([0-9]{1,2})日)"
)
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_MOBILE = re.compile(r"1[0-9]{10}")
_EXACT = 10**15
"""Whole numbers below this stand exactly in a spreadsheet's number cell."""


class CellProblem(Exception):  # noqa: N818 - never leaves the room, it is turned into a Fault
    """A cell that cannot be read, and why; the why holds no value of the cell."""

    def __init__(self, code: str, zh: str, en: str, allowed: str = "") -> None:
        super().__init__(code)
        self.problem = Problem(code, zh, en, allowed)


def plain_text(cell: Cell) -> str:
    """A text; a number or date in its place was not meant as one."""
    _no_special(cell)
    if cell.kind is Kind.NUMBER:
        raise CellProblem(
            "CELL_NUMBER",
            "单元格是数字，应为文本",
            "the cell holds a number where text is needed",
            "文本格式的单元格",
        )
    if cell.kind is Kind.DATE:
        raise CellProblem(
            "CELL_DATE",
            "单元格是日期，应为文本",
            "the cell holds a date where text is needed",
            "文本格式的单元格",
        )
    return str(cell.value)


def label(cell: Cell) -> str:
    """A short label in half-width characters; a whole number is taken as its digits."""
    whole = _whole(cell)
    return compact(plain_text(cell)) if whole is None else str(whole)


def name(cell: Cell) -> str:
    """A person's name."""
    return person_name(plain_text(cell))


def id_number(cell: Cell) -> str:
    """A document number as typed; text whatever its length, for leading zeros count too."""
    _no_special(cell)
    if cell.kind is not Kind.TEXT:
        raise CellProblem(
            "ID_NUMBER_AS_NUMBER",
            "号码以数字存放，末几位或前导零已丢失",
            "the number was stored as a number and has lost digits",
            "先把单元格设为文本格式，再重新录入号码",
        )
    return str(cell.value)


def phone(cell: Cell) -> str:
    """A telephone number; as a number only a mobile one, which has no leading zero to lose."""
    whole = _whole(cell)
    if whole is None:
        return compact(plain_text(cell))
    if not _MOBILE.fullmatch(str(whole)):
        raise CellProblem(
            "PHONE_AS_NUMBER",
            "电话以数字存放，前导零可能已丢失",
            "the telephone was stored as a number and may have lost a leading zero",
            "文本格式，如 0531-88880000 或 11 位手机号码",
        )
    return str(whole)


def day(cell: Cell) -> date:
    """A date: a date cell, or text in one of `DATE_FORMS`."""
    _no_special(cell)
    if cell.kind is Kind.DATE and isinstance(cell.value, date):
        return cell.value
    found = _DATE.fullmatch(compact(str(cell.value))) if cell.kind is Kind.TEXT else None
    if found is not None:
        year, month, number = (int(part) for part in found.groups() if part is not None)
        try:
            return date(year, month, number)
        except ValueError:
            raise CellProblem(
                "DATE_UNREAL", "日期不存在", "no such date exists", DATE_FORMS
            ) from None
    raise CellProblem("DATE_FORMAT", "不是可识别的日期", "not a readable date", DATE_FORMS)


def count(cell: Cell) -> int:
    """A number of persons, at least 1."""
    text = label(cell)
    if not _COUNT.fullmatch(text):
        raise CellProblem(
            "COUNT_FORMAT", "不是人数", "not a number of persons", "大于 0 的整数，如 12"
        )
    return int(text)


def time_range(cell: Cell) -> TimeRange:
    """A time range (R053); a date cell, which spreadsheets make of `2026/01/15`, is one day."""
    if cell.kind is Kind.DATE and isinstance(cell.value, date):
        return cell.value, cell.value
    try:
        return parse_range(plain_text(cell))
    except TimeRangeError as error:
        raise CellProblem(error.code, error.zh, error.en, RANGE_FORMS) from None


def items(cell: Cell) -> tuple[str, ...]:
    """Content items as given, separated by 、; separators alone do not ask for all."""
    found = parts(plain_text(cell))
    if not found:
        raise CellProblem(
            "ITEMS_EMPTY",
            "只有分隔符，没有内容项",
            "there are separators and no item",
            "以顿号（、）分隔的内容项；查询全部内容项则留空单元格",
        )
    return found


def flag(cell: Cell) -> bool:
    """是 or 否."""
    text = plain_text(cell)
    if text not in {"是", "否"}:
        raise CellProblem("CHOICE_UNKNOWN", "不在可选范围内", "not one of the choices", "是、否")
    return text == "是"


def _no_special(cell: Cell) -> None:
    match cell.kind:
        case Kind.FORMULA:
            raise CellProblem(
                "CELL_FORMULA",
                "单元格是公式",
                "the cell holds a formula",
                "直接录入的值（可用“选择性粘贴-数值”）",
            )
        case Kind.ERROR:
            raise CellProblem(
                "CELL_ERROR", "单元格是错误值", "the cell holds an error value", "直接录入的值"
            )
        case Kind.BOOLEAN:
            raise CellProblem(
                "CELL_BOOLEAN",
                "单元格是逻辑值",
                "the cell holds a boolean",
                "文本格式的单元格",
            )


def _whole(cell: Cell) -> int | None:
    """The whole number a number cell holds exactly, else None."""
    value = cell.value
    if cell.kind is not Kind.NUMBER or not isinstance(value, (int, float)):
        return None
    return int(value) if 0 <= value < _EXACT and value == int(value) else None
