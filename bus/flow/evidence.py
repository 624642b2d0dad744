"""调阅证明材料: the hub calls, the requester produces, the hub judges (R022-R026).

A side door of the path: the query goes on whatever becomes of a call, unless an operator refuses
the application for it. What a manifest may say stands in evidence_manifest.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from bus.errors import InputError, RefusedError
from bus.flow.deadlines import EVIDENCE_WITHIN_WORKING_DAYS as WITHIN_WORKING_DAYS
from bus.flow.deadlines import warn_from
from bus.flow.outcome import Send
from bus.model.case import Case, CaseRole
from bus.model.deadline import Deadline, DeadlineKind
from bus.model.evidence import (
    EvidenceCall,
    EvidenceItem,
    EvidenceRequest,
    EvidenceReview,
    EvidenceVerdict,
    ItemState,
    Notice,
)
from bus.rules import places
from bus.rules.sampling import sample
from bus.rules.working_days import Calendar
from bus.wire.message import Message
from schemas.codes import Code, CodeTable, document_kinds, evidence_faults, evidence_reasons
from signer.envelope.kinds import Kind

BY_POLICY = "policy"
"""Who ordered a call that was drawn, or judged what the program itself found."""

MAX_PERSONS = 200
"""Persons of one call, at most."""


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """How the hub calls evidence up, and what follows when it does not come.

    Attributes:
        seed: The secret of the draw; empty: nothing is drawn.
        sample_rate: Share of the persons of an accepted query to draw.
        doubt_rate: Share of those whom the review found doubtful.
        kinds: Kinds of document that are called up of who was drawn.
        before_acceptance: Draw when the review opens; the application then waits for an operator.
        overdue_to_manual: Applications of who owes overdue evidence wait for an operator.
        suspend_after: Overdue calls at which the hub suspends the requester; 0: an operator is
            told, and decides.
        warn_before: How long before the end of the term the requester is warned.
    """

    seed: bytes = b""
    sample_rate: float = 0.0
    doubt_rate: float = 1.0
    kinds: tuple[str, ...] = ("identity", "authorisation", "entrustment")
    before_acceptance: bool = False
    overdue_to_manual: bool = True
    suspend_after: int = 0
    warn_before: timedelta = timedelta(days=1)


def drawn(case: Case, rules: EvidenceRules) -> tuple[tuple[int, ...], str]:
    """Return the persons of a query whose evidence is looked at, and why (R026).

    Persons named in findings of the review are drawn at the rate of doubt; a finding that names
    nobody puts everybody there.
    """
    if not rules.seed:
        return (), "SAMPLE"
    everybody = numbers(case)
    named = [places.references(finding.where) for finding in case.findings]
    doubtful = set(everybody) if () in named else {person for found in named for person in found}
    persons = sample(
        rules.seed, case.query, everybody, rules.sample_rate, doubtful, rules.doubt_rate
    )
    return persons, "DOUBT" if doubtful & set(persons) else "SAMPLE"


def numbers(case: Case) -> frozenset[int]:
    """Return the numbers of the persons of a query, without those that were taken out (R067)."""
    last = case.person_count + len(case.withdrawn)
    return frozenset(range(1, last + 1)) - frozenset(case.withdrawn)


def open_call(
    number: UUID,
    case: Case,
    persons: Collection[int],
    kinds: Collection[str],
    reason: str,
    by: str,
    calendar: Calendar,
    now: datetime,
) -> tuple[EvidenceCall, Send]:
    """Return a call for evidence and the message that says it to the requester.

    Args:
        number: The call's id.
        case: The hub's case of the query.
        persons: Numbers of the persons.
        kinds: Kinds of document, by code, each owed for each person.
        reason: Why, by code.
        by: The operator, or `policy`.
        calendar: For the day by which it is due (R024).
        now: The present instant.

    Raises:
        InputError: `EVIDENCE_PERSONS`, `EVIDENCE_KIND_UNKNOWN`, `EVIDENCE_REASON_UNKNOWN`.
    """
    chosen = sorted(set(persons))
    if not 0 < len(chosen) <= MAX_PERSONS or not numbers(case).issuperset(chosen):
        raise _not_numbered(case)
    asked = tuple(dict.fromkeys(kind_code(kind) for kind in kinds))
    if not asked:
        raise _unknown("EVIDENCE_KIND_UNKNOWN", "没有此材料种类", "no such kind", document_kinds())
    code = code_of(evidence_reasons(), reason, "EVIDENCE_REASON_UNKNOWN", "没有此调阅原因代码")
    deadline = calendar.add_working_days(now, WITHIN_WORKING_DAYS)  # R024
    call = EvidenceCall(
        id=number,
        query=case.query,
        requester=case.requester,
        reason=code,
        ordered_by=by,
        opened=now,
        since=now,
        due=deadline.end,
        provisional=deadline.provisional,
        items=tuple(EvidenceItem(person, kind) for person in chosen for kind in asked),
    )
    body = EvidenceRequest(number.bytes, tuple(chosen), asked, code, deadline.end)
    return call, _to_requester(call, Kind.EVIDENCE_REQUEST, body, case.application)


def check_person(case: Case, person: int) -> None:
    """Check that a number is that of a person of a query.

    Raises:
        InputError: `EVIDENCE_PERSONS`.
    """
    if person not in numbers(case):
        raise _not_numbered(case)


def take_request(case: Case, message: Message, request: EvidenceRequest) -> EvidenceCall:
    """Return the requester's record of a call that has just come.

    Raises:
        RefusedError: `EVIDENCE_REQUEST_INVALID`: it asks for nobody, for somebody who is not in the
            query, or for a kind that this version does not know.
    """
    persons = set(request.persons)
    numbered = persons and numbers(case) >= persons
    known = request.kinds and all(kind in document_kinds() for kind in request.kinds)
    if not numbered or not known or len(persons) > MAX_PERSONS:
        raise RefusedError(
            "EVIDENCE_REQUEST_INVALID",
            "调阅要求的人员或材料种类有误",
            "the call names persons or kinds that cannot be",
            where=str(case.query),
        )
    return EvidenceCall(
        id=UUID(bytes=request.call),
        query=case.query,
        requester=case.requester,
        reason=request.reason,
        ordered_by=message.header.source,
        opened=message.received,
        since=message.received,
        due=request.due,
        provisional=False,
        items=tuple(
            EvidenceItem(person, kind)
            for person in sorted(persons)
            for kind in dict.fromkeys(request.kinds)
        ),
    )


def sent(call: EvidenceCall, documents: dict[tuple[int, str], tuple[UUID, ...]]) -> EvidenceCall:
    """Return the requester's call with items on their way, by person and kind."""
    return _changed(call, documents, ItemState.SENT)


