"""Audit reports and inspections as workbooks: text only, as results are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bus.workbook.result import write_table
from bus.workbook.save import new_workbook, to_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

Table = tuple[str, "Sequence[Sequence[str]]"]
"""A sheet: its name, and its rows, the header first."""


def tables_workbook(facts: Mapping[str, str], *tables: Table) -> bytes:
    """Return a workbook with an overview and some tables.

    Args:
        facts: What the overview says, by its names.
        tables: The sheets that follow.
    """
    workbook = new_workbook(write_only=True)
    write_table(workbook, "概况", _pairs(facts))
    for title, rows in tables:
        write_table(workbook, title, (list(row) for row in rows))
    return to_bytes(workbook)


def _pairs(facts: Mapping[str, str]) -> Iterator[list[str]]:
    yield ["项目", "内容"]
    for name, value in facts.items():
        yield [name, value]
