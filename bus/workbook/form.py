"""Reads the sheet 申请: a label in one column, its value in another (R041-R048)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bus.workbook.collect import Faults
from bus.workbook.faults import Problem
from bus.workbook.layout import FORM_FIELDS, Field
from bus.workbook.rows import read_cell
from bus.workbook.sheets import Cell, Kind, Sheet
from bus.workbook.table import bare_title, check_shape

LABEL_TITLE = "项目"
VALUE_TITLE = "填写内容"


@dataclass(frozen=True, slots=True)
class ReadForm:
    """The readable values by field key, and the row of each label found."""

    values: dict[str, Any]
    rows: dict[str, int]
    column: int


def read_form(sheet: Sheet, faults: Faults) -> ReadForm | None:
    """Read the form.

    Rows whose label is none of the form's and that have no value (notes, headings) are passed
    over; one with a value is a fault, since a misspelt label would lose it.

    Args:
        sheet: The sheet 申请.
        faults: Receives every fault with its place.

    Returns:
        What could be read, or None when the sheet has no header 项目 / 填写内容.
    """
    header = _header(sheet)
    if header is None:
        problem = Problem(
            "HEADER_MISSING",
            "找不到标题行",
            "the row of column titles is not found",
            f"标题行：{LABEL_TITLE}、{VALUE_TITLE}",
        )
        faults.add(problem, sheet.name)
        return None
    first, label_column, value_column = header
    check_shape(sheet, first, faults)
    fields = {
        bare_title(title): field for field in FORM_FIELDS for title in (field.title, *field.aliases)
    }
    form = ReadForm({}, {}, value_column)
    for row in sheet.rows:
        if row[0].row > first:
            by_column = {cell.column: cell for cell in row}
            _read_row(
                by_column.get(label_column),
                by_column.get(value_column),
                form,
                fields,
                sheet,
                faults,
            )
    for field in FORM_FIELDS:
        if field.key not in form.rows:
            problem = Problem(
                "FIELD_MISSING",
                f"缺少“{field.title}”一行",
                "a row of the form is missing",
                f"“{LABEL_TITLE}”列中的“{field.title}”",
            )
            faults.add(problem, sheet.name)
    return form


def _header(sheet: Sheet) -> tuple[int, int, int] | None:
    """The row of the header and the columns of labels and values."""
    for row in sheet.rows:
        titles = {bare_title(str(cell.value)): cell for cell in row if cell.kind is Kind.TEXT}
        if LABEL_TITLE in titles and VALUE_TITLE in titles:
            return row[0].row, titles[LABEL_TITLE].column, titles[VALUE_TITLE].column
    return None


def _read_row(
    label: Cell | None,
    value: Cell | None,
    form: ReadForm,
    fields: dict[str, Field],
    sheet: Sheet,
    faults: Faults,
) -> None:
    title = bare_title(str(label.value)) if label and label.kind is Kind.TEXT else ""
    field = fields.get(title)
    if field is None:
        if value is not None:
            problem = Problem(
                "FIELD_UNKNOWN",
                "所填内容没有对应的项目名称",
                "the value stands beside no label of the form",
                "、".join(field.title for field in FORM_FIELDS),
            )
            faults.add(problem, sheet.name, value.row, value.column)
        return
    if label is None:
        return
    if field.key in form.rows:
        problem = Problem("FIELD_TWICE", "项目重复", "the label stands twice", "每个项目一行")
        faults.add(problem, sheet.name, label.row, label.column)
        return
    form.rows[field.key] = label.row
    read = read_cell(value, field, (sheet.name, label.row, form.column), faults)
    if read is not None:
        form.values[field.key] = read