def received(
    call: EvidenceCall, documents: dict[tuple[int, str], tuple[UUID, ...]]
) -> EvidenceCall:
    """Return the hub's call with items that are here, whole."""
    return _changed(call, documents, ItemState.RECEIVED)


def judge(
    call: EvidenceCall,
    accepted: bool,
    code: str | None,
    chosen: Collection[tuple[int, str]],
    calendar: Calendar,
    now: datetime,
) -> tuple[EvidenceCall, Send]:
    """Return the call with items judged, and the notice to the requester.

    What was sent back is owed anew, within a term of its own (★).

    Args:
        call: The hub's call.
        accepted: Whether the items are accepted.
        code: Why they are sent back, where they are.
        chosen: The items, by person and kind; those that wait for a verdict, where it is empty.
        calendar: For the new term.
        now: The present instant.

    Raises:
        InputError: `EVIDENCE_NOTHING_TO_JUDGE`, `EVIDENCE_FAULT_UNKNOWN`.
    """
    judged = {
        (item.person, item.kind)
        for item in call.items
        if item.state is ItemState.RECEIVED and (not chosen or (item.person, item.kind) in chosen)
    }
    if not judged or (chosen and judged != set(chosen)):
        raise InputError(
            "EVIDENCE_NOTHING_TO_JUDGE",
            "所指各项中没有待审核的材料，或有的尚未收齐",
            "there is nothing to judge, or some of the items named have not arrived",
            remedy_zh="请用 hedui evidence show 查看各项状态",
            remedy_en="Look at the items with hedui evidence show",
            where=str(call.id),
        )
    fault = None
    if not accepted:
        fault = code_of(evidence_faults(), code or "", "EVIDENCE_FAULT_UNKNOWN", "没有此退回原因")
    return send_back(call, judged, fault, calendar, now)


def send_back(
    call: EvidenceCall,
    judged: Collection[tuple[int, str]],
    fault: str | None,
    calendar: Calendar,
    now: datetime,
) -> tuple[EvidenceCall, Send]:
    """Return the call with items accepted (no fault) or sent back, and the notice that says so."""
    number, state = call.notices + 1, ItemState.REJECTED if fault else ItemState.ACCEPTED
    items = tuple(
        replace(item, state=state, code=fault, notice=number)
        if (item.person, item.kind) in judged
        else item
        for item in call.items
    )
    made = replace(call, items=items, notices=number)
    if fault:
        deadline = calendar.add_working_days(now, WITHIN_WORKING_DAYS)
        made = replace(
            made,
            since=now,
            due=deadline.end,
            provisional=deadline.provisional,
            warned=None,
            overdue=None,
            acted=None,
        )
    if all(item.state is ItemState.ACCEPTED for item in items):
        made = replace(made, closed=now)
    verdicts = tuple(
        EvidenceVerdict(item.person, item.kind, fault is None, fault)
        for item in items
        if (item.person, item.kind) in judged
    )
    return made, _notice(made, Notice.JUDGED, verdicts)


