"""退回补正: an application comes again without households that lack a consent (R067, side door).

The hub never endorses a part that holds a refused person. So it returns the application, naming
who is to be taken out; the requester issues the parts that held them anew, each naming the one it
replaces, and with them a new application. Persons keep their numbers, which have gaps from then on.
Parts stay numbered from 1 without gaps: where one has nobody left, those behind it move up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus.errors import InputError, RefusedError
from bus.flow.application import Part
from bus.flow.deadlines import START_WITHIN_WORKING_DAYS
from bus.flow.lifecycle import move
from bus.flow.outcome import Send
from bus.flow.review import Reviewed, kept
from bus.model.case import Case, QueryState
from bus.model.messages import Decision, Finding
from bus.model.request import Application, PartDigest
from bus.rules.consent import households
from bus.rules.members import Member
from bus.rules.review_policy import Households, ReviewPolicy
from bus.rules.working_days import Calendar
from bus.wire.message import Message
from signer.envelope.kinds import Kind

NOBODY_REMAINS = Finding(
    "NOBODY_REMAINS",
    "所有家庭的授权均不齐全，没有可查询的人员",
    "no household has every member's authorisation, so nobody remains to be asked about",
    "名单",
)


def returns(reviewed: Reviewed, policy: ReviewPolicy) -> bool:
    """Whether an application goes back, or is refused, for its households alone (R067)."""
    return policy.households is Households.RETURN and reviewed.consents_only


def give_back(
    case: Case,
    refused: Collection[int],
    reasons: tuple[Finding, ...],
    decided_by: str,
    calendar: Calendar,
    now: datetime,
    between: tuple[str, ...] = (),
) -> tuple[Case, Send]:
    """Return the hub's case, waiting for the application to come again, and the Decision.

    Args:
        case: The case under review.
        refused: The numbers of the persons to be taken out: whole households.
        reasons: Why.
        decided_by: `policy` or the operator's name.
        calendar: For the day by which the query starts (R028), which stays as it is.
        now: The present instant.
        between: The centres between us and the requester; one of them has assented (R006).

    Raises:
        RefusedError: `ILLEGAL_STATE` when the case is not under review.
    """
    application = case.application or b""
    reasons = kept(reasons)
    waiting = _waiting(case, application, refused, reasons, now)
    body = Decision(
        application=application,
        accepted=False,
        findings=reasons,
        decided_by=decided_by,
        decided=now,
        start_by=calendar.add_working_days(case.opened, START_WITHIN_WORKING_DAYS).end,
        reissue=tuple(sorted(refused)),
    )
    readers = (case.requester, *between)
    return waiting, Send(Kind.DECISION, case.requester, body, readers, in_reply_to=case.application)


def follow_return(case: Case, decision: Decision, now: datetime) -> Case:
    """Return the case of a province above the requester, which assents anew to what comes again.

    Raises:
        RefusedError: `DECISION_ELSEWHERE`; `ILLEGAL_STATE` when it has not assented.
    """
    if decision.application != case.application:
        zh, en = "决定针对另一申请", "about another application"
        raise _refused("DECISION_ELSEWHERE", zh, en, case)
    return _waiting(case, decision.application, decision.reissue, decision.findings, now)


def _waiting(
    case: Case,
    application: bytes,
    refused: Collection[int],
    reasons: tuple[Finding, ...],
    now: datetime,
) -> Case:
    """Return a case that waits for its application to come again."""
    return replace(
        move(case, QueryState.SUBMITTED, now),
        application=None,
        parts=(),
        findings=reasons,
        blocked=False,
        review=None,
        assent=None,
        decided=None,
        decided_by=None,
        superseded=(*case.superseded, application),
        withdrawn=tuple(sorted({*case.withdrawn, *refused})),
    )


def household_members(
    members: Sequence[Member], labels: Collection[str], numbers: Collection[int]
) -> frozenset[int]:
    """Return the members of the households that an operator names; nobody where one is unknown.

    Args:
        members: Everybody on the list.
        labels: Households, as the list names them.
        numbers: Numbers of persons, each standing for its household.
    """
    wanted = set(labels)
    of_person = {member.reference: member.household for member in members}
    if not wanted <= set(of_person.values()) or not set(numbers) <= set(of_person):
        return frozenset()
    wanted |= {of_person[number] for number in numbers}
    return frozenset(
        member.reference
        for household in households(members).values()
        if any(member.household in wanted for member in household)
        for member in household
    )


def check_remaining(refused: Collection[int], listed: Collection[int], where: str) -> None:
    """Check what an operator wants to return by hand.

    Raises:
        InputError: `RETURN_NOBODY`: nobody of the list is named; `RETURN_EVERYBODY`.
    """
    if not refused:
        raise InputError(
            "RETURN_NOBODY",
            "名单中没有所指的家庭或人员",
            "nobody on the list is of that household or has that number",
            remedy_zh="户编号与人员序号见 hedui application show",
            remedy_en="Households and numbers stand in hedui application show",
            where=where,
        )
    if set(refused) >= set(listed):
        raise InputError(
            "RETURN_EVERYBODY",
            "退回后名单没有剩余人员",
            "nobody would remain on the list",
            remedy_zh="请以理由代码拒绝该申请",
            remedy_en="Refuse the application with a reason",
            where=where,
        )


@dataclass(frozen=True, slots=True)
class Renewed:
    """A part as it stands after a return.

    `sent` are the digests of Roster and Consent where they stay as they were sent; else both are to
    be sealed anew, in place of `replaces`.
    """

    part: Part
    sent: tuple[PartDigest, PartDigest] | None
    replaces: tuple[bytes, bytes]


def check_return(case: Case, decision: Decision) -> None:
    """Check at the requester that an application can be returned so.

    Raises:
        RefusedError: `DECISION_ELSEWHERE`, `ILLEGAL_STATE`, `REISSUE_IMPOSSIBLE`.
    """
    if decision.application != case.application:
        zh, en = "决定针对另一申请", "about another application"
        raise _refused("DECISION_ELSEWHERE", zh, en, case)
    if case.state is not QueryState.SUBMITTED:
        zh, en = "该申请不能再退回", "the application can no longer be returned"
        raise _refused("ILLEGAL_STATE", zh, en, case)
    taken = set(decision.reissue)
    known = set(range(1, case.person_count + len(case.withdrawn) + 1)) - set(case.withdrawn)
    if decision.accepted or len(taken) < len(decision.reissue) or not taken < known:
        zh, en = "所列须撤下的人员不在名单，或无人剩余", "not persons of the list, or all of them"
        raise _refused("REISSUE_IMPOSSIBLE", zh, en, case)


def renew(
    parts: Sequence[tuple[Part, PartDigest, PartDigest]], refused: Collection[int]
) -> tuple[Renewed, ...]:
    """Return the parts without the refused persons.

    Args:
        parts: The parts in force, in their order, each with the digests of Roster and Consent.
        refused: The numbers of the persons to be taken out.
    """
    found: list[Renewed] = []
    for part, roster, consent in parts:
        persons = tuple(p for p in part.roster.persons if p.reference not in refused)
        consents = tuple(c for c in part.consent.consents if c.reference not in refused)
        if not persons:
            continue
        number = len(found) + 1
        made = Part(
            replace(part.roster, part=number, persons=persons),
            replace(part.consent, part=number, consents=consents),
        )
        sent = (roster, consent) if made == part else None
        found.append(Renewed(made, sent, (roster.digest, consent.digest)))
    return tuple(found)


def apply_again(
    application: Application,
    digest: bytes,
    parts: tuple[PartDigest, ...],
    first_named: str,
    withdrawn: tuple[int, ...],
) -> Application:
    """Return the application that replaces a returned one.

    Args:
        application: The returned one.
        digest: Its message digest.
        parts: The parts as they stand now.
        first_named: The name of the first person that remains.
        withdrawn: The numbers of all persons taken out so far.
    """
    return replace(
        application,
        first_named=first_named,
        person_count=sum(part.count for part in parts if part.kind == Kind.ROSTER),
        parts=parts,
        supersedes=digest,
        withdrawn=withdrawn,
    )


def take_return(
    case: Case, decision: Decision, application: Application, digest: bytes, message: Message
) -> Case:
    """Return the requester's case after it applied again.

    Args:
        case: The case as the decision met it.
        decision: The hub's decision that returned the application.
        application: The new application.
        digest: Its message digest.
        message: The decision as received.
    """
    return replace(
        case,
        application=digest,
        person_count=application.person_count,
        parts=application.parts,
        received=tuple(part.digest for part in application.parts),
        findings=decision.findings,
        superseded=(*case.superseded, decision.application),
        withdrawn=application.withdrawn,
        assent=None,
        updated=message.received,
    )


def _refused(code: str, zh: str, en: str, case: Case) -> RefusedError:
    return RefusedError(code, zh, en, where=str(case.query))
