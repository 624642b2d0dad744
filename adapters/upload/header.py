"""Which column of an uploaded table is which item? Decided from the first row alone.

A title is an item's Chinese name or its field name. The text of a title is never repeated: where
the header is missing, the first row is a person.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

from adapters.upload.report import Report, Weight
from bus.workbook.faults import Problem
from bus.workbook.stream import CellValue
from schemas.resources import Item, Resource

_SAME_TEMPLATE = "请用 hedui upload template 重新生成模板"


def read_header(
    titles: Sequence[CellValue], resource: Resource, not_held: Collection[str], report: Report
) -> list[Item | None]:
    """Return the item of each column; None for one without title. Faults go to the report.

    Args:
        titles: The cells of the first row.
        resource: What the table is of.
        not_held: Items that the department does not keep; every other one needs a column.
        report: Where faults are noted, all of them fatal.
    """
    known = {title: item for item in resource.items for title in (item.name, item.zh)}
    held = "、".join(item.zh for item in resource.items if item.name not in not_held)
    columns: list[Item | None] = []
    for at, title in enumerate(titles):
        text = _plain(title)
        item = known.get(text)
        if text and item is None:
            zh, en = f"{resource.zh}没有此内容项", f"no such item of {resource.name}"
            _fatal(report, Problem("COLUMN_UNKNOWN", zh, en, held), at)
        elif item is not None and item in columns:
            zh, en = f"内容项“{item.zh}”的列重复", f"the item {item.name} stands twice"
            _fatal(report, Problem("COLUMN_TWICE", zh, en), at)
        elif item is not None and item.name in not_held:
            zh = f"配置中 not_held 列明本部门不提供“{item.zh}”"
            en = f"the configuration says that {item.name} is not held"
            _fatal(report, Problem("COLUMN_NOT_HELD", zh, en, held), at)
        columns.append(item)
    for item in resource.items:
        if item not in columns and item.name not in not_held:
            # An item forgotten would be answered as having no value (R072).
            zh, en = f"缺少内容项“{item.zh}”的列", f"there is no column of {item.name}"
            report.add(Weight.FATAL, Problem("COLUMN_MISSING", zh, en, held), 1)
    return columns


def check_mark(mark: tuple[str, str] | None, resource: Resource, report: Report) -> None:
    """Compare what a template says of itself with the resource; a CSV file says nothing."""
    if mark is None:
        return
    name, schema = mark
    if name != resource.name:
        zh, en = "这是另一信息资源的模板", "this is the template of another resource"
        report.add(Weight.FATAL, Problem("TEMPLATE_OF_ANOTHER", zh, en, _SAME_TEMPLATE))
    elif schema != resource.schema.digest.hex():
        zh, en = "模板不是现行版本", "the template is not of the present version"
        report.add(Weight.FATAL, Problem("TEMPLATE_OLD", zh, en, _SAME_TEMPLATE))


def _plain(title: CellValue) -> str:
    return (
        unicodedata.normalize("NFKC", title).strip()
        if isinstance(title, str)
        else ("" if title is None else "?")
    )


def _fatal(report: Report, problem: Problem, column: int) -> None:
    report.add(Weight.FATAL, problem, 1, column)
