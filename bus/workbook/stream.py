"""The sheets of a checked .xlsx row by row, for tables too long to be held as cells.

`sheets` reads a workbook whole; this reads one sheet in pieces. What it says about itself is not
trusted here either: rows are counted where they stand, formulas come out as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, auto
from io import BytesIO
from itertools import islice
from typing import Any
from zipfile import ZipFile

from bus.workbook.package import check_package
from bus.workbook.scan import SheetShape, scan_sheet
from bus.workbook.sheets import PlainReader, reading_quietly

ROW_LIMIT = 1_048_576
"""Last row that the format has."""

COLUMN_LIMIT = 256
"""Last column that may hold content."""

_PIECE = 500
"""Rows read at a time, while openpyxl is kept quiet."""


class Odd(Enum):
    """A cell that holds no value of its own."""

    FORMULA = auto()
    ERROR = auto()


CellValue = str | int | float | bool | date | datetime | time | timedelta | Odd | None
"""What a cell holds, as the file types it."""

StreamRow = tuple[int, tuple[CellValue, ...]]
"""A row: its number from 1, and its cells from the first column on."""


@dataclass(frozen=True, slots=True)
class StreamSheet:
    """A sheet: its trimmed name, whether it is shown, and its shape beside its values."""

    name: str
    visible: bool
    shape: SheetShape


class SheetStreams:
    """A workbook opened for reading row by row.

    Args:
        data: The file's bytes.

    Raises:
        WorkbookFaults: It is no plain, harmless .xlsx, as `package.check_package`, or is damaged.
    """

    def __init__(self, data: bytes) -> None:
        check_package(data)
        with reading_quietly(), ZipFile(BytesIO(data)) as archive:
            reader = PlainReader(BytesIO(data), read_only=True, keep_links=False)
            reader.read()
            parts = {sheet.name: relation.target for sheet, relation in reader.parser.find_sheets()}
            self._worksheets: dict[str, Any] = {}
            self.sheets: list[StreamSheet] = []
            for worksheet in reader.wb.worksheets:
                with archive.open(parts[worksheet.title]) as source:
                    shape = scan_sheet(source, ROW_LIMIT, COLUMN_LIMIT)
                name = worksheet.title.strip()
                shown = worksheet.sheet_state == "visible"
                self.sheets.append(StreamSheet(name, shown, shape))
                self._worksheets[name] = worksheet

    def rows(self, name: str, most: int = ROW_LIMIT) -> Iterator[list[StreamRow]]:
        """Yield the rows of a sheet, in pieces.

        Args:
            name: The sheet's trimmed name.
            most: How many rows to read.

        Raises:
            WorkbookFaults: `FILE_DAMAGED`: a part is malformed.
        """
        worksheet = self._worksheets[name]
        # Without this the declared dimension would cut rows and columns off. The scan has told
        # already of content beyond the last column; a limit here would pad every row to it.
        worksheet.reset_dimensions()
        rows = enumerate(worksheet.iter_rows(max_row=most), 1)
        while True:
            with reading_quietly():
                piece = [
                    (number, tuple(map(_value, cells))) for number, cells in islice(rows, _PIECE)
                ]
            if not piece:
                return
            yield piece


def _value(cell: Any) -> CellValue:
    match cell.data_type:
        case "f":
            return Odd.FORMULA
        case "e":
            return Odd.ERROR
        case "n" | "b" | "d":
            value: CellValue = cell.value
            return value
        case _:
            return None if cell.value is None else str(cell.value)
