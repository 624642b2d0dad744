"""复核: a disputed result is asked for again, as a query of its own (R032).

The requester makes it from the application it archived: the same persons, or some of them, under
the dates of today. The hub checks that the result named is the requester's own and has come; from
there on it is a query like any other. What differs is for the requester alone (difference.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from bus.errors import InputError
from bus.model.case import Case, QueryState, RowState
from bus.model.messages import Finding
from bus.model.request import (
    Application,
    Draft,
    DraftPerson,
    Person,
    PersonConsent,
    Recheck,
    Request,
)
from bus.rules import places
from schemas.codes import recheck_reasons
from signer.directory.view import Directory

_ENDED = frozenset({QueryState.DELIVERED, QueryState.CANCELLED, QueryState.EXPIRED})
_RUNNING = frozenset(
    {
        QueryState.STARTED,
        QueryState.PARTLY_ANSWERED,
        QueryState.DELAYED,
        QueryState.ANSWERED,
        QueryState.CANCELLING,
    }
)


def check_recheck(
    named: Recheck, requester: str, earlier: Case | None, directory: Directory
) -> tuple[Finding, ...]:
    """Return what is wrong with the query that an application asks to check again.

    Args:
        named: What the application names.
        requester: Who applied.
        earlier: Our case of the query it names.
        directory: Who stands below whom.

    Returns:
        `RECHECK_UNKNOWN`, `RECHECK_OF_ANOTHER`, `RECHECK_NOT_ENDED`, `RECHECK_REASON`.
    """
    found = []
    if named.reason not in recheck_reasons():
        found.append(_finding("RECHECK_REASON", "没有此复核理由代码", "no such reason code"))
    if earlier is None:
        found.append(_finding("RECHECK_UNKNOWN", "没有所复核的查询", "no such query"))
    elif earlier.requester != requester:
        zh, en = "所复核的查询属于另一申请方", "the query is another requester's"
        found.append(_finding("RECHECK_OF_ANOTHER", zh, en))
    elif earlier.application != named.application:
        zh, en = "所复核的不是该查询受理的申请", "not the application of that query"
        found.append(_finding("RECHECK_UNKNOWN", zh, en))
    elif not _has_result(earlier, directory):
        zh, en = "所复核的查询尚无结果", "the query has no result yet"
        found.append(_finding("RECHECK_NOT_ENDED", zh, en))
    return tuple(found)


def _has_result(earlier: Case, directory: Directory) -> bool:
    """Whether a query has ended, or the requester can have everything.

    The receipt may be behind the re-check on its way. Until it comes the hub cannot tell whether
    the requester's own agencies have answered, for their answers do not pass it.
    """
    if earlier.state in _ENDED:
        return True
    due = [row for row in earlier.rows if row.state is RowState.OPEN]
    return earlier.state in _RUNNING and all(
        earlier.requester in directory.path_up(row.holder) for row in due
    )


def check_disputed(case: Case) -> None:
    """Check at the requester that there is a result to dispute.

    Raises:
        InputError: `RECHECK_NOT_ENDED`.
    """
    if case.state in _ENDED and case.application is not None:
        return
    raise InputError(
        "RECHECK_NOT_ENDED",
        "该查询尚无结果，不能申请复核",
        "the query has no result yet that could be disputed",
        remedy_zh="请在签收之后申请复核",
        remedy_en="Ask for a re-check once it is delivered",
        where=str(case.query),
    )


def recheck_of(case: Case, code: str) -> Recheck:
    """Return what the new application names.

    Raises:
        InputError: `RECHECK_REASON` with the codes there are.
    """
    if code not in recheck_reasons():
        allowed = "、".join(f"{row.code} {row.zh}" for row in recheck_reasons().values())
        raise InputError(
            "RECHECK_REASON",
            "没有此复核理由代码",
            "no such reason code",
            remedy_zh=f"可用：{allowed}",
            remedy_en="Use one of: " + ", ".join(recheck_reasons()),
            where=code[:40],
        )
    return Recheck(case.query.bytes, case.application or b"", code)


def chosen(numbers: Collection[int], known: Collection[int], where: str) -> tuple[int, ...]:
    """Return the numbers asked for, in order; all that are known where none is named.

    Raises:
        InputError: `RECHECK_NUMBER` for one that the query does not have.
    """
    wrong = sorted(set(numbers) - set(known))
    if wrong:
        raise InputError(
            "RECHECK_NUMBER",
            f"原查询没有此序号：{'、'.join(map(str, wrong[:20]))}",
            f"the query has no such number: {', '.join(map(str, wrong[:20]))}",
            remedy_zh="序号见原查询的结果",
            remedy_en="The numbers stand in the query's result",
            where=where,
        )
    return tuple(sorted(set(numbers) or known))


def draft_again(
    application: Application,
    persons: Sequence[Person],
    consents: Mapping[int, PersonConsent],
    today: date,
) -> Draft:
    """Return the draft of a re-check: the archived form and persons under the dates of today.

    Args:
        application: The archived application.
        persons: Whom to ask about again.
        consents: Their consents, by number.
        today: The day of the re-check, in Asia/Shanghai.

    Raises:
        InputError: `RECHECK_NUMBER` when there is nobody.
    """
    if not persons:
        chosen((0,), (), "--persons")
    listed = tuple(_listed(person, consents[person.reference]) for person in persons)
    return Draft(
        addressee=application.addressee,
        legal_basis=application.legal_basis,
        authority=application.authority,
        business=application.request.business,
        business_text=application.business_text,
        purpose=application.request.purpose,
        first_named=listed[0].name,
        person_count=len(listed),
        query_text=application.query_text,
        declaration=application.declaration,
        list_submitted_on=today,
        contact=application.contact,
        applied_on=today,
        lines=(),
        persons=listed,
    )


def request_again(
    request: Request,
    lines: Collection[int],
    catalogue_version: int,
    readers: Sequence[bytes],
    nonce: bytes,
) -> Request:
    """Return the request with some of its lines, numbered anew, against the catalogue in force."""
    again = [line for line in request.lines if line.line in lines]
    return replace(
        request,
        nonce=nonce,
        catalogue_version=catalogue_version,
        lines=tuple(replace(line, line=number) for number, line in enumerate(again, 1)),
        readers=tuple(readers),
    )


def _listed(person: Person, consent: PersonConsent) -> DraftPerson:
    return DraftPerson(
        household=consent.household,
        relation=consent.relation,
        name=person.name,
        id_type=person.id_type,
        id_number=person.id_number,
        reason=person.reason,
        document=consent.document,
        authorised_on=consent.authorised_on,
        guardian=consent.guardian,
        document_hash=consent.document_hash,
        scope=consent.scope,
        valid_until=consent.valid_until,
    )


def _finding(code: str, zh: str, en: str) -> Finding:
    return Finding(code, zh, en, places.form("复核"))
