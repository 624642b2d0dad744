"""The hub refuses an application whose purpose the rules do not allow; mended, it goes through."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.demo.stories.stage import (
    FUND_2025,
    JIANGSU_FUND,
    MARRIAGES,
    OPERATOR,
    REVIEWER,
    SHANDONG,
    Stage,
    at,
)
from bus.model.case import CaseRole, QueryState
from bus.rules.review_policy import ReviewPolicy
from signer.identity import HUB

ZH = "拒绝受理：查询用途不符合规定，更正后重新申请"
EN = "Refused: the purpose is none the rules allow; a mended application goes through"
BEGINS: datetime = at("2026-03-02")
POLICY = ReviewPolicy.MANUAL

_REASON = "PURPOSE_NOT_ALLOWED"


async def play(stage: Stage) -> None:
    """Play it: submitted, read, refused, mended, accepted, delivered."""
    draft = stage.draft((1, 2), (FUND_2025, MARRIAGES), "济南市历下区民政局")
    stage.hold(JIANGSU_FUND, draft.persons[0], "21600.00")
    doubtful = replace(draft, purpose="企业招聘背景调查")
    first = await stage.submit(doubtful, "第一次申请")
    stage.tell(
        SHANDONG,
        "提交查询申请：2 户 6 人，用途写为“企业招聘背景调查”",
        "applies for 2 households, 6 persons; the purpose reads “background check for hiring”",
        *("R019", "R021"),
        post=OPERATOR,
    )
    stage.tell(
        HUB,
        "申请与名单、授权全部到齐，进入形式审查，等待人工决定",
        "application, list and authorisations are complete; formal review waits for a person",
        "R025",
    )
    await stage.until(at("2026-03-02", 15))
    review = stage.country[HUB].review
    await review.application(first, REVIEWER)
    stage.tell(
        HUB, "查阅申请（记入审计）", "reads the application (audited)", "R035", post=REVIEWER
    )
    await review.refuse(first, REVIEWER, _REASON)
    await stage.settle()
    stage.tell(
        HUB,
        "拒绝受理，理由代码 PURPOSE_NOT_ALLOWED：用途不在社会救助和住房保障等民生工作之内",
        "refuses it with reason PURPOSE_NOT_ALLOWED: the purpose is none the rules allow",
        *("R027", "R057"),
        post=REVIEWER,
    )
    stage.tell(
        SHANDONG,
        "收到拒绝决定及理由；没有任何指令下达，江苏与各机构不知有此申请",
        "gets the refusal with its reason; no order was given, nobody else ever heard of it",
        "R027",
    )
    untouched = not stage.source(JIANGSU_FUND).asked
    await stage.until(at("2026-03-03", 10))
    second = await stage.submit(replace(draft, applied_on=at("2026-03-03").date()), "更正后的申请")
    stage.tell(
        SHANDONG,
        "更正用途为“最低生活保障对象认定”，重新提交",
        "applies again; the purpose now reads “who is eligible for the minimum living allowance”",
        "R019",
        post=OPERATOR,
    )
    await review.accept(second, REVIEWER)
    await stage.settle()
    stage.tell(
        HUB,
        "形式审查通过，受理并于当日下达查询指令（期限为 2 个工作日内）",
        "passes the formal review; orders go out the same day (2 working days are allowed)",
        *("R025", "R028"),
        post=REVIEWER,
    )
    stage.tell(
        SHANDONG,
        "收齐江苏与部中心的反馈并签收",
        "has all answers of Jiangsu and of the hub, and receipts them",
        *("R018", "R029"),
    )
    await stage.conclude()
    await _check(stage, first, second, untouched=untouched)


async def _check(stage: Stage, first: UUID, second: UUID, *, untouched: bool) -> None:
    refused = await stage.case(SHANDONG, first, CaseRole.REQUESTER)
    codes = [] if refused is None else [finding.code for finding in refused.findings]
    stage.account.facts["reasons"] = codes
    stage.check(
        "申请方收到的拒绝理由代码与部中心选定的一致",
        "the requester has the very reason the hub chose",
        passed=codes == [_REASON] and refused is not None and refused.state is QueryState.REFUSED,
        detail=codes,
    )
    below = [
        holding.title
        for holding in stage.account.holdings
        if holding.query == first and holding.role in (CaseRole.PROVIDER, CaseRole.AGENCY)
    ]
    stage.check(
        "被拒绝的申请没有到达任何提供方，没有查过任何人",
        "the refused application reached no provider, and nobody was looked up",
        passed=untouched and not below,
        detail=below,
    )
    stage.check(
        "更正后的申请已签收",
        "the mended application is delivered",
        passed=await stage.state(second) is QueryState.DELIVERED,
    )
