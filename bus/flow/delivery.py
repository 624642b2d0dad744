"""签收: the requester has everything, says so to the hub and to each provider, and is done.

DELIVERED needs the receipt. It names every answer that was opened and every one that cannot be
used, with a code, and to the hub every gap. Its totals are sealed: outcome counts are never in
clear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bus.errors import PendingError, RefusedError
from bus.flow.answer import mark_faulty
from bus.flow.dispatch import below
from bus.flow.lifecycle import ENDED, move, settle
from bus.flow.outcome import Send
from bus.model.case import Case, CaseRole, QueryState, Row, RowState
from bus.model.messages import Fault, Gap, OutcomeKind, Receipt
from signer.directory.view import Directory
from signer.envelope.kinds import Kind
from signer.identity import HUB

Tally = Counter[OutcomeKind]
"""Outcomes of one answer message, counted."""


def receipts_due(case: Case) -> bool:
    """Whether the requester has everything it will get, and has not made its receipts yet.

    That is so when all is answered, and when the query was ended after orders had been given.
    """
    ended = case.state in ENDED and case.delivered is None and bool(case.rows)
    return case.state is QueryState.ANSWERED or ended


def deliver(
    case: Case, tallies: Mapping[bytes, Tally], now: datetime
) -> tuple[Case, tuple[Send, ...]]:
    """Return the delivered case and its receipts: one to the hub, one to each agency.

    A query that was withdrawn or has run out stays so; its receipts name what had come.

    Args:
        case: The requester's case in state ANSWERED, CANCELLED or EXPIRED.
        tallies: Outcome counts of each answer message, by message digest.
        now: The present instant.

    Raises:
        RefusedError: `ILLEGAL_STATE` when rows are still open.
    """
    answered = [row for row in case.rows if row.state is RowState.ANSWERED]
    gaps = tuple(
        Gap(row.part, row.resource, row.holder, row.code or "")
        for row in case.rows
        if row.state is RowState.UNSERVED
    )
    receipts = [_receipt(HUB, answered, tallies, now, case.application, gaps)]
    for agency in sorted({row.holder for row in answered}):
        own = [row for row in answered if row.holder == agency]
        receipts.append(_receipt(agency, own, tallies, now, own[0].fragments[0].digest))
    return _delivered(case, now), tuple(receipts)


def _delivered(case: Case, now: datetime) -> Case:
    ended = case.state in ENDED
    return replace(case if ended else move(case, QueryState.DELIVERED, now), delivered=now)


def _receipt(
    destination: str,
    rows: Sequence[Row],
    tallies: Mapping[bytes, Tally],
    now: datetime,
    in_reply_to: bytes | None,
    gaps: tuple[Gap, ...] = (),
) -> Send:
    opened = [f.digest for row in rows if row.code is None for f in row.fragments]
    faults = [Fault(f.digest, row.code) for row in rows if row.code for f in row.fragments]
    total: Tally = Counter()
    for digest in opened:
        total.update(tallies.get(digest, Counter()))
    body = Receipt(
        opened=tuple(opened),
        faults=tuple(faults),
        found=total[OutcomeKind.FOUND],
        not_found=total[OutcomeKind.NOT_FOUND],
        not_answerable=total[OutcomeKind.NOT_ANSWERABLE],
        received=now,
        gaps=gaps,
    )
    return Send(Kind.RECEIPT, destination, body, (destination,), in_reply_to=in_reply_to)


def accept_receipt(
    case: Case, source: str, receipt: Receipt, directory: Directory, now: datetime
) -> Case:
    """Return the hub's or an agency's case after the requester's receipt.

    What agencies of the requester's own province answered never passed the hub; the receipt closes
    those rows. It also closes what an agency had answered before its store was set back.

    Raises:
        PendingError: `ANSWERS_STILL_DUE`: answers that must pass us have not; `ROWS_STILL_OPEN`.
        RefusedError: `RECEIPT_SOURCE`, `RECEIPT_UNKNOWN_ANSWER`.
    """
    if source != case.requester:
        raise _refused(
            "RECEIPT_SOURCE", "签收方不是查询申请方", "not the requester's receipt", case
        )
    if case.role is CaseRole.AGENCY:
        return _delivered(_at_agency(case, receipt, now), now)
    if case.state not in ENDED:
        case = _at_hub(case, receipt, directory, now)
    for fault in receipt.faults:  # R001: what could not be used is known at the hub too
        case = mark_faulty(case, fault.answer, fault.code)
    return _delivered(case, now)


def _at_agency(case: Case, receipt: Receipt, now: datetime) -> Case:
    sent = {fragment.digest for row in case.rows for fragment in row.fragments}
    if any(row.redone for row in case.rows):
        return _close_redone(case, now)
    if not {*receipt.opened, *(fault.answer for fault in receipt.faults)} <= sent:
        raise _refused(
            "RECEIPT_UNKNOWN_ANSWER", "签收了未发出的反馈", "receipt for unknown answers", case
        )
    if any(row.state is RowState.OPEN for row in case.rows):
        raise PendingError(
            "ROWS_STILL_OPEN",
            "本机构尚有未结项",
            "rows of ours are open still, or told to stop by what has not come yet",
            where=str(case.query),
        )
    return case


def _at_hub(case: Case, receipt: Receipt, directory: Directory, now: datetime) -> Case:
    gaps = {(gap.part, gap.resource, gap.holder): gap.code for gap in receipt.gaps}
    rows = _never_passed(case, directory, HUB, gaps, now)
    if not rows or any(row.state is RowState.OPEN for row in rows):
        raise PendingError(
            "ANSWERS_STILL_DUE",
            "尚有反馈未经过本中心",
            "answers that must pass us have not come yet",
            where=str(case.query),
        )
    case = replace(case, rows=rows)
    if case.state is QueryState.CANCELLING:
        return move(case, QueryState.CANCELLED, now)
    return settle(case, now)


def _receipted(row: Row, gaps: Mapping[tuple[int, str, str], str], now: datetime) -> Row:
    """Close a row whose answer never passed us, as the receipt says it ended."""
    code = gaps.get((row.part, row.resource, row.holder))
    state = RowState.ANSWERED if code is None else RowState.UNSERVED
    return replace(row, state=state, closed=now, code=code)


def pass_receipt(case: Case, directory: Directory, me: str, now: datetime) -> Case:
    """Return the case of a centre that the requester's receipt to the hub passes.

    What was answered below the same child of ours as the requester never passed us: its answers,
    unlike the Dispatches that tell of them, took a shorter way. How they ended we cannot read.

    Raises:
        PendingError: `DISPATCH_STILL_DUE`: a Dispatch that must pass us has not.
    """
    if case.state in ENDED:
        return case
    rows = _never_passed(case, directory, me, {}, now)
    asking = below(directory, me, case.requester)
    if any(
        row.state is RowState.OPEN and not row.leaf and below(directory, me, row.holder) == asking
        for row in rows
    ):
        raise PendingError(
            "DISPATCH_STILL_DUE",
            "尚有分发清单未经过本中心",
            "a Dispatch that must pass us has not come yet",
            where=str(case.query),
        )
    return case if rows == case.rows else settle(replace(case, rows=rows), now)


def _never_passed(
    case: Case,
    directory: Directory,
    me: str,
    gaps: Mapping[tuple[int, str, str], str],
    now: datetime,
) -> tuple[Row, ...]:
    """Return the rows, those closed whose answers reach the requester without passing us."""
    asking = below(directory, me, case.requester)
    if asking is None:
        return case.rows
    return tuple(
        _receipted(row, gaps, now)
        if row.state is RowState.OPEN and row.leaf and below(directory, me, row.holder) == asking
        else row
        for row in case.rows
    )


def _close_redone(case: Case, now: datetime) -> Case:
    """Close the rows that a set-back agency would answer again; the receipt names the first."""
    rows = tuple(
        replace(row, state=RowState.ANSWERED, closed=now)
        if row.redone and row.state is RowState.OPEN
        else row
        for row in case.rows
    )
    closed = replace(case, rows=rows)
    return closed if case.state in ENDED else settle(closed, now)


def _refused(code: str, zh: str, en: str, case: Case) -> RefusedError:
    return RefusedError(code, zh, en, where=str(case.query))
