"""Turns an openpyxl workbook into bytes: no temporary files, and the same bytes every time.

openpyxl's own `save` writes each sheet to a file in the system's temporary folder, in clear, and
stamps the clock into the result. Personal data may rest in memory only, so the sheets are written
to memory here, and every time stamp is fixed.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter

_STAMP = datetime(2018, 12, 18)  # noqa: DTZ001 - a fixed stamp of the format, which has no zone
_ZIP_STAMP = (1980, 1, 1, 0, 0, 0)
_PRODUCT = "hedui-bus"


def new_workbook(*, write_only: bool = False) -> Workbook:
    """Return an empty workbook whose properties do not depend on who made it or when."""
    workbook = Workbook(write_only=write_only)
    for sheet in workbook.worksheets:
        workbook.remove(sheet)
    properties = workbook.properties
    properties.creator = _PRODUCT
    properties.created = properties.modified = _STAMP
    return workbook


def stream_to_memory(worksheet: Any) -> None:
    """Make a write-only sheet stream into memory. To be called before its first row."""
    worksheet._writer = WorksheetWriter(worksheet, BytesIO())  # noqa: SLF001 - see module docstring
    worksheet._writer.write_top()  # noqa: SLF001 - as above


def to_bytes(workbook: Workbook) -> bytes:
    """Return the workbook as the bytes of an .xlsx file."""
    out = BytesIO()
    with _Archive(out, "w", ZIP_DEFLATED, allowZip64=True) as archive:
        _MemoryWriter(workbook, archive).write_data()
    return out.getvalue()


class _Archive(ZipFile):
    """A zip whose entries carry a fixed time stamp."""

    def writestr(
        self,
        zinfo_or_arcname: str | ZipInfo,
        data: Any,
        compress_type: int | None = ZIP_DEFLATED,
        compresslevel: int | None = None,
    ) -> None:
        """Write an entry given by name under the fixed stamp."""
        entry = zinfo_or_arcname
        if isinstance(entry, str):
            entry = ZipInfo(entry, _ZIP_STAMP)
            entry.external_attr = 0o600 << 16
        super().writestr(entry, data, compress_type, compresslevel)


class _MemoryWriter(ExcelWriter):
    """openpyxl's writer, but sheets are made in memory."""

    def __init__(self, workbook: Workbook, archive: ZipFile) -> None:
        super().__init__(workbook, archive)
        self._archive = archive

    def write_worksheet(self, ws: Any) -> None:
        """Write one sheet into the archive."""
        if self.workbook.write_only:
            if not ws.closed:
                ws.close()
            writer = ws._writer  # noqa: SLF001 - set by `stream_to_memory`
        else:
            writer = WorksheetWriter(ws, BytesIO())
            writer.write()
        ws._rels = writer._rels  # noqa: SLF001 - what the overridden method does
        self._archive.writestr(ws.path[1:], writer.out.getvalue())
        self.manifest.append(ws)
