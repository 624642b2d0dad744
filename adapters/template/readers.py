"""What one cell of a filled list says, by the meaning of its column.

Every reader takes a `Cell` and returns the value, or raises `CellProblem`. A formula is refused,
and so is the value that some program kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from adapters.template.reasons import REASONS, find_reason
from adapters.values import fit
from bus.model.messages import OutcomeKind
from bus.workbook import cells
from bus.workbook.cells import CellProblem
from bus.workbook.sheets import Cell, Kind
from schemas.resources import Item, ItemKind

_OUTCOMES = {
    "查得": OutcomeKind.FOUND,
    "未查得": OutcomeKind.NOT_FOUND,
    "无法答复": OutcomeKind.NOT_ANSWERABLE,
}


def reference(cell: Cell) -> int:
    """A person's running number."""
    text = cells.label(cell)
    if not (text.isascii() and text.isdecimal()):
        raise CellProblem(
            "PERSON_UNKNOWN", "序号不在名单之内", "no such number on the list", "名单原有的序号"
        )
    return int(text)


def outcome(cell: Cell) -> OutcomeKind:
    """查得, 未查得 or 无法答复."""
    found = _OUTCOMES.get(cells.plain_text(cell))
    if found is None:
        raise CellProblem(
            "CHOICE_UNKNOWN", "不在可选范围内", "not one of the choices", "、".join(_OUTCOMES)
        )
    return found


def reason(cell: Cell) -> str:
    """The code of a reason, given by its name or itself."""
    found = find_reason(cells.plain_text(cell))
    if found is None:
        raise CellProblem(
            "CHOICE_UNKNOWN",
            "不在可选范围内",
            "not one of the choices",
            "、".join(one.zh for one in REASONS),
        )
    return found.code


def as_of(cell: Cell) -> date:
    """The day as of which the agency's data are true."""
    return cells.day(cell)


def value_reader(item: Item) -> Callable[[Cell], Any]:
    """Return a reader of an item's values: exactly what the schema takes, nothing rounded."""

    def read(cell: Cell) -> Any:
        raw = _raw(cell, item)
        try:
            return fit(item, raw)
        except ValueError:
            raise CellProblem(
                "VALUE_INVALID",
                f"不符合内容项“{item.zh}”的类型",
                f"not a value of {item.name}, which is of kind {item.kind}",
                "见该列说明",
            ) from None

    return read


def _raw(cell: Cell, item: Item) -> object:
    if item.kind is ItemKind.TEXT:
        # A number where text belongs may have lost its leading zeros, or its last digits.
        return cells.plain_text(cell)
    if item.kind is ItemKind.BOOLEAN:
        return cells.flag(cell)
    if cell.kind is Kind.NUMBER and cell.value is None:
        raise CellProblem(
            "CELL_TIME",
            "单元格是带时刻的日期或时长",
            "the cell holds a time of day or a duration",
            "见该列说明，以文本填写",
        )
    if cell.kind in {Kind.NUMBER, Kind.DATE}:
        return cell.value
    return cells.plain_text(cell)
