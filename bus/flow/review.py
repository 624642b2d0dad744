"""形式审查: the hub reviews an application that is complete, and decides (R025-R028).

Review is a state with an event out of it, not a flag: a clean application may be accepted by
policy at once, anything else waits for an operator, who accepts or refuses with a coded reason.
What is returned instead stands in reissue.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bus.catalog.versions import Cited
from bus.errors import InputError, RefusedError
from bus.flow.deadlines import START_WITHIN_WORKING_DAYS
from bus.flow.lifecycle import move
from bus.flow.outcome import Send
from bus.model.case import Case, QueryState
from bus.model.messages import Decision, Finding
from bus.model.request import Application, Consent, Roster
from bus.model.review import Review, Waits
from bus.rules import places
from bus.rules.catalogue_version import CATALOGUE_LIMIT, check_version
from bus.rules.consent import review_consents
from bus.rules.consistency import consistency
from bus.rules.form import check_application
from bus.rules.households import household_warnings
from bus.rules.members import members_of_parts
from bus.rules.persons import check_persons, person_warnings
from bus.rules.request_lines import check_request
from bus.rules.review_policy import ReviewMode, ReviewPolicy, draw, drawn
from bus.rules.working_days import Calendar, local_date
from bus.wire.message import Message
from schemas.codes import refusal_reasons
from signer.directory.view import Directory, KeyUse
from signer.envelope.kinds import Kind

BY_POLICY = "policy"
"""Who decided, when no operator did."""

NOT_HERE = bytes(32)
"""What a refusal names where the application itself never arrived."""

MAX_FINDINGS = 500
"""Findings kept of one review, at most; a last one counts the others."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the formal review has to say; nothing at all when the application is clean.

    `blocking` findings no operator may pass over: the form's fields are mandatory and its
    declaration is refused when false (R021, R046), a household without every member's consent is
    refused (R067), a request that contradicts its parts or the catalogue cannot be run (R020,
    R025), results go to the requester only (R034), and a result can be disputed by who has it
    (R032). `doubtful` ones, about how persons are named, are for an operator to judge (R027).
    `warnings` are for an operator's eye; nothing waits for them (R058).

    `refused` are the persons of households without complete consent; `consents_only` says that
    nothing else is blocking, `everyone` that nobody remains without them.
    """

    blocking: tuple[Finding, ...]
    doubtful: tuple[Finding, ...]
    warnings: tuple[Finding, ...] = ()
    refused: frozenset[int] = frozenset()
    consents_only: bool = False
    everyone: bool = False


def judge(
    requester: str,
    application: Application,
    rosters: Sequence[Roster],
    consents: Sequence[Consent],
    cited: Cited,
    directory: Directory,
    now: datetime,
    limit: timedelta = CATALOGUE_LIMIT,
    disputed: tuple[Finding, ...] = (),
) -> Reviewed:
    """Return everything the formal review has to say.

    Args:
        requester: Who applied.
        application: The application.
        rosters: Its roster parts.
        consents: Its consent parts.
        cited: The catalogue it was written against.
        directory: Whose key is whose.
        now: The present instant.
        limit: How long ago that catalogue may have been superseded.
        disputed: What is wrong with the query whose result it disputes, where the hub looks.
    """
    today = local_date(now)
    members = members_of_parts(rosters, consents)
    consented = review_consents(members, application.applied_on, today)  # R022, R067, R068
    other = (
        *check_application(application, today),  # R021, R041-R048
        *check_version(cited, now, limit),  # R020
        *check_request(application.request, cited.catalogue, today),  # R020, R049-R053
        *consistency(application, rosters, consents),  # R025, R044, R047
        *_check_readers(requester, application.request.readers, directory),  # R034
        *disputed,  # R032
    )
    return Reviewed(
        blocking=(*other, *consented.findings),
        doubtful=check_persons(members, today),  # R058, R070
        warnings=(*household_warnings(members, today), *person_warnings(members)),  # R058, R070
        refused=consented.refused,
        consents_only=bool(consented.refused) and not other,
        everyone=consented.refused == {member.reference for member in members},
    )


def _check_readers(
    requester: str, readers: Sequence[bytes], directory: Directory
) -> tuple[Finding, ...]:
    """A result goes to no third party: its readers are the requester's own encryption keys."""
    listed = [directory.key(reader) for reader in readers]
    own = [
        found
        for found in listed
        if found is not None and found[0].id == requester and found[1].use is KeyUse.ENCRYPTION
    ]
    if readers and len(own) == len(listed):
        return ()
    zh, en = "结果读者不是申请方自己的加密证书", "a reader of the results is not the requester"
    return (Finding("READER_NOT_REQUESTER", zh, en, places.form("结果读者")),)


def open_review(case: Case, reviewed: Reviewed, now: datetime) -> Case:
    """Return the case under review, with what the formal review found, as far as it is kept."""
    opened = move(case, QueryState.UNDER_REVIEW, now)
    found = kept(reviewed.blocking + reviewed.doubtful)
    return replace(opened, findings=found, blocked=bool(reviewed.blocking))


