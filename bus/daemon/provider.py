"""What a centre does as a provider: passes ordered parts on to those who answer, and answers back.

The hub uses the same dispatching for its own decision; a node acts under the hub's order.
"""

from __future__ import annotations

from collections.abc import Sequence

from bus.daemon.naming import sent_as
from bus.daemon.requester import deliver_if_complete, take_dispatch
from bus.daemon.work import Work
from bus.errors import PendingError, RefusedError
from bus.flow import delivery
from bus.flow.answer import accept_answer, check_readers
from bus.flow.dispatch import (
    accept_dispatch,
    accounts_for,
    dispatch_messages,
    dispatch_of,
    open_provider_case,
    start_rows,
)
from bus.flow.outcome import Forward
from bus.flow.routing import Plan, plan
from bus.model.audit import Event
from bus.model.case import Case, CaseRole
from bus.model.messages import Dispatch
from bus.model.request import RequestLine, Roster
from bus.wire.message import Message
from signer.envelope.format import Order

Dispatched = tuple[int, Plan, Sequence[bytes]]
"""A part's number, its plan, and the chain digest of each hop's endorsement."""


async def dispatch_parts(
    work: Work, rosters: Sequence[Message], application: bytes
) -> list[Dispatched]:
    """Endorse roster parts to every child that leads to an agency that must answer (R018)."""
    office = work.office
    done: list[Dispatched] = []
    plans: dict[tuple[tuple[RequestLine, ...], Order | None], Plan] = {}
    for message in rosters:
        if not isinstance(message.body, Roster):
            continue
        part, lines = message.body.part, message.body.request.lines
        # Parts of one query ask the same of the same.
        planned = plans.get((lines, message.order)) or plan(
            office.me,
            application,
            lines,
            message.order,
            office.directory,
            office.calendar,
            work.now,
            office.rules,
            message.body.request.business,
        )
        plans[lines, message.order] = planned
        chains = []
        for hop in planned.hops:
            sealed = await work.forward(message, Forward(hop.child, hop.order, add_reader=True))
            chains.append(sealed.chain)
            work.note(
                message.header.conversation,
                Event.ORDER_SENT,
                to=hop.child,
                part=part,
                order=sealed.chain.hex(),
            )
        done.append((part, planned, chains))
    return done


async def take_order(work: Work, message: Message) -> None:
    """Take a roster part that our parent ordered, pass it on, tell the requester what is owed."""
    order = message.order
    if order is None or not isinstance(message.body, Roster):
        raise RefusedError(
            "ORDER_MISSING", "缺少查询指令", "there is no order", where=message.header.kind
        )
    office, header = work.office, message.header
    case = await work.case(header.conversation, CaseRole.PROVIDER)
    if case is None:
        case = open_provider_case(message, header.source, message.body.request)
    work.note(
        case.query,
        Event.ORDER_RECEIVED,
        part=header.roster_part,
        order=message.chain.hex(),
        persons=header.subject_count,
    )
    dispatch = dispatch_of(await dispatch_parts(work, [message], order.application))
    sends = dispatch_messages(
        dispatch, office.me, case.requester, office.directory, message.digest, message.chain
    )
    sent = [await work.send(case.query, send) for send in sends]
    work.save(start_rows(case, dispatch, work.now, redone=office.set_back))
    if case.requester == office.me:
        own = await work.case(case.query, CaseRole.REQUESTER)
        if own is not None:
            named = sent_as(sent[0])
            own = await take_dispatch(work, own, office.me, message.chain, dispatch, named)
            await deliver_if_complete(work, own)


async def note_dispatch(work: Work, message: Message) -> None:
    """Keep account of what a node below us made of our order, before it is passed on.

    Raises:
        PendingError: Our own order is not in our books yet.
        RefusedError: It does not fit the order, or we cannot read it.
    """
    header = message.header
    if not isinstance(message.body, Dispatch):
        raise unreadable(message)
    case = await _case(work, message)
    directory = work.office.directory
    if not accounts_for(message, case, directory):
        return
    work.save(accept_dispatch(case, header.source, header.order, message.body, directory, work.now))
    work.note(case.query, Event.DISPATCH_RECEIVED, header.source, rows=len(message.body.rows))


def query_unknown(work: Work, message: Message, zh: str, en: str) -> RefusedError | PendingError:
    """Return the refusal of what belongs to a query that we do not know.

    Where our store was set back it waits instead: topics are read again side by side, so what
    follows may come before what it follows.
    """
    kind = PendingError if work.office.set_back else RefusedError
    return kind("QUERY_UNKNOWN", zh, en, where=str(message.header.conversation))


def unreadable(message: Message) -> RefusedError:
    """Return the refusal of a Dispatch that is not sealed to the centres it passes."""
    return RefusedError(
        "DISPATCH_UNREADABLE",
        "分发清单未对上级中心加密",
        "it is not sealed to the centres above",
        where=str(message.header.conversation),
    )


async def note_answer(work: Work, message: Message) -> None:
    """Keep account of an answer of an agency below us before it is passed on.

    Raises:
        PendingError: Its order is not in our books yet.
        RefusedError: `ANSWER_TWICE`.
    """
    header = message.header
    case = await _case(work, message)
    check_readers(case, message.opened.statements[0])
    work.save(accept_answer(case, header, message.digest, work.now))
    work.note(
        case.query,
        Event.ANSWER_PASSED,
        header.source,
        part=header.roster_part,
        resource=header.resource,
    )


async def pass_receipt(work: Work, message: Message) -> None:
    """Close, before the requester's receipt to the hub is passed on, what never passed us.

    Raises:
        PendingError: A Dispatch that must pass us has not.
    """
    case = await work.case(message.header.conversation, CaseRole.PROVIDER)
    if case is not None and case.requester == message.header.source:
        office = work.office
        work.save(delivery.pass_receipt(case, office.directory, office.me, work.now))


async def _case(work: Work, message: Message) -> Case:
    case = await work.case(message.header.conversation, CaseRole.PROVIDER)
    if case is None:
        raise PendingError(
            "ROW_NOT_YET_KNOWN",
            "对应的指令尚未到达",
            "the order it belongs to has not arrived yet",
            where=str(message.header.conversation),
        )
    return case
