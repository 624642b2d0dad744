"""Opens an uploaded file, whichever kind it is, as rows that come in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from adapters.upload.read_csv import SIZE_LIMIT, CsvTable, open_file
from adapters.upload.read_xlsx import XlsxTable
from bus.workbook.faults import Problem
from bus.workbook.stream import StreamRow


class TableFile(Protocol):
    """A file being read. Its rows can be read once."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the file."""
        ...

    @property
    def sheet(self) -> str:
        """The sheet that rows are in; empty for a CSV file."""
        ...

    @property
    def mark(self) -> tuple[str, str] | None:
        """Resource and schema digest of the template that was filled; None: it does not say."""
        ...

    @property
    def notes(self) -> list[tuple[Problem, int | None, int | None]]:
        """Things to be warned of, each with row (from 1) and column (from 0)."""
        ...

    def pieces(self) -> Iterator[list[StreamRow]]:
        """Yield the rows in order, the header first.

        Raises:
            WorkbookFaults: The file is damaged, is no text, or changes while it is read.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def open_table(path: Path) -> TableFile:
    """Open a file by what it is: a workbook begins as a zip does, all else is read as CSV.

    Raises:
        WorkbookFaults: It cannot be read at all: with the reason, and never its content.
    """
    with open_file(path, SIZE_LIMIT) as file:
        head = file.read(8)
    workbook = head.startswith((b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")))
    return XlsxTable(path) if workbook else CsvTable(path)
