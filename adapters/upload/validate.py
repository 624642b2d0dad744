"""What is wrong with a row of an uploaded table? Judged cell by cell, as an answer would be (R115).

| fault | weight |
|---|---|
| ID type or number missing, malformed, with a wrong check digit, or stored as a number | fatal |
| name missing; a cell its item cannot hold; a formula; a number where text is meant | error |
| the time item's day lies after the as-of date | error |
| the time item's day lies outside the period; a whole row stands twice | warning |
| an ID number that had to be made half-width or trimmed; an unknown area | warning |

A row with an error is about somebody known, so it can be left out and its person answered
NOT_ANSWERABLE; a row with a fatal fault may be about anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b
from itertools import zip_longest

from adapters.contract import Value
from adapters.numbers import id_key
from adapters.upload.header import check_mark, read_header
from adapters.upload.read import TableFile
from adapters.upload.report import Report, Weight
from adapters.upload.schedule import Period
from adapters.upload.template import allowed_zh
from adapters.values import CHINA, fit
from bus.rules.id_number import area_warnings, check_number, normalise
from bus.workbook.faults import Problem, WorkbookFaults
from bus.workbook.stream import CellValue, Odd, StreamRow
from schemas.resources import Item, ItemKind, Resource

_NAME, _ID_TYPE, _ID_NUMBER = "name", "id_type", "id_number"

_TRUE, _FALSE = frozenset({"是", "1", "true"}), frozenset({"否", "0", "false"})


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file is to hold.

    Attributes:
        resource: Whose rows.
        not_held: Names of items without a column.
        as_of: The day its data is true as of.
        period: The period it is for; None where nothing is known of it.
        today: The present day, in Asia/Shanghai.
    """

    resource: Resource
    not_held: tuple[str, ...]
    as_of: date
    period: Period | None
    today: date


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row whose person is known: `values` by item, None where the row is refused."""

    id_type: str = field(repr=False)
    id_number: str = field(repr=False)
    values: Mapping[str, Value] | None = field(repr=False)


def judged(file: TableFile, expected: Expected, report: Report) -> Iterator[list[JudgedRow]]:
    """Yield the rows of a file in pieces, and note all that is wrong with it.

    Args:
        file: The file.
        expected: What it is to hold.
        report: Where faults are noted, and rows counted.
    """
    report.sheet = file.sheet
    check_mark(file.mark, expected.resource, report)
    for problem, row, column in file.notes:
        report.add(Weight.WARNING, problem, row, column)
    judge: _Judge | None = None
    try:
        for piece in file.pieces():
            found = iter(piece)
            if judge is None:
                _, titles = next(found)
                columns = read_header(titles, expected.resource, expected.not_held, report)
                if not report.loadable:
                    return
                judge = _Judge(expected, columns, report)
            yield list(judge.rows(found))
    except WorkbookFaults as error:
        report.take(error.faults)
        return
    if judge is None or not report.rows:
        zh, en = "没有数据行", "there is no row of data"
        report.add(Weight.FATAL, Problem("DATA_EMPTY", zh, en, "从第 2 行起逐行填写"))


@dataclass
class _Judge:
    """Judges the rows of one table."""

    expected: Expected
    columns: Sequence[Item | None]
    report: Report
    _met: set[bytes] = field(default_factory=set)
    _fault: Weight | None = None

    def rows(self, rows: Iterable[StreamRow]) -> Iterator[JudgedRow]:
        for number, cells in rows:
            if any(not _blank(cell) for cell in cells):
                self.report.rows += 1
                row = self._row(number, cells)
                if row is not None:
                    self.report.good += row.values is not None
                    yield row

    def _row(self, number: int, cells: Sequence[CellValue]) -> JudgedRow | None:
        """Return a row; None where it may be about anybody."""
        self._fault = None
        values: dict[str, Value] = {}
        places: dict[str, int] = {}
        for at, (item, cell) in enumerate(zip_longest(self.columns, cells)):
            if item is not None:
                places[item.name] = at
                values[item.name] = self._value(number, at, item, cell)
            elif not _blank(cell):
                zh, en = "此列没有标题", "this column has no title"
                self._note(Weight.ERROR, "CELL_UNTITLED", zh, en, number, at)
        found = self._identity(number, places, values)
        if found is None:
            return None
        self._day(number, places, values)
        self._twice(number, values)
        refused = self._fault is not None
        return JudgedRow(*found, None if refused else values)

    def _value(self, number: int, at: int, item: Item, cell: CellValue) -> Value:
        identifies = item.name in {_ID_TYPE, _ID_NUMBER}
        weight = Weight.FATAL if identifies else Weight.ERROR
        if isinstance(cell, Odd):
            if cell is Odd.FORMULA:
                code, zh, en = "CELL_FORMULA", "单元格是公式", "the cell holds a formula"
            else:
                code, zh, en = "CELL_ERROR", "单元格是错误值", "the cell holds an error value"
            self._note(weight, code, zh, en, number, at, "直接录入的值（可用“粘贴数值”）")
            return None
        if item.kind is ItemKind.TEXT and cell is not None and not isinstance(cell, str):
            zh = "单元格不是文本，号码的末几位或前导零可能已丢失"
            en = "the cell is no text: digits or leading zeros may be lost"
            self._note(weight, "CELL_NOT_TEXT", zh, en, number, at, "文本格式的单元格")
            return None
        try:
            value = fit(item, _spoken(item, cell))
        except ValueError:
            zh, en = f"“{item.zh}”的值不合要求", f"not a value of {item.name} ({item.kind})"
            self._note(weight, "VALUE_INVALID", zh, en, number, at, allowed_zh(item))
            return None
        if value is None and item.name in {_NAME, _ID_TYPE}:
            code = "NAME_MISSING" if item.name == _NAME else "ID_TYPE_MISSING"
            zh, en = f"没有{item.zh}", f"there is no {item.name}"
            self._note(weight, code, zh, en, number, at)
        return value

    def _identity(
        self, number: int, places: Mapping[str, int], values: dict[str, Value]
    ) -> tuple[str, str] | None:
        """Return ID type and number as they are compared; None where they are not certain."""
        if self._fault is Weight.FATAL:
            return None
        at = places[_ID_NUMBER]
        id_type, raw = str(values[_ID_TYPE]), str(values[_ID_NUMBER] or "")
        plain = normalise(id_type, raw)
        for finding in check_number(id_type, plain, self.expected.today, ""):
            self._note(Weight.FATAL, finding.code, finding.zh, finding.en, number, at)
            return None
        if plain != raw:
            zh, en = "证件号码已去除空白并改为半角、大写", "the ID number was made plain"
            self._note(Weight.WARNING, "ID_NUMBER_NORMALISED", zh, en, number, at)
        for finding in area_warnings(id_type, plain, ""):
            self._note(Weight.WARNING, finding.code, finding.zh, finding.en, number, at)
        values[_ID_NUMBER] = plain
        return id_type, id_key(plain)

    def _day(self, number: int, places: Mapping[str, int], values: Mapping[str, Value]) -> None:
        """Judge the day of the item that time ranges apply to."""
        name = self.expected.resource.time_item
        if name is None or name not in places:
            return
        day, period = _day_of(values[name]), self.expected.period
        if day is None:
            return
        if day > self.expected.as_of:
            zh, en = "日期晚于数据截至日期", "the day lies after the as-of date"
            self._note(Weight.ERROR, "DATE_AFTER_AS_OF", zh, en, number, places[name])
        elif period is not None and not period.first <= day <= period.last:
            zh, en = "日期不在本次上传的时段内", "the day lies outside the period of the upload"
            self._note(Weight.WARNING, "DATE_OUTSIDE_PERIOD", zh, en, number, places[name])

    def _twice(self, number: int, values: Mapping[str, Value]) -> None:
        # Of 128 bits: that two different rows meet is out of the question.
        digest = blake2b(repr(sorted(values.items())).encode(), digest_size=16).digest()
        if digest in self._met:
            zh, en = (
                "与前面某行完全相同，仍会载入",
                "the same as a row before it; loaded all the same",
            )
            self._note(Weight.WARNING, "ROW_TWICE", zh, en, number)
        self._met.add(digest)

    def _note(
        self,
        weight: Weight,
        code: str,
        zh: str,
        en: str,
        row: int,
        column: int | None = None,
        allowed: str = "",
    ) -> None:
        self.report.add(weight, Problem(code, zh, en, allowed), row, column)
        if weight is Weight.FATAL or (weight is Weight.ERROR and self._fault is None):
            self._fault = weight


def _blank(cell: CellValue) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _spoken(item: Item, cell: CellValue) -> CellValue:
    """Return what a cell says, where people write 是 for true."""
    if item.kind is ItemKind.BOOLEAN and isinstance(cell, str):
        text = cell.strip().lower()
        return True if text in _TRUE else False if text in _FALSE else cell
    return cell


def _day_of(value: Value) -> date | None:
    if isinstance(value, datetime):
        return value.astimezone(CHINA).date()
    return value if isinstance(value, date) else None
