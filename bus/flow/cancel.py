"""撤销: the requester withdraws its query, and everybody stops (R031, side door).

The requester tells the hub, and each centre those it gave orders, naming the orders. Each of them
answers the requester with what it had already done. A row closes on the word of the agency that
owes it: answers that were on their way are taken, everything else ends with the code CANCELLED.
The query is CANCELLED once no row is open. What comes later is recorded only.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bus.errors import InputError, PendingError, RefusedError
from bus.flow.lifecycle import ENDED, TRANSITIONS, move, settle
from bus.flow.stopping import (
    CANCELLED,
    EXPIRED,
    Stopped,
    close_open,
    has_ended,
    pass_on,
    reply_message,
    telling,
)
from bus.model.cancellation import (
    RAN_OUT,
    Cancellation,
    CancellationReply,
    CancelledRow,
    Ending,
    Progress,
)
from bus.model.case import STATE_ZH, Case, CaseRole, QueryState, Row, RowState, Withdrawal
from schemas.codes import cancellation_reasons
from signer.directory.view import Directory
from signer.identity import HUB


def check_reason(code: str) -> None:
    """Check that a reason to withdraw is of the code table.

    Raises:
        InputError: `REASON_UNKNOWN` with the codes there are.
    """
    known = cancellation_reasons()
    if code not in known:
        allowed = "、".join(f"{row.code} {row.zh}" for row in known.values())
        raise InputError(
            "REASON_UNKNOWN",
            "没有此撤销理由代码",
            "no such reason code",
            remedy_zh=f"可用：{allowed}",
            remedy_en="Use one of: " + ", ".join(known),
            where=code[:40],
        )


def withdraw(case: Case, reason: str, now: datetime) -> Stopped:
    """Return the requester's case that is being withdrawn, and the Cancellation to the hub (R031).

    Args:
        case: The requester's case.
        reason: A code of the table.
        now: The present instant.

    Raises:
        InputError: `WITHDRAWAL_TOO_LATE`: it is delivered, or has ended otherwise.
    """
    if QueryState.CANCELLING not in TRANSITIONS[case.role].get(case.state, frozenset()):
        raise InputError(
            "WITHDRAWAL_TOO_LATE",
            f"该查询{STATE_ZH[case.state]}，不能再撤销",
            f"the query is {case.state} and cannot be withdrawn any more",
            remedy_zh="对已签收的结果有异议，可申请复核；其余情形无需撤销",
            remedy_en="Ask for a re-check of a delivered result; otherwise nothing need be done",
            where=str(case.query),
        )
    moved = move(case, QueryState.CANCELLING, now)
    withdrawn = replace(moved, withdrawal=Withdrawal(reason, now))
    body = Cancellation(case.application or b"", Ending.CANCELLED, reason, now)
    return Stopped(withdrawn, (telling(HUB, body, case.application),))


def take_withdrawal(
    case: Case | None,
    query: UUID,
    source: str,
    cancellation: Cancellation,
    directory: Directory,
    digest: bytes,
    now: datetime,
) -> Stopped:
    """Return the hub's case after the requester's Cancellation, and whom the hub tells what.

    Before its decision the hub ends the query at once, also where nothing of it has arrived. Where
    it had refused, or the query has ended, nothing is done: the requester hears of that by itself.

    Args:
        case: The hub's case, None where nothing of the application has arrived.
        query: The query.
        source: Whose Cancellation it is.
        cancellation: What it says.
        directory: Who is whose child.
        digest: Message digest of the Cancellation.
        now: The present instant.

    Raises:
        RefusedError: `CANCELLATION_SOURCE`; `ILLEGAL_STATE` when the query is delivered.
    """
    if case is None:
        case = Case(query, CaseRole.REVIEWER, source, QueryState.SUBMITTED, opened=now, updated=now)
    if source != case.requester or cancellation.ending is not Ending.CANCELLED:
        raise _refused("CANCELLATION_SOURCE", "撤销不是申请方发来的", "not the requester's", case)
    if case.state in (QueryState.REFUSED, QueryState.CANCELLING, *ENDED):
        return Stopped(case)
    told = replace(case, withdrawal=Withdrawal(cancellation.reason, cancellation.at))
    undecided = case.state in (QueryState.SUBMITTED, QueryState.UNDER_REVIEW)
    after = move(told, QueryState.CANCELLED if undecided else QueryState.CANCELLING, now)
    ours = reply_message(case, HUB, cancellation, directory, digest, now)
    return Stopped(after, (*pass_on(case, HUB, cancellation, directory), ours))


def take_cancellation(
    case: Case | None,
    me: str,
    source: str,
    cancellation: Cancellation,
    directory: Directory,
    digest: bytes,
    now: datetime,
) -> Stopped | None:
    """Return the case of a node or an agency after its parent's Cancellation, and what it sends.

    Args:
        case: The provider's or the agency's case; None where no order has arrived.
        me: The node or agency.
        source: Whose Cancellation it is.
        cancellation: What it says.
        directory: Who is whose child.
        digest: Message digest of the Cancellation.
        now: The present instant.

    Returns:
        None where orders have run out and none of them ever came: there is nothing to stop.

    Raises:
        PendingError: `ORDER_NOT_YET_KNOWN`: an order that it names has not arrived.
        RefusedError: `CANCELLATION_SOURCE`: it is not our parent's.
    """
    if source != directory.parent(me):
        raise RefusedError(
            "CANCELLATION_SOURCE", "撤销不是上级发来的", "not our parent's", where=source
        )
    if case is not None and case.state in ENDED:
        # One of those below may be waiting for a word that will not come any more.
        again = cancellation.reason == RAN_OUT and case.state is QueryState.CANCELLED
        return Stopped(case, pass_on(case, me, cancellation, directory) if again else ())
    if cancellation.reason == RAN_OUT:
        # An order that has not come by now has run out on its way.
        return None if case is None else _run_out(case, me, cancellation, directory, now)
    # Our parent has given us one order for each part.
    named = {order.part for order in cancellation.orders}
    if case is None or not named <= {row.part for row in case.rows}:
        raise PendingError(
            "ORDER_NOT_YET_KNOWN",
            "所撤销的指令尚未到达",
            "an order that it names has not arrived yet",
            where=source,
        )
    if case.state is QueryState.CANCELLING:
        return Stopped(case)
    told = replace(case, withdrawal=Withdrawal(cancellation.reason, cancellation.at))
    if case.role is CaseRole.AGENCY:
        after = move(close_open(told, CANCELLED, now), QueryState.CANCELLED, now)
    else:
        after = settle(move(told, QueryState.CANCELLING, now), now)
    ours = reply_message(case, me, cancellation, directory, digest, now)
    return Stopped(after, (*pass_on(case, me, cancellation, directory), ours))


def _run_out(
    case: Case, me: str, cancellation: Cancellation, directory: Directory, now: datetime
) -> Stopped:
    """End a case whose orders have run out: nobody waits for what is below any more."""
    after = close_open(case, EXPIRED, now)
    if cancellation.ending is Ending.EXPIRED:
        after = move(after, QueryState.EXPIRED, now)
    else:
        if case.role is not CaseRole.AGENCY and case.state is not QueryState.CANCELLING:
            after = move(after, QueryState.CANCELLING, now)
        after = move(after, QueryState.CANCELLED, now)
    return Stopped(after, pass_on(case, me, cancellation, directory))


def accept_reply(
    case: Case, source: str, reply: CancellationReply, directory: Directory, now: datetime
) -> Case:
    """Return a centre's or the requester's case after somebody's statement of what it had done.

    An agency's closes its rows. A node's closes nothing: those below it speak for themselves. The
    hub's tells the requester that nothing else will be ordered.

    Args:
        case: The hub's, a node's or the requester's case.
        source: Who states it.
        reply: What it says.
        directory: Who stands below whom.
        now: The present instant.

    Raises:
        PendingError: `CANCELLATION_NOT_YET_KNOWN`, `DECISION_NOT_YET_KNOWN`, `ROW_NOT_YET_KNOWN`,
            `ANSWER_NOT_YET_KNOWN`: what it stands on has not arrived.
        RefusedError: `CANCELLATION_SOURCE`.
    """
    if source == HUB:
        return _confirm(case, reply, directory, now)
    if has_ended(case):
        return case
    if case.state is not QueryState.CANCELLING:
        raise _pending("CANCELLATION_NOT_YET_KNOWN", "撤销", "the Cancellation", case)
    closed = [
        row for told in reply.rows if told.holder == source for row in _open(case, told, directory)
    ]
    rows = tuple(
        replace(row, state=RowState.UNSERVED, closed=now, code=CANCELLED) if row in closed else row
        for row in case.rows
    )
    return settle(replace(case, rows=rows), now)


def _confirm(case: Case, reply: CancellationReply, directory: Directory, now: datetime) -> Case:
    """Take the hub's word at the requester: all it had ordered is known, or it had not begun.

    Also where it is news to us: orders have run out, or our store was set back.
    """
    if case.role is not CaseRole.REQUESTER:
        raise _refused("CANCELLATION_SOURCE", "部中心的回执不经此处", "not for this centre", case)
    delivered = case.state is QueryState.DELIVERED and reply.ending is Ending.EXPIRED
    undecided = case.state is QueryState.EXPIRED and case.decision is None
    if has_ended(case) and not delivered and not undecided:
        return case
    if reply.started:
        if case.decision is None or not case.rows:
            raise _pending("DECISION_NOT_YET_KNOWN", "决定与分发清单", "the decision", case)
        for told in reply.rows:
            if told.progress is Progress.ANSWERED:
                # What the hub had passed on counts here too.
                _open(case, told, directory)
    if reply.ending is Ending.EXPIRED:
        return move(close_open(case, EXPIRED, now), QueryState.EXPIRED, now)
    if case.state is not QueryState.CANCELLING:
        case = move(case, QueryState.CANCELLING, now)
    said = case.withdrawal or Withdrawal(reply.reason, reply.at)
    case = replace(case, withdrawal=replace(said, confirmed=True))
    if reply.reason == RAN_OUT:
        case = close_open(case, EXPIRED, now)
    return settle(case, now)


def _open(case: Case, told: CancelledRow, directory: Directory) -> list[Row]:
    """Return the open rows that a statement is about, none where it is closed.

    One that is not known, and that no Dispatch will make known, stands below a node that was cut
    off.

    Raises:
        PendingError: `ROW_NOT_YET_KNOWN`; `ANSWER_NOT_YET_KNOWN`: it names answers on their way.
    """
    place = told.part, told.resource
    rows = [row for row in case.rows if (row.part, row.resource) == place]
    about = [
        row for row in rows if row.holder == told.holder and (row.order == told.order or row.redone)
    ]
    above = directory.path_up(told.holder)[1:]
    nodes = [row for row in rows if row.state is RowState.OPEN and row.holder in above]
    if not about and (nodes or not case.rows):
        raise _pending("ROW_NOT_YET_KNOWN", "对应的分发清单", "the Dispatch it belongs to", case)
    still_open = [row for row in about if row.state is RowState.OPEN]
    if still_open and told.progress is Progress.ANSWERED:
        raise _pending("ANSWER_NOT_YET_KNOWN", "回执所列的反馈", "an answer that it names", case)
    return still_open


def _pending(code: str, zh: str, en: str, case: Case) -> PendingError:
    return PendingError(code, f"{zh}尚未到达", f"{en} has not arrived yet", where=str(case.query))


def _refused(code: str, zh: str, en: str, case: Case) -> RefusedError:
    return RefusedError(code, zh, en, where=str(case.query))
