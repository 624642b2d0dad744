"""上级同意: a city's or county's application passes its province, which assents or not (R006).

The rules name provinces and the ministry centre only, so of several levels between a requester and
the hub it is the province that consents; a city relays what its counties ask (docs/decisions/0028).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bus.errors import RefusedError
from bus.flow.lifecycle import move
from bus.flow.outcome import Send
from bus.model.case import Assented, Case, CaseRole, QueryState
from bus.model.messages import Assent, Finding
from bus.wire.message import Message
from signer.directory.view import Directory
from signer.envelope.kinds import Kind
from signer.identity import HUB


class Assenting(StrEnum):
    """How a province assents: an operator to each, or its configuration to clean ones at once."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class AssentPolicy:
    """How a province assents to whom. What the formal review finds doubtful waits for a person.

    Attributes:
        usual: For those who are not named.
        subordinates: By node; one that is not named goes by the nearest above it that is.
    """

    usual: Assenting = Assenting.MANUAL
    subordinates: Mapping[str, Assenting] = field(default_factory=dict)

    def automatic(self, requester: str, directory: Directory) -> bool:
        """Whether clean applications of a requester are assented to at once."""
        named = (self.subordinates.get(centre) for centre in directory.path_up(requester))
        return next((how for how in named if how), self.usual) is Assenting.AUTOMATIC


def province_above(directory: Directory, requester: str) -> str | None:
    """Return the province whose assent a requester needs; None for a province itself (R006)."""
    *_, province, top = (None, None, *directory.path_up(requester))
    return province if top == HUB and province != requester else None


def is_province(directory: Directory, participant: str) -> bool:
    """Whether a centre stands right below the hub."""
    return directory.parent(participant) == HUB


def assented(case: Case, directory: Directory) -> bool:
    """Whether nothing is missing to review an application for want of a consent above it (R006)."""
    if is_province(directory, case.requester):
        return True
    return case.assent is not None and case.assent.application == case.application


def decide(
    case: Case, assent: bool, reasons: tuple[Finding, ...], decided_by: str, now: datetime
) -> tuple[Case, tuple[Send, ...]]:
    """Return the province's decided case, and its Assent: to the hub where it goes up, and down.

    Args:
        case: The province's case under review.
        assent: 同意上报 or not.
        reasons: Coded reasons, for a refusal.
        decided_by: `policy` or the operator's name.
        now: The present instant.

    Raises:
        RefusedError: `ILLEGAL_STATE` when the case is not under review.
    """
    state = QueryState.ACCEPTED if assent else QueryState.REFUSED
    decided = replace(
        move(case, state, now),
        decided_by=decided_by,
        decided=now,
        findings=reasons or case.findings,
    )
    application = case.application or b""
    body = Assent(application, case.requester, assent, reasons, decided_by, now)
    ends = (HUB, case.requester) if assent else (case.requester,)
    sends = tuple(
        Send(Kind.ASSENT, end, body, (end,), in_reply_to=case.application) for end in ends
    )
    return decided, sends


def withdrawn(case: Case | None, query: UUID, source: str, now: datetime) -> Case:
    """Return the province's case when a withdrawal from below passes it (R031).

    What the province has not decided on goes up no more; what it has decided on stays so.

    Args:
        case: The province's case, None where nothing of the application has arrived.
        query: The query.
        source: Who withdraws it.
        now: The present instant.

    Raises:
        RefusedError: `CANCELLATION_SOURCE`: it is another's query.
    """
    if case is None:
        case = Case(query, CaseRole.SUPERIOR, source, QueryState.SUBMITTED, opened=now, updated=now)
    if case.requester != source:
        raise RefusedError(
            "CANCELLATION_SOURCE", "撤销不是申请方发来的", "not the requester's", where=str(query)
        )
    undecided = case.state in (QueryState.SUBMITTED, QueryState.UNDER_REVIEW)
    return move(case, QueryState.CANCELLED, now) if undecided else case


def take_at_hub(case: Case | None, message: Message, assent: Assent, directory: Directory) -> Case:
    """Return the hub's case with a province's assent in hand, whatever came first.

    A withdrawn query stays as it is.

    Raises:
        RefusedError: `ASSENT_SOURCE`: it is not the requester's province; `ASSENT_MISSING`: it
            says no, which is none of the hub's business; `ASSENT_ELSEWHERE`: it is about another
            application; `ASSENT_TWICE`.
    """
    source, where = message.header.source, str(message.header.conversation)
    if province_above(directory, assent.requester) != source:
        raise _not_its_province(where)
    if not assent.assented:
        raise RefusedError(
            "ASSENT_MISSING",
            "不同意的决定只送申请方",
            "a refusal goes to the requester alone",
            where=where,
        )
    if case is None:
        case = Case(
            query=message.header.conversation,
            role=CaseRole.REVIEWER,
            requester=assent.requester,
            state=QueryState.SUBMITTED,
            opened=message.received,
            updated=message.received,
        )
    if case.requester != assent.requester:
        raise _elsewhere(where)
    if case.application not in (None, assent.application):
        raise _elsewhere(where)
    if case.state is QueryState.CANCELLED:
        return case
    if case.assent is not None or case.state is not QueryState.SUBMITTED:
        raise RefusedError(
            "ASSENT_TWICE", "该查询已有省级同意", "there is an assent already", where=where
        )
    return replace(case, assent=_recorded(message, assent), updated=message.received)


def check_assented(case: Case, where: str) -> None:
    """Check that what has just been collected is what its province assented to (R006).

    Raises:
        RefusedError: `APPLICATION_NOT_ASSENTED`.
    """
    if case.assent is not None and case.application not in (None, case.assent.application):
        raise RefusedError(
            "APPLICATION_NOT_ASSENTED",
            "省级同意针对另一申请",
            "the province assented to another application",
            where=where,
        )


def take_at_requester(case: Case, message: Message, assent: Assent, directory: Directory) -> Case:
    """Return the requester's case after its province's decision.

    It comes before the hub's decision or after: an assent only adds to the record. A refusal that
    a withdrawal has overtaken is recorded only.

    Raises:
        RefusedError: `ASSENT_SOURCE`, `ASSENT_ELSEWHERE`, `ASSENT_TWICE`; `ILLEGAL_STATE` when it
            refuses what the hub has decided on.
    """
    where = str(case.query)
    if province_above(directory, case.requester) != message.header.source:
        raise _not_its_province(where)
    if assent.application != case.application or assent.requester != case.requester:
        raise _elsewhere(where)
    if case.assent is not None:
        raise RefusedError(
            "ASSENT_TWICE", "该查询已有省级同意", "there is an assent already", where=where
        )
    if not assent.assented and case.state is QueryState.CANCELLED:
        return case
    if assent.assented:
        return replace(case, assent=_recorded(message, assent), updated=message.received)
    return replace(
        move(case, QueryState.REFUSED, message.received),
        decided_by=assent.decided_by,
        decided=assent.decided,
        findings=assent.findings,
    )


def _recorded(message: Message, assent: Assent) -> Assented:
    return Assented(
        province=message.header.source,
        message=message.digest,
        application=assent.application,
        decided_by=assent.decided_by,
        decided=assent.decided,
    )


def _not_its_province(where: str) -> RefusedError:
    return RefusedError(
        "ASSENT_SOURCE",
        "不是申请方所在的省级核对机构",
        "not the province of the requester",
        where=where,
    )


def _elsewhere(where: str) -> RefusedError:
    return RefusedError(
        "ASSENT_ELSEWHERE", "同意针对另一申请", "about another application", where=where
    )
