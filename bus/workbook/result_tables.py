"""The result as tables of text, before they become sheets.

Every value is written as the text an operator should see: money with two decimals, dates
YYYY-MM-DD, instants in Asia/Shanghai, codes by their Chinese names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from bus.model.case import STATE_ZH
from bus.model.messages import OutcomeKind
from bus.model.result import (
    ResultAnswer,
    ResultItem,
    ResultLine,
    ResultView,
    Value,
)
from bus.rules.provider import ProviderError, provider_title
from bus.rules.time_range import format_range
from schemas import codes

OVERVIEW = "概况"
SUMMARY = "汇总"
OUTCOMES = "人员结果"

OUTCOME_ZH = {
    OutcomeKind.FOUND: "查得",
    OutcomeKind.NOT_FOUND: "未查得",
    OutcomeKind.NOT_ANSWERABLE: "无法答复",
}
NOT_ASKED = "AUTHORISATION_INCOMPLETE"
"""Why a person of the list was not asked about (R067)."""

NOT_ASKED_ZH = "授权不齐全"
_CHINA = timezone(timedelta(hours=8))
_CENT = Decimal("0.01")


@dataclass(slots=True)
class Tally:
    """What one provider answered on one resource, over all parts and fragments."""

    provider_title: str
    asked: int = 0
    outcomes: dict[OutcomeKind, int] = field(default_factory=lambda: dict.fromkeys(OutcomeKind, 0))
    records: int = 0
    as_of: list[datetime] = field(default_factory=list)
    late: bool = False

    def add(self, answer: ResultAnswer) -> None:
        """Count one answer in."""
        self.asked += len(answer.outcomes)
        for outcome in answer.outcomes:
            self.outcomes[outcome.outcome] += 1
            self.records += len(outcome.records)
        self.as_of.append(answer.as_of)
        self.late = self.late or answer.late


def tallies(view: ResultView) -> dict[tuple[str, str], Tally]:
    """Return the tally of each (provider, resource), in the order of the view's answers."""
    found: dict[tuple[str, str], Tally] = {}
    for answer in view.answers:
        key = (answer.provider, answer.resource)
        found.setdefault(key, Tally(answer.provider_title)).add(answer)
    return found


def titles(view: ResultView) -> dict[str, str]:
    """Chinese names of the resources asked for; a resource of no line keeps its code."""
    return {line.resource: line.title for line in view.lines}


def resource_items(view: ResultView, resource: str) -> tuple[ResultItem, ...]:
    """Every item approved for a resource on any line, each once, in order of first mention."""
    lines = (line for line in view.lines if line.resource == resource)
    return tuple(dict.fromkeys(item for line in lines for item in line.items))


