"""Reads one agency's CSV file as the table of a resource: every value typed, or named as a fault.

UTF-8, with or without a byte order mark. The header holds items by field name or Chinese name, in
any order; items without a column are not held by the agency. An empty cell is no value. The text of
a header or a cell is never repeated in a fault: where the header is missing, it holds a person.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapters.contract import Value
from adapters.demo.faults import FAULTS_A_FILE, fault
from adapters.numbers import plain_number
from adapters.values import fit
from bus.workbook.faults import Fault
from schemas.resources import Item, ItemKind, Resource

_ID_NUMBER = "id_number"

_KIND_ZH = {
    ItemKind.TEXT: "文本（不含控制字符）",
    ItemKind.INTEGER: "整数",
    ItemKind.BOOLEAN: "是或否，1 或 0",
    ItemKind.DATE: "日期，如 2025-03-10",
    ItemKind.INSTANT: "日期时间，如 2025-03-10 08:30:00",
    ItemKind.MONEY: "金额（元），至多两位小数",
    ItemKind.DECIMAL: "数值，至多两位小数",
}


@dataclass(frozen=True, slots=True)
class Table:
    """One resource as an agency holds it: rows of one value for each of its items."""

    resource: Resource
    items: tuple[Item, ...]
    rows: tuple[tuple[Value, ...], ...] = field(repr=False)


def read_table(file: Path, name: str, resource: Resource) -> tuple[Table | None, list[Fault]]:
    """Read a file.

    Args:
        file: The file.
        name: How faults call it.
        resource: What it is a table of.

    Returns:
        The table and no faults, or None and at least one.
    """
    reading = _Reading(name, resource)
    table = reading.table(file)
    return (None, reading.faults) if reading.faults else (table, [])


@dataclass
class _Reading:
    """One file being read."""

    name: str
    resource: Resource
    faults: list[Fault] = field(default_factory=list)

    def table(self, file: Path) -> Table | None:
        text = self._text(file)
        if text is None:
            return None
        rows = self._rows(text)
        header = next(rows, None)
        columns = None if header is None else self._columns(header[1])
        if columns is None:
            return None
        values = []
        for number, cells in rows:
            if any(cell.strip() for cell in cells):
                values.append(self._values(number, cells, columns))
            if len(self.faults) >= FAULTS_A_FILE:
                break
        held = tuple(item for item in columns if item is not None)
        return Table(self.resource, held, tuple(values))

    def _text(self, file: Path) -> str | None:
        try:
            data = file.read_bytes()
        except OSError:
            self._fault("DATA_UNREADABLE", "文件无法读取", "the file cannot be read")
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            row = data.count(b"\n", 0, error.start) + 1
            self._fault(
                "DATA_ENCODING",
                "文件不是 UTF-8 编码",
                "the file is not UTF-8",
                row=row,
                allowed="另存为“CSV UTF-8”",
            )
            return None

    def _rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield rows with their number; a file that is no CSV ends with a fault."""
        number = 0
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            for number, cells in enumerate(reader, 1):
                yield number, cells
        except csv.Error:
            zh, en = "不是合格的 CSV（引号不配对，或单元格过长）", "not well-formed CSV"
            self._fault("DATA_CSV", zh, en, row=number + 1)
            return
        if number == 0:
            self._fault("DATA_EMPTY", "文件为空，至少须有表头", "the file has not even a header")

    def _columns(self, header: Sequence[str]) -> list[Item | None] | None:
        """Return the item of each column; None for a column without title, which must be empty."""
        titles = {title: item for item in self.resource.items for title in (item.name, item.zh)}
        found = [unicodedata.normalize("NFKC", cell).strip() for cell in header]
        columns = [titles.get(title) for title in found]
        known = "、".join(item.zh for item in self.resource.items)
        for at, (title, item) in enumerate(zip(found, columns, strict=True)):
            if title and item is None:
                self._fault(
                    "COLUMN_UNKNOWN",
                    f"{self.resource.zh}没有此内容项",
                    f"no such item of {self.resource.name}",
                    row=1,
                    column=at,
                    allowed=known,
                )
            elif item is not None and item in columns[:at]:
                zh, en = f"内容项“{item.zh}”的列重复", f"the item {item.name} stands twice"
                self._fault("COLUMN_TWICE", zh, en, row=1, column=at)
        if not self.faults and all(i is None or i.name != _ID_NUMBER for i in columns):
            self._fault(
                "COLUMN_MISSING",
                "缺少证件号码列，不能据以查询",
                "there is no column of ID numbers to look anybody up by",
                row=1,
                allowed=known,
            )
        return None if self.faults else columns

    def _values(
        self, number: int, cells: Sequence[str], columns: Sequence[Item | None]
    ) -> tuple[Value, ...]:
        if len(cells) < len(columns):
            zh, en = "单元格少于表头", "fewer cells than the header has"
            self._fault("ROW_SHORT", zh, en, row=number)
            return ()
        values: list[Value] = []
        for at, cell in enumerate(cells):
            item = columns[at] if at < len(columns) else None
            if item is not None:
                values.append(self._value(number, at, item, cell))
            elif cell.strip():
                zh, en = "此列没有表头", "this column has no title"
                self._fault("CELL_UNTITLED", zh, en, row=number, column=at)
        return tuple(values)

    def _value(self, number: int, at: int, item: Item, cell: str) -> Value:
        try:
            value = fit(item, cell)
        except ValueError:
            allowed = "代码表所列的代码或名称" if item.codes else _KIND_ZH[item.kind]
            self._fault(
                "VALUE_INVALID",
                f"“{item.zh}”的值不合要求",
                f"not a value of {item.name} ({item.kind})",
                row=number,
                column=at,
                allowed=allowed,
            )
            return None
        if item.name == _ID_NUMBER:
            self._check_id_number(number, at, value)
        return value

    def _check_id_number(self, number: int, at: int, value: Value) -> None:
        if value is None:
            zh, en = "没有证件号码", "the ID number is missing"
            self._fault("ID_NUMBER_EMPTY", zh, en, row=number, column=at)
        elif plain_number(value) != str(value).upper():
            self._fault(
                "ID_NUMBER_NOT_PLAIN",
                "证件号码夹有空白、不可见字符或全角字符",
                "the ID number holds blanks, invisible or full-width characters",
                row=number,
                column=at,
                allowed="半角数字和字母，中间无空格",
            )

    def _fault(
        self,
        code: str,
        zh: str,
        en: str,
        *,
        row: int | None = None,
        column: int | None = None,
        allowed: str = "",
    ) -> None:
        self.faults.append(fault(self.name, code, zh, en, row=row, column=column, allowed=allowed))
