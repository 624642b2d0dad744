"""What the requester does by itself when the hub returns its application (R067)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bus.daemon.naming import digests_of, received
from bus.daemon.work import Work
from bus.errors import RefusedError
from bus.flow.application import Part, application_message, part_messages
from bus.flow.reissue import Renewed, apply_again, check_return, renew, take_return
from bus.model.audit import Event
from bus.model.case import Case, QueryState
from bus.model.messages import Decision
from bus.model.request import Application, Consent, PartDigest, Roster
from bus.wire.message import Message
from signer.envelope.kinds import Kind
from signer.envelope.signing import Unsigned

_OVER = frozenset({QueryState.CANCELLING, QueryState.CANCELLED, QueryState.EXPIRED})


async def reissue(work: Work, case: Case, message: Message, decision: Decision) -> Case:
    """Take a returned application: send it again without those persons, and the parts they were in.

    What was withdrawn or has run out meanwhile is not sent again; the hub hears of that anyway.

    Raises:
        RefusedError: It cannot be returned so; `RESULT_NOT_HERE`: the archive does not hold it.
    """
    work.note(
        case.query,
        Event.APPLICATION_RETURNED,
        message.header.source,
        persons=len(decision.reissue),
        codes=" ".join(dict.fromkeys(finding.code for finding in decision.findings)),
        **received(message),
    )
    if case.state in _OVER:
        return case
    check_return(case, decision)
    application, parts = await _archived(work, case)
    renewed = await asyncio.to_thread(renew, parts, frozenset(decision.reissue))
    ancestors = work.office.directory.path_up(work.office.me)[1:]
    digests, sent = await _send_parts(work, case, renewed, ancestors)
    again = apply_again(
        application,
        decision.application,
        digests,
        renewed[0].part.roster.persons[0].name,
        tuple(sorted({*case.withdrawn, *decision.reissue})),
    )
    sealed = await work.send(case.query, application_message(again, ancestors))
    case = take_return(case, decision, again, sealed.digest, message)
    work.note(
        case.query,
        Event.QUERY_REISSUED,
        persons=case.person_count,
        withdrawn=len(case.withdrawn),
        parts=len(sent),
    )
    work.note(case.query, Event.QUERY_SENT, messages=digests_of([*sent, sealed]))
    return case


async def _send_parts(
    work: Work, case: Case, renewed: Sequence[Renewed], ancestors: tuple[str, ...]
) -> tuple[tuple[PartDigest, ...], list[Unsigned]]:
    digests: list[PartDigest] = []
    sent: list[Unsigned] = []
    for one in renewed:
        if one.sent is not None:
            digests += one.sent
            continue
        for send in part_messages(one.part, ancestors, one.replaces):
            sealed = await work.send(case.query, send)
            sent.append(sealed)
            number = one.part.roster.part
            digests.append(PartDigest(send.kind, number, sealed.digest, send.subject_count))
    return tuple(digests), sent


async def _archived(
    work: Work, case: Case
) -> tuple[Application, list[tuple[Part, PartDigest, PartDigest]]]:
    """Return the application in force and its parts, from the archive."""
    form = await _body(work, case, case.application or b"")
    consents = {part.part: part for part in case.parts if part.kind == Kind.CONSENT}
    parts = []
    for listed in case.parts:
        if listed.kind != Kind.ROSTER:
            continue
        roster = await _body(work, case, listed.digest)
        consent = await _body(work, case, consents[listed.part].digest)
        if isinstance(roster, Roster) and isinstance(consent, Consent):
            parts.append((Part(roster, consent), listed, consents[listed.part]))
    if not isinstance(form, Application) or 2 * len(parts) != len(case.parts):
        raise _not_here(case)
    return form, parts


async def _body(work: Work, case: Case, digest: bytes) -> object:
    stored = await work.kept(digest)
    if stored is None:
        raise _not_here(case)
    return (await asyncio.to_thread(work.message, stored)).body


def _not_here(case: Case) -> RefusedError:
    return RefusedError(
        "RESULT_NOT_HERE",
        "本节点没有该查询的申请",
        "this node holds no application of that query",
        where=str(case.query),
    )
