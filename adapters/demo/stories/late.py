"""Two provinces are late: one gives notice and a new date is agreed, the other says nothing."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from adapters.demo.stories.stage import (
    CHONGQING_FUND,
    JIANGSU,
    JIANGSU_FUND,
    MARRIAGES,
    OPERATOR,
    SHANDONG,
    TITLES,
    Stage,
    at,
)
from bus.daemon.delay_service import Choice
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState, Row
from bus.model.request import NATIONWIDE, DraftLine
from bus.rules.review_policy import ReviewPolicy
from bus.rules.working_days import SHANGHAI
from signer.identity import HUB

ZH = "延期：一方说明客观原因并商定新期限，另一方逾期未说明，由部中心通知"
EN = "Late: one gives its cause and a new date is agreed; of the other the hub has to tell"
BEGINS: datetime = at("2026-09-28")
POLICY = ReviewPolicy.AUTOMATIC

HANDLER = "赵经办"
"""Who handles it in Jiangsu."""

_CAUSE = "SOURCE_DOWN"
_UNTIL = date(2026, 10, 14)
_EVERYWHERE = DraftLine(1, NATIONWIDE, "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31))


async def play(stage: Stage) -> None:
    """Play it: over the National Day, with a make-up working Saturday in the term."""
    for agency in (JIANGSU_FUND, CHONGQING_FUND):
        stage.country[agency].attended = False
    draft = stage.draft((41,), (_EVERYWHERE, MARRIAGES), "济南市历下区民政局")
    stage.hold(JIANGSU_FUND, draft.persons[0], "15200.00")
    stage.hold(CHONGQING_FUND, draft.persons[1], "3100.00")
    query = await stage.submit(draft, "国庆前的查询")
    stage.tell(
        SHANDONG,
        "提出查询申请：1 户 3 人，查全国住房公积金和部中心婚姻登记",
        "applies about 1 household, 3 persons: housing funds of 全国, the hub's marriages",
        *("R019", "R021"),
        post=OPERATOR,
    )
    due = (await _row(stage, query, CHONGQING_FUND)).due
    stage.account.facts["due"] = due.astimezone(SHANGHAI).isoformat()
    stage.tell(
        HUB,
        "受理并下达指令；反馈期限 5 个工作日：10 月 1 日至 7 日放假不计，10 月 10 日（星期六）调休"
        "上班计入，至 10 月 10 日止",
        "gives orders with a term of 5 working days: 1 to 7 October do not count, Saturday "
        "10 October, a make-up day, does; 10 October is the last",
        *("R028", "R029"),
    )
    await _agree(stage, query)
    await stage.until(due)
    stage.tell(
        HUB,
        "重庆逾期未反馈，也未说明原因：由部中心通知申请方与重庆，记为逾期；期满前已提醒",
        "Chongqing is overdue without a word: the hub tells requester and province, and records "
        "it; a warning had come before",
        *("R029", "R030"),
    )
    delayed = await _states(stage, query)
    await stage.until(at("2026-10-12", 11))
    stage.country[CHONGQING_FUND].attended = True
    await stage.until(at("2026-10-12", 12))
    stage.tell(CHONGQING_FUND, "终于反馈，标记为逾期", "answers at last, marked late", "R030")
    await stage.until(at("2026-10-14", 15))
    stage.country[JIANGSU_FUND].attended = True
    await stage.until(at("2026-10-14", 16))
    stage.tell(
        JIANGSU_FUND,
        "在商定的新期限内反馈，不算逾期",
        "answers within the agreed date, and is not late",
        *("R029", "R030"),
    )
    stage.tell(SHANDONG, "收齐并签收", "has everything and receipts it", "R029")
    await stage.conclude()
    await _check(stage, query, delayed)


async def _agree(stage: Stage, query: UUID) -> None:
    await stage.until(at("2026-09-30", 10))
    await stage.country[JIANGSU].delays.give_notice(query, Choice(), _CAUSE, _UNTIL, HANDLER)
    await stage.settle()
    stage.tell(
        JIANGSU,
        "通知：住房公积金系统停机，属客观原因，建议 10 月 14 日前反馈",
        "gives notice: the fund's system is down, an objective cause; proposes 14 October",
        "R030",
        post=HANDLER,
    )
    await stage.until(at("2026-09-30", 15))
    await stage.country[SHANDONG].delays.answer(query, Choice(), OPERATOR, agreed=True)
    await stage.settle()
    stage.tell(
        SHANDONG,
        "同意新期限；双方及部中心的案卷均记入，江苏的期限改为 10 月 14 日",
        "agrees; both sides and the hub record it, Jiangsu's date is now 14 October",
        "R030",
        post=OPERATOR,
    )


async def _row(stage: Stage, query: UUID, holder: str) -> Row:
    case = await stage.case(SHANDONG, query, CaseRole.REQUESTER)
    return next(row for row in (case.rows if case else ()) if row.holder == holder)


async def _states(stage: Stage, query: UUID) -> dict[str, QueryState | None]:
    """Return how the query stands at those who wait for Chongqing."""
    found: dict[str, Case | None] = {
        SHANDONG: await stage.case(SHANDONG, query, CaseRole.REQUESTER),
        HUB: await stage.case(HUB, query, CaseRole.REVIEWER),
        CHONGQING_FUND: await stage.case(CHONGQING_FUND, query, CaseRole.AGENCY),
    }
    return {name: None if case is None else case.state for name, case in found.items()}


async def _check(stage: Stage, query: UUID, delayed: dict[str, QueryState | None]) -> None:
    rows = {name: await _row(stage, query, name) for name in (JIANGSU_FUND, CHONGQING_FUND)}
    late = [name for name, row in rows.items() if row.late]
    stage.account.facts["late"] = late
    stage.account.facts["agreed"] = rows[JIANGSU_FUND].deadline.astimezone(SHANGHAI).isoformat()
    stage.check(
        "期限按工作日计算：国庆假期不计、调休上班日计入",
        "the term counts working days: the holidays do not count, the make-up day does",
        passed=rows[CHONGQING_FUND].due == at("2026-10-11", 0),
        detail=[rows[CHONGQING_FUND].due.astimezone(SHANGHAI).isoformat()],
    )
    stage.check(
        "期满时各方均为“延期”状态",
        "when the term had passed all stood at DELAYED",
        passed=set(delayed.values()) == {QueryState.DELAYED},
        detail=[f"{TITLES[name]} {state}" for name, state in delayed.items()],
    )
    stage.check(
        "江苏按商定期限反馈、不计逾期；重庆计为逾期，迟到的反馈照常送达",
        "Jiangsu kept the agreed date; Chongqing is late, and its answer is delivered all the same",
        passed=late == [CHONGQING_FUND]
        and rows[JIANGSU_FUND].deadline == at("2026-10-15", 0)
        and await stage.state(query) is QueryState.DELIVERED,
        detail=late,
    )
    events = next(c.events for c in stage.account.chains if c.participant == HUB)
    stage.check(
        "部中心的审计记有期满前提醒、逾期与延期通知",
        "the hub's audit has the warning before, the breach, and the notices",
        passed=all(
            events.get(event)
            for event in (Event.DEADLINE_NEAR, Event.DEADLINE_PASSED, Event.DELAY_NOTICED)
        ),
    )
