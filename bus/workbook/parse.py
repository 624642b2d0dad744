"""From the bytes of a filled workbook to a draft, or to every fault of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bus.catalog.catalogue import Catalogue
from bus.model.request import Contact, Declaration, Draft, DraftLine, DraftPerson
from bus.rules.id_number import normalise
from bus.workbook.check import DraftFault, DraftPart, check_draft
from bus.workbook.collect import Faults
from bus.workbook.faults import Problem, WorkbookFaults
from bus.workbook.files import with_hashes
from bus.workbook.form import ReadForm, read_form
from bus.workbook.layout import (
    FORM_SHEET,
    LINE_FIELDS,
    LINES_SHEET,
    PERSON_FIELDS,
    PERSONS_SHEET,
    SHEETS,
    Field,
)
from bus.workbook.package import check_package
from bus.workbook.rows import ReadRow, read_rows
from bus.workbook.sheets import Sheet, read_sheets
from bus.workbook.table import Table, find_table

_OTHER_DOCUMENT = "990"
_ANYONE = "某"
_NOT_A_RELATIVE = "99"


def parse(
    data: bytes,
    today: date,
    catalogue: Catalogue | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Draft:
    """Read a filled workbook.

    First the file as such (`package`), then its sheets and cells, then the rules on what they say.
    Unreadable cells do not stop the rules: a stand-in takes their place, and what the rules then
    find at that same cell is dropped.

    Args:
        data: The file's bytes.
        today: The day of submission, in Asia/Shanghai.
        catalogue: The catalogue in force, to hold 附表 against; None checks all but that.
        files: SHA-256 of the files that were handed in, by name; None checks no names of files.

    Returns:
        The draft, complete, normalised and free of faults, with the hash of each file it names.

    Raises:
        WorkbookFaults: with every fault found; nothing is returned then.
    """
    check_package(data)
    sheets = read_sheets(data, frozenset(SHEETS))
    faults = Faults(SHEETS)
    _check_sheets(sheets, faults)
    book = _Book(sheets, faults)
    draft = book.draft(today)
    for fault in check_draft(draft, today, catalogue, files):
        book.place(fault)
    found = faults.all()
    if found:
        raise WorkbookFaults(found)
    return with_hashes(draft, files)


def _check_sheets(sheets: dict[str, Sheet], faults: Faults) -> None:
    """Report missing sheets and hidden ones with content; other visible sheets are left alone."""
    for name in SHEETS:
        if name not in sheets:
            problem = Problem(
                "SHEET_MISSING",
                f"缺少工作表“{name}”",
                "a sheet is missing",
                "、".join(SHEETS),
            )
            faults.add(problem, name)
    for sheet in sheets.values():
        # Whoever reviews and signs the workbook must be able to see all that is sent with it.
        if not sheet.visible and sheet.shape.content:
            problem = Problem(
                "SHEET_HIDDEN",
                "有内容的工作表被隐藏",
                "a sheet with content is hidden",
                "取消隐藏或删除该工作表",
            )
            faults.add(problem, sheet.name)


class _Book:
    """What was read of the three sheets, and where each value stands."""

    def __init__(self, sheets: dict[str, Sheet], faults: Faults) -> None:
        self._faults = faults
        form = sheets.get(FORM_SHEET)
        self._form: ReadForm | None = read_form(form, faults) if form else None
        self._lines, self._line_rows = self._table(sheets.get(LINES_SHEET), LINE_FIELDS)
        self._persons, self._person_rows = self._table(sheets.get(PERSONS_SHEET), PERSON_FIELDS)

    def _table(
        self, sheet: Sheet | None, fields: Sequence[Field]
    ) -> tuple[Table | None, tuple[ReadRow, ...]]:
        table = find_table(sheet, fields, self._faults) if sheet else None
        return table, read_rows(table, fields, self._faults) if table else ()

    def draft(self, today: date) -> Draft:
        """The draft, with stand-ins that no rule objects to where a value is missing."""
        values: dict[str, Any] = self._form.values if self._form else {}
        business, business_text = values.get("business", ("", ""))
        applied_on = values.get("applied_on", today)
        first_named = values.get("first_named", "")
        return Draft(
            addressee=values.get("addressee", ""),
            legal_basis=values.get("legal_basis", ""),
            authority=values.get("authority", ""),
            business=business,
            business_text=business_text,
            purpose=values.get("purpose", ""),
            first_named=first_named,
            person_count=values.get("person_count", 0),
            query_text=values.get("query_text", ""),
            declaration=Declaration(values.get("authorised", False), values.get("scope", "")),
            list_submitted_on=values.get("list_submitted_on", applied_on),
            contact=Contact(values.get("contact_name", ""), values.get("contact_phone", "")),
            applied_on=applied_on,
            lines=tuple(_line(n, row.values) for n, row in enumerate(self._line_rows, 1)),
            persons=tuple(
                _person(row, first_named if n == 0 else "", min(applied_on, today))
                for n, row in enumerate(self._person_rows)
            ),
        )

    def place(self, fault: DraftFault) -> None:
        """Note a rule's fault at its cell; where the cell is missing, that is already noted."""
        match fault.part:
            case DraftPart.FORM:
                self._place_form(fault)
            case DraftPart.LINES:
                self._place_row(fault, self._lines, self._line_rows)
            case DraftPart.PERSONS:
                self._place_row(fault, self._persons, self._person_rows)

    def _place_form(self, fault: DraftFault) -> None:
        # Count and first name are held against the list; without one there is nothing to say.
        unlisted = self._persons is None or "name" not in self._persons.columns
        if unlisted and fault.field in {"person_count", "first_named"}:
            return
        if self._form is not None and fault.field in self._form.rows:
            row = self._form.rows[fault.field]
            self._faults.add(fault.problem, FORM_SHEET, row, self._form.column)

    def _place_row(self, fault: DraftFault, table: Table | None, rows: Sequence[ReadRow]) -> None:
        if table is None:
            return
        if fault.number is None:
            self._faults.add(fault.problem, table.sheet.name)
            return
        row = rows[fault.number - 1].row
        if fault.field is None:
            self._faults.add(fault.problem, table.sheet.name, row)
        elif fault.field in table.columns:
            self._faults.add(fault.problem, table.sheet.name, row, table.columns[fault.field])


def _line(number: int, values: dict[str, Any]) -> DraftLine:
    time_from, time_to = values.get("range", (None, None))
    return DraftLine(
        row=number,
        provider=values.get("provider", ""),
        category=values.get("category", ""),
        items=values.get("items", ()),
        time_from=time_from,
        time_to=time_to,
    )


def _person(row: ReadRow, first_named: str, authorised_on: date) -> DraftPerson:
    values = row.values
    id_type = values.get("id_type", _OTHER_DOCUMENT)
    return DraftPerson(
        # A household of its own, so that persons without one do not meet in it.
        household=values.get("household", f"?{row.row}"),
        relation=values.get("relation", _NOT_A_RELATIVE),
        name=values.get("name", first_named or _ANYONE),
        id_type=id_type,
        id_number=normalise(id_type, values.get("id_number", "")),
        reason=values.get("reason", ""),
        document=values.get("document", ""),
        authorised_on=values.get("authorised_on", authorised_on),
        guardian=values.get("guardian"),
        scope=values.get("scope", ""),
        valid_until=values.get("valid_until"),
        document_file=values.get("document_file"),
    )
