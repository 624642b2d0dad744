"""撤销 and 过期: a query ends before its time, at everybody who has a part in it (R031).

What is said to whom, and what follows from it, stands in `bus.flow.cancel` and `bus.flow.expiry`;
here it is loaded, sent and noted.
"""

from __future__ import annotations

from collections import Counter

from bus.daemon.naming import digests_of, received
from bus.daemon.provider import query_unknown
from bus.daemon.requester import deliver_if_complete
from bus.daemon.work import Work
from bus.errors import PendingError, RefusedError
from bus.flow import cancel, expiry
from bus.flow.stopping import Stopped
from bus.model.audit import Event
from bus.model.cancellation import Cancellation, CancellationReply, Progress
from bus.model.case import Case, CaseRole
from bus.wire.message import Message


async def withdraw(work: Work, case: Case, reason: str, operator: str) -> Case:
    """Withdraw a query of ours: the hub is told, and answers.

    Raises:
        InputError: `REASON_UNKNOWN`, `WITHDRAWAL_TOO_LATE`.
        UnavailableError: The directory does not lead to the hub.
    """
    cancel.check_reason(reason)
    stopped = cancel.withdraw(case, reason, work.now)
    work.note(case.query, Event.QUERY_WITHDRAWN, f"operator:{operator}", reason=reason)
    work.save(stopped.case)
    # Apart, so that a proof can show it without the operator's name.
    messages = await _send(work, stopped)
    work.note(case.query, Event.CANCELLATION_SENT, messages=messages)
    return stopped.case


async def take(work: Work, message: Message, cancellation: Cancellation, role: CaseRole) -> None:
    """Take a Cancellation that is addressed to us.

    Args:
        work: The work at hand.
        message: The message: at the hub the requester's, else our parent's.
        cancellation: Its body.
        role: In which capacity we are told: REVIEWER, PROVIDER or AGENCY.

    Raises:
        PendingError: An order that it names has not arrived.
        RefusedError: It may not stand here.
    """
    header, office = message.header, work.office
    case = await work.case(header.conversation, role)
    if role is not CaseRole.REVIEWER:
        stopped = cancel.take_cancellation(
            case,
            office.me,
            header.source,
            cancellation,
            office.directory,
            message.digest,
            work.now,
        )
    elif case is None and office.set_back:
        raise query_unknown(work, message, "部中心没有受理过该查询", "the hub has no such query")
    else:
        stopped = cancel.take_withdrawal(
            case,
            header.conversation,
            header.source,
            cancellation,
            office.directory,
            message.digest,
            work.now,
        )
    if stopped is not None and (stopped.sends or stopped.case is not case):
        await _stopped(work, stopped, header.source)


async def note_reply(work: Work, message: Message, role: CaseRole) -> None:
    """Keep account of what somebody says that it had done, before it is passed on.

    Args:
        work: The work at hand.
        message: The message.
        role: REVIEWER at the hub, else PROVIDER.

    Raises:
        PendingError: What it stands on has not arrived.
        RefusedError: We cannot read it, or know no such query.
    """
    reply = _readable(message)
    case = await work.case(message.header.conversation, role)
    if case is None and role is CaseRole.PROVIDER:
        raise PendingError(
            "ROW_NOT_YET_KNOWN",
            "对应的指令尚未到达",
            "the order it belongs to has not arrived yet",
            where=str(message.header.conversation),
        )
    if case is None:
        raise query_unknown(work, message, "部中心没有受理过该查询", "the hub has no such query")
    work.save(
        cancel.accept_reply(case, message.header.source, reply, work.office.directory, work.now)
    )


async def take_reply(work: Work, message: Message) -> None:
    """Take, as the requester, what somebody says that it had done; end the query when it is over.

    Raises:
        PendingError: What it stands on has not arrived.
        RefusedError: We know no such query.
    """
    reply = _readable(message)
    case = await work.case(message.header.conversation, CaseRole.REQUESTER)
    if case is None:
        raise query_unknown(
            work, message, "本节点没有提出过该查询", "this node never submitted that query"
        )
    after = cancel.accept_reply(case, message.header.source, reply, work.office.directory, work.now)
    work.keep(message)
    work.save(after)
    work.note(
        case.query,
        Event.CANCELLATION_REPLIED,
        message.header.source,
        **_counts(reply),
        **received(message),
    )
    await deliver_if_complete(work, after)


async def expire_orders(work: Work, case: Case) -> Case:
    """End a query of the hub's whose orders have run out, at everybody.

    Args:
        work: The work at hand.
        case: The hub's case, for which `bus.flow.expiry.orders_ran_out` holds.

    Raises:
        RefusedError: `ORDERS_NOT_RUN_OUT`.
        UnavailableError: A child's message cannot be made now.
    """
    stopped = expiry.expire(case, work.office.directory, work.now)
    await _stopped(work, stopped, work.office.me)
    return stopped.case


def expire_application(work: Work, case: Case) -> Case:
    """End a query of ours that got no decision in time; the hub's decision wins if it comes yet.

    Args:
        work: The work at hand.
        case: The requester's case, for which `bus.flow.expiry.application_ran_out` holds.

    Raises:
        RefusedError: `APPLICATION_NOT_RUN_OUT`.
    """
    ended = expiry.expire_application(case, work.now)
    work.save(ended)
    work.note(case.query, Event.QUERY_ENDED, state=ended.state)
    return ended


async def _stopped(work: Work, stopped: Stopped, by: str) -> None:
    bodies = [send.body for send in stopped.sends]
    told: dict[str, int] = {}
    for body in bodies:
        if isinstance(body, CancellationReply):
            told = _counts(body)
    work.save(stopped.case)
    messages = await _send(work, stopped)
    state = stopped.case.state
    work.note(stopped.case.query, Event.QUERY_STOPPED, by, state=state, messages=messages, **told)


async def _send(work: Work, stopped: Stopped) -> str:
    sent = [await work.send(stopped.case.query, send) for send in stopped.sends]
    return digests_of(sent)


def _counts(reply: CancellationReply) -> dict[str, int]:
    counted = Counter(row.progress for row in reply.rows)
    return {progress.lower(): counted[progress] for progress in Progress}


def _readable(message: Message) -> CancellationReply:
    if isinstance(message.body, CancellationReply):
        return message.body
    raise RefusedError(
        "REPLY_UNREADABLE",
        "撤销回执未对途经中心加密",
        "it is not sealed to the centres it passes",
        where=str(message.header.conversation),
    )
