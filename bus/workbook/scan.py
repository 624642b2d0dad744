"""One pass over a sheet's XML for what openpyxl does not tell or would trust.

The declared dimension is never used: rows and cells are counted where they stand. The pass keeps
only what it found, so a sheet of any length costs little memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from openpyxl.utils import column_index_from_string

ROW_LIMIT = 30_000
"""Last row that may hold content: 25,000 persons with headers and blank rows between them."""

COLUMN_LIMIT = 64
"""Last column that may hold content."""

_KEPT = 100
"""Places of one kind kept for the report; a thousand merged cells need not all be listed."""

_UNSEEN = 1.0
"""Rows lower than this many points and columns narrower than this many characters show nothing."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


class SheetBroken(Exception):  # noqa: N818 - never leaves the room, it is turned into a Fault
    """The XML is malformed, or its rows or cells are out of order or named twice."""


@dataclass(slots=True)
class SheetShape:
    """What stands in a sheet beside its values. Rows and columns count from 1.

    Args:
        content: Whether any cell holds anything.
        merged: First row, first column, last row, last column of each merged range.
        beyond: Row and column of cells with content outside the limits.
        hidden_rows: Hidden rows with content, and rows too low to be seen.
        hidden_columns: First and last of each run of columns hidden or too narrow to be seen.
    """

    content: bool = False
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    beyond: list[tuple[int, int]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)


def scan_sheet(
    source: IO[bytes], row_limit: int = ROW_LIMIT, column_limit: int = COLUMN_LIMIT
) -> SheetShape:
    """Read a sheet part once.

    Args:
        source: The part's inflated bytes.
        row_limit: Last row that may hold content.
        column_limit: Last column that may hold content.

    Returns:
        Merged ranges, hidden rows and columns, content beyond the limits.

    Raises:
        SheetBroken: the rows or cells cannot be trusted to be read completely.
    """
    scanner = _Scanner(row_limit, column_limit)
    try:
        scanner.parser.ParseFile(source)
    except expat.ExpatError:
        raise SheetBroken from None
    return scanner.shape


class _Scanner:
    """Handlers of the expat parser and where it stands."""

    def __init__(self, row_limit: int, column_limit: int) -> None:
        self._row_limit, self._column_limit = row_limit, column_limit
        self.shape = SheetShape()
        self._row = 0
        self._column = 0
        self._hidden = False
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.StartElementHandler = self._start

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        # Extensions have elements of the same names in namespaces of their own.
        match tag.removeprefix(_MAIN):
            case "row":
                self._start_row(attributes)
            case "c":
                self._start_cell(attributes)
            case "v" | "is" | "f":
                self._content()
            case "mergeCell":
                self._merge(attributes.get("ref", ""))
            case "col":
                self._columns(attributes)

    def _start_row(self, attributes: dict[str, str]) -> None:
        row = _whole(attributes["r"]) if "r" in attributes else self._row + 1
        # openpyxl passes over a row that does not come after the one before it: it would be lost.
        if row <= self._row:
            raise SheetBroken
        self._row, self._column = row, 0
        self._hidden = _true(attributes.get("hidden")) or _slight(attributes.get("ht"))

    def _columns(self, attributes: dict[str, str]) -> None:
        hidden = _true(attributes.get("hidden")) or _slight(attributes.get("width"))
        if hidden and len(self.shape.hidden_columns) < _KEPT:
            first = _whole(attributes.get("min", ""))
            self.shape.hidden_columns.append((first, _whole(attributes.get("max", ""))))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        row, column = self._row, self._column + 1
        if "r" in attributes:
            row, column = _place(attributes["r"])
        if row != self._row or column <= self._column:
            raise SheetBroken
        self._column = column

    def _content(self) -> None:
        self.shape.content = True
        beyond = self._row > self._row_limit or self._column > self._column_limit
        if beyond and len(self.shape.beyond) < _KEPT:
            self.shape.beyond.append((self._row, self._column))
        hidden = self.shape.hidden_rows
        if self._hidden and len(hidden) < _KEPT and self._row not in hidden[-1:]:
            hidden.append(self._row)

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        top, left = _place(first)
        bottom, right = _place(last or first)
        if len(self.shape.merged) < _KEPT:
            self.shape.merged.append((top, left, bottom, right))


def _place(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise SheetBroken
    return int(found[2]), column_index_from_string(found[1])


def _whole(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text):
        raise SheetBroken
    return int(text)


def _slight(size: str | None) -> bool:
    if size is None:
        return False
    try:
        return float(size) < _UNSEEN
    except ValueError:
        raise SheetBroken from None


def _true(text: str | None) -> bool:
    return text in {"1", "true"}
