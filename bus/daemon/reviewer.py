"""What the hub does: collects applications, reviews, decides, dispatches, keeps account."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from bus.catalog.versions import Cited
from bus.daemon.evidence import calling
from bus.daemon.open_rows import province_of
from bus.daemon.provider import dispatch_parts, query_unknown, unreadable
from bus.daemon.work import Work
from bus.errors import InputError, PendingError, RefusedError
from bus.flow import collecting, levels, reissue, review
from bus.flow.answer import accept_answer, check_readers
from bus.flow.delivery import accept_receipt
from bus.flow.dispatch import accept_dispatch, dispatch_messages, dispatch_of, start_rows
from bus.flow.lifecycle import ENDED
from bus.flow.recheck import check_recheck
from bus.flow.reissue import NOBODY_REMAINS, returns
from bus.flow.review import Reviewed
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState
from bus.model.messages import Assent, Dispatch, Finding, Receipt
from bus.model.request import Application, Consent, Roster
from bus.model.review import Waits
from bus.ports.store import StoredMessage
from bus.rules.review_policy import ReviewPolicy
from bus.wire.message import Message
from signer.envelope.kinds import Kind
from signer.envelope.seal import EnvelopeTooLargeError
from signer.identity import HUB


async def collect(work: Work, message: Message, policy: ReviewPolicy) -> None:
    """Take an Application, Roster or Consent; when all are here, review and perhaps decide.

    Raises:
        RefusedError: It may not stand here.
    """
    case = await work.case(message.header.conversation, CaseRole.REVIEWER)
    case = collecting.collect(case, message, set_back=work.office.set_back)
    levels.check_assented(case, str(case.query))
    work.keep(message)
    if case.state is not QueryState.SUBMITTED:
        return  # withdrawn meanwhile: recorded only (R031)
    if isinstance(message.body, Application):
        work.note(
            case.query,
            Event.APPLICATION_RECEIVED,
            case.requester,
            application=message.digest.hex(),
        )
    await _open(work, case, policy)


async def take_assent(work: Work, message: Message, assent: Assent, policy: ReviewPolicy) -> None:
    """Take a province's assent to an application of a city or county below it (R006).

    Raises:
        RefusedError: It may not stand here.
    """
    case = await work.case(message.header.conversation, CaseRole.REVIEWER)
    case = levels.take_at_hub(case, message, assent, work.office.directory)
    work.note(
        case.query,
        Event.ASSENT_RECEIVED,
        message.header.source,
        assented=1,
        application=assent.application.hex(),
    )
    await _open(work, case, policy)


async def _open(work: Work, case: Case, policy: ReviewPolicy) -> None:
    """Open the review once everything is here: all parts, and for a city's its province's assent.

    A city's application without it waits, whatever else is here (R006).
    """
    assented = levels.assented(case, work.office.directory)  # R006
    complete = collecting.all_here(case) and assented
    if case.state is not QueryState.SUBMITTED or not complete:
        work.save(case)
        return
    reviewed = await judged(work, case)
    province = province_of(work.office.directory, case.requester)
    case = review.open_review(case, reviewed, work.now)
    case = review.under_policy(case, reviewed, policy, province)
    case = await calling.examine(work, case)  # R024, R026
    work.save(case)
    _note_review(work, case)
    if returns(reviewed, policy):
        if reviewed.everyone:
            reasons = (NOBODY_REMAINS, *review.kept(reviewed.blocking))
            await decide(work, case, accepted=False, reasons=reasons, by=review.BY_POLICY)
        else:
            await give_back(work, case, reviewed.refused, reviewed.blocking, review.BY_POLICY)
    elif review.may_accept_by_policy(case):
        await _accept_by_policy(work, case)


def _note_review(work: Work, case: Case) -> None:
    how = case.review
    if how is None:
        return
    work.note(
        case.query,
        Event.REVIEW_OPENED,
        findings=len(case.findings),
        warnings=len(how.warnings),
        codes=" ".join(dict.fromkeys(finding.code for finding in case.findings)),
        rule=how.rule,
        mode=how.mode,
        rate=how.rate,
        draw=how.draw,
        waits=how.waits,
    )


async def _accept_by_policy(work: Work, case: Case) -> None:
    """Accept a clean application, unless its orders do not fit an envelope: then people decide."""
    before = work.checkpoint()
    try:
        await decide(work, case, accepted=True, reasons=(), by=review.BY_POLICY)
    except EnvelopeTooLargeError as error:
        work.go_back(before)
        found = (Finding(error.code, error.zh, error.en, error.where),)
        how = case.review and replace(case.review, waits=Waits.TOO_LARGE)
        work.save(replace(case, findings=found, review=how))


async def give_back(
    work: Work, case: Case, refused: frozenset[int], reasons: tuple[Finding, ...], by: str
) -> Case:
    """Return an application under review, to come again without some persons (R067).

    Raises:
        RefusedError: `ILLEGAL_STATE` when it is not under review.
    """
    office = work.office
    # A province that assented follows what becomes of it.
    between = office.directory.path_up(case.requester)[1:-1]
    case, send = reissue.give_back(case, refused, reasons, by, office.calendar, work.now, between)
    await work.send(case.query, send)
    work.note(
        case.query,
        Event.APPLICATION_RETURNED,
        office.me if by == review.BY_POLICY else f"operator:{by}",
        persons=len(refused),
        codes=" ".join(dict.fromkeys(reason.code for reason in reasons)),
    )
    work.save(case)
    return case


async def decide(
    work: Work, case: Case, *, accepted: bool, reasons: tuple[Finding, ...], by: str
) -> Case:
    """Decide an application under review; an accepted one is dispatched at once (R028).

    Raises:
        RefusedError: `ILLEGAL_STATE` when it is not under review.
    """
    office = work.office
    case, send = review.decide(case, accepted, reasons, by, office.calendar, work.now)
    await work.send(case.query, send)
    work.note(
        case.query,
        Event.APPLICATION_DECIDED,
        office.me if by == review.BY_POLICY else f"operator:{by}",
        accepted=int(accepted),
        codes=" ".join(reason.code for reason in reasons),
    )
    if accepted:
        await calling.draw_accepted(work, case)  # R026
        case = await _dispatch(work, case)
    work.save(case)
    return case


async def find(work: Work, query: UUID) -> Case:
    """Return the hub's case of a query.

    Raises:
        InputError: `QUERY_UNKNOWN`.
    """
    case = await work.case(query, CaseRole.REVIEWER)
    if case is None:
        raise InputError("QUERY_UNKNOWN", "没有此查询", "no such query", where=str(query))
    return case


async def note_dispatch(work: Work, message: Message) -> None:
    """Keep account of a node's Dispatch.

    Raises:
        PendingError: The Dispatch above it has not arrived.
        RefusedError: It does not fit, or we cannot read it.
    """
    dispatch = message.body
    if not isinstance(dispatch, Dispatch):
        raise unreadable(message)
    case = await work.case(message.header.conversation, CaseRole.REVIEWER)
    if case is None:
        raise _unknown(work, message)
    order = message.header.order
    if message.header.destination not in (HUB, case.requester):
        raise RefusedError(
            "DISPATCH_ELSEWHERE",
            "分发清单没有发往申请方",
            "not sent to the requester",
            where=str(case.query),
        )
    directory = work.office.directory
    case = accept_dispatch(case, message.header.source, order, dispatch, directory, work.now)
    work.save(case)
    work.note(case.query, Event.DISPATCH_RECEIVED, message.header.source, rows=len(dispatch.rows))


async def note_answer(work: Work, message: Message) -> None:
    """Keep account of an answer that passes us, sealed to somebody else."""
    case = await work.case(message.header.conversation, CaseRole.REVIEWER)
    if case is None:
        raise _unknown(work, message)
    check_readers(case, message.opened.statements[0])
    work.save(accept_answer(case, message.header, message.digest, work.now))


async def take_receipt(work: Work, message: Message, receipt: Receipt) -> None:
    """Take the requester's receipt: the query is delivered."""
    case = await work.case(message.header.conversation, CaseRole.REVIEWER)
    if case is None:
        raise _unknown(work, message)
    source = message.header.source
    case = accept_receipt(case, source, receipt, work.office.directory, work.now)
    work.save(case)
    note_receipt(work, case, source, receipt)


