"""What an agency takes: orders for itself and their end, receipts, probes; nothing else.

The envelope has verified the chain of authority (requester → hub → node → me, orders only
narrowing). What is left to check before any lookup: that I was asked, for what I offer.
"""

from __future__ import annotations

from bus.catalog.routing import agencies
from bus.daemon import cancellation, delays
from bus.daemon.conformance import examinee
from bus.daemon.provider import query_unknown
from bus.daemon.reviewer import note_receipt
from bus.daemon.router import not_here, note_problem
from bus.daemon.work import Work
from bus.errors import RefusedError
from bus.flow.answer import take_order
from bus.flow.cut_off import check_source
from bus.flow.delivery import accept_receipt
from bus.model.audit import Event
from bus.model.cancellation import Cancellation
from bus.model.case import CaseRole
from bus.model.messages import Delay, Problem, Receipt
from bus.model.probe import Probe
from bus.model.request import Roster
from bus.wire.message import Message


class AgencyRouter:
    """Routes the messages of an adapter."""

    async def handle(self, work: Work, message: Message) -> None:
        """Handle one verified message, collecting its effects in `work`.

        Raises:
            PendingError: Its source is suspended, or an order it names has not come: it waits.
            RefusedError: It may not stand here in this state.
        """
        check_source(message.header, work.office.directory)
        match message.body:
            case Roster() as roster:
                await _order(work, message, roster)
            case Receipt() as receipt:
                await _receipt(work, message, receipt)
            case Cancellation() as cancelled:
                await cancellation.take(work, message, cancelled, CaseRole.AGENCY)
            case Delay():
                await delays.take(work, message)
            case Problem() as problem:
                note_problem(work, message, problem)
            case Probe() as probe:
                await examinee.take(work, message, probe)
            case _:
                raise not_here(message)


async def _order(work: Work, message: Message, roster: Roster) -> None:
    order, me = message.order, work.office.me
    if order is None:
        raise not_here(message)
    lines = {line.line: line for line in roster.request.lines}
    for ordered in order.lines:
        # R050-R051: the line's provider must cover me; R073: what is asked must be what I offer.
        mine = [a for a in agencies(work.office.directory, lines[ordered.line]) if a.id == me]
        if not mine:
            raise RefusedError(
                "PROVIDER_NOT_ASKED",
                "该事项未指定本机构反馈",
                "the request does not ask this agency for that line",
                where=f"line {ordered.line}",
            )
        if not set(ordered.items) <= set(mine[0].items):
            raise RefusedError(
                "ITEMS_NOT_OFFERED",
                "指令含本机构未提供的内容项",
                "the order names items this agency does not offer",
                where=f"line {ordered.line}",
            )
    case = await work.case(message.header.conversation, CaseRole.AGENCY)
    redone = work.office.set_back
    work.save(take_order(case, message, me, roster.request, order, redone=redone))
    work.note(
        message.header.conversation,
        Event.ORDER_RECEIVED,
        part=roster.part,
        order=message.chain.hex(),
        persons=len(roster.persons),
    )


async def _receipt(work: Work, message: Message, receipt: Receipt) -> None:
    case = await work.case(message.header.conversation, CaseRole.AGENCY)
    if case is None:
        raise query_unknown(
            work, message, "本机构没有反馈过该查询", "this agency never answered that query"
        )
    source = message.header.source
    case = accept_receipt(case, source, receipt, work.office.directory, work.now)
    work.save(case)
    note_receipt(work, case, source, receipt)
