"""The empty application workbook, and a filled one, after the official form."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.styleable import StyleableObject
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from bus.model.request import Draft
from bus.workbook.draft_text import form_texts, line_texts, person_texts
from bus.workbook.form import LABEL_TITLE, VALUE_TITLE
from bus.workbook.layout import (
    FORM_FIELDS,
    FORM_SHEET,
    LINE_FIELDS,
    LINES_SHEET,
    PERSON_FIELDS,
    PERSONS_SHEET,
    Field,
)
from bus.workbook.save import new_workbook, to_bytes

_TITLE = "居民家庭经济状况信息部省联网查询申请"
_FORM_NOTES = (
    "填写说明：一、三张工作表“申请”“附表”“名单”均须填写，标题带 * 的为必填。"
    "二、各填写单元格为文本格式，请勿改为数字，勿使用公式、合并单元格和隐藏行列。"
    "三、日期填 YYYY/MM/DD。四、不得改动列标题；列的先后次序可以调整。"
)
_LINE_NOTES = "附表：依据信息资源目录填写，每行一项查询；内容项以顿号（、）分隔，留空即全部。"
_PERSON_NOTES = "名单：每人一行，家庭全部成员均须取得本人或其监护人授权；证件号码须为文本。"

_HEADER_ROW = 2
_LINE_ROWS = 40
_PERSON_ROWS = 200
_TEXT = "@"
_THIN = Side(style="thin", color="BFBFBF")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEADER_FILL = PatternFill("solid", fgColor="D9E1F2")
_WRAP = Alignment(wrap_text=True, vertical="center")
_BOLD = Font(bold=True)
_STYLES: WeakKeyDictionary[Workbook, Any] = WeakKeyDictionary()
_CATALOGUE_SHEET = "资源目录"
_CATALOGUE_TITLES = ("内容类别", "信息资源", "内容项", "信息提供方", "时间范围", "反馈期限")


@dataclass(frozen=True, slots=True)
class Offer:
    """One catalogue resource as the template lists it, by its Chinese names.

    `providers`, `ranges` and `term` say who answers, for which time ranges, within which term.
    """

    category: str
    title: str
    items: tuple[str, ...]
    providers: str = ""
    ranges: str = ""
    term: str = ""


def template(catalogue: Sequence[Offer] = (), version: str = "") -> bytes:
    """Return an empty workbook.

    Args:
        catalogue: Resources to list on a fourth sheet 资源目录, which is for reading only.
        version: Which version of the catalogue they are of, as that sheet says it.
    """
    return to_bytes(_workbook(catalogue, version))


def fill(draft: Draft, catalogue: Sequence[Offer] = ()) -> bytes:
    """Return the workbook filled from a draft; `parse` of it yields the draft again.

    Args:
        draft: What to write. It need not be free of faults.
        catalogue: As for `template`.
    """
    workbook = _workbook(catalogue)
    form = form_texts(draft)
    for number, field in enumerate(FORM_FIELDS, _HEADER_ROW + 1):
        _put(workbook[FORM_SHEET], number, 2, form[field.key])
    _fill_table(workbook[LINES_SHEET], LINE_FIELDS, [line_texts(line) for line in draft.lines])
    _fill_table(
        workbook[PERSONS_SHEET], PERSON_FIELDS, [person_texts(person) for person in draft.persons]
    )
    return to_bytes(workbook)


def _workbook(catalogue: Sequence[Offer], version: str = "") -> Workbook:
    workbook = new_workbook()
    _lay_form(workbook.create_sheet(FORM_SHEET))
    _lay_table(workbook.create_sheet(LINES_SHEET), LINE_FIELDS, _LINE_NOTES, _LINE_ROWS)
    _lay_table(workbook.create_sheet(PERSONS_SHEET), PERSON_FIELDS, _PERSON_NOTES, _PERSON_ROWS)
    if catalogue:
        _lay_catalogue(workbook.create_sheet(_CATALOGUE_SHEET), catalogue, version)
    return workbook


def _lay_form(sheet: Any) -> None:
    _set_widths(sheet, (18, 56, 56))
    _note(sheet, f"{_TITLE}\n{_FORM_NOTES}", 3, 96)
    for column, title in enumerate((LABEL_TITLE, VALUE_TITLE, "说明"), 1):
        _head(sheet, column, title)
    for number, field in enumerate(FORM_FIELDS, _HEADER_ROW + 1):
        _put(sheet, number, 1, _marked(field)).font = _BOLD
        _put(sheet, number, 2, field.preset)
        _put(sheet, number, 3, field.hint)
        _offer(sheet, field, f"B{number}")
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"


def _lay_table(sheet: Any, fields: Sequence[Field], notes: str, rows: int) -> None:
    _note(sheet, notes, len(fields), 36)
    last = _HEADER_ROW + rows
    for column, field in enumerate(fields, 1):
        letter = get_column_letter(column)
        # The column's own format holds below the prepared rows too.
        sheet.column_dimensions[letter].width = field.width
        sheet.column_dimensions[letter].number_format = _TEXT
        _head(sheet, column, _marked(field)).comment = Comment(field.hint, "hedui-bus")
        for row in range(_HEADER_ROW + 1, last + 1):
            _put(sheet, row, column, "")
        _offer(sheet, field, f"{letter}{_HEADER_ROW + 1}:{letter}1048576")
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"


def _lay_catalogue(sheet: Any, catalogue: Sequence[Offer], version: str) -> None:
    _set_widths(sheet, (18, 28, 96, 28, 20, 16))
    named = f"资源目录（{version}）" if version else "资源目录"
    _note(sheet, f"{named}：仅供填写附表时查阅，不随申请提交。", len(_CATALOGUE_TITLES), 24)
    for column, title in enumerate(_CATALOGUE_TITLES, 1):
        _head(sheet, column, title)
    for row, offer in enumerate(catalogue, _HEADER_ROW + 1):
        texts = (
            offer.category,
            offer.title,
            "、".join(offer.items),
            offer.providers,
            offer.ranges,
            offer.term,
        )
        for column, text in enumerate(texts, 1):
            _put(sheet, row, column, text)
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"


def _fill_table(sheet: Any, fields: Sequence[Field], rows: Sequence[dict[str, str]]) -> None:
    for number, texts in enumerate(rows, 1):
        texts.setdefault("number", str(number))
        for column, field in enumerate(fields, 1):
            _put(sheet, _HEADER_ROW + number, column, texts[field.key])


def _marked(field: Field) -> str:
    return f"{field.title}*" if field.required else field.title


def _set_widths(sheet: Any, widths: Sequence[int]) -> None:
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def _note(sheet: Any, text: str, columns: int, height: int) -> None:
    cell = sheet.cell(1, 1, text)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=columns)
    sheet.row_dimensions[1].height = height


def _head(sheet: Any, column: int, title: str) -> Any:
    cell = sheet.cell(_HEADER_ROW, column, title)
    cell.font = _BOLD
    cell.fill = _HEADER_FILL
    cell.border = _BORDER
    cell.alignment = _WRAP
    return cell


def _put(sheet: Any, row: int, column: int, text: str) -> Any:
    """Write a text that can never be taken for a formula or a number."""
    cell = sheet.cell(row, column)
    cell._style = copy(_text_style(sheet.parent))  # noqa: SLF001 - see there
    if text:
        cell.value = text
        cell.data_type = "s"
    return cell


def _text_style(workbook: Workbook) -> Any:
    """Return what a cell for text looks like, made once for a workbook and copied to each cell.

    openpyxl looks each part of a style up by its hash; over all cells that takes most of the time.
    """
    style = _STYLES.get(workbook)
    if style is None:
        model: Any = StyleableObject(workbook.worksheets[0])
        model.number_format = _TEXT
        model.border = _BORDER
        model.alignment = _WRAP
        style = _STYLES[workbook] = model._style  # noqa: SLF001 - what openpyxl copies itself
    return style


def _offer(sheet: Any, field: Field, cells: str) -> None:
    """Attach the drop-down list and the note that shows when a cell is chosen."""
    listed = '"' + ",".join(field.offered) + '"' if field.offered else None
    rule = DataValidation(
        type="list" if listed else None,
        formula1=listed,
        allow_blank=True,
        showErrorMessage=field.strict and listed is not None,
        errorTitle=field.title if listed else None,
        error="请从下拉列表中选择" if listed else None,
        showInputMessage=True,
        promptTitle=field.title,
        prompt=field.hint,
    )
    rule.add(cells)
    sheet.add_data_validation(rule)
