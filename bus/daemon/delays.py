"""Delays at work: what is told about late rows is taken into every book that keeps them (R030)."""

from __future__ import annotations

from bus.daemon.provider import query_unknown
from bus.daemon.work import Work
from bus.errors import PendingError, RefusedError
from bus.flow.cut_off import WITHDRAWN, cut_off
from bus.flow.delay import accept_delay, concerns, delay_messages
from bus.model.audit import Event
from bus.model.case import Case, CaseRole
from bus.model.messages import Delay
from bus.wire.message import Message
from signer.identity import HUB

_ROLES = (CaseRole.REVIEWER, CaseRole.REQUESTER, CaseRole.PROVIDER, CaseRole.AGENCY)


async def take(work: Work, message: Message) -> None:
    """Take a Delay that arrived, at its destination or on its way.

    Raises:
        PendingError: What it stands on has not arrived yet.
        RefusedError: It may not stand here, or is not sealed to us although it concerns us.
    """
    header, me = message.header, work.office.me
    delay, directory = message.body, work.office.directory
    if not isinstance(delay, Delay):
        if await _must_read(work, message):
            raise RefusedError(
                "DELAY_UNREADABLE",
                "延期通知未对上级中心加密",
                "it is not sealed to the centres that keep account of it",
                where=str(header.conversation),
            )
        return
    cases = await _cases(work, message)
    if me != HUB and concerns(delay, directory, me) and _without(cases, CaseRole.PROVIDER):
        raise _order_missing(message)
    # A node that owes a Dispatch hears of it before it has made anything of its order.
    mine = bool(delay.rows) and all(row.holder == me for row in delay.rows)
    if not cases and "." in me:
        raise _order_missing(message)
    if not cases and not mine:
        raise query_unknown(work, message, "本方没有该查询", "we have no such query")
    _apply(work, cases, header.source, delay)


async def _must_read(work: Work, message: Message) -> bool:
    """Whether a Delay that is not sealed to us is about rows that we keep.

    What a city or county says as the requester about rows elsewhere passes the centres above it
    unread, also where they owe rows of the same query.
    """
    header, me = message.header, work.office.me
    if me == HUB:
        return True
    case = await work.case(header.conversation, CaseRole.PROVIDER)
    below = me in work.office.directory.path_up(header.source)[1:]
    return below and case is not None and header.source != case.requester


async def announce(work: Work, case: Case, delay: Delay, actor: str | None = None) -> None:
    """Tell everybody who keeps the rows, ourselves included.

    Args:
        work: The work at hand.
        case: Our case of the query.
        delay: What to tell.
        actor: The operator who says so; None: we ourselves.

    Raises:
        UnavailableError: Somebody cannot be reached now.
    """
    office = work.office
    for send in delay_messages(delay, office.me, case.requester, office.directory):
        # Who has left cannot be told any more.
        if cut_off(office.directory, send.destination, office.me) != WITHDRAWN:
            await work.send(case.query, send)
    found = [await work.case(case.query, role) for role in _ROLES]
    _apply(work, [one for one in found if one is not None], office.me, delay, actor)


def _apply(
    work: Work, cases: list[Case], source: str, delay: Delay, actor: str | None = None
) -> None:
    office = work.office
    for case in cases:
        told = accept_delay(case, source, delay, office.directory, office.me, work.now)
        if told is not case:
            work.save(told)
    if cases:
        until = None if delay.until is None else delay.until.isoformat()
        event = Event.DELAY_NOTICED if delay.agreed is None else Event.DELAY_ANSWERED
        agreed = None if delay.agreed is None else int(delay.agreed)
        work.note(
            cases[0].query,
            event,
            actor or source,
            rows=len(delay.rows),
            cause=delay.cause,
            until=until,
            agreed=agreed,
        )


def _order_missing(message: Message) -> PendingError:
    return PendingError(
        "ROW_NOT_YET_KNOWN",
        "对应的指令尚未到达",
        "the order it belongs to has not arrived yet",
        where=str(message.header.conversation),
    )


async def _cases(work: Work, message: Message) -> list[Case]:
    found = [await work.case(message.header.conversation, role) for role in _ROLES]
    return [case for case in found if case is not None]


def _without(cases: list[Case], role: CaseRole) -> bool:
    return all(case.role is not role for case in cases)
