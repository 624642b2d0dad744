"""Tables of what an application says: form, lines, list, by the Chinese names of the codes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from bus.api.application import FormBody, MemberBody, RequestLineBody
from bus.cli.output import table
from bus.rules.provider import is_provider, provider_title
from schemas.codes import CodeTable, Row, business, id_types, relations
from schemas.resources import resources


def form_table(form: FormBody) -> Table:
    """Return the form (R041-R048)."""
    made = table("申请表 form", form.addressee)
    made.add_row("法律依据", form.legal_basis)
    made.add_row("审批机关 authority", form.authority)
    made.add_row("业务 business", _business(form))
    made.add_row("用途 purpose", form.purpose)
    made.add_row("被查询人 persons", f"{form.first_named}等 {form.person_count} 人")
    made.add_row("查询事项 query", form.query_text)
    made.add_row("授权声明 declaration", f"{'是' if form.authorised else '否'} {form.scope}")
    made.add_row("名单提交 list", f"{form.list_submitted_on}")
    made.add_row("联系人 contact", f"{form.contact_name} {form.contact_phone}")
    made.add_row("申请日期 date", f"{form.applied_on}")
    return made


def lines_table(lines: Sequence[RequestLineBody]) -> Table:
    """Return the lines of the request; 附表序号 counts the items of 附表 from 1."""
    made = table(
        "附表序号 item",
        "提供方 provider",
        "信息资源 resource",
        "内容项 items",
        "时间 range",
    )
    for line in lines:
        span = "最新 latest" if line.time_from is None else f"{line.time_from} - {line.time_to}"
        made.add_row(
            str(line.row), _provider(line.provider), line.resource_title, _items(line), span
        )
    return made


def members_table(members: Sequence[MemberBody]) -> Table:
    """Return the list with the authorisations, for a review by hand (R025, R026)."""
    made = table(
        "序号 no.",
        "户 household",
        "关系 relation",
        "姓名 name",
        "证件 document",
        "号码 number",
        "申请原因 reason",
        "授权书 consent",
        "授权日期 date",
        "监护人 guardian",
    )
    for member in members:
        made.add_row(
            str(member.reference),
            member.household,
            _zh(relations(), member.relation),
            member.name,
            _zh(id_types(), member.id_type),
            member.id_number,
            member.reason,
            member.document,
            f"{member.authorised_on}",
            member.guardian or "-",
        )
    return made


def _business(form: FormBody) -> str:
    category = _zh(business(), form.business)
    text = form.business_text
    return text if text == category else f"{text}（{category}）"


def _provider(code: str) -> str:
    return provider_title(code) if is_provider(code) else code


def _items(line: RequestLineBody) -> str:
    # A resource that a newer daemon knows may be unknown here; its items keep their names.
    resource = resources().get(line.resource)
    labels = {item.name: item.zh for item in resource.items} if resource else {}
    return "、".join(labels.get(name, name) for name in line.items)


def _zh(codes: CodeTable[Row], code: str) -> str:
    row = codes.get(code)
    return code if row is None else row.zh
