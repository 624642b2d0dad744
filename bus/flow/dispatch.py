"""转交数据: an order becomes rows, and rows become further rows (R018).

Complete = no open row. A row under a leaf is owed an answer, a row under a node another Dispatch,
which replaces it by the rows below. The hub, every node on the way and the requester keep the same
rows from the same messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bus.errors import PendingError, RefusedError
from bus.flow.cut_off import row_closed, was_cut_off
from bus.flow.lifecycle import settle
from bus.flow.outcome import Send
from bus.flow.routing import Hop, Plan
from bus.flow.stopping import require_running
from bus.model.case import Case, CaseRole, QueryState, Row, RowState
from bus.model.messages import Dispatch, DispatchRow, Unserved
from bus.model.request import Request
from bus.wire.message import Message
from signer.directory.view import Directory
from signer.envelope.kinds import Kind
from signer.identity import HUB, Role

_UNDECIDED = (QueryState.SUBMITTED, QueryState.CANCELLING, QueryState.EXPIRED)
"""States in which a requester may not have heard the hub's decision."""


def dispatch_of(plans: Sequence[tuple[int, Plan, Sequence[bytes]]]) -> Dispatch:
    """Return the Dispatch that tells what parts were turned into.

    Args:
        plans: For each part its number, its plan, and the chain digest of each hop's endorsement.
    """
    rows: list[DispatchRow] = []
    unserved: list[Unserved] = []
    for part, plan, chains in plans:
        for hop, chain in zip(plan.hops, chains, strict=True):
            rows += _rows_of(part, hop, chain)
        unserved += [Unserved(part, resource, code) for resource, code in plan.unserved]
    return Dispatch(tuple(rows), tuple(unserved))


def _rows_of(part: int, hop: Hop, chain: bytes) -> list[DispatchRow]:
    due = {line.resource: line.due for line in hop.order.lines}
    for line in hop.order.lines:
        due[line.resource] = max(due[line.resource], line.due)
    rows = []
    for resource, instant in sorted(due.items()):
        row = DispatchRow(part, resource, hop.child, hop.leaf, instant, chain)
        term = hop.terms.get(resource)
        if term is not None and term.days is not None:
            row = replace(row, received=term.received, days=term.days, provisional=term.provisional)
        rows.append(row)
    return rows


def dispatch_messages(
    dispatch: Dispatch,
    me: str,
    requester: str,
    directory: Directory,
    in_reply_to: bytes | None,
    order: bytes | None,
) -> tuple[Send, ...]:
    """Return the Dispatch for the requester, and for the hub where the way there does not pass it.

    Both are readable by our ancestors, who keep account of what was made of their orders. The one
    for the hub comes first: a centre between us takes it before the requester can have everything.
    Where we are the requester ourselves it goes to the hub alone.
    """
    ends = [] if requester == me else [requester]
    if stays_below_hub(directory, me, requester):
        ends.insert(0, HUB)
    above = directory.path_up(me)[1:]
    return tuple(
        Send(
            Kind.DISPATCH,
            end,
            dispatch,
            tuple(dict.fromkeys((end, *above))),
            in_reply_to=in_reply_to,
            order=order,
        )
        for end in ends
    )


def stays_below_hub(directory: Directory, one: str, other: str) -> bool:
    """Whether the way between two participants does not pass the hub: they share a province."""
    return HUB not in (one, other) and below(directory, HUB, one) == below(directory, HUB, other)


def below(directory: Directory, me: str, participant: str) -> str | None:
    """Return which of our children a participant is or stands below, None where it is none."""
    path = directory.path_up(participant)
    return path[path.index(me) - 1] if me in path[1:] else None


def accounts_for(message: Message, case: Case, directory: Directory) -> bool:
    """Whether a centre takes a Dispatch into its account, or only passes it on.

    Where there is one for the hub beside that for the requester, the former is taken: it alone
    passes every centre above its origin.
    """
    header = message.header
    return header.destination == HUB or not stays_below_hub(
        directory, header.source, case.requester
    )


def start_rows(case: Case, dispatch: Dispatch, now: datetime, *, redone: bool = False) -> Case:
    """Return the dispatching centre's own case with the rows it has just made.

    Args:
        case: The centre's case.
        dispatch: The rows.
        now: The present instant.
        redone: Whether our store was set back, so that these may have been made before.
    """
    made = tuple(replace(row, redone=redone) for row in _rows(dispatch, now))
    return settle(replace(case, rows=case.rows + made), now)


def open_provider_case(message: Message, requester: str, request: Request) -> Case:
    """Return a provider centre's case for a roster part that came under an order."""
    return Case(
        query=message.header.conversation,
        role=CaseRole.PROVIDER,
        requester=requester,
        state=QueryState.STARTED,
        opened=message.received,
        updated=message.received,
        application=None if message.order is None else message.order.application,
        request=request,
    )


