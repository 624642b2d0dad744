"""What is said when a query ends before its time, and to whom: to those below, to the requester.

Withdrawal (`cancel.py`) and orders that have run out (`expiry.py`) end a query by these messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bus.errors import RefusedError
from bus.flow.cut_off import WITHDRAWN, cut_off
from bus.flow.lifecycle import ENDED
from bus.flow.outcome import Send
from bus.model.cancellation import (
    Cancellation,
    CancellationReply,
    CancelledOrder,
    CancelledRow,
    Progress,
)
from bus.model.case import Case, CaseRole, QueryState, Row, RowState
from signer.directory.view import Directory
from signer.envelope.kinds import Kind
from signer.identity import HUB

CANCELLED = "CANCELLED"
"""Why a row was closed without an answer: the query was withdrawn."""

EXPIRED = "EXPIRED"
"""Why a row was closed without an answer: its order has run out."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The case after it was told to stop, and what is sent: to the children, to the requester."""

    case: Case
    sends: tuple[Send, ...] = ()


def require_running(case: Case) -> None:
    """Check that a query still takes orders, Dispatches and answers.

    A requester that gave up waiting for a decision takes them, once it has heard the decision.

    Raises:
        RefusedError: `QUERY_ENDED`: it was withdrawn or has run out; what comes is recorded only.
    """
    asked = case.role is CaseRole.REQUESTER
    undecided = asked and case.state is QueryState.EXPIRED and case.decision is None
    if case.state in ENDED and not undecided:
        raise RefusedError(
            "QUERY_ENDED",
            "该查询已撤销或过期，迟到的消息仅作记录",
            "the query was withdrawn or has run out; this is only recorded",
            where=str(case.query),
        )


def close_open(case: Case, code: str, now: datetime) -> Case:
    """Return the case with every open row closed without an answer, for a coded reason."""
    rows = tuple(
        replace(row, state=RowState.UNSERVED, closed=now, code=code)
        if row.state is RowState.OPEN
        else row
        for row in case.rows
    )
    return replace(case, rows=rows)


def pass_on(
    case: Case, me: str, cancellation: Cancellation, directory: Directory
) -> tuple[Send, ...]:
    """Return a Cancellation for each child that was given an order, naming its orders.

    One that has left cannot be told any more.

    Args:
        case: A centre's case; at an agency nobody is below.
        me: The centre.
        cancellation: What ended the query.
        directory: Who is whose child.
    """
    given: dict[str, set[CancelledOrder]] = {}
    for row in case.rows:
        if row.holder and directory.parent(row.holder) == me:
            given.setdefault(row.holder, set()).add(CancelledOrder(row.part, row.order))
    return tuple(
        telling(child, replace(cancellation, orders=_sorted(orders)), case.application)
        for child, orders in sorted(given.items())
        if cut_off(directory, child, me) != WITHDRAWN
    )


def telling(to: str, body: Cancellation, application: bytes | None) -> Send:
    """Return a Cancellation message."""
    return Send(Kind.CANCELLATION, to, body, (to,), in_reply_to=application)


def reply_message(
    case: Case,
    me: str,
    cancellation: Cancellation,
    directory: Directory,
    digest: bytes | None,
    now: datetime,
) -> Send:
    """Return our statement to the requester: what we had done by the time we were told to stop.

    The centres on its way read it, for they keep the same rows. Where we are the requester
    ourselves it goes to the hub.

    Args:
        case: Our case before it was told to stop.
        me: Who replies.
        cancellation: What ended the query.
        directory: Who is on the way.
        digest: Message digest of the Cancellation; None where the hub ends the query by itself.
        now: The present instant.
    """
    body = CancellationReply(
        ending=cancellation.ending,
        reason=cancellation.reason,
        started=bool(case.rows),
        rows=tuple(_told(case, row) for row in case.rows if _ordered(row)),
        at=now,
    )
    destination = HUB if case.requester == me else case.requester
    readers = dict.fromkeys((destination, *_on_the_way(me, destination, directory)))
    return Send(Kind.CANCELLATION_REPLY, destination, body, tuple(readers), in_reply_to=digest)


def _on_the_way(me: str, destination: str, directory: Directory) -> Iterable[str]:
    """Yield the centres that a reply passes on its way up, the one where it turns among them."""
    above = directory.path_up(destination)
    for centre in directory.path_up(me)[1:]:
        yield centre
        if centre in above:
            return


def _ordered(row: Row) -> bool:
    """Whether somebody was asked; what a node below made further rows of is told by those."""
    return bool(row.holder) and row.state is not RowState.DISPATCHED


def _told(case: Case, row: Row) -> CancelledRow:
    begun = case.role is not CaseRole.AGENCY or row.begun is not None
    progress = Progress.STOPPED if begun else Progress.NOT_STARTED
    answers: tuple[bytes, ...] = ()
    if row.state is RowState.ANSWERED:
        progress, answers = Progress.ANSWERED, tuple(f.digest for f in row.fragments)
    return CancelledRow(row.part, row.resource, row.holder, row.order, progress, answers)


def _sorted(orders: Iterable[CancelledOrder]) -> tuple[CancelledOrder, ...]:
    return tuple(sorted(orders, key=lambda one: (one.part, one.order)))


def has_ended(case: Case) -> bool:
    """Whether nothing more happens to a query: what comes is recorded only."""
    return case.state in (*ENDED, QueryState.DELIVERED, QueryState.REFUSED)
