"""What is wrong with the agencies' tables given to the demo, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.utils import get_column_letter

from bus.errors import InputError
from bus.workbook.faults import Fault

FAULTS_A_FILE = 20
"""A file is read no further than this many faults; the rest are usually the same one again."""


class DataFaultsError(InputError):
    """The tables cannot be used; `faults` holds what was found, in order of files and rows.

    A fault's `sheet` is the file, below the folder that was given.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "DATA_FAULTS",
            f"机构数据有 {len(faults)} 处错误，演示未启动",
            f"the agencies' tables have {len(faults)} fault(s); the demo was not started",
            remedy_zh="目录结构为 目录/机构编号/信息资源.csv，UTF-8；请逐项更正",
            remedy_en="The layout is DIR/<agency id>/<resource>.csv, UTF-8; mend each fault",
            where=faults[0].place if faults else "",
        )
        self.faults = tuple(faults)


def fault(
    file: str,
    code: str,
    zh: str,
    en: str,
    *,
    row: int | None = None,
    column: int | None = None,
    allowed: str = "",
) -> Fault:
    """Return one fault.

    Args:
        file: The file or folder, below the folder that was given.
        code: Stable code.
        zh: What is wrong, in Chinese; never the value that stands there.
        en: The same in English.
        row: Row as a spreadsheet counts it, the header being row 1.
        column: Index of the column from 0.
        allowed: What may stand there.
    """
    letter = None if column is None else get_column_letter(column + 1)
    return Fault(file, row, letter, code, zh, en, allowed)
