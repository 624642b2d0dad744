"""The result workbook (查询结果): text only, so that no value becomes a formula or is rounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from bus.model.result import ResultView
from bus.workbook import result_tables
from bus.workbook.save import new_workbook, stream_to_memory, to_bytes

ROWS_A_SHEET = 1_000_000
"""Rows of one sheet, header included; a longer table goes on in a sheet of its own."""

CELL_MAX = 32_767
"""Characters a spreadsheet cell can hold."""

_CUT = "……（超出单元格容量，全文见 JSON 结果）"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SHEET_NAME_MAX = 31
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
_WIDTH = 20


def result_workbook(view: ResultView, rows_a_sheet: int = ROWS_A_SHEET) -> bytes:
    """Return the result as an .xlsx file; the same view yields the same bytes.

    Sheets: 概况 (query and application), 汇总 (what each provider answered on each resource, and
    what is unanswered), 人员结果 (each person, line and provider) and one sheet for each resource
    asked for, with every approved item of every record.

    Args:
        view: The result.
        rows_a_sheet: Most rows of one sheet.
    """
    workbook = new_workbook(write_only=True)
    tables = [
        (result_tables.OVERVIEW, result_tables.overview_rows(view)),
        (result_tables.SUMMARY, result_tables.summary_rows(view)),
        (result_tables.OUTCOMES, result_tables.outcome_rows(view)),
    ]
    for resource, title in result_tables.titles(view).items():
        tables.append((title, result_tables.record_rows(view, resource)))
    for title, rows in tables:
        write_table(workbook, title, rows, rows_a_sheet)
    return to_bytes(workbook)


def write_table(
    workbook: Workbook, title: str, rows: Iterator[list[str]], rows_a_sheet: int = ROWS_A_SHEET
) -> None:
    """Write a table of text as a sheet of a write-only workbook, or as several.

    Args:
        workbook: The workbook.
        title: Name of the sheet, as far as a sheet may have it.
        rows: The header, then the rows.
        rows_a_sheet: Most rows of one sheet.
    """
    header = next(rows)
    first = next(rows, None)
    # A table without rows still gets its sheet: that nothing was found is an answer too.
    rows = iter(()) if first is None else chain((first,), rows)
    more = True
    while more:
        sheet: Any = workbook.create_sheet(_sheet_name(title, workbook.sheetnames))
        sheet.freeze_panes = "A2"
        for column in range(1, len(header) + 1):
            sheet.column_dimensions[get_column_letter(column)].width = _WIDTH
        stream_to_memory(sheet)
        sheet.append(_cells(sheet, header, bold=True))
        for row in islice(rows, rows_a_sheet - 1):
            sheet.append(_cells(sheet, row))
        following = next(rows, None)
        more = following is not None
        if following is not None:
            rows = chain((following,), rows)


def _cells(sheet: Any, texts: list[str], *, bold: bool = False) -> Iterator[Any]:
    """Yield the cells of a row; openpyxl writes each before it asks for the next."""
    cell = WriteOnlyCell(sheet)
    cell.number_format = "@"
    cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)
    for text in texts:
        if text:
            cell.value = _writable(text)
            # openpyxl takes a text that begins with = for a formula.
            cell.data_type = "s"
            yield cell
        else:
            yield None


def _writable(text: str) -> str:
    """Make a text XML can hold: no control characters, bare line feeds, bounded length."""
    plain = _UNWRITABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return plain if len(plain) <= CELL_MAX else plain[: CELL_MAX - len(_CUT)] + _CUT


def _sheet_name(title: str, taken: list[str]) -> str:
    """A name the workbook does not have yet; spreadsheets compare names without case."""
    base = _NOT_IN_SHEET_NAMES.sub(" ", title)
    used = {name.casefold() for name in taken}
    number = 1
    name = base[:_SHEET_NAME_MAX]
    while name.casefold() in used:
        number += 1
        suffix = f" ({number})"
        name = base[: _SHEET_NAME_MAX - len(suffix)] + suffix
    return name