def remind(
    call: EvidenceCall, calendar: Calendar, rules: EvidenceRules, now: datetime
) -> tuple[EvidenceCall, Send | None]:
    """Return the call as it stands now, with the notice to send where a moment has come (R024).

    A term that rests on an estimate is counted again, in case the year's table has arrived.
    """
    if call.provisional:
        deadline = calendar.add_working_days(call.since, WITHIN_WORKING_DAYS)
        call = replace(call, due=deadline.end, provisional=deadline.provisional)
    if not call.owed:
        return call, None
    number = call.notices + 1
    if call.overdue is None and now >= call.due:
        call = replace(call, overdue=now, warned=call.warned or now, notices=number)
        return call, _notice(call, Notice.OVERDUE, ())
    if call.warned is None and now >= call.due - rules.warn_before:
        call = replace(call, warned=now, notices=number)
        return call, _notice(call, Notice.WARNING, ())
    return call, None


def deadline_of(
    call: EvidenceCall, role: CaseRole, calendar: Calendar, warn_days: int
) -> Deadline | None:
    """Return a call's term as a row of the deadlines, None while nothing is owed."""
    if call.closed is not None or not call.owed:
        return None
    return Deadline(
        query=call.query,
        role=role,
        kind=DeadlineKind.EVIDENCE,
        subject=str(call.id),
        owing=call.requester,
        received=call.since,
        days=WITHIN_WORKING_DAYS,
        due=call.due,
        provisional=call.provisional,
        warn_from=warn_from(calendar, call.since, call.due, warn_days),
    )


def take_review(call: EvidenceCall, review: EvidenceReview, now: datetime) -> EvidenceCall:
    """Return the requester's call after a notice of the hub's; in whatever order they come."""
    verdicts = {(verdict.person, verdict.kind): verdict for verdict in review.verdicts}
    items = tuple(_judged(item, verdicts, review.number) for item in call.items)
    call = replace(call, items=items)
    if all(item.state is ItemState.ACCEPTED for item in items):
        call = replace(call, closed=call.closed or now)
    if review.number <= call.notices:
        return call
    fresh = review.due != call.due
    return replace(
        call,
        notices=review.number,
        due=review.due,
        warned=now if review.notice is not Notice.JUDGED else None if fresh else call.warned,
        overdue=now if review.notice is Notice.OVERDUE else None if fresh else call.overdue,
    )


def kind_code(given: str) -> str:
    """Return the code of a kind of document, given by code or Chinese name.

    Raises:
        InputError: `EVIDENCE_KIND_UNKNOWN`.
    """
    return code_of(document_kinds(), given, "EVIDENCE_KIND_UNKNOWN", "没有此材料种类")


def code_of(table: CodeTable[Code], given: str, error: str, zh: str) -> str:
    """Return the code that an operator gave by any of its names.

    Raises:
        InputError: `error`, with the codes there are.
    """
    row = table.find(given.strip())
    if row is None:
        raise _unknown(error, zh, "no such code", table)
    return row.code


def _unknown(code: str, zh: str, en: str, table: CodeTable[Code]) -> InputError:
    return InputError(
        code,
        zh,
        en,
        remedy_zh="可用：" + "、".join(f"{row.code} {row.zh}" for row in table.values()),
        remedy_en="Use one of: " + ", ".join(table),
    )


def _changed(
    call: EvidenceCall, documents: dict[tuple[int, str], tuple[UUID, ...]], state: ItemState
) -> EvidenceCall:
    items = tuple(
        replace(item, state=state, documents=documents[item.person, item.kind], code=None)
        if (item.person, item.kind) in documents and item.state is not ItemState.ACCEPTED
        else item
        for item in call.items
    )
    return replace(call, items=items)


def _judged(
    item: EvidenceItem, verdicts: dict[tuple[int, str], EvidenceVerdict], number: int
) -> EvidenceItem:
    verdict = verdicts.get((item.person, item.kind))
    if verdict is None or number <= item.notice:
        return item
    state = ItemState.ACCEPTED if verdict.accepted else ItemState.REJECTED
    return replace(item, state=state, code=verdict.code, notice=number)


def _notice(call: EvidenceCall, notice: Notice, verdicts: Sequence[EvidenceVerdict]) -> Send:
    body = EvidenceReview(call.id.bytes, call.notices, notice, tuple(verdicts), call.due)
    return _to_requester(call, Kind.EVIDENCE_REVIEW, body, None)


def _to_requester(
    call: EvidenceCall,
    kind: Kind,
    body: EvidenceRequest | EvidenceReview,
    in_reply_to: bytes | None,
) -> Send:
    return Send(kind, call.requester, body, (call.requester,), in_reply_to=in_reply_to)


def _not_numbered(case: Case) -> InputError:
    last = case.person_count + len(case.withdrawn)
    return InputError(
        "EVIDENCE_PERSONS",
        f"人员序号须在该查询的 1 至 {last} 之内且未被撤出，一次至多 {MAX_PERSONS} 人",
        f"persons are numbered 1 to {last} but for those taken out; at most {MAX_PERSONS} a call",
        where=str(case.query),
    )
