"""Gathers faults while a workbook is read; of several at one cell the first stands."""

from __future__ import annotations

from openpyxl.utils import get_column_letter

from bus.workbook.faults import Fault, Problem


class Faults:
    """The faults found so far, by place. Rows and columns count from 1."""

    def __init__(self, order: tuple[str, ...]) -> None:
        self._order = {name: number for number, name in enumerate(order)}
        self._found: dict[tuple[str, int, int], list[Fault]] = {}

    def add(
        self, problem: Problem, sheet: str, row: int | None = None, column: int | None = None
    ) -> None:
        """Note a problem; at a cell that has one already it is dropped as its consequence."""
        found = self._found.setdefault((sheet, row or 0, column or 0), [])
        if found and row and column:
            return
        letter = get_column_letter(column) if column else None
        found.append(
            Fault(sheet, row, letter, problem.code, problem.zh, problem.en, problem.allowed)
        )

    def noted(self, sheet: str, row: int, column: int) -> bool:
        """Return whether a fault stands at a cell."""
        return (sheet, row, column) in self._found

    def all(self) -> tuple[Fault, ...]:
        """Every fault, in the order of sheets, rows and columns."""
        places = sorted(self._found, key=lambda place: (self._order.get(place[0], -1), place))
        return tuple(fault for place in places for fault in self._found[place])
