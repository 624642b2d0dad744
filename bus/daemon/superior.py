"""What a province does with the applications of its cities and counties: assents or not (R006).

It keeps Application, Roster and Consent, which are sealed to it too, and passes nothing on until it
has assented. Then its Assent goes up, and behind it everything as it came.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from bus.daemon.reviewer import judged
from bus.daemon.work import Work, open_stored
from bus.errors import InputError
from bus.flow import collecting, levels, reissue, review
from bus.flow.levels import AssentPolicy
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState
from bus.model.messages import Decision, Finding
from bus.model.request import Application
from bus.wire.message import Message
from signer.envelope.kinds import Kind

KEPT = (Kind.ROSTER, Kind.CONSENT, Kind.APPLICATION)
"""What an application is made of."""


async def collect(work: Work, message: Message, policy: AssentPolicy) -> None:
    """Take an Application, Roster or Consent from below; when all are here, perhaps assent.

    Raises:
        RefusedError: It may not stand here.
    """
    case = await work.case(message.header.conversation, CaseRole.SUPERIOR)
    case = collecting.collect(case, message, CaseRole.SUPERIOR)
    work.keep(message)
    if isinstance(message.body, Application):
        digest = message.digest.hex()
        work.note(case.query, Event.APPLICATION_RECEIVED, case.requester, application=digest)
    if case.state is not QueryState.SUBMITTED or not collecting.all_here(case):
        work.save(case)
        return
    case = review.open_review(case, await judged(work, case), work.now)
    work.save(case)
    work.note(case.query, Event.REVIEW_OPENED, findings=len(case.findings))
    if not case.findings and policy.automatic(case.requester, work.office.directory):
        await decide(work, case, assent=True, reasons=(), by=review.BY_POLICY)


async def note_return(work: Work, message: Message) -> None:
    """Follow a Decision of the hub that returns what we assented to, before it is passed on (R067).

    Any other decision is between the hub and the requester, and sealed to it.

    Raises:
        RefusedError: It does not fit what we assented to.
    """
    case = await work.case(message.header.conversation, CaseRole.SUPERIOR)
    match message.body:
        case Decision(reissue=(_, *_)) as decision if case is not None:
            case = reissue.follow_return(case, decision, work.now)
            work.save(case)
            work.note(
                case.query,
                Event.APPLICATION_RETURNED,
                message.header.source,
                persons=len(decision.reissue),
                codes=" ".join(dict.fromkeys(finding.code for finding in decision.findings)),
            )


async def pass_withdrawal(work: Work, message: Message) -> None:
    """Pass a withdrawal from below on to the hub; what we have not assented to goes up no more.

    An application that we refused never came to the hub: its requester hears of the refusal.

    Raises:
        RefusedError: It is another's query.
    """
    header = message.header
    case = await work.case(header.conversation, CaseRole.SUPERIOR)
    after = levels.withdrawn(case, header.conversation, header.source, work.now)
    work.save(after)
    if after.state is not QueryState.REFUSED:
        await work.relay(message)


async def decide(
    work: Work, case: Case, *, assent: bool, reasons: tuple[Finding, ...], by: str
) -> Case:
    """Assent to an application, which then goes up, or refuse it, which ends it.

    Raises:
        InputError: `APPLICATION_EXPIRED`: it waited longer than its messages live.
        RefusedError: `ILLEGAL_STATE` when it is not under review.
    """
    case, sends = levels.decide(case, assent, reasons, by, work.now)
    for send in sends:
        await work.send(case.query, send)
    if assent:
        await _pass_on(work, case)
    work.note(
        case.query,
        Event.APPLICATION_ASSENTED,
        work.office.me if by == review.BY_POLICY else f"operator:{by}",
        assented=int(assent),
        application=(case.application or b"").hex(),
        codes=" ".join(reason.code for reason in reasons),
    )
    work.save(case)
    return case


async def find(work: Work, query: UUID) -> Case:
    """Return the province's case of a query.

    Raises:
        InputError: `QUERY_UNKNOWN`.
    """
    case = await work.case(query, CaseRole.SUPERIOR)
    if case is None:
        raise InputError("QUERY_UNKNOWN", "没有此查询", "no such query", where=str(query))
    return case


async def _pass_on(work: Work, case: Case) -> None:
    """Relay everything of the application, in the order in which it came."""
    listed = {part.digest for part in case.parts} | {case.application}
    for kind in KEPT:
        for stored in await work.stored(case.query, kind):
            if stored.digest in listed:
                message = await asyncio.to_thread(open_stored, work.office, stored)
                if work.now >= message.header.expires:
                    raise _expired(case)
                await work.relay(message)


def _expired(case: Case) -> InputError:
    return InputError(
        "APPLICATION_EXPIRED",
        "该申请已超过消息有效期，不能再上报",
        "the application has outlived its messages and cannot go up any more",
        remedy_zh="请以理由代码拒绝，由申请方重新提交",
        remedy_en="Refuse it with a reason; the requester submits it anew",
        where=str(case.query),
    )
