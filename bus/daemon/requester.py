"""What a node does as the requester: submits, takes decisions, rows and answers, delivers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from uuid import UUID

from bus.catalog.expand import expand
from bus.daemon.naming import Named, digests_of, received
from bus.daemon.reissuing import reissue
from bus.daemon.work import Work
from bus.errors import RefusedError
from bus.flow.answer import accept_answer, check_readers, mark_faulty
from bus.flow.answer_check import check_answer, check_whole
from bus.flow.application import (
    application_message,
    compose_application,
    compose_request,
    open_case,
    part_messages,
    references_of,
    split,
)
from bus.flow.cut_off import WITHDRAWN, cut_off
from bus.flow.delivery import Tally, deliver, receipts_due
from bus.flow.dispatch import accept_dispatch
from bus.flow.levels import take_at_requester
from bus.flow.lifecycle import ENDED
from bus.flow.review import take_decision
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, RowState
from bus.model.messages import Answer, Assent, Decision, Dispatch, PersonOutcome
from bus.model.request import Draft, PartDigest, Recheck, Request, Submission
from bus.wire.message import Message
from signer.envelope.choice import choose_suite, parties
from signer.envelope.signing import Unsigned
from signer.identity import HUB

NONCE_SIZE = 16


async def submit(work: Work, draft: Draft, submission: Submission) -> Case:
    """Seal an application and its parts into the outbox and open the requester's case.

    Raises:
        InputError: A category or item is not in the catalogue; `TOO_MANY_PERSONS`.
        UnavailableError: The directory does not lead to the hub.
    """
    office = work.office
    readers = own_readers(work, {line.resource for line in expand(draft.lines, office.catalogue)})
    request = compose_request(draft, office.catalogue, readers, office.entropy(NONCE_SIZE))
    return await send_application(work, draft, request, submission)


async def send_application(
    work: Work,
    draft: Draft,
    request: Request,
    submission: Submission,
    rechecks: Recheck | None = None,
) -> Case:
    """Seal the application of a composed request, and its parts, and open the requester's case.

    Raises:
        InputError, UnavailableError: As `submit`.
    """
    office = work.office
    ancestors = office.directory.path_up(office.me)[1:]
    digests: list[PartDigest] = []
    sent: list[Unsigned] = []
    for part in await asyncio.to_thread(split, draft, request):
        for send in part_messages(part, ancestors):
            sealed = await work.send(submission.query, send)
            sent.append(sealed)
            number = part.roster.part
            digests.append(PartDigest(send.kind, number, sealed.digest, send.subject_count))
    application = compose_application(draft, request, tuple(digests), rechecks)
    sealed = await work.send(submission.query, application_message(application, ancestors))
    case = open_case(office.me, submission, application, sealed.digest)
    work.save(case)
    work.note(
        submission.query,
        Event.QUERY_SUBMITTED,
        f"operator:{submission.operator}",
        persons=case.person_count,
        parts=len(case.parts),
        application=sealed.digest.hex(),
        **({} if rechecks is None else {"rechecks": str(UUID(bytes=rechecks.query))}),
    )
    # Apart, so that a proof can show it without the operator's name.
    work.note(case.query, Event.QUERY_SENT, messages=digests_of([*sent, sealed]))
    return case


def own_readers(work: Work, resources: Collection[str]) -> tuple[bytes, ...]:
    """Return our key that answers are sealed to: of the suite that those who may answer have."""
    office, directory = work.office, work.office.directory
    concerned = parties(directory, office.me, HUB, (), resources)
    suite = choose_suite(directory, office.ring, concerned, work.now, office.suite)
    me = directory.get(office.me)
    key = me and me.encryption_key(work.now, suite)
    held = office.ring.encryption_keys
    # A key that the directory does not list yet is refused in the hub's review, by name.
    return (key.id,) if key and key.id in held else held[:1]


async def take(work: Work, message: Message) -> None:
    """Take an Assent, Decision, Dispatch or Answer that is addressed to us.

    Raises:
        PendingError: What it stands on has not arrived yet.
        RefusedError: It may not stand here.
    """
    case = await work.case(message.header.conversation, CaseRole.REQUESTER)
    if case is None:
        raise RefusedError(
            "QUERY_UNKNOWN",
            "本节点没有提出过该查询",
            "this node never submitted that query",
            where=str(message.header.conversation),
        )
    source = message.header.source
    match message.body:
        case Assent() as assent:
            case = take_at_requester(case, message, assent, work.office.directory)
            yes, named = int(assent.assented), received(message)
            work.note(case.query, Event.ASSENT_RECEIVED, source, assented=yes, **named)
        case Decision(reissue=(_, *_)) if case.withdrawal is not None:
            # R031: nothing is issued anew of what is withdrawn; the hub has stopped, or will.
            work.note(case.query, Event.DECISION_RECEIVED, source, accepted=0, **received(message))
        case Decision(reissue=(_, *_)) as decision:
            case = await reissue(work, case, message, decision)
        case Decision() as decision:
            case = take_decision(case, message, decision)
            accepted = int(decision.accepted)
            named = received(message)
            work.note(case.query, Event.DECISION_RECEIVED, source, accepted=accepted, **named)
        case Dispatch() as dispatch:
            order, named = message.header.order, received(message)
            case = await take_dispatch(work, case, source, order, dispatch, named)
        case Answer() as answer:
            case = await _take_answer(work, case, message, answer)
        case _:
            raise RefusedError(
                "KIND_NOT_HERE",
                "此类消息不应送达申请方",
                "not for a requester",
                where=message.header.kind,
            )
    work.keep(message)
    work.save(case)
    await deliver_if_complete(work, case)


async def take_dispatch(
    work: Work,
    case: Case,
    source: str,
    order: bytes | None,
    dispatch: Dispatch,
    named: Named,
) -> Case:
    """Return the requester's case after a Dispatch, saved and noted.

    Args:
        work: The work at hand.
        case: The requester's case.
        source: Who dispatched.
        order: The order it answers, None for the hub's own.
        dispatch: What it says.
        named: What the audit entry names the message by.

    Raises:
        PendingError: The decision or the Dispatch above it has not arrived yet.
        RefusedError: It does not fit.
    """
    case = accept_dispatch(case, source, order, dispatch, work.office.directory, work.now)
    work.save(case)
    rows = len(dispatch.rows)
    work.note(case.query, Event.DISPATCH_RECEIVED, source, rows=rows, **named)
    return case


async def _take_answer(work: Work, case: Case, message: Message, answer: Answer) -> Case:
    """Return the case with an answer taken; one that cannot be used is marked with a code.

    It is not refused: everybody on its way has accepted it, and the query must end.
    """
    header = message.header
    check_readers(case, message.opened.statements[0])
    taken = accept_answer(case, header, message.digest, work.now)
    place = {"part": header.roster_part, "resource": header.resource} | received(message)
    try:
        await _check_answer(work, case, taken, message, answer)
    except RefusedError as fault:
        work.note(case.query, Event.ANSWER_FAULTY, header.source, code=fault.code, **place)
        return mark_faulty(taken, message.digest, fault.code)
    work.note(case.query, Event.ANSWER_RECEIVED, header.source, **place)
    return taken


async def _check_answer(
    work: Work, before: Case, taken: Case, message: Message, answer: Answer
) -> None:
    header = message.header
    references = references_of(before, header.roster_part)
    lines = before.request.lines if before.request else ()
    resource = work.office.resource(header.resource or "")
    await asyncio.to_thread(check_answer, before.query, answer, resource, lines, references)
    for row, earlier in zip(taken.rows, before.rows, strict=True):
        if row is not earlier and row.state is RowState.ANSWERED:
            outcomes = list(answer.outcomes)
            for fragment in row.fragments:
                if fragment.digest != message.digest:
                    outcomes += await _outcomes(work, fragment.digest)
            check_whole(before.query, outcomes, references)


async def _outcomes(work: Work, digest: bytes) -> tuple[PersonOutcome, ...]:
    stored = await work.kept(digest)
    body = None if stored is None else (await asyncio.to_thread(work.message, stored)).body
    return body.outcomes if isinstance(body, Answer) else ()


async def deliver_if_complete(work: Work, case: Case) -> None:
    """Send the receipts and close the query once no row is open, or it was ended before."""
    if not receipts_due(case):
        return
    # One answer at a time: all of a large query's together may not fit into memory.
    tallies: dict[bytes, Tally] = {}
    for row in case.rows:
        for fragment in row.fragments if row.code is None else ():
            outcomes = await _outcomes(work, fragment.digest)
            tallies[fragment.digest] = Counter(outcome.outcome for outcome in outcomes)
    delivered, receipts = deliver(case, tallies, work.now)
    # Who answered and has left since cannot be told any more.
    directory, me = work.office.directory, work.office.me
    sent = [
        await work.send(case.query, receipt)
        for receipt in receipts
        if cut_off(directory, receipt.destination, me) != WITHDRAWN
    ]
    work.save(delivered)
    named = digests_of(sent)
    if delivered.state in ENDED:
        work.note(case.query, Event.QUERY_ENDED, state=delivered.state, messages=named)
    else:
        work.note(case.query, Event.QUERY_DELIVERED, messages=named)
    work.office.milestone.set()
