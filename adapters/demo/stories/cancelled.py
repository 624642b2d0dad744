"""The requester withdraws: everybody stops, and says by signature what it had done by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from adapters.demo.stories.stage import (
    CHONGQING_FUND,
    JIANGSU_FUND,
    MARRIAGE,
    MARRIAGES,
    OPERATOR,
    PURPOSE,
    SHANDONG,
    TITLES,
    Stage,
    at,
)
from bus.daemon.work import open_stored
from bus.errors import InputError, UnavailableError
from bus.model.cancellation import CancellationReply, Progress
from bus.model.case import CaseRole, QueryState
from bus.model.request import NATIONWIDE, DraftLine
from bus.rules.review_policy import ReviewPolicy
from signer.envelope.kinds import Kind
from signer.identity import HUB

ZH = "撤销：被查询人撤回授权，各方立即停办并签名说明已办到哪一步"
EN = "Withdrawn: a person revokes the authorisation; everybody stops and signs how far it had come"
BEGINS: datetime = at("2026-03-16")
POLICY = ReviewPolicy.AUTOMATIC

_EVERYWHERE = DraftLine(1, NATIONWIDE, "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31))
_PROGRESS = {
    Progress.NOT_STARTED: ("尚未查询", "had looked nobody up"),
    Progress.STOPPED: ("已开始、未反馈，停办", "had begun and has stopped"),
    Progress.ANSWERED: ("撤销前已反馈", "had answered before"),
}


async def play(stage: Stage) -> None:
    """Play it: one withdrawn while some have answered and some not, one withdrawn under review."""
    stage.country[JIANGSU_FUND].attended = False
    stage.source(CHONGQING_FUND).fault = UnavailableError(
        "SOURCE_DOWN", "数据源停机", "the source is down", where=CHONGQING_FUND
    )
    draft = stage.draft((21,), (_EVERYWHERE, MARRIAGES), "济南市历下区民政局")
    first = await stage.submit(draft, "办理中撤销")
    stage.tell(
        SHANDONG,
        "提出查询申请：1 户 3 人，查全国住房公积金和部中心婚姻登记",
        "applies about 1 household, 3 persons: housing funds of 全国, the hub's marriages",
        *("R019", "R021"),
        post=OPERATOR,
    )
    stage.tell(HUB, "受理并下达查询指令", "accepts it and gives orders", "R025", "R028")
    stage.tell(MARRIAGE, "当日反馈", "answers the same day", "R029")
    stage.tell(JIANGSU_FUND, "收到指令，尚未开始", "has its order and has not begun", "R029")
    stage.tell(
        CHONGQING_FUND,
        "开始查询，数据源停机，未能反馈",
        "begins; its source is down, so there is no answer yet",
        "R029",
    )
    await stage.until(at("2026-03-18", 14))
    await stage.country[SHANDONG].withdrawing.withdraw(first, "CONSENT_REVOKED", OPERATOR)
    await stage.settle()
    stage.tell(
        SHANDONG,
        "撤销查询，理由代码 CONSENT_REVOKED：被查询人撤回授权",
        "withdraws it with reason CONSENT_REVOKED: a person has revoked the authorisation",
        "R031",
        post=OPERATOR,
    )
    stage.tell(
        HUB,
        "逐级通知停办；未结事项以 CANCELLED 结案",
        "has everybody stop, level by level; what is open is closed as CANCELLED",
        "R031",
    )
    said = await _statements(stage, first)
    for agency, progress in said.items():
        zh, en = _PROGRESS[progress]
        stage.tell(agency, f"签名回执：{zh}", f"replies by signature: it {en}", "R031")
    await stage.until(at("2026-03-19", 9))
    stage.country[JIANGSU_FUND].attended = True
    stage.source(CHONGQING_FUND).fault = None
    await stage.until(at("2026-03-20", 9))
    second = await _under_review(stage)
    closed = await _result_refused(stage, first)
    await stage.conclude()
    await _check(stage, second, said, closed=closed)


async def _under_review(stage: Stage) -> UUID:
    """Withdraw what the hub has not decided on; nobody below ever hears of it."""
    draft = stage.draft((22,), (_EVERYWHERE,), "济南市历下区民政局")
    applicant, spouse, *others = draft.persons
    twice = (applicant, replace(spouse, relation=applicant.relation), *others)
    query = await stage.submit(replace(draft, persons=twice), "审查中撤销")
    stage.tell(
        SHANDONG,
        "另提出一件申请，名单中一户有两名申请人，部中心人工审查",
        "applies again; one household lists two applicants, so the hub's reviewer must look",
        *("R019", "R025"),
        post=OPERATOR,
    )
    await stage.until(at("2026-03-20", 16))
    await stage.country[SHANDONG].withdrawing.withdraw(query, "APPLICATION_WRONG", OPERATOR)
    await stage.settle()
    stage.tell(
        SHANDONG,
        "发现名单有误，在部中心决定之前撤销；没有任何指令下达",
        "finds the list wrong and withdraws before the hub decides; no order was ever given",
        "R031",
        post=OPERATOR,
    )
    return query


async def _statements(stage: Stage, query: UUID) -> Mapping[str, Progress]:
    """Return what each agency has said of itself, as the requester keeps it."""
    desk = stage.country[SHANDONG]
    async with desk.store.transaction() as unit:
        kept = await unit.messages(query, Kind.CANCELLATION_REPLY)
    found: dict[str, Progress] = {}
    for stored in kept:
        body = open_stored(desk.office, stored).body
        if isinstance(body, CancellationReply) and "." in stored.source:
            found |= {row.holder: row.progress for row in body.rows}
    return {name: found[name] for name in sorted(found)}


async def _result_refused(stage: Stage, query: UUID) -> str:
    """Try to read what had been answered; returns the code it is refused with."""
    try:
        await stage.country[SHANDONG].service.result(query, OPERATOR, PURPOSE)
    except InputError as error:
        stage.tell(
            SHANDONG,
            "试图查阅已到的反馈，被系统拒绝：查询已撤销，结果不得使用",
            "tries to read what had been answered and is refused: a withdrawn query has no result",
            *("R031", "R033"),
            post=OPERATOR,
        )
        return error.code
    return ""


async def _check(stage: Stage, second: UUID, said: Mapping[str, Progress], *, closed: str) -> None:
    stage.account.facts["statements"] = [f"{name} {progress}" for name, progress in said.items()]
    stage.account.facts["result"] = closed
    expected = {
        MARRIAGE: Progress.ANSWERED,
        JIANGSU_FUND: Progress.NOT_STARTED,
        CHONGQING_FUND: Progress.STOPPED,
    }
    stage.check(
        "每家机构的签名回执与其实际进度相符",
        "each agency's signed statement says what it had really done",
        passed=said == expected,
        detail=[f"{TITLES[name]} {progress}" for name, progress in said.items()],
    )
    stage.check(
        "撤销之后无人再查：江苏住房公积金恢复办理后，没有查过任何人",
        "nobody is looked up any more: back at work, Jiangsu's fund has asked about nobody",
        passed=not stage.source(JIANGSU_FUND).asked,
    )
    stage.check(
        "撤销的查询没有结果可用",
        "a withdrawn query has no result to use",
        passed=closed == "RESULT_WITHDRAWN",
        detail=[closed],
    )
    below = [h.title for h in stage.account.holdings if h.query == second and h.role in _BELOW]
    stage.check(
        "审查中撤销的申请没有到达任何提供方",
        "what was withdrawn under review reached no provider",
        passed=not below and await stage.state(second) is QueryState.CANCELLED,
        detail=below,
    )


_BELOW = (CaseRole.PROVIDER, CaseRole.AGENCY)
