"""The sheets of a checked .xlsx as plain cells, nothing trusted that the file says about itself.

openpyxl reads values and formats; `scan` counts what stands where. Formulas come out as such, never
as the value some program cached for them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum, auto
from io import BytesIO
from itertools import islice
from threading import Lock
from typing import Any
from zipfile import ZipFile

from openpyxl.chartsheet import Chartsheet
from openpyxl.reader.excel import ExcelReader

from bus.workbook.faults import WorkbookFaults, file_fault
from bus.workbook.scan import COLUMN_LIMIT, ROW_LIMIT, SheetShape, scan_sheet
from bus.workbook.text import clean


class Kind(Enum):
    """What a cell holds."""

    TEXT = auto()
    NUMBER = auto()
    DATE = auto()
    FORMULA = auto()
    BOOLEAN = auto()
    ERROR = auto()


_QUIET = Lock()
"""Held while openpyxl reads: its warnings are silenced, since some quote a cell's value, and the
interpreter keeps one set of warning filters for all threads."""

_SPECIAL = {"f": Kind.FORMULA, "e": Kind.ERROR, "b": Kind.BOOLEAN}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with content; rows and columns count from 1. TEXT, NUMBER and DATE carry a value."""

    row: int
    column: int
    kind: Kind
    value: str | float | date | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its rows with content in order, each its cells in order, and its shape."""

    name: str
    visible: bool
    rows: tuple[tuple[Cell, ...], ...]
    shape: SheetShape


def read_sheets(data: bytes, wanted: frozenset[str]) -> dict[str, Sheet]:
    """Read a workbook that passed `package.check_package`.

    Args:
        data: The file's bytes.
        wanted: Names of the sheets whose cells are needed; of others only the shape is read.

    Returns:
        Sheets by trimmed name, in the workbook's order. One that is not wanted has no rows. Of
        chart sheets only the hidden ones are among them, last.

    Raises:
        WorkbookFaults: `FILE_DAMAGED` when a part is malformed, `SHEET_NAME_TWICE` when two sheets
            have the same name once blanks are trimmed.
    """
    with reading_quietly(), ZipFile(BytesIO(data)) as archive:
        return _read(data, archive, wanted)


@contextmanager
def reading_quietly() -> Iterator[None]:
    """Keep openpyxl quiet, and turn whatever it raises into a fault without its text.

    Raises:
        WorkbookFaults: `FILE_DAMAGED`, or what was found meanwhile.
    """
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except WorkbookFaults:
        raise
    except Exception:  # noqa: BLE001 - openpyxl raises anything on malformed parts
        # Its texts quote the content, so none is kept.
        raise file_fault(
            "FILE_DAMAGED",
            "工作簿文件已损坏",
            "the workbook file is damaged",
            "请在 Excel 或 WPS 中打开后另存为 .xlsx",
        ) from None


class PlainReader(ExcelReader):
    """openpyxl's reader, but a chart sheet is only counted: it has no cells to read."""

    def read_chartsheet(self, sheet: Any, rel: Any) -> None:  # noqa: ARG002 - the base class's
        """Put an empty chart sheet in its place, since defined names count the sheets."""
        workbook: Any = self.wb
        chart = Chartsheet(parent=workbook, title=sheet.name)
        chart.sheet_state = sheet.state
        workbook._sheets.append(chart)  # noqa: SLF001 - as the base class adds a sheet


def _read(data: bytes, archive: ZipFile, wanted: frozenset[str]) -> dict[str, Sheet]:
    reader = PlainReader(BytesIO(data), read_only=True, keep_links=False)
    reader.read()
    parts = {sheet.name: relation.target for sheet, relation in reader.parser.find_sheets()}
    sheets: dict[str, Sheet] = {}
    hidden: list[Any] = [chart for chart in reader.wb.chartsheets if chart.sheet_state != "visible"]
    for worksheet in (*reader.wb.worksheets, *hidden):
        name = worksheet.title.strip()
        if name in sheets:
            raise file_fault(
                "SHEET_NAME_TWICE",
                "有同名工作表",
                "two sheets have the same name",
                "工作表名称不得重复",
            )
        if isinstance(worksheet, Chartsheet):
            sheets[name] = Sheet(name, visible=False, rows=(), shape=SheetShape(content=True))
            continue
        with archive.open(parts[worksheet.title]) as source:
            shape = scan_sheet(source)
        rows = _rows(worksheet) if name in wanted else ()
        sheets[name] = Sheet(name, worksheet.sheet_state == "visible", rows, shape)
    return sheets


def _rows(worksheet: Any) -> tuple[tuple[Cell, ...], ...]:
    # Without this the declared dimension would cut rows and columns off.
    worksheet.reset_dimensions()
    found = []
    rows = worksheet.iter_rows(max_row=ROW_LIMIT, max_col=COLUMN_LIMIT)
    for number, cells in enumerate(islice(rows, ROW_LIMIT), 1):
        row = [
            cell
            for column, raw in enumerate(cells, 1)
            if raw.value is not None and (cell := _cell(number, column, raw)) is not None
        ]
        if row:
            found.append(tuple(row))
    return tuple(found)


def _cell(row: int, column: int, raw: Any) -> Cell | None:
    """Translate openpyxl's cell; None for a text of blanks."""
    special = _SPECIAL.get(raw.data_type)
    if special is not None:
        return Cell(row, column, special)
    value = raw.value
    if raw.data_type == "d":
        # A date with a time of day, or a duration, is no date; it then counts as a bare number.
        if isinstance(value, datetime) and value.time() == time():
            value = value.date()
        is_day = isinstance(value, date) and not isinstance(value, datetime)
        return Cell(row, column, Kind.DATE, value) if is_day else Cell(row, column, Kind.NUMBER)
    if raw.data_type == "n":
        return Cell(row, column, Kind.NUMBER, value)
    text = clean(str(value))
    return Cell(row, column, Kind.TEXT, text) if text else None
