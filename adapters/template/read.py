"""From the bytes of a filled list to an outcome for each person, or to every fault of it at once.

Nothing that the workbook says about whom or what it asks is relied upon: persons and items are held
against the task as the adapter has it. A fault names sheet, row and column, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from adapters.contract import Record, SubjectOutcome, Value, not_answerable
from adapters.template.cover import read_cover
from adapters.template.layout import (
    COVER_SHEET,
    ID_NUMBER,
    ID_TYPE,
    LIST_SHEET,
    NAME,
    NUMBER,
    OUTCOME,
    REASON,
    SHEETS,
    fields_of,
    item_of,
    key_of,
)
from adapters.template.task import ListTask, Token
from adapters.template.workbook import asked_texts, person_texts
from adapters.values import CHINA, instant_of
from bus.model.messages import OutcomeKind
from bus.model.request import Person
from bus.workbook.collect import Faults
from bus.workbook.faults import Problem, WorkbookFaults
from bus.workbook.layout import Field
from bus.workbook.package import check_package
from bus.workbook.rows import ReadRow, read_rows
from bus.workbook.sheets import Sheet, read_sheets
from bus.workbook.table import Table, find_table
from bus.workbook.text import clean
from schemas.resources import Resource


@dataclass(frozen=True, slots=True)
class FilledList:
    """What people answered: as of when their data are true (R072), and of each person one outcome.

    Outcomes stand in the order of the task's persons.
    """

    as_of: datetime
    outcomes: tuple[SubjectOutcome, ...]


class FilledWorkbook:
    """A workbook that came back, its sheets read.

    Args:
        data: The file's bytes.
        now: The present instant, UTC.

    Raises:
        WorkbookFaults: It is no harmless .xlsx, lacks a sheet, or its token is lost.
    """

    def __init__(self, data: bytes, now: datetime) -> None:
        check_package(data)
        self._sheets = read_sheets(data, frozenset(SHEETS))
        self._faults = Faults(SHEETS)
        _check_sheets(self._sheets, self._faults)
        if any(name not in self._sheets for name in SHEETS):
            raise WorkbookFaults(self._faults.all())
        today = now.astimezone(CHINA).date()
        cover = read_cover(self._sheets[COVER_SHEET], today, self._faults)
        if cover.token is None:
            raise WorkbookFaults(self._faults.all())
        self.token: Token = cover.token
        self._cover = cover

    def answers(self, task: ListTask, resource: Resource) -> FilledList:
        """Read the answers to a task.

        Args:
            task: What was asked: the persons and approved items it must answer.
            resource: The resource it was asked of.

        Raises:
            WorkbookFaults: With every fault, those found before included.
        """
        reader = _ListReader(self._sheets[LIST_SHEET], task, resource, self._faults)
        self._cover.hold_to(asked_texts(task, resource), self._faults)
        outcomes = reader.outcomes()
        found = self._faults.all()
        if found or self._cover.as_of is None:
            raise WorkbookFaults(found)
        return FilledList(instant_of(self._cover.as_of), outcomes)


def _check_sheets(sheets: Mapping[str, Sheet], faults: Faults) -> None:
    for name in SHEETS:
        if name not in sheets:
            problem = Problem(
                "SHEET_MISSING", f"缺少工作表“{name}”", "a sheet is missing", "、".join(SHEETS)
            )
            faults.add(problem, name)
    for sheet in sheets.values():
        # Whoever answers for the list must be able to see all that is sent with it.
        if not sheet.visible and sheet.shape.content:
            faults.add(_SHEET_HIDDEN, sheet.name)


class _ListReader:
    """Reads 名单 against the task."""

    def __init__(self, sheet: Sheet, task: ListTask, resource: Resource, faults: Faults) -> None:
        self._task = task
        self._resource = resource
        self._faults = faults
        self._fields = fields_of(resource, task.items)
        self._table = find_table(sheet, self._fields, faults)
        self._columns: dict[str, int] = {} if self._table is None else self._table.columns
        self._values = [f for f in self._fields if item_of(resource, f) is not None]

    def outcomes(self) -> tuple[SubjectOutcome, ...]:
        if self._table is None:
            return ()
        rows = self._by_person(self._table)
        answered = [self._outcome(person, rows[person.reference]) for person in self._present(rows)]
        return tuple(answered)

    def _by_person(self, table: Table) -> dict[int, list[ReadRow]]:
        """Sort the rows by person; says where one is new, or stands in another place."""
        known = {person.reference for person in self._task.persons}
        rows: dict[int, list[ReadRow]] = {}
        last = 0
        for row in read_rows(table, self._fields, self._faults):
            number = row.values.get(NUMBER.key)
            if number is None or number not in known:
                self._fault(_PERSON_UNKNOWN, row, NUMBER)
                continue
            if number not in rows:
                if number < last:
                    self._fault(_PERSON_MOVED, row, NUMBER)
                last = max(last, number)
            rows.setdefault(number, []).append(row)
        return rows

    def _present(self, rows: Mapping[int, Sequence[ReadRow]]) -> list[Person]:
        missing = [p.reference for p in self._task.persons if p.reference not in rows]
        for number in missing:
            problem = Problem(
                "PERSON_MISSING",
                f"缺少序号为 {number} 的人员",
                f"the person with number {number} is missing",
                "名单原有的全部人员",
            )
            self._faults.add(problem, LIST_SHEET)
        return [person for person in self._task.persons if person.reference in rows]

    def _outcome(self, person: Person, rows: Sequence[ReadRow]) -> SubjectOutcome:
        for position, row in enumerate(rows):
            self._check_identity(person, row, repeated=position > 0)
        first, *others = rows
        kind = first.values.get(OUTCOME.key)
        if kind is None and not self._unreadable(first, OUTCOME):
            self._fault(_OUTCOME_MISSING, first, OUTCOME)
        for row in others:
            again = row.values.get(OUTCOME.key, kind)
            if again is not kind or kind not in {None, OutcomeKind.FOUND}:
                self._fault(_OUTCOME_TWICE, row, OUTCOME)
        code = first.values.get(REASON.key)
        for row in rows:
            if row.values.get(REASON.key) and kind is not OutcomeKind.NOT_ANSWERABLE:
                self._fault(_REASON_UNASKED, row, REASON)
        if kind is OutcomeKind.FOUND:
            records = tuple(self._record(person, row) for row in rows)
            return SubjectOutcome(person.reference, kind, None, records)
        self._hold_to_silence(rows)
        if kind is OutcomeKind.NOT_ANSWERABLE:
            if not code and not self._unreadable(first, REASON):
                self._fault(_REASON_MISSING, first, REASON)
            return not_answerable(person.reference, code or "")
        return SubjectOutcome(person.reference, OutcomeKind.NOT_FOUND)

    def _check_identity(self, person: Person, row: ReadRow, *, repeated: bool) -> None:
        _, name, id_type, id_number, _ = map(clean, person_texts(person))
        for field, expected in ((NAME, name), (ID_TYPE, id_type), (ID_NUMBER, id_number)):
            given = row.values.get(field.key)
            blank = given is None and not self._unreadable(row, field)
            # A further record's row may leave out who it is about, but its number.
            if (given is not None and given != expected) or (blank and expected and not repeated):
                self._fault(_PERSON_CHANGED, row, field)

    def _record(self, person: Person, row: ReadRow) -> Record:
        record: dict[str, Value] = {}
        identity: dict[str, Value] = {
            "name": person.name,
            "id_type": person.id_type,
            "id_number": person.id_number,
        }
        for item in self._resource.items:
            if item.name in self._task.items:
                given: Any = row.values.get(key_of(item))
                record[item.name] = identity.get(item.name, given)
        filled = any(row.values.get(field.key) is not None for field in self._values)
        if self._values and not filled and not any(self._unreadable(row, f) for f in self._values):
            self._fault(_RECORD_EMPTY, row, None)
        self._check_range(record, row)
        return record

    def _check_range(self, record: Record, row: ReadRow) -> None:
        """R053: no record of another time leaves."""
        start, end, name = self._task.time_from, self._task.time_to, self._resource.time_item
        item = None if name is None else self._resource.item(name)
        if start is None or end is None or item is None or item.name not in self._task.items:
            return
        value = record.get(item.name)
        field = next(f for f in self._fields if f.key == key_of(item))
        if value is None:
            if not self._unreadable(row, field):
                self._fault(_TIME_MISSING, row, field)
            return
        day = value.astimezone(CHINA).date() if isinstance(value, datetime) else value
        if isinstance(day, date) and not start <= day <= end:
            self._fault(_TIME_OUTSIDE, row, field)

    def _hold_to_silence(self, rows: Sequence[ReadRow]) -> None:
        for row in rows:
            for field in self._values:
                if row.values.get(field.key) is not None:
                    self._fault(_RECORD_UNEXPECTED, row, field)

    def _unreadable(self, row: ReadRow, field: Field) -> bool:
        """Whether a fault was noted at a cell already, so that its absence is no second one."""
        column = self._columns.get(field.key)
        return column is None or self._faults.noted(LIST_SHEET, row.row, column)

    def _fault(self, problem: Problem, row: ReadRow, field: Field | None) -> None:
        column = None if field is None else self._columns.get(field.key)
        self._faults.add(problem, LIST_SHEET, row.row, column)


_SHEET_HIDDEN = Problem(
    "SHEET_HIDDEN",
    "有内容的工作表被隐藏",
    "a sheet with content is hidden",
    "取消隐藏或删除该工作表",
)
_PERSON_UNKNOWN = Problem(
    "PERSON_UNKNOWN", "序号不在名单之内", "no such number on the list", "名单原有的序号"
)
_PERSON_MOVED = Problem(
    "PERSON_MOVED",
    "人员次序与发出时不同",
    "the persons stand in another order than they went out",
    "恢复原有次序，并核对结果没有错位",
)
_PERSON_CHANGED = Problem(
    "PERSON_CHANGED",
    "人员信息与发出时不同",
    "the person differs from the one that was asked about",
    "与发出时完全一致",
)
_OUTCOME_MISSING = Problem(
    "OUTCOME_MISSING", "未选择查询结果", "no outcome is chosen", "查得、未查得、无法答复"
)
_OUTCOME_TWICE = Problem(
    "OUTCOME_TWICE",
    "同一人有多行而结果不都是“查得”",
    "a person has several rows and not all say 查得",
    "多条记录时每行均为查得，或仅首行填写",
)
_REASON_UNASKED = Problem(
    "REASON_UNEXPECTED",
    "填写了原因而结果不是“无法答复”",
    "a reason is given, and the outcome is not 无法答复",
    "留空，或将结果改为无法答复",
)
_REASON_MISSING = Problem(
    "REASON_MISSING", "未选择无法答复的原因", "no reason is chosen", "下拉列表中的原因"
)
_RECORD_EMPTY = Problem(
    "RECORD_EMPTY",
    "结果为“查得”而各内容项均为空",
    "the outcome is 查得 and every item is empty",
    "至少填写一项，或改为未查得",
)
_RECORD_UNEXPECTED = Problem(
    "RECORD_UNEXPECTED",
    "结果不是“查得”而填写了内容项",
    "an item is filled in, and the outcome is not 查得",
    "留空，或将结果改为查得",
)
_TIME_MISSING = Problem(
    "TIME_MISSING",
    "指定了查询时段而记录没有日期",
    "a time range is asked for and the record has no day",
    "该记录的日期",
)
_TIME_OUTSIDE = Problem(
    "TIME_OUTSIDE", "记录不在所查时段之内", "the record is outside the range asked", "所查时段"
)
