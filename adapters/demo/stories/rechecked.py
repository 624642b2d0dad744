"""A person disputes a result; the re-check is a query of its own, what differs the asker's."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from adapters.demo.stories.stage import (
    FUND_2025,
    JIANGSU,
    JIANGSU_FUND,
    MARRIAGES,
    OPERATOR,
    PURPOSE,
    SHANDONG,
    Stage,
    at,
)
from bus.model.case import CaseRole, QueryState
from bus.model.difference import ResultDifference
from bus.rules.review_policy import ReviewPolicy
from signer.envelope.kinds import Kind
from signer.identity import HUB

ZH = "复核：被查询人对结果有异议，复核为一件新查询，差异只有申请方能看到"
EN = "Re-check: a person disputes the result; only the requester sees what differs"
BEGINS: datetime = at("2026-08-03")
POLICY = ReviewPolicy.AUTOMATIC

_REASON = "DISPUTED_BY_PERSON"
_WRONG, _RIGHT = "21600.00", "2160.00"


async def play(stage: Stage) -> None:
    """Play it: delivered, read, disputed, the source mended, asked again, compared."""
    draft = stage.draft((51,), (FUND_2025, MARRIAGES), "济南市历下区民政局")
    head, spouse, *_ = draft.persons
    stage.hold(JIANGSU_FUND, head, "8400.00")
    stage.hold(JIANGSU_FUND, spouse, _WRONG)
    first = await stage.submit(draft, "有异议的查询")
    stage.tell(
        SHANDONG,
        "提出查询申请：1 户 3 人；受理、反馈、签收均已完成",
        "applies about 1 household, 3 persons; accepted, answered and delivered",
        *("R019", "R029"),
        post=OPERATOR,
    )
    await stage.until(at("2026-08-05", 10))
    node = stage.country[SHANDONG]
    await node.service.result(first, OPERATOR, PURPOSE)
    stage.tell(
        SHANDONG,
        "为认定最低生活保障对象查阅结果（记入审计），告知当事人",
        "reads the result for the purpose applied for (audited), and tells the person",
        *("R033", "R035"),
        post=OPERATOR,
    )
    await stage.until(at("2026-08-06", 9))
    rows = stage.source(JIANGSU_FUND).rows
    place = ("housing-fund-account", spouse.id_number)
    rows[place] = [dict(row) | {"balance": Decimal(_RIGHT)} for row in rows[place]]
    stage.tell(
        JIANGSU_FUND,
        "当事人对公积金余额有异议；住房公积金中心核实，更正录入差错",
        "the person disputes the balance; the fund looks into it and mends a typing error",
        "R032",
    )
    made = await node.rechecks.recheck(first, OPERATOR, _REASON, persons=(1, 2))
    stage.account.queries[made.query] = "复核"
    await stage.settle()
    stage.tell(
        SHANDONG,
        "申请复核第 1、2 人，理由代码 DISPUTED_BY_PERSON；复核引用原查询，重新审查、下达、反馈",
        "asks for persons 1 and 2 again with reason DISPUTED_BY_PERSON; the re-check names the "
        "old query and is reviewed, ordered and answered anew",
        *("R032", "R025", "R029"),
        post=OPERATOR,
    )
    await stage.until(at("2026-08-07", 10))
    found = await node.rechecks.difference(made.query, OPERATOR, PURPOSE)
    stage.tell(
        SHANDONG,
        f"比较两次结果：{found.compared} 项反馈中 {len(found.differences)} 项不同，为公积金余额；"
        "原查询与复核均留存",
        f"compares the two: of {found.compared} answers {len(found.differences)} differs, in the "
        "fund's balance; both queries stay on file",
        *("R032", "R035"),
        post=OPERATOR,
    )
    await stage.conclude()
    await _check(stage, (first, made.query), found)


async def _check(stage: Stage, queries: tuple[UUID, UUID], found: ResultDifference) -> None:
    first, second = queries
    case = await stage.case(SHANDONG, second, CaseRole.REQUESTER)
    named = None if case is None else case.rechecks
    stage.check(
        "复核是一件新查询，引用原查询，两件均已签收",
        "the re-check is a query of its own that names the old one; both are delivered",
        passed=named is not None
        and UUID(bytes=named.query) == first
        and await stage.state(first) is QueryState.DELIVERED
        and await stage.state(second) is QueryState.DELIVERED,
    )
    items = [
        (change.item.name, str(change.before), str(change.after))
        for one in found.differences
        for record in one.records
        for change in record.items
    ]
    stage.account.facts["differences"] = [f"{name} {a} {b}" for name, a, b in items]
    stage.check(
        "差异仅为第 2 人的余额一项",
        "what differs is one item, the balance of person 2",
        passed=[(name, Decimal(a), Decimal(b)) for name, a, b in items]
        == [("balance", Decimal(_WRONG), Decimal(_RIGHT))]
        and [one.person.reference for one in found.differences] == [2],
        detail=[name for name, *_ in items],
    )
    readable = []
    for name in (HUB, JIANGSU):
        async with stage.country[name].store.transaction() as unit:
            kept = [m for query in queries for m in await unit.messages(query, Kind.ANSWER)]
        readable += [name for message in kept if message.secret is not None]
    stage.check(
        "部中心和江苏只批转、不能打开任何一次反馈，也就看不到差异",
        "hub and Jiangsu passed on what they cannot open, and so cannot see what differs",
        passed=not readable,
        detail=readable,
    )