def accept_dispatch(
    case: Case,
    source: str,
    order: bytes | None,
    dispatch: Dispatch,
    directory: Directory,
    now: datetime,
) -> Case:
    """Return the case after a Dispatch: the hub's first one, or a node's that replaces its rows.

    Args:
        case: The hub's, a node's or the requester's case.
        source: Who made the Dispatch.
        order: Chain digest of the order it answers; None from the hub.
        dispatch: The rows.
        directory: Who is whose child.
        now: The present instant.

    Raises:
        PendingError: `ROW_NOT_YET_KNOWN`, `DECISION_NOT_YET_KNOWN`: the Dispatch above it has not
            arrived, or the decision.
        RefusedError: `DISPATCH_SOURCE`, `DISPATCH_FOREIGN_CHILD`, `DISPATCH_ROW_TWICE`,
            `DISPATCH_TWICE`, `DISPATCH_INCOMPLETE`, `DISPATCH_LATER_THAN_ORDERED`, `ROW_CLOSED`,
            `QUERY_ENDED`.
    """
    if case.role is CaseRole.REQUESTER and case.decision is None and case.state in _UNDECIDED:
        raise PendingError(
            "DECISION_NOT_YET_KNOWN",
            "受理决定尚未到达",
            "the decision has not arrived yet",
            where=str(case.query),
        )
    require_running(case)
    _check_rows(case, source, dispatch, directory)
    if order is None:
        if source != HUB:
            raise _refused("DISPATCH_SOURCE", "只有部中心自行分发", "only the hub needs none", case)
        if case.rows:
            raise _refused("DISPATCH_TWICE", "该查询已有分发清单", "already dispatched", case)
        return settle(replace(case, rows=_rows(dispatch, now)), now)
    owed = _owed(case, source, order, dispatch)
    if not owed:
        raise PendingError(
            "ROW_NOT_YET_KNOWN",
            "上级分发清单尚未到达",
            "the Dispatch above it has not arrived yet",
            where=str(case.query),
        )
    if any(was_cut_off(row) for row in owed):
        raise row_closed(case)
    if all(row.state is not RowState.OPEN for row in owed):
        raise _refused("DISPATCH_TWICE", "该指令已分发", "that order was already dispatched", case)
    _check_covers(case, owed, dispatch)
    replaced = tuple(
        replace(row, state=RowState.DISPATCHED, closed=now) if row in owed else row
        for row in case.rows
    )
    made = tuple(_counted_above(row, owed) for row in _rows(dispatch, now))
    return settle(replace(case, rows=replaced + made), now)


def _counted_above(row: Row, owed: Sequence[Row]) -> Row:
    """Return a row with the term of the order it was made from, where that set its date."""
    for above in owed:
        same = (above.part, above.resource, above.due) == (row.part, row.resource, row.due)
        if row.days is None and same:
            return replace(
                row, received=above.received, days=above.days, provisional=above.provisional
            )
    return row


def _owed(case: Case, source: str, order: bytes, dispatch: Dispatch) -> list[Row]:
    """Return the rows that a node's Dispatch answers.

    Where our store was set back, the node names the order of the first time, which is no longer
    in our books: then those of our rows are meant that we made anew for the same.
    """
    rows = [row for row in case.rows if row.holder == source and not row.leaf]
    named = [row for row in rows if row.order == order]
    if named:
        return named
    made = _made(dispatch)
    again = [row for row in rows if row.redone and row.state is RowState.OPEN]
    return [row for row in again if (row.part, row.resource) in made]


def _check_rows(case: Case, source: str, dispatch: Dispatch, directory: Directory) -> None:
    """Refuse rows that make somebody owe who is not the source's to ask (R018)."""
    for row in dispatch.rows:
        child = directory.get(row.child)
        # One that has left the directory since is unknown here; its row stays open and is seen.
        known = child is not None and child.parent == source
        if child is not None and not (known and (child.role is Role.ADAPTER) == row.leaf):
            raise _refused(
                "DISPATCH_FOREIGN_CHILD", "分发给了非下属单位", "a row names no child of it", case
            )
    names = [(row.part, row.resource, row.child) for row in dispatch.rows]
    if len(set(names)) != len(names):
        raise _refused("DISPATCH_ROW_TWICE", "分发清单有重复行", "a row stands twice", case)


def _check_covers(case: Case, owed: Sequence[Row], dispatch: Dispatch) -> None:
    due = {(row.part, row.resource): row.due for row in owed}
    if _made(dispatch) != set(due):
        raise _refused(
            "DISPATCH_INCOMPLETE", "分发清单与指令不符", "it does not cover the order", case
        )
    if any(row.due > due[row.part, row.resource] for row in dispatch.rows):
        raise _refused(
            "DISPATCH_LATER_THAN_ORDERED", "期限晚于上级指令", "due later than ordered", case
        )


def _made(dispatch: Dispatch) -> set[tuple[int, str]]:
    """Return the parts and resources that a Dispatch tells of."""
    made = {(row.part, row.resource) for row in dispatch.rows}
    return made | {(row.part, row.resource) for row in dispatch.unserved}


def _rows(dispatch: Dispatch, now: datetime) -> tuple[Row, ...]:
    owed = tuple(
        Row(
            *(r.part, r.resource, r.child, r.leaf, r.due, r.order),
            received=r.received,
            days=r.days,
            provisional=r.provisional,
        )
        for r in dispatch.rows
    )
    unserved = tuple(
        Row(
            part=u.part,
            resource=u.resource,
            holder="",
            leaf=True,
            due=now,
            order=b"",
            state=RowState.UNSERVED,
            closed=now,
            code=u.code,
        )
        for u in dispatch.unserved
    )
    return owed + unserved


def _refused(code: str, zh: str, en: str, case: Case) -> RefusedError:
    return RefusedError(code, zh, en, where=str(case.query))