def note_receipt(work: Work, case: Case, source: str, receipt: Receipt) -> None:
    """Note the requester's receipt: the query is delivered, or has ended before its time."""
    faults = len(receipt.faults)
    if case.state in ENDED:
        work.note(case.query, Event.QUERY_ENDED, source, state=case.state, faults=faults)
    else:
        work.note(case.query, Event.QUERY_DELIVERED, source, faults=faults)


async def judged(work: Work, case: Case) -> Reviewed:
    """Review in a thread: a list of many thousand persons takes seconds."""
    listed = {part.digest for part in case.parts} | {case.application}
    kept = [
        stored
        for kind in (Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT)
        for stored in await work.stored(case.query, kind)
        if stored.digest in listed
    ]
    disputed: tuple[Finding, ...] = ()
    # A province above the requester has no books of what others were answered.
    if case.rechecks is not None and case.role is CaseRole.REVIEWER:
        earlier = await work.case(UUID(bytes=case.rechecks.query), CaseRole.REVIEWER)
        disputed = check_recheck(case.rechecks, case.requester, earlier, work.office.directory)
    named = 0 if case.request is None else case.request.catalogue_version
    cited = await cited_catalogue(work, named)
    return await asyncio.to_thread(_review, work, case.requester, kept, cited, disputed)


