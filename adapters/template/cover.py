"""Reads 查询函 of a workbook that came back: which task, data as of which day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from adapters.template.layout import AS_OF_LABEL, COVER_SHEET, HANDLER_LABEL, TASK_LABEL
from adapters.template.readers import as_of
from adapters.template.task import Token
from adapters.template.workbook import plain
from bus.workbook.cells import CellProblem, plain_text
from bus.workbook.collect import Faults
from bus.workbook.faults import Problem
from bus.workbook.sheets import Cell, Kind, Sheet
from bus.workbook.table import bare_title, check_shape
from bus.workbook.text import clean

_LABELS, _VALUES = 1, 2


@dataclass(frozen=True, slots=True)
class Cover:
    """What 查询函 says; None for what is missing or cannot be read.

    `texts` are the row, and the text where it can be read, of every label.
    """

    token: Token | None
    as_of: date | None
    texts: dict[str, tuple[int, str | None]]

    def hold_to(self, asked: Mapping[str, str], faults: Faults) -> None:
        """Report what of the question was changed: its purpose, say (R033).

        Args:
            asked: What it must say, by label.
            faults: Receives each place that says something else.
        """
        for label, text in asked.items():
            row, found = self.texts.get(bare_title(label), (0, None))
            if found != clean(plain(text)):
                place = (row, _VALUES) if row else (None, None)
                faults.add(_ASKED_CHANGED, COVER_SHEET, *place)


def read_cover(sheet: Sheet, today: date, faults: Faults) -> Cover:
    """Read the two places that people fill, and the token.

    Args:
        sheet: The sheet 查询函.
        today: The present day in Asia/Shanghai.
        faults: Receives what is wrong, with its place.
    """
    check_shape(sheet, 1, faults)
    found: dict[str, tuple[int, Cell | None]] = {}
    for row in sheet.rows:
        cells = {cell.column: cell for cell in row}
        label = cells.get(_LABELS)
        if label is not None and label.kind is Kind.TEXT:
            found.setdefault(bare_title(str(label.value)), (label.row, cells.get(_VALUES)))
    token = Token.read(_text(found, TASK_LABEL, _TOKEN_LOST, faults) or "")
    if token is None:
        faults.add(_TOKEN_LOST, sheet.name, *_place(found, TASK_LABEL))
    _text(found, HANDLER_LABEL, _HANDLER_MISSING, faults)
    texts = {label: (row, _plain(cell)) for label, (row, cell) in found.items()}
    return Cover(token, _day(found, today, faults), texts)


def _plain(cell: Cell | None) -> str | None:
    return str(cell.value) if cell is not None and cell.kind is Kind.TEXT else None


def _text(
    found: dict[str, tuple[int, Cell | None]], label: str, missing: Problem, faults: Faults
) -> str | None:
    cell = found.get(label, (0, None))[1]
    if cell is None:
        faults.add(missing, COVER_SHEET, *_place(found, label))
        return None
    try:
        return plain_text(cell)
    except CellProblem as error:
        faults.add(error.problem, COVER_SHEET, cell.row, cell.column)
        return None


def _day(found: dict[str, tuple[int, Cell | None]], today: date, faults: Faults) -> date | None:
    cell = found.get(AS_OF_LABEL, (0, None))[1]
    if cell is None:
        faults.add(_AS_OF_MISSING, COVER_SHEET, *_place(found, AS_OF_LABEL))
        return None
    try:
        day = as_of(cell)
    except CellProblem as error:
        faults.add(error.problem, COVER_SHEET, cell.row, cell.column)
        return None
    if day > today:
        faults.add(_AS_OF_LATER, COVER_SHEET, cell.row, cell.column)
        return None
    return day


def _place(
    found: dict[str, tuple[int, Cell | None]], label: str
) -> tuple[int, int] | tuple[None, None]:
    row = found.get(label, (0, None))[0]
    return (row, _VALUES) if row else (None, None)


_TOKEN_LOST = Problem(
    "TOKEN_LOST",
    "任务编号缺失或已被改动",
    "the task's number is missing or was changed",
    "发出时原有的任务编号；请在原工作簿上填写",
)
_ASKED_CHANGED = Problem(
    "ASKED_CHANGED",
    "查询函的内容与发出时不同",
    "it says something else than when it went out",
    "与发出时完全一致",
)
_HANDLER_MISSING = Problem(
    "HANDLER_MISSING", "未填写经办人", "who handled it is not filled in", "经办人姓名"
)
_AS_OF_MISSING = Problem(
    "AS_OF_MISSING",
    "未填写数据截至日期",
    "the day as of which the data are true is not filled in",
    "日期，如 2026-01-31",
)
_AS_OF_LATER = Problem(
    "AS_OF_LATER", "数据截至日期晚于今天", "the data would be of a day to come", "不晚于今天"
)
