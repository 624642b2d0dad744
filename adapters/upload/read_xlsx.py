"""Reads the filled template, or another plain workbook with the same header, row by row.

A formula is never computed nor its cached value trusted; what is hidden is told. The file's bytes
are held in memory while it is read: a workbook is bounded where it is checked
(`bus.workbook.package`); longer tables come as CSV.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from adapters.upload.read_csv import open_file
from adapters.upload.template import DATA_SHEET, MARK_RESOURCE, MARK_SCHEMA, NOTES_SHEET, OURS
from bus.workbook.faults import Problem, file_fault
from bus.workbook.package import SIZE_LIMIT
from bus.workbook.stream import SheetStreams, StreamRow, StreamSheet

_MARK_ROWS = 10


class XlsxTable:
    """A workbook.

    Args:
        path: The file.

    Raises:
        WorkbookFaults: It is no plain, harmless .xlsx; `SHEET_MISSING` where it cannot be told
            which sheet holds the rows; `MERGED_CELLS`.
    """

    def __init__(self, path: Path) -> None:
        with open_file(path, SIZE_LIMIT) as file:
            data = file.read()
        self.digest = hashlib.sha256(data).digest()
        self.notes: list[tuple[Problem, int | None, int | None]] = []
        self._streams = SheetStreams(data)
        chosen = _chosen(self._streams.sheets)
        self.sheet = chosen.name
        self.mark = self._marked()
        self._look_at(chosen)

    def pieces(self) -> Iterator[list[StreamRow]]:
        """Yield the rows in order, the header first.

        Raises:
            WorkbookFaults: `FILE_DAMAGED`.
        """
        return self._streams.rows(self.sheet)

    def close(self) -> None:
        """Let go of the file's bytes."""
        del self._streams

    def _marked(self) -> tuple[str, str] | None:
        if all(sheet.name != NOTES_SHEET for sheet in self._streams.sheets):
            return None
        found: dict[str, str] = {}
        for piece in self._streams.rows(NOTES_SHEET, _MARK_ROWS):
            for _, cells in piece:
                match cells:
                    case (str(title), str(value), *_):
                        found[title.strip()] = value.strip()
        if MARK_RESOURCE not in found or MARK_SCHEMA not in found:
            return None
        return found[MARK_RESOURCE], found[MARK_SCHEMA]

    def _look_at(self, chosen: StreamSheet) -> None:
        if chosen.shape.merged:
            top, *_ = chosen.shape.merged[0]
            zh, en = f"第 {top} 行起有合并单元格", f"cells are merged from row {top} on"
            raise file_fault("MERGED_CELLS", zh, en, "请取消合并，每格填写各自的值")
        if chosen.shape.beyond:
            zh, en = "内容超出允许的列数", "there is content beyond the last column allowed"
            raise file_fault("TOO_WIDE", zh, en, "请使用模板的列")
        if not chosen.visible:
            self._note("SHEET_HIDDEN", "数据工作表是隐藏的", "the sheet of rows is hidden")
        for row in chosen.shape.hidden_rows:
            zh, en = "此行是隐藏的，仍会载入", "this row is hidden and is loaded all the same"
            self.notes.append((Problem("ROW_HIDDEN", zh, en), row, None))
        for first, _ in chosen.shape.hidden_columns:
            zh, en = "此列是隐藏的，仍会载入", "this column is hidden and is loaded all the same"
            self.notes.append((Problem("COLUMN_HIDDEN", zh, en), None, first - 1))
        for other in self._streams.sheets:
            if other.name not in OURS and other is not chosen and other.shape.content:
                zh, en = "另有含内容的工作表，未读取", "another sheet with content was not read"
                self._note("SHEET_PASSED_OVER", zh, en)

    def _note(self, code: str, zh: str, en: str) -> None:
        self.notes.append((Problem(code, zh, en), None, None))


def _chosen(sheets: list[StreamSheet]) -> StreamSheet:
    named = [sheet for sheet in sheets if sheet.name == DATA_SHEET]
    filled = [sheet for sheet in sheets if sheet.shape.content and sheet.name not in OURS]
    if len(named) != 1 and len(filled) != 1:
        zh, en = f"找不到工作表“{DATA_SHEET}”", f"there is no sheet {DATA_SHEET}"
        raise file_fault("SHEET_MISSING", zh, en, f"请将数据放在名为“{DATA_SHEET}”的工作表中")
    return named[0] if len(named) == 1 else filled[0]
