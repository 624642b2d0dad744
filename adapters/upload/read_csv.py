"""Reads a CSV file in pieces: UTF-8 or GB18030, commas or tabs.

The whole file is decoded once before any row is taken, since GB18030 can only be told from UTF-8 by
a byte that is not UTF-8. Neither pass holds more than a piece.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from bus.workbook.faults import Fault, Problem, WorkbookFaults, file_fault
from bus.workbook.stream import CellValue, Odd, StreamRow

SIZE_LIMIT = 2 * 1024**3
"""Largest file taken, in bytes."""

_BLOCK = 1 << 20
_PIECE = 500
_WIDEST = 131_072
"""Characters a cell may have while it is read, the csv module's own limit."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SAVE_AS = "另存为“CSV UTF-8（逗号分隔）”，或直接使用 .xlsx 模板"


class CsvTable:
    """A CSV file.

    Args:
        path: The file.

    Raises:
        WorkbookFaults: `DATA_UNREADABLE`, `FILE_TOO_LARGE`, `DATA_ENCODING`, `DATA_EMPTY`.
    """

    sheet = ""
    mark: tuple[str, str] | None = None

    def __init__(self, path: Path) -> None:
        self.notes: list[tuple[Problem, int | None, int | None]] = []
        self._text: io.TextIOWrapper | None = None
        self._file = open_file(path, SIZE_LIMIT)
        try:
            self.digest, self._encoding = _surveyed(self._file)
            self._state = _state(self._file)
        except BaseException:
            self._file.close()
            raise
        if self._encoding == "gb18030":
            zh, en = "文件按 GB18030 编码读取", "the file was read as GB18030"
            self.notes.append((Problem("DATA_GB18030", zh, en), None, None))

    def pieces(self) -> Iterator[list[StreamRow]]:
        """Yield the rows in order, the header first.

        Raises:
            WorkbookFaults: `DATA_CSV` with the row, `FILE_CHANGED`.
        """
        self._file.seek(0)
        text = self._text = io.TextIOWrapper(self._file, self._encoding, newline="")
        reader = csv.reader(text, delimiter=_delimiter(text), strict=True)
        rows = enumerate(reader, 1)
        number = 0
        while True:
            try:
                piece: list[StreamRow] = []
                for number, cells in islice(rows, _PIECE):
                    piece.append((number, tuple(map(_value, cells))))
            except csv.Error:
                raise WorkbookFaults([_malformed(number + 1)]) from None
            except (OSError, UnicodeDecodeError):
                raise _changed() from None
            if not piece:
                break
            yield piece
        if _state(self._file) != self._state:
            raise _changed()

    def close(self) -> None:
        """Let go of the file, read to its end or not."""
        (self._text or self._file).close()


def open_file(path: Path, size_limit: int) -> BinaryIO:
    """Open a regular file of bearable size.

    Raises:
        WorkbookFaults: `DATA_UNREADABLE`, `FILE_TOO_LARGE`.
    """
    try:
        file = path.open("rb")
    except OSError:
        raise file_fault("DATA_UNREADABLE", "文件无法读取", "the file cannot be read") from None
    if os.fstat(file.fileno()).st_size > size_limit:
        file.close()
        raise file_fault(
            "FILE_TOO_LARGE",
            "文件过大",
            "the file is too large",
            f"不超过 {size_limit // 1024 // 1024} MiB",
        )
    return file


def _surveyed(file: BinaryIO) -> tuple[bytes, str]:
    """Return the file's digest and its encoding."""
    digest = hashlib.sha256()
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8-sig", "gb18030")}
    lines, bad_line, empty = 0, 0, True
    while block := file.read(_BLOCK):
        digest.update(block)
        if empty and block.startswith(_UTF16):
            raise _encoding(1)
        if b"\0" in block:
            raise _encoding(lines + block.count(b"\n", 0, block.index(b"\0")) + 1)
        empty = False
        bad_line = _tried(decoders, block, lines, final=False) or bad_line
        lines += block.count(b"\n")
        if not decoders:
            raise _encoding(bad_line)
    bad_line = _tried(decoders, b"", lines, final=True) or bad_line
    if empty:
        zh, en = "文件为空，至少须有表头", "the file has not even a header"
        raise file_fault("DATA_EMPTY", zh, en)
    if not decoders:
        raise _encoding(bad_line)
    return digest.digest(), next(iter(decoders))


def _tried(
    decoders: dict[str, codecs.IncrementalDecoder], block: bytes, lines: int, *, final: bool
) -> int:
    """Drop the decoders that cannot read a block; returns the line that the last stumbled at."""
    bad_line = 0
    for name, decoder in list(decoders.items()):
        try:
            decoder.decode(block, final)
        except UnicodeDecodeError as error:
            bad_line = lines + block.count(b"\n", 0, error.start) + 1
            del decoders[name]
    return bad_line


def _delimiter(text: io.TextIOWrapper) -> str:
    """Return what parts the first line: tabs where there are any, else commas."""
    line = text.readline(_WIDEST)
    text.seek(0)
    return "\t" if "\t" in line else ","


def _value(cell: str) -> CellValue:
    # What a spreadsheet would compute is nobody's data.
    return Odd.FORMULA if cell.startswith("=") else cell


def _state(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _encoding(line: int) -> WorkbookFaults:
    zh, en = "文件既不是 UTF-8 也不是 GB18030 编码", "the file is neither UTF-8 nor GB18030"
    return WorkbookFaults([Fault("", line, None, "DATA_ENCODING", zh, en, _SAVE_AS)])


def _malformed(row: int) -> Fault:
    zh, en = "不是合格的 CSV（引号不配对，或单元格过长）", "not well-formed CSV"
    return Fault("", row, None, "DATA_CSV", zh, en, _SAVE_AS)


def _changed() -> WorkbookFaults:
    zh, en = "文件在读取时被改动", "the file changed while it was read"
    return file_fault("FILE_CHANGED", zh, en, "待文件写完后重试")
