"""What is wrong with a workbook, all of it at once, each with its place and what is allowed there.

A fault names sheet, row and column; it never repeats what stands in the cell, which may be a name
or an ID number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bus.errors import InputError


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, without its place. `allowed` says in Chinese what may stand there."""

    code: str
    zh: str
    en: str
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend.

    `row` counts from 1 as the spreadsheet shows it, `column` is its letter; both are null where
    the fault is the whole sheet's or file's, and `sheet` is empty where it is the file's. `allowed`
    says in Chinese what may stand there.
    """

    sheet: str
    row: int | None
    column: str | None
    code: str
    zh: str
    en: str
    allowed: str = ""

    @property
    def place(self) -> str:
        """`名单!E5`, `名单!5`, `名单` or empty, as a spreadsheet user writes a place."""
        cell = f"{self.column or ''}{self.row or ''}"
        return f"{self.sheet}!{cell}" if cell else self.sheet


def faults_en(count: int) -> str:
    """Return `1 fault`, `2 faults`."""
    return f"{count} fault" if count == 1 else f"{count} faults"


class WorkbookFaults(InputError):  # noqa: N818 - it carries faults, one or many
    """The workbook cannot be used; `faults` holds every reason found, in sheet and row order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "WORKBOOK_FAULTS",
            f"工作簿有 {len(faults)} 处错误，未提交任何内容",
            f"the workbook has {faults_en(len(faults))}; nothing was submitted",
            remedy_zh="请按所列工作表、行、列逐项更正后重新提交",
            remedy_en="Mend each listed sheet, row and column, then submit again",
            where=faults[0].place if faults else "",
        )
        self.faults = tuple(faults)


def file_fault(code: str, zh: str, en: str, allowed: str = "") -> WorkbookFaults:
    """The error for a file that cannot be read at all, so that no cell can be named."""
    return WorkbookFaults((Fault("", None, None, code, zh, en, allowed),))
