"""收件: an application and its parts come together, in whatever order they arrive (R019, R047).

The hub collects what it reviews, and so does the province above a city or county (R006). An
application that was returned is collected anew.
"""

from __future__ import annotations

from dataclasses import replace

from bus.errors import PendingError, RefusedError
from bus.flow.application import MAX_PARTS
from bus.model.case import Case, CaseRole, QueryState
from bus.model.request import Application
from bus.wire.message import Message

MAX_LISTED = 2 * MAX_PARTS
"""Roster and consent parts one application may list."""


def collect(
    case: Case | None,
    message: Message,
    role: CaseRole = CaseRole.REVIEWER,
    *,
    set_back: bool = False,
) -> Case:
    """Return the case after an Application or one of its parts arrived, in any order.

    Nothing runs for parts without an application (R019). A withdrawn query stays as it is: what
    comes is recorded only.

    Args:
        case: The case so far, None for the first message of a query.
        message: What arrived.
        role: Who collects: the hub, or the province above a city or county (R006).
        set_back: Whether our store was set back, so that we may not know what we returned.

    Raises:
        PendingError: `RETURN_NOT_YET_KNOWN`: it replaces an application that we have still to
            return again.
        RefusedError: `REQUESTER_DIFFERS`, `APPLICATION_TWICE`, `APPLICATION_CLOSED`,
            `PART_NOT_LISTED`, `TOO_MANY_PARTS`, `SUPERSEDES_DIFFERS`, `WITHDRAWN_DIFFERS`.
    """
    header = message.header
    if case is None:
        case = Case(
            query=header.conversation,
            role=role,
            requester=header.source,
            state=QueryState.SUBMITTED,
            opened=message.received,
            updated=message.received,
        )
    if case.requester != header.source:
        raise _refused("REQUESTER_DIFFERS", "查询编号属于另一申请方", "another's query id", case)
    if case.state is QueryState.CANCELLED:
        return case  # R031: withdrawn meanwhile
    if set_back and _replaces(case, message):
        raise PendingError(
            "RETURN_NOT_YET_KNOWN",
            "所替换的申请尚待重新退回",
            "the application it replaces is still to be returned again",
            where=str(case.query),
        )
    if case.state is not QueryState.SUBMITTED:
        raise _refused("APPLICATION_CLOSED", "该申请已进入审查", "already under review", case)
    if isinstance(message.body, Application):
        return _take_application(case, message, message.body)
    listed = {part.digest for part in case.parts}
    if case.application is not None and message.digest not in listed:
        raise _refused("PART_NOT_LISTED", "申请未列明该分册", "not listed by the application", case)
    if len(case.received) >= MAX_LISTED * (1 + len(case.superseded)):
        raise _refused("TOO_MANY_PARTS", "分册过多", "too many parts", case)
    received = (*case.received, message.digest)
    return replace(case, received=received, updated=message.received)


def _take_application(case: Case, message: Message, application: Application) -> Case:
    if case.application is not None:
        raise _refused("APPLICATION_TWICE", "该查询已有申请", "already applied for", case)
    if len(application.parts) > MAX_LISTED:
        raise _refused("TOO_MANY_PARTS", "申请所列分册过多", "too many parts", case)
    _check_replacement(case, application)
    return replace(
        case,
        application=message.digest,
        request=application.request,
        person_count=application.person_count,
        parts=application.parts,
        rechecks=application.rechecks,
        updated=message.received,
    )


def _replaces(case: Case, message: Message) -> bool:
    """Whether an application replaces the very one that the case holds."""
    body = message.body
    return (
        isinstance(body, Application)
        and body.supersedes is not None
        and body.supersedes == case.application
    )


def _check_replacement(case: Case, application: Application) -> None:
    # R067: what was returned comes again without those persons, and nobody else is missing.
    returned = case.superseded[-1] if case.superseded else None
    if application.supersedes != returned:
        zh, en = "所替换的不是本中心退回的申请", "it replaces an application we did not return"
        raise _refused("SUPERSEDES_DIFFERS", zh, en, case)
    if application.withdrawn != case.withdrawn:
        zh, en = "撤下的人员与退回时所列不符", "not the persons that were to be taken out"
        raise _refused("WITHDRAWN_DIFFERS", zh, en, case)


def all_here(case: Case) -> bool:
    """Whether the application and every part it lists have arrived."""
    return case.application is not None and {p.digest for p in case.parts} <= set(case.received)


def _refused(code: str, zh: str, en: str, case: Case) -> RefusedError:
    return RefusedError(code, zh, en, where=str(case.query))
