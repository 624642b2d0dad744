"""Finds a table in a sheet by the titles of its columns, and what may not stand in or around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from bus.workbook.collect import Faults
from bus.workbook.faults import Problem
from bus.workbook.layout import Field
from bus.workbook.scan import COLUMN_LIMIT, ROW_LIMIT
from bus.workbook.sheets import Cell, Kind, Sheet
from bus.workbook.text import compact

_HEADER_ROWS = 10
"""The header stands among the first rows with content; above it may be a title and notes."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table found: the header's row, and the column of each field by its key."""

    sheet: Sheet
    header: int
    columns: dict[str, int]

    def rows(self) -> Iterator[tuple[int, dict[int, Cell]]]:
        """Yield the number and the cells by column of each row below the header with content."""
        for row in self.sheet.rows:
            if row[0].row > self.header:
                yield row[0].row, {cell.column: cell for cell in row}


def bare_title(text: str) -> str:
    """A title without blanks, colons and the star that marks mandatory columns."""
    return compact(text).strip("*:")


def find_table(sheet: Sheet, fields: Sequence[Field], faults: Faults) -> Table | None:
    """Find the header: the row that holds most of the titles.

    Args:
        sheet: The sheet as read.
        fields: The columns it should have, in any order.
        faults: Receives what is wrong with the header, and with merged, hidden or outlying cells.

    Returns:
        The table, or None when the sheet has no header at all.
    """
    known = _titles(fields)
    header = max(sheet.rows[:_HEADER_ROWS], key=lambda row: _matches(row, known), default=())
    if _matches(header, known) < min(2, len(fields)):
        faults.add(_no_header(fields), sheet.name)
        return None
    row = header[0].row
    columns = _columns(header, known, sheet.name, faults)
    for field in fields:
        if field.key in columns or field.later:
            continue
        if field.required or field.read is not None:
            problem = Problem(
                "HEADER_COLUMN_MISSING",
                f"缺少“{field.title}”列",
                "a column is missing",
                f"标题“{field.title}”",
            )
            faults.add(problem, sheet.name, row)
    table = Table(sheet, row, columns)
    check_shape(sheet, row, faults)
    return table


def check_shape(sheet: Sheet, first: int, faults: Faults) -> None:
    """Report merged and hidden cells from row `first` on, and content beyond the limits."""
    for top, left, bottom, _ in sheet.shape.merged:
        if bottom >= first:
            faults.add(_MERGED, sheet.name, top, left)
    for row in sheet.shape.hidden_rows:
        if row >= first:
            faults.add(_HIDDEN_ROW, sheet.name, row)
    for left, right in sheet.shape.hidden_columns:
        used = {cell.column for row in sheet.rows for cell in row}
        if used & set(range(left, min(right, COLUMN_LIMIT) + 1)):
            faults.add(_hidden_column(left), sheet.name)
    for row, column in sheet.shape.beyond:
        faults.add(_BEYOND, sheet.name, row, column)


def _titles(fields: Sequence[Field]) -> dict[str, str]:
    return {
        bare_title(title): field.key for field in fields for title in (field.title, *field.aliases)
    }


def _matches(row: Sequence[Cell], known: dict[str, str]) -> int:
    return sum(cell.kind is Kind.TEXT and bare_title(str(cell.value)) in known for cell in row)


def _columns(
    header: Sequence[Cell], known: dict[str, str], sheet: str, faults: Faults
) -> dict[str, int]:
    columns: dict[str, int] = {}
    for cell in header:
        title = bare_title(str(cell.value)) if cell.kind is Kind.TEXT else ""
        key = known.get(title)
        if key is None:
            # A misspelt optional column would otherwise be passed over without a word.
            problem = Problem(
                "HEADER_UNKNOWN",
                "列标题不在模板之内",
                "the column's title is not one of the template's",
                "、".join(known),
            )
            faults.add(problem, sheet, cell.row, cell.column)
        elif key in columns:
            problem = Problem(
                "HEADER_TWICE", "列标题重复", "the column's title stands twice", "每列一次"
            )
            faults.add(problem, sheet, cell.row, cell.column)
        else:
            columns[key] = cell.column
    return columns


def _no_header(fields: Sequence[Field]) -> Problem:
    return Problem(
        "HEADER_MISSING",
        "找不到标题行",
        "the row of column titles is not found",
        "标题行：" + "、".join(field.title for field in fields),
    )


def _hidden_column(column: int) -> Problem:
    return Problem(
        "COLUMN_HIDDEN",
        f"第 {get_column_letter(column)} 列起有隐藏列",
        f"columns are hidden from {get_column_letter(column)} on",
        "取消隐藏",
    )


_MERGED = Problem(
    "CELL_MERGED", "数据区内有合并单元格", "cells are merged within the data", "取消合并单元格"
)
_HIDDEN_ROW = Problem("ROW_HIDDEN", "数据行被隐藏", "a row with data is hidden", "取消隐藏或筛选")
_BEYOND = Problem(
    "CELL_BEYOND",
    "内容超出可读取的行列范围",
    "content stands beyond the rows and columns that are read",
    f"前 {ROW_LIMIT} 行、前 {get_column_letter(COLUMN_LIMIT)} 列之内",
)
