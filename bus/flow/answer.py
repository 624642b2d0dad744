"""反馈结果: an agency takes an order, answers it, and the answer closes its row (R018, R029).

At the agency an order becomes open rows; a lookup closes them. At every centre the answer passes,
the same row closes: the first valid set of fragments is endorsed, later ones are recorded only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bus.errors import PendingError, RefusedError
from bus.flow.cut_off import row_closed, was_cut_off
from bus.flow.lifecycle import settle
from bus.flow.outcome import Send
from bus.flow.stopping import require_running
from bus.model.case import Case, CaseRole, Fragment, QueryState, Row, RowState
from bus.model.messages import Answer
from bus.model.request import Request
from bus.wire.message import Message
from signer.envelope.format import Header, Order, Statement
from signer.envelope.kinds import Kind

MAX_FRAGMENTS = 4096
"""Fragments of one answer, at most: a book that never ends is no answer."""


def take_order(
    case: Case | None,
    message: Message,
    me: str,
    request: Request,
    order: Order,
    *,
    redone: bool = False,
) -> Case:
    """Return the agency's case with a row for each resource of the order, open until looked up.

    Args:
        case: The agency's case of the query, or None for its first part.
        message: The roster part as received, authority chain verified.
        me: The agency.
        request: The request inside the roster part.
        order: The order addressed to us.
        redone: Whether our store was set back, so that we may have answered before.

    Raises:
        RefusedError: `REQUEST_DIFFERS`: another part of the query came with another request, or
            from another requester; answers would be sealed to the wrong readers (R034).
            `QUERY_ENDED`: the query was withdrawn or has run out.
    """
    if case is None:
        case = Case(
            query=message.header.conversation,
            role=CaseRole.AGENCY,
            requester=message.header.source,
            state=QueryState.STARTED,
            opened=message.received,
            updated=message.received,
            application=order.application,
            request=request,
        )
    if case.requester != message.header.source or case.request != request:
        raise _refused("REQUEST_DIFFERS", "各分册的查询要求不一致", "not the same request", case)
    part = message.header.roster_part or 0
    due: dict[str, datetime] = {}
    for line in order.lines:
        due[line.resource] = max(due.get(line.resource, line.due), line.due)
    rows = tuple(
        Row(part, resource, me, leaf=True, due=instant, order=message.chain, redone=redone)
        for resource, instant in sorted(due.items())
    )
    require_running(case)
    taken = replace(
        case,
        received=(*case.received, message.digest),
        rows=case.rows + rows,
        person_count=case.person_count + message.header.subject_count,
    )
    return settle(taken, message.received)


def begin_row(case: Case, row: Row, now: datetime) -> tuple[Case, Row]:
    """Return the agency's case and its row, marked as being looked up; the first time counts."""
    if row.begun is not None:
        return case, row
    begun = replace(row, begun=now)
    rows = tuple(begun if r == row else r for r in case.rows)
    return replace(case, rows=rows, updated=now), begun


def answer_message(
    case: Case, row: Row, roster: bytes, answer: Answer, fragment: int, last: bool
) -> Send:
    """Return the Answer message for a row, sealed to the request's readers and nobody else."""
    readers = () if case.request is None else case.request.readers
    return Send(
        Kind.ANSWER,
        case.requester,
        answer,
        reader_keys=readers,
        subject_count=len({outcome.reference for outcome in answer.outcomes}),
        in_reply_to=roster,
        order=row.order,
        resource=row.resource,
        part=row.part,
        fragment=fragment,
        last=last,
    )


def close_row(case: Case, row: Row, fragments: Sequence[bytes], now: datetime) -> Case:
    """Return the agency's case after it sealed its answer to a row, fragment by fragment."""
    last = len(fragments) - 1
    sent = tuple(
        Fragment(number, digest, number == last) for number, digest in enumerate(fragments)
    )
    closed = replace(row, state=RowState.ANSWERED, fragments=sent, closed=now)
    rows = tuple(closed if r == row else r for r in case.rows)
    return settle(replace(case, rows=rows), now)