def under_policy(case: Case, reviewed: Reviewed, policy: ReviewPolicy, province: str) -> Case:
    """Return the case under review with the rule it falls under, and why it waits, if it does.

    Args:
        case: The case as `open_review` returned it.
        reviewed: What the review had to say.
        policy: How the hub reviews.
        province: The province that the application comes from.
    """
    chosen = policy.choose(province, case.request.business if case.request else "")
    sampled = chosen.rule.mode is ReviewMode.SAMPLED
    number = draw(policy.seed, case.query) if sampled else None
    waits = None
    if reviewed.blocking:
        waits = Waits.BLOCKING
    elif reviewed.doubtful:
        waits = Waits.DOUBTFUL
    elif chosen.rule.mode is ReviewMode.MANUAL:
        waits = Waits.MANUAL
    elif drawn(chosen.rule, number):  # R026
        waits = Waits.SAMPLED
    review = Review(
        rule=chosen.number,
        mode=chosen.rule.mode,
        rate=chosen.rule.rate if sampled else None,
        draw=number,
        waits=waits,
        blocking=len(reviewed.blocking),
        warnings=kept(reviewed.warnings),
    )
    return replace(case, review=review)


def may_accept_by_policy(case: Case) -> bool:
    """Whether the application is clean and its rule accepts such ones at once."""
    return case.review is not None and case.review.waits is None


def kept(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return findings as far as they are kept; a last one counts the others."""
    if len(findings) <= MAX_FINDINGS:
        return findings
    more = len(findings) - MAX_FINDINGS
    rest = Finding("FINDINGS_MORE", f"另有 {more} 项未列出", f"{more} more are not listed", "")
    return (*findings[:MAX_FINDINGS], rest)


def reason(code: str) -> Finding:
    """Return an operator's coded reason to refuse (R027).

    Raises:
        InputError: `REASON_UNKNOWN` with the codes there are.
    """
    row = refusal_reasons().get(code)
    if row is None:
        allowed = "、".join(f"{r.code} {r.zh}" for r in refusal_reasons().values())
        raise InputError(
            "REASON_UNKNOWN",
            "没有此拒绝理由代码",
            "no such reason code",
            remedy_zh=f"可用：{allowed}",
            remedy_en="Use one of: " + ", ".join(refusal_reasons()),
            where=code[:40],
        )
    return Finding(row.code, row.zh, row.en, "")


def decide(
    case: Case,
    accepted: bool,
    reasons: tuple[Finding, ...],
    decided_by: str,
    calendar: Calendar,
    now: datetime,
) -> tuple[Case, Send]:
    """Return the decided case and the Decision message to the requester.

    Args:
        case: The case under review.
        accepted: 受理 or 拒绝.
        reasons: Coded reasons, for a refusal (R027).
        decided_by: `policy` or the operator's name.
        calendar: For the day by which the query starts (R028).
        now: The present instant.

    Raises:
        RefusedError: `ILLEGAL_STATE` when the case is not under review.
    """
    state = QueryState.ACCEPTED if accepted else QueryState.REFUSED
    decided = replace(
        move(case, state, now),
        decided_by=decided_by,
        decided=now,
        findings=reasons or case.findings,
    )
    body = Decision(
        application=case.application or b"",
        accepted=accepted,
        findings=reasons,
        decided_by=decided_by,
        decided=now,
        # R028
        start_by=calendar.add_working_days(case.opened, START_WITHIN_WORKING_DAYS).end,
    )
    send = Send(
        Kind.DECISION,
        case.requester,
        body,
        (case.requester,),
        in_reply_to=case.application,
    )
    return decided, send


def take_decision(case: Case, message: Message, decision: Decision) -> Case:
    """Return the requester's case after the hub's decision.

    Raises:
        RefusedError: `DECISION_ELSEWHERE` when it is about another application; `ILLEGAL_STATE`,
            `DECISION_TWICE` when there is one already.
    """
    absent = not decision.accepted and decision.application == NOT_HERE
    if decision.application != case.application and not absent:
        raise _refused("DECISION_ELSEWHERE", "决定针对另一申请", "about another application", case)
    if case.decision is not None and case.state in (QueryState.CANCELLING, QueryState.EXPIRED):
        raise _refused("DECISION_TWICE", "该申请已有决定", "already decided", case)
    state = QueryState.ACCEPTED if decision.accepted else QueryState.REFUSED
    # R031: a withdrawal that crossed the acceptance goes on.
    withdrawn = case.state is QueryState.CANCELLING and decision.accepted
    return replace(
        case if withdrawn else move(case, state, message.received),
        updated=message.received,
        decision=message.digest,
        decided_by=decision.decided_by,
        decided=decision.decided,
        findings=decision.findings,
    )


def _refused(code: str, zh: str, en: str, case: Case) -> RefusedError:
    return RefusedError(code, zh, en, where=str(case.query))
