"""What is wrong with an uploaded file: counts, and places by row and column, never a value (R115).

Errors keep a row out, and the whole file unless it is told to be loaded without them. What makes it
unknown whom a row is about is fatal: nobody could then be answered NOT_FOUND. Warnings keep nothing
out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from openpyxl.utils import get_column_letter

from bus.workbook.faults import Fault, Problem

PLACES_EACH = 20
"""Places listed of one fault in one column; all are counted."""


class Weight(StrEnum):
    """What a fault leads to."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Listed:
    """One fault, and what it leads to."""

    weight: Weight
    fault: Fault


@dataclass
class Report:
    """The validation report of one file.

    Attributes:
        resource: The resource's name.
        sheet: The sheet that rows are in; empty for a CSV file.
        rows: Rows with content, the header not counted.
        good: Rows that could be loaded.
        listed: Places of faults, as they were met, the first of each kind and column.
        counts: How often each kind stands in each column.
    """

    resource: str
    sheet: str = ""
    rows: int = 0
    good: int = 0
    listed: list[Listed] = field(default_factory=list)
    counts: Counter[tuple[Weight, str, str]] = field(default_factory=Counter)

    @property
    def refused(self) -> int:
        """Rows that could not."""
        return self.rows - self.good

    def count(self, weight: Weight) -> int:
        """Return how many faults there are of a weight."""
        return sum(count for (its, _, _), count in self.counts.items() if its is weight)

    @property
    def clean(self) -> bool:
        """Whether every row can be loaded."""
        return not self.count(Weight.FATAL) and not self.count(Weight.ERROR)

    @property
    def loadable(self) -> bool:
        """Whether the good rows can be loaded without the others."""
        return not self.count(Weight.FATAL)

    def add(
        self, weight: Weight, problem: Problem, row: int | None = None, column: int | None = None
    ) -> None:
        """Note a fault.

        Args:
            weight: What it leads to.
            problem: What is wrong; its texts hold no value of the file.
            row: Row as a spreadsheet counts it; None: the whole file.
            column: Index of the column from 0; None: the whole row.
        """
        letter = None if column is None else get_column_letter(column + 1)
        key = (weight, problem.code, letter or "")
        self.counts[key] += 1
        if self.counts[key] <= PLACES_EACH:
            fault = Fault(
                self.sheet, row, letter, problem.code, problem.zh, problem.en, problem.allowed
            )
            self.listed.append(Listed(weight, fault))

    def take(self, faults: Iterable[Fault]) -> None:
        """Note faults for which the file cannot be read at all."""
        for fault in faults:
            self.counts[Weight.FATAL, fault.code, fault.column or ""] += 1
            self.listed.append(Listed(Weight.FATAL, fault))
