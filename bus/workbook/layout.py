"""The three sheets after the official form: one list of fields for the template and the reader.

申请 holds the form (R041-R048), 附表 the attached table (R049-R053), 名单 the persons with their
authorisations (R022, R067, R070). Columns are known by their titles, never by their position.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bus.rules.form import ADDRESSEE, DECLARED_SCOPE, LEGAL_BASIS
from bus.workbook import cells, choices
from bus.workbook.sheets import Cell
from schemas import codes

FORM_SHEET = "申请"
LINES_SHEET = "附表"
PERSONS_SHEET = "名单"
SHEETS = (FORM_SHEET, LINES_SHEET, PERSONS_SHEET)

PERSON_LIMIT = 25_000
"""Most persons a workbook may list."""


@dataclass(frozen=True, slots=True)
class Field:
    """A row of 申请 or a column of the two tables.

    Args:
        key: Name within the room.
        title: As written in the sheet.
        read: Makes the value of a cell, or None for a field that is for the eye only.
        hint: What to fill in, for the operator.
        required: Whether an empty cell is a fault.
        width: Column width in characters (tables only).
        offered: What the drop-down list offers.
        strict: Whether only what is offered may be typed in.
        preset: Value the template comes with.
        aliases: Other titles it is known by.
        later: Whether workbooks of earlier templates, which lack the column, are taken.
    """

    key: str
    title: str
    read: Callable[[Cell], Any] | None
    hint: str
    required: bool = True
    width: int = 16
    offered: tuple[str, ...] = ()
    strict: bool = True
    preset: str = ""
    aliases: tuple[str, ...] = ()
    later: bool = False


FORM_FIELDS = (
    Field("addressee", "受文单位", cells.plain_text, "已预填，无需修改", preset=ADDRESSEE),
    Field("legal_basis", "法律依据", cells.plain_text, "已预填，无需修改", preset=LEGAL_BASIS),
    Field("authority", "审批机关", cells.plain_text, "委托核对的审批机关全称"),
    Field(
        "business",
        "业务类别",
        choices.stated_business,
        "从下拉列表中选择",
        offered=choices.labels(codes.business()),
        aliases=("业务",),
    ),
    Field("purpose", "用途", cells.plain_text, "查询结果仅限用于此用途"),
    Field(
        "first_named",
        "首位被查询人",
        cells.name,
        "即“等 N 人”之前的姓名，与名单第 1 人一致",
        aliases=("首名被查询人",),
    ),
    Field("person_count", "查询人数", cells.count, "与名单人数一致", aliases=("人数",)),
    Field(
        "query_text",
        "查询事项",
        cells.plain_text,
        "概述查询哪些信息，明细见附表",
        aliases=("查询内容说明",),
    ),
    Field(
        "authorised",
        "授权声明",
        cells.flag,
        "审批机关已获得被查询人本人或其监护人书面授权，填“是”",
        offered=choices.YES_NO,
    ),
    Field("scope", "授权范围", cells.plain_text, "已预填，无需修改", preset=DECLARED_SCOPE),
    Field("list_submitted_on", "名单提交日期", cells.day, "YYYY/MM/DD，不晚于申请日期"),
    Field("contact_name", "联系人", cells.name, "经办联系人姓名"),
    Field("contact_phone", "联系电话", cells.phone, "手机号码或带区号的座机号码"),
    Field("applied_on", "申请日期", cells.day, "YYYY/MM/DD"),
)

LINE_FIELDS = (
    Field(
        "number",
        "序号",
        None,
        "第几项查询，自 1 起；仅供查看，结果中称附表序号",
        required=False,
        width=6,
    ),
    Field(
        "provider",
        "信息提供方",
        choices.provider,
        "必填。全国：所有能提供该类信息的单位；部中心：部收入认定中心；省份名称：该省",
        width=14,
        offered=choices.provider_labels(),
    ),
    Field(
        "category",
        "内容类别",
        choices.category,
        "必填。资源目录所列的类别，或其中一项资源的名称",
        width=22,
        offered=choices.labels(codes.categories()),
        strict=False,
    ),
    Field(
        "items",
        "内容项",
        cells.items,
        "以顿号（、）分隔，以资源目录所列为准；留空表示该类别全部内容项",
        required=False,
        width=44,
    ),
    Field(
        "range",
        "时间范围",
        cells.time_range,
        "某一天：YYYY/MM/DD；某一时间段：YYYY/MM/DD-YYYY/MM/DD；最新数据：留空",
        required=False,
        width=26,
    ),
)

PERSON_FIELDS = (
    Field(
        "household", "户编号", cells.label, "同一家庭填同一编号", width=12, aliases=("家庭编号",)
    ),
    Field(
        "relation",
        "与申请人关系",
        choices.one_of(codes.relations()),
        "从下拉列表中选择，申请人填“本人”",
        width=14,
        offered=choices.labels(codes.relations()),
    ),
    Field("name", "姓名", cells.name, "与证件一致", width=14),
    Field(
        "id_type",
        "证件类型",
        choices.one_of(codes.id_types()),
        "从下拉列表中选择",
        width=24,
        offered=choices.labels(codes.id_types()),
    ),
    Field("id_number", "证件号码", cells.id_number, "文本格式，不得存为数字", width=24),
    Field("reason", "申请原因", cells.plain_text, "申请救助的原因", width=24),
    Field(
        "document",
        "授权书编号",
        cells.plain_text,
        "书面授权书的编号，文本格式",
        width=20,
        aliases=("授权书",),
    ),
    Field("authorised_on", "授权日期", cells.day, "YYYY/MM/DD，不晚于申请日期", width=14),
    Field(
        "guardian",
        "监护人",
        cells.name,
        "由监护人授权的，填监护人姓名；本人授权的留空",
        required=False,
        width=14,
    ),
    Field(
        "document_file",
        "授权书文件",
        cells.plain_text,
        "随申请交存的授权书扫描件的文件名（PDF、JPEG 或 PNG）；不交存则留空",
        required=False,
        width=24,
        later=True,
    ),
    Field(
        "scope",
        "授权范围",
        cells.plain_text,
        f"授权书写明的范围，应为“{DECLARED_SCOPE}”；不登记则留空",
        required=False,
        width=20,
        later=True,
    ),
    Field(
        "valid_until",
        "有效期至",
        cells.day,
        "YYYY/MM/DD，授权有效的最后一天；无期限则留空",
        required=False,
        width=14,
        aliases=("授权有效期",),
        later=True,
    ),
)