def text_of(value: Value) -> str:
    """Write a value: 是/否, two decimals at least, YYYY-MM-DD, `YYYY-MM-DD HH:MM:SS`."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case Decimal():
            exponent = value.as_tuple().exponent
            short = isinstance(exponent, int) and exponent > -2  # noqa: PLR2004 - two decimals
            return f"{value.quantize(_CENT) if short else value:f}"
        case datetime():
            return value.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def shown(item: ResultItem, value: Value) -> str:
    """Write a value of an item; a code of a table is written as its Chinese name."""
    table = codes.known_table(item.codes)
    return text_of(value) if table is None else zh_of(table, text_of(value))


def overview_rows(view: ResultView) -> Iterator[list[str]]:
    """项目, 内容: the query and its application; then one row for each line of the request."""
    facts = view.application
    yield ["项目", "内容"]
    account = view.account
    # At the top: who reads on must know that it is not everything yet.
    yield ["反馈情况", account.zh if account.complete else f"部分结果：{account.zh}"]
    yield ["查询编号", str(view.query)]
    yield ["查询状态", STATE_ZH[view.state]]
    yield ["申请单位", facts.requester]
    yield ["提交人", facts.operator]
    yield ["提交时间", text_of(facts.submitted)]
    yield ["审批机关", facts.authority]
    yield ["业务类别", facts.business_text]
    yield ["用途", facts.purpose]
    yield ["查询事项", facts.query_text]
    yield ["查询人数", str(facts.person_count)]
    yield ["申请日期", text_of(facts.applied_on)]
    if view.withdrawn:
        yield ["未查询人数", f"{len(view.withdrawn)}（{NOT_ASKED_ZH}）"]
    if view.rechecks is not None:
        yield ["复核的查询", str(view.rechecks)]
    for line in view.lines:
        yield [f"查询内容 {line.line}", _line_text(line)]


def summary_rows(view: ResultView) -> Iterator[list[str]]:
    """One row for each provider and resource that answered, then one for each thing unanswered."""
    names = titles(view)
    yield [
        *("信息提供方", "信息提供方编号", "信息资源", "状态", "询问", *OUTCOME_ZH.values()),
        *("记录数", "数据截至", "是否逾期", "反馈期限", "名单分册", "原因代码"),
    ]
    for (provider, resource), tally in tallies(view).items():
        yield [
            *(tally.provider_title, provider, names.get(resource, resource), "已反馈"),
            *(str(tally.asked), *(str(tally.outcomes[kind]) for kind in OUTCOME_ZH)),
            # Of several parts the oldest data decides what may be relied on.
            *(str(tally.records), text_of(min(tally.as_of)), text_of(tally.late), "", "", ""),
        ]
    for gap in view.gaps:
        state = "待反馈" if gap.code is None else "不能反馈"
        yield [
            *(gap.provider_title, gap.provider, names.get(gap.resource, gap.resource), state),
            *([""] * 7),
            *(text_of(gap.due), str(gap.part), gap.code or ""),
        ]


def outcome_rows(view: ResultView) -> Iterator[list[str]]:
    """One row for each person, line and provider; 附表序号 counts the items of 附表 from 1."""
    persons = {person.reference: person for person in view.persons}
    lines = {line.line: line for line in view.lines}
    yield [
        *("人员序号", "户编号", "与申请人关系", "姓名", "证件类型", "证件号码", "附表序号"),
        *("查询内容", "信息资源", "信息提供方", "结果", "原因代码", "记录数"),
    ]
    for answer in view.answers:
        for outcome in answer.outcomes:
            person, line = persons[outcome.reference], lines[outcome.line]
            yield [
                *(str(person.reference), person.household),
                *(zh_of(codes.relations(), person.relation), person.name),
                *(zh_of(codes.id_types(), person.id_type), person.id_number),
                *(str(line.row), str(line.line), line.title, answer.provider_title),
                *(OUTCOME_ZH[outcome.outcome], outcome.code or "", str(len(outcome.records))),
            ]
    for person in view.withdrawn:
        yield [
            *(str(person.reference), person.household),
            *(zh_of(codes.relations(), person.relation), person.name),
            *(zh_of(codes.id_types(), person.id_type), person.id_number),
            *("", "", "", "", f"未查询：{NOT_ASKED_ZH}", NOT_ASKED, ""),
        ]


def record_rows(view: ResultView, resource: str) -> Iterator[list[str]]:
    """One row for each record of a resource: whose, from whom, and every approved item."""
    persons = {person.reference: person for person in view.persons}
    lines = {line.line: line for line in view.lines}
    items = resource_items(view, resource)
    yield [
        *("人员序号", "被查询人", "被查询人证件号码", "查询内容", "信息提供方", "数据截至"),
        *("记录序号", *(item.zh for item in items)),
    ]
    for answer in view.answers:
        for outcome in answer.outcomes if answer.resource == resource else ():
            person, line = persons[outcome.reference], lines[outcome.line]
            for number, record in enumerate(outcome.records, 1):
                values = dict(zip(line.items, record, strict=True))
                yield [
                    *(str(person.reference), person.name, person.id_number, str(line.line)),
                    *(answer.provider_title, text_of(answer.as_of), str(number)),
                    *(shown(item, values.get(item)) for item in items),
                ]


def _line_text(line: ResultLine) -> str:
    try:
        provider = provider_title(line.provider)
    except ProviderError:
        provider = line.provider
    when = format_range(line.time_from, line.time_to) or "最新数据"
    wanted = "、".join(item.zh for item in line.items)
    return f"附表第 {line.row} 项；{provider}；{line.title}；{when}；{wanted}"


def zh_of(table: codes.CodeTable[codes.Row], code: str) -> str:
    """Return the Chinese name of a code, or the code where the table has none."""
    row = table.get(code)
    return code if row is None else row.zh
