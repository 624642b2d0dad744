"""The hub calls evidence up: produced in time and judged; overdue, it ends in a suspension."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from adapters.demo.stories.stage import (
    FUND_2025,
    MARRIAGES,
    OPERATOR,
    REVIEWER,
    SHANDONG,
    Stage,
    at,
)
from bus.errors import DefectError, UnavailableError
from bus.flow.evidence import EvidenceRules
from bus.model.evidence import EvidenceCall
from bus.rules.review_policy import ReviewPolicy
from bus.rules.working_days import SHANGHAI
from signer.directory.view import Standing
from signer.identity import HUB

ZH = "调阅：部中心抽查授权书，5 个工作日内报送；逾期未报的，直至暂停联网"
EN = "Evidence: authorisations are called up, due in 5 working days; overdue, it ends in suspension"
BEGINS: datetime = at("2026-06-15")
POLICY = ReviewPolicy.AUTOMATIC

_KIND = "authorisation"
_PAGES = 180_000
"""Numbers on a page of the invented scans: more than one chunk of a document."""


async def play(stage: Stage) -> None:
    """Play it: a call answered in two rounds, one never answered, suspension, and the way back."""
    stage.country[HUB].office.evidence = EvidenceRules(suspend_after=1)
    draft = stage.draft((31,), (FUND_2025, MARRIAGES), "济南市历下区民政局")
    query = await stage.submit(draft, "被调阅的查询")
    stage.tell(
        SHANDONG,
        "提出查询申请：1 户 3 人；受理、反馈、签收均已完成",
        "applies about 1 household, 3 persons; accepted, answered and delivered",
        *("R019", "R022", "R029"),
        post=OPERATOR,
    )
    first = await _call(stage, query, (1, 2), "SAMPLE")
    stage.tell(
        HUB,
        "抽查第 1、2 人的授权书，签发调阅通知，期限 5 个工作日（端午节假期不计）",
        "calls up the authorisations of persons 1 and 2, due in 5 working days (holidays excluded)",
        *("R024", "R026"),
        post=REVIEWER,
    )
    await stage.until(at("2026-06-17", 10))
    for person in (1, 2):
        await _archive(stage, query, person, scan=f"授权书扫描件 {person} ")
    await stage.country[SHANDONG].evidence.send(first, OPERATOR, again=False)
    await stage.until(at("2026-06-17", 16))
    stage.tell(
        SHANDONG,
        "将两份授权书归档并报送：清单签名，文件分块加密",
        "archives both and sends them: a signed manifest, the files in encrypted chunks",
        *("R023", "R024"),
        post=OPERATOR,
    )
    await stage.until(at("2026-06-18", 9))
    hub = stage.country[HUB].evidence
    await hub.judge(first, REVIEWER, None, ((1, _KIND),))
    await hub.judge(first, REVIEWER, "NOT_SIGNED", ((2, _KIND),))
    await stage.settle()
    stage.tell(
        HUB,
        "第 1 人的授权书通过；第 2 人的退回，理由代码 NOT_SIGNED：没有签名",
        "accepts that of person 1; sends back that of person 2 with code NOT_SIGNED",
        *("R024", "R026"),
        post=REVIEWER,
    )
    await stage.until(at("2026-06-22", 10))
    await _archive(stage, query, 2, scan="签名后的授权书扫描件 2 ")
    await stage.country[SHANDONG].evidence.send(first, OPERATOR, again=False)
    await stage.until(at("2026-06-22", 17))
    await hub.judge(first, REVIEWER, None, ())
    await stage.settle()
    stage.tell(
        SHANDONG,
        "补报第 2 人已签名的授权书，部中心审核通过，调阅办结",
        "sends the signed one of person 2; the hub accepts it and the call is closed",
        *("R023", "R024"),
        post=OPERATOR,
    )
    second = await _overdue(stage, query)
    await _back(stage, query, second)
    await stage.conclude()
    await _check(stage, first, second)


async def _overdue(stage: Stage, query: UUID) -> UUID:
    await stage.until(at("2026-06-23", 9))
    call = await _call(stage, query, (3,), "COMPLAINT")
    stage.tell(
        HUB,
        "接到投诉，再调阅第 3 人的授权书",
        "on a complaint calls up the authorisation of person 3",
        *("R024", "R026"),
        post=REVIEWER,
    )
    known = await _known(stage, call)
    await stage.until(known.due)
    due = known.due.astimezone(SHANGHAI)
    stage.account.facts["evidence_due"] = due.isoformat()
    stage.tell(
        HUB,
        f"期限于 {due:%m-%d} 零时届满，期满前一日已提醒；逾期未报，按规则暂停山东联网",
        f"it was due by {due:%m-%d} 00:00, with a warning the day before; overdue, "
        "Shandong is suspended",
        *("R024", "R007"),
    )
    try:
        draft = stage.draft((32,), (MARRIAGES,), "济南市历下区民政局")
        await stage.country[SHANDONG].service.submit(draft, OPERATOR)
    except UnavailableError as error:
        stage.account.facts["while_suspended"] = error.code
        stage.tell(
            SHANDONG,
            "暂停期间提出申请被拒绝",
            "an application is refused while it is suspended",
            "R007",
            post=OPERATOR,
        )
    return call


async def _back(stage: Stage, query: UUID, call: UUID) -> None:
    await stage.until(at("2026-07-02", 9))
    await stage.stand(SHANDONG, Standing.CONNECTED)
    await _archive(stage, query, 3, scan="授权书扫描件 3 ")
    await stage.country[SHANDONG].evidence.send(call, OPERATOR, again=False)
    await stage.until(at("2026-07-02", 17))
    await stage.country[HUB].evidence.judge(call, REVIEWER, None, ())
    await stage.settle()
    stage.tell(
        HUB,
        "恢复山东联网；山东补报的授权书审核通过，逾期记录保留",
        "resumes Shandong; what it sends at last is accepted, the record of the delay stays",
        *("R007", "R024"),
        post=REVIEWER,
    )


async def _call(stage: Stage, query: UUID, persons: tuple[int, ...], why: str) -> UUID:
    hub = stage.country[HUB].evidence
    call = await hub.request(query, persons, (_KIND,), why, REVIEWER)
    await stage.settle()
    return call.id


async def _archive(stage: Stage, query: UUID, person: int, *, scan: str) -> None:
    async def pages() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7\n"
        for page in range(4):
            yield scan.encode() + bytes([page]) * _PAGES

    node = stage.country[SHANDONG].evidence
    await node.add(query, person, _KIND, f"{person}.pdf", pages(), OPERATOR)


async def _known(stage: Stage, call: UUID, name: str = HUB) -> EvidenceCall:
    async with stage.country[name].store.transaction() as unit:
        found = await unit.call(call)
    if found is None:
        raise DefectError("EVIDENCE_CALL_UNKNOWN", "没有此调阅", "no such call", where=str(call))
    return found


async def _check(stage: Stage, first: UUID, second: UUID) -> None:
    calls = {
        name: (await _known(stage, first, name), await _known(stage, second, name))
        for name in (HUB, SHANDONG)
    }
    states = {
        name: [(item.person, str(item.state)) for call in found for item in call.items]
        for name, found in calls.items()
    }
    items = [f"{person} {state}" for person, state in states[HUB]]
    stage.account.facts["items"] = items
    stage.check(
        "三份授权书均已报送并审核通过，部中心与山东的记录一致",
        "all three authorisations were produced and accepted; hub and Shandong hold the same",
        passed=states[HUB] == states[SHANDONG] and {s for _, s in states[HUB]} == {"ACCEPTED"},
        detail=items,
    )
    # Each side notes when it knew: Shandong, suspended at once, only after its return.
    overdue = {name: [call.overdue is not None for call in found] for name, found in calls.items()}
    stage.check(
        "逾期如实记录，双方一致；按期的一件没有逾期记录",
        "what was overdue is on record on both sides, what was in time is not",
        passed=overdue[HUB] == overdue[SHANDONG] == [False, True],
        detail=[f"{name} {noted}" for name, noted in overdue.items()],
    )
    stage.check(
        "逾期即暂停，暂停期间不得申请",
        "it was suspended for it, and could not apply meanwhile",
        passed=stage.account.facts.get("while_suspended") == "PARTICIPANT_SUSPENDED",
    )
