"""The sheets of a list: one description for the writer and the reader.

查询函 says who asks, for what and by when; 名单 has a row for each person, and for each further
record of one; 代码表 holds what the drop-down lists offer. The columns after the persons are the
approved items and no other: what may not leave cannot be filled in (R052).

★ The identity items of a resource (name, ID type, ID number) have no columns of their own: who
searched by these and found somebody has found exactly these; a differing name is a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from adapters.template.readers import outcome, reason, reference, value_reader
from bus.workbook import cells
from bus.workbook.layout import Field
from schemas import codes
from schemas.resources import IDENTITY_ITEMS, Item, ItemKind, Resource

COVER_SHEET = "查询函"
LIST_SHEET = "名单"
CODES_SHEET = "代码表"
SHEETS = (COVER_SHEET, LIST_SHEET)

TASK_LABEL = "任务编号"
AS_OF_LABEL = "数据截至日期"
HANDLER_LABEL = "经办人"

FOUND, NOT_FOUND, NOT_ANSWERABLE = "查得", "未查得", "无法答复"

NUMBER = Field("number", "序号", reference, "与人员一一对应，请勿改动", required=False, width=6)
NAME = Field("name", "姓名", cells.plain_text, "请勿改动", required=False, width=14)
ID_TYPE = Field("id_type", "证件类型", cells.plain_text, "请勿改动", required=False, width=18)
ID_NUMBER = Field("id_number", "证件号码", cells.id_number, "请勿改动", required=False, width=24)
CAUSE = Field("cause", "申请原因", None, "仅供参考", required=False, width=18)
OUTCOME = Field(
    "outcome",
    "查询结果",
    outcome,
    f"{FOUND}：填写右侧内容项；{NOT_FOUND}：其余留空；{NOT_ANSWERABLE}：选择原因",
    required=False,
    width=12,
    offered=(FOUND, NOT_FOUND, NOT_ANSWERABLE),
)
REASON = Field(
    "reason", "无法答复原因", reason, f"仅在“{NOT_ANSWERABLE}”时选择", required=False, width=26
)

PERSON_FIELDS = (NUMBER, NAME, ID_TYPE, ID_NUMBER, CAUSE)
"""What stands there already, and is held against the order when the list comes back."""

_ITEM = "item:"

_HINTS: Mapping[ItemKind, str] = MappingProxyType(
    {
        ItemKind.TEXT: "文本",
        ItemKind.INTEGER: "整数",
        ItemKind.BOOLEAN: "是或否",
        ItemKind.DATE: "日期，如 2026-01-31",
        ItemKind.INSTANT: "日期时间，如 2026-01-31 09:30:00（文本）",
        ItemKind.MONEY: "金额（元），至多两位小数，不带单位和千分位",
        ItemKind.DECIMAL: "数值",
    }
)


def fields_of(resource: Resource, items: Sequence[str]) -> tuple[Field, ...]:
    """Return the columns of 名单 for the approved items of a resource, in their order there."""
    shown = [item for item in resource.items if item.name in set(items)]
    asked = [item for item in shown if item.name not in IDENTITY_ITEMS]
    fixed = (*PERSON_FIELDS, OUTCOME, REASON)
    taken = [field.title for field in fixed]
    columns = []
    for item in asked:
        title = _title(item)
        if title in taken:
            title = f"{title}[{item.name}]"
        taken.append(title)
        columns.append(_item_field(item, title))
    return (*fixed, *columns)


def item_of(resource: Resource, field: Field) -> Item | None:
    """Return the item that a column is for, or None for the others."""
    if not field.key.startswith(_ITEM):
        return None
    return resource.item(field.key.removeprefix(_ITEM))


def key_of(item: Item) -> str:
    """Return the key of an item's column."""
    return f"{_ITEM}{item.name}"


def _title(item: Item) -> str:
    return f"{item.zh}（元）" if item.kind is ItemKind.MONEY else item.zh


def _item_field(item: Item, title: str) -> Field:
    return Field(
        key_of(item),
        title,
        value_reader(item),
        _HINTS[item.kind],
        required=False,
        width=20,
        offered=_offered(item),
    )


def _offered(item: Item) -> tuple[str, ...]:
    if item.kind is ItemKind.BOOLEAN:
        return ("是", "否")
    table = codes.known_table(item.codes)
    return () if table is None else tuple(row.zh for row in table.values())