def accept_answer(case: Case, header: Header, digest: bytes, now: datetime) -> Case:
    """Return a centre's case after an answer (or a fragment of it) arrived.

    The business key is (order, part, resource, agency, fragment); header and chain are verified,
    the body may be sealed to somebody else.

    Raises:
        PendingError: `ROW_NOT_YET_KNOWN`: the Dispatch it belongs to has not arrived.
        RefusedError: `ANSWER_TWICE`: that fragment was already accepted from another message.
            `ROW_CLOSED`: its holder was suspended or left meanwhile.
            `QUERY_ENDED`: the query was withdrawn or has run out.
            `ANSWER_ELSEWHERE`: it is addressed to somebody who did not ask.
            `FRAGMENT_BEYOND_LAST`, `FRAGMENTS_TOO_MANY`.
    """
    if header.destination != case.requester:
        raise _refused("ANSWER_ELSEWHERE", "反馈没有发往申请方", "not sent to the requester", case)
    if header.fragment >= MAX_FRAGMENTS:
        raise _refused("FRAGMENTS_TOO_MANY", "分片过多", "too many fragments", case)
    require_running(case)
    for row in case.rows:
        if _owes(row, header):
            break
    else:
        if _ended_early(case):
            raise row_closed(case)
        raise PendingError(
            "ROW_NOT_YET_KNOWN",
            "对应的分发清单尚未到达",
            "the Dispatch it belongs to has not arrived yet",
            where=str(case.query),
        )
    taken = {fragment.number for fragment in row.fragments}
    if was_cut_off(row):
        # What the centre above took before it closed the row counts for the requester too.
        if case.role is not CaseRole.REQUESTER or case.state is QueryState.DELIVERED:
            raise row_closed(case)
        opened = replace(row, state=RowState.OPEN, closed=None, code=None)
        case = replace(case, rows=tuple(opened if r is row else r for r in case.rows))
        row = opened
    if row.state is not RowState.OPEN or header.fragment in taken:
        raise _refused(
            "ANSWER_TWICE",
            "该反馈已收到，重复的仅作记录",
            "that answer was already taken; a second one is only recorded",
            case,
        )
    fragments = tuple(
        sorted(
            (*row.fragments, Fragment(header.fragment, digest, header.last)),
            key=lambda fragment: fragment.number,
        )
    )
    whole = fragments[-1].last and fragments[-1].number == len(fragments) - 1
    if any(fragment.last for fragment in fragments[:-1]):
        raise _refused("FRAGMENT_BEYOND_LAST", "分片超出末片", "a fragment beyond the last", case)
    taken_row = replace(
        row,
        fragments=fragments,
        state=RowState.ANSWERED if whole else RowState.OPEN,
        closed=now if whole else None,
    )
    return settle(replace(case, rows=tuple(taken_row if r is row else r for r in case.rows)), now)


def mark_faulty(case: Case, answer: bytes, code: str) -> Case:
    """Return the requester's case with an accepted answer marked unusable, for the receipt.

    The row does not open again: a second answer takes a re-check (复核) by the requester.

    Args:
        case: The case after `accept_answer`.
        answer: Message digest of the answer or fragment.
        code: What is wrong with it.
    """
    rows = tuple(
        replace(row, code=code) if any(f.digest == answer for f in row.fragments) else row
        for row in case.rows
    )
    return replace(case, rows=rows)


def check_readers(case: Case, origin: Statement) -> None:
    """Check that an answer is sealed to the readers the request names, and nobody else (R034).

    Every centre on the way checks it, though it cannot read the answer itself.

    Args:
        case: The centre's case of the query.
        origin: The agency's statement, which lists the readers.

    Raises:
        RefusedError: `READER_NOT_REQUESTED`.
    """
    named = set() if case.request is None else set(case.request.readers)
    if {reader.key for reader in origin.recipients} - named:
        raise _refused(
            "READER_NOT_REQUESTED",
            "反馈可被申请未指定的一方读取",
            "the answer can be read by somebody the request does not name",
            case,
        )


def _owes(row: Row, header: Header) -> bool:
    return (
        row.leaf
        and row.holder == header.source
        # A row made anew: its holder answers the order that it was given the first time.
        and (row.order == header.order or row.redone)
        and row.part == header.roster_part
        and row.resource == header.resource
    )


def _ended_early(case: Case) -> bool:
    """Whether nothing is owed any more, because somebody was cut off who would have dispatched."""
    nothing_owed = case.role is not CaseRole.PROVIDER and not any(
        row.state is RowState.OPEN for row in case.rows
    )
    return nothing_owed and any(was_cut_off(row) for row in case.rows)


def _refused(code: str, zh: str, en: str, case: Case) -> RefusedError:
    return RefusedError(code, zh, en, where=str(case.query))
