"""The files that a workbook names: which cells name which, and the hashes of those handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from openpyxl.utils import get_column_letter

from bus.model.request import Draft, DraftPerson
from bus.workbook.cells import CellProblem, plain_text
from bus.workbook.collect import Faults
from bus.workbook.layout import PERSON_FIELDS, PERSONS_SHEET, SHEETS
from bus.workbook.package import check_package
from bus.workbook.sheets import read_sheets
from bus.workbook.table import find_table

_KEY = "document_file"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A cell of 名单 that names a file: its row, the letter of its column, the name."""

    row: int
    column: str
    name: str


def named_files(data: bytes) -> tuple[NamedFile, ...]:
    """Return the files that a workbook names, in the order of the list.

    Whatever else is wrong with it is said when it is submitted.

    Args:
        data: The workbook's bytes.

    Raises:
        WorkbookFaults: It cannot be read as a workbook at all.
    """
    check_package(data)
    sheet = read_sheets(data, frozenset(SHEETS)).get(PERSONS_SHEET)
    table = None if sheet is None else find_table(sheet, PERSON_FIELDS, Faults(SHEETS))
    if table is None or _KEY not in table.columns:
        return ()
    column = table.columns[_KEY]
    found = []
    for number, cells in table.rows():
        try:
            name = plain_text(cells[column]) if column in cells else ""
        except CellProblem:
            continue
        if name:
            found.append(NamedFile(number, get_column_letter(column), name))
    return tuple(found)


def with_hashes(draft: Draft, files: Mapping[str, bytes] | None) -> Draft:
    """Return a draft with the SHA-256 of each file it names (R022).

    Args:
        draft: The draft, its names checked.
        files: SHA-256 of the files that were handed in, by name.
    """
    if not files:
        return draft
    return replace(draft, persons=tuple(_hashed(person, files) for person in draft.persons))


def _hashed(person: DraftPerson, files: Mapping[str, bytes]) -> DraftPerson:
    digest = files.get(person.document_file or "")
    return person if digest is None else replace(person, document_hash=digest)
