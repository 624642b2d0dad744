"""Reads the fields of one row of a table, every cell of it, before anything is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bus.workbook.cells import CellProblem
from bus.workbook.collect import Faults
from bus.workbook.faults import Problem
from bus.workbook.layout import Field
from bus.workbook.sheets import Cell
from bus.workbook.table import Table

MISSING = Problem("CELL_MISSING", "必填项为空", "a mandatory cell is empty")
_OUTSIDE = Problem(
    "CELL_OUTSIDE_TABLE",
    "内容不在任何列标题之下",
    "the content stands under no column title",
    "移到相应列或删除",
)


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row with content: its number in the sheet and the readable values by field key."""

    row: int
    values: dict[str, Any]


def read_rows(table: Table, fields: Sequence[Field], faults: Faults) -> tuple[ReadRow, ...]:
    """Read every row below the header; blank ones are passed over.

    A row that holds only fields for the eye (a running number) counts as blank.

    Args:
        table: The table found.
        fields: Its fields.
        faults: Receives every unreadable, missing or stray cell with its place.

    Returns:
        The rows in order. A value that is missing or unreadable is not among a row's values.
    """
    read = [field for field in fields if field.read is not None and field.key in table.columns]
    columns = set(table.columns.values())
    inputs = {table.columns[field.key] for field in read}
    found = []
    for number, cells in table.rows():
        for column in cells.keys() - columns:
            faults.add(_OUTSIDE, table.sheet.name, number, column)
        if cells.keys() & inputs:
            values = {}
            for field in read:
                column = table.columns[field.key]
                place = (table.sheet.name, number, column)
                value = read_cell(cells.get(column), field, place, faults)
                if value is not None:
                    values[field.key] = value
            found.append(ReadRow(number, values))
    return tuple(found)


def read_cell(cell: Cell | None, field: Field, place: tuple[str, int, int], faults: Faults) -> Any:
    """Read one cell by its field's meaning; None when it is empty or unreadable.

    Args:
        cell: The cell, or None when there is none.
        field: What it should hold; its `read` is set.
        place: Sheet, row, column of the cell.
        faults: Receives the fault, if any.
    """
    if cell is None:
        if field.required:
            missing = Problem(MISSING.code, MISSING.zh, MISSING.en, field.hint)
            faults.add(missing, *place)
        return None
    if field.read is None:
        return None
    try:
        return field.read(cell)
    except CellProblem as error:
        faults.add(error.problem, *place)
        return None