async def cited_catalogue(work: Work, version: int) -> Cited:
    """Return the catalogue of a version, as far as there is one of that number here (R020)."""
    directory, in_force = work.office.directory, work.office.catalogue
    if in_force.version <= version <= directory.version:
        return Cited(version, in_force)
    kept = await work.unit.catalogue_at(version) if 1 <= version <= directory.version else None
    if kept is None:
        return Cited(version, None)
    return Cited(version, kept.catalogue, await work.unit.catalogue_after(kept.version))


def _review(
    work: Work,
    requester: str,
    kept: list[StoredMessage],
    cited: Cited,
    disputed: tuple[Finding, ...],
) -> Reviewed:
    bodies = [work.message(stored).body for stored in kept]
    application = next(body for body in bodies if isinstance(body, Application))
    rosters = [body for body in bodies if isinstance(body, Roster)]
    consents = [body for body in bodies if isinstance(body, Consent)]
    office = work.office
    return review.judge(
        requester,
        application,
        rosters,
        consents,
        cited,
        office.directory,
        work.now,
        office.catalogue_limit,
        disputed,
    )


async def _dispatch(work: Work, case: Case) -> Case:
    listed = {part.digest for part in case.parts}
    rosters = [
        await asyncio.to_thread(work.message, stored)
        for stored in await work.stored(case.query, Kind.ROSTER)
        if stored.digest in listed
    ]
    application = case.application or b""
    dispatched = await dispatch_parts(work, rosters, application)
    dispatch = dispatch_of(dispatched)
    office = work.office
    requester = case.requester
    for send in dispatch_messages(
        dispatch, office.me, requester, office.directory, application, order=None
    ):
        await work.send(case.query, send)
    return start_rows(case, dispatch, work.now, redone=office.set_back)


def _unknown(work: Work, message: Message) -> RefusedError | PendingError:
    return query_unknown(work, message, "部中心没有受理过该查询", "the hub has no such query")
