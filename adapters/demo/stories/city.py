"""A city asks by way of its province, which assents or not; what cities hold is asked of them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from adapters.demo.stories.stage import (
    CHONGQING,
    CHONGQING_FUND,
    JIANGSU,
    MARRIAGES,
    OPERATOR,
    SHANDONG,
    TAIZHOU,
    TAIZHOU_HOUSING,
    Stage,
    at,
)
from bus.model.case import CaseRole, QueryState
from bus.model.request import DraftLine
from bus.rules.review_policy import ReviewPolicy
from signer.identity import HUB

ZH = "市级查询：经省级同意上报；省级不同意的，部中心无从知晓"
EN = "A city's query goes up with its province's assent; one refused there never reaches the hub"
BEGINS: datetime = at("2026-04-28")
POLICY = ReviewPolicy.AUTOMATIC

SUPERIOR = "陈省核"
"""Who decides at the province."""

_REASON = "SCOPE_EXCESSIVE"
_YEAR = date(2025, 1, 1), date(2025, 12, 31)
_FUND = DraftLine(1, CHONGQING, "housing-fund", (), *_YEAR)
_HOUSING = DraftLine(1, JIANGSU, "housing-security", (), *_YEAR)


async def play(stage: Stage) -> None:
    """Play it: one assented to and delivered, one refused by the province, one asked downwards."""
    draft = stage.draft((11,), (_FUND, MARRIAGES), "泰州市民政局")
    stage.hold(CHONGQING_FUND, draft.persons[1], "9800.00")
    first = await stage.submit(draft, "经同意的市级申请", TAIZHOU)
    stage.tell(
        TAIZHOU,
        "提出查询申请：1 户 3 人，查重庆住房公积金和部中心婚姻登记",
        "applies about 1 household, 3 persons: Chongqing's housing fund, the hub's marriages",
        *("R019", "R006"),
        post=OPERATOR,
    )
    unknown_before = await stage.case(HUB, first, CaseRole.REVIEWER) is None
    stage.tell(
        JIANGSU,
        "申请到达省级，等待省级同意；此前不向部中心转报",
        "it waits at the province for its assent; until then nothing of it goes up",
        "R006",
    )
    await stage.until(at("2026-04-29", 10))
    await _assented(stage, first)
    await stage.until(at("2026-04-30", 9))
    draft = stage.draft((12, 13), (_FUND,), "泰州市民政局")
    second = await stage.submit(draft, "未获同意的市级申请", TAIZHOU)
    stage.tell(
        TAIZHOU,
        "另提出一件申请：2 户 6 人",
        "applies again, about 2 households, 6 persons",
        "R019",
        post=OPERATOR,
    )
    await stage.until(at("2026-05-06", 9, 30))
    await stage.country[JIANGSU].assents.refuse(second, SUPERIOR, _REASON)
    await stage.settle()
    stage.tell(
        JIANGSU,
        "不同意上报，理由代码 SCOPE_EXCESSIVE：查询内容超出业务所需；申请到此为止",
        "refuses it with reason SCOPE_EXCESSIVE; it ends here and never reaches the hub",
        *("R006", "R027"),
        post=SUPERIOR,
    )
    await stage.until(at("2026-05-07", 9))
    third = await _asked_downwards(stage)
    await stage.conclude()
    await _check(stage, (first, second, third), unknown_before=unknown_before)


async def _assented(stage: Stage, query: UUID) -> None:
    assents = stage.country[JIANGSU].assents
    await assents.application(query, SUPERIOR)
    await assents.assent(query, SUPERIOR)
    await stage.settle()
    stage.tell(
        JIANGSU,
        "查阅后同意上报，签名的同意决定随申请送部中心",
        "reads it and assents; the signed assent goes up with the application",
        "R006",
        post=SUPERIOR,
    )
    stage.tell(
        HUB,
        "核对省级同意与申请相符，形式审查通过并受理，当日下达查询指令",
        "holds the assent against the application, passes its review, gives orders the same day",
        *("R006", "R025", "R028"),
    )
    stage.tell(
        TAIZHOU,
        "经部中心和江苏逐级收齐反馈并签收；反馈只有泰州能够打开",
        "has all answers by way of the hub and Jiangsu, which cannot open them, and receipts them",
        *("R018", "R029", "R034"),
    )


async def _asked_downwards(stage: Stage) -> UUID:
    draft = stage.draft((14,), (_HOUSING,), "济南市历下区民政局")
    query = await stage.submit(draft, "山东查江苏住房保障")
    stage.tell(
        SHANDONG,
        "查江苏的住房保障：住房保障由市县组织实施，省级没有数据",
        "asks Jiangsu about housing security, which is run by cities and counties",
        *("R019", "R054"),
        post=OPERATOR,
    )
    stage.tell(
        JIANGSU,
        "将指令逐级下达泰州，由泰州住房保障部门反馈；期限不晚于部中心所定",
        "passes the order down to Taizhou, whose housing bureau answers within the hub's term",
        *("R054", "R029"),
    )
    return query


async def _check(stage: Stage, queries: tuple[UUID, UUID, UUID], *, unknown_before: bool) -> None:
    first, second, third = queries
    reviewed = await stage.case(HUB, first, CaseRole.REVIEWER)
    assent = None if reviewed is None else reviewed.assent
    stage.check(
        "同意之前，部中心没有该申请；同意之后，案卷中有江苏的签名同意",
        "before the assent the hub had nothing; after it, Jiangsu's signed assent is on file",
        passed=unknown_before and assent is not None and assent.province == JIANGSU,
    )
    stage.check(
        "未获同意的申请在部中心没有任何记录，申请方已收到理由",
        "of the refused one the hub has no record, and the city has the reason",
        passed=await stage.case(HUB, second, CaseRole.REVIEWER) is None
        and await stage.state(second, TAIZHOU) is QueryState.REFUSED,
    )
    stage.check(
        "经同意的申请已签收",
        "the one assented to is delivered",
        passed=await stage.state(first, TAIZHOU) is QueryState.DELIVERED,
    )
    asked = await stage.case(SHANDONG, third, CaseRole.REQUESTER)
    rows = {} if asked is None else {row.holder: row for row in asked.rows}
    way = [holder for holder in (JIANGSU, TAIZHOU, TAIZHOU_HOUSING) if holder in rows]
    stage.account.facts["way"] = way
    stage.check(
        "指令经江苏、泰州逐级到达住房保障部门，期限逐级不放宽",
        "the order went by Jiangsu and Taizhou to the bureau, and no term was widened",
        passed=len(way) == len(rows)
        and sorted(way, key=lambda holder: rows[holder].due, reverse=True) == way,
        detail=[f"{holder} {rows[holder].due.isoformat()}" for holder in way],
    )
