"""What a requester does to have a disputed result checked again (R032)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from bus.daemon.requester import NONCE_SIZE, own_readers, send_application
from bus.daemon.work import Work
from bus.errors import InputError
from bus.flow.recheck import check_disputed, chosen, draft_again, recheck_of, request_again
from bus.model.case import Case
from bus.model.messages import Finding
from bus.model.request import Application, Consent, Draft, Person, Request, Roster, Submission
from bus.ports.store import StoredMessage
from bus.rules.consent import review_consents
from bus.rules.form import check_draft
from bus.rules.members import members_of_draft
from bus.rules.persons import check_persons
from bus.rules.request_lines import check_request
from bus.rules.working_days import local_date
from signer.envelope.kinds import Kind


class RecheckRefusedError(InputError):
    """The archived application can no longer be made; `findings` are why. Nothing was done."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        super().__init__(
            "RECHECK_REFUSED",
            f"原申请有 {len(findings)} 处已不合要求，未提交；第一处：{first.zh}",
            f"{len(findings)} finding(s) on the old application, nothing was submitted; the first: "
            f"{first.en}",
            remedy_zh="请取得新的授权等并以新申请提出，或以 --persons、--lines 只复核其余部分",
            remedy_en="Apply anew, or name the others with --persons and --lines",
            where=first.where,
        )
        self.findings = findings


async def recheck(
    work: Work,
    case: Case,
    code: str,
    lines: Collection[int],
    persons: Collection[int],
    submission: Submission,
) -> Case:
    """Apply for the query of a case again: all of it, or some lines and persons.

    Args:
        work: The work at hand.
        case: The requester's case of the query whose result is disputed.
        code: What is disputed, a code of the table.
        lines: Numbers of the request lines; none for all.
        persons: Numbers of the persons; none for all.
        submission: The new query.

    Raises:
        InputError: `RECHECK_NOT_ENDED`, `RECHECK_REASON`, `RECHECK_NUMBER`; `RESULT_NOT_HERE`.
        RecheckRefusedError: An authorisation has run out, or the catalogue has changed.
    """
    check_disputed(case)
    named = recheck_of(case, code)
    kept = [
        stored
        for kind in (Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT)
        for stored in await work.stored(case.query, kind)
        if stored.digest == case.application or stored.digest in case.received
    ]
    draft, request = await asyncio.to_thread(_again, work, case, kept, lines, persons)
    readers = own_readers(work, {line.resource for line in request.lines})
    request = request_again(
        request,
        [line.line for line in request.lines],
        work.office.catalogue.version,
        readers,
        work.office.entropy(NONCE_SIZE),
    )
    findings = await asyncio.to_thread(_check, work, draft, request)
    if findings:
        raise RecheckRefusedError(findings)
    return await send_application(work, draft, request, submission, named)


def _again(
    work: Work,
    case: Case,
    kept: list[StoredMessage],
    lines: Collection[int],
    persons: Collection[int],
) -> tuple[Draft, Request]:
    bodies = [work.message(stored).body for stored in kept]
    form = next((body for body in bodies if isinstance(body, Application)), None)
    if form is None:
        raise InputError(
            "RESULT_NOT_HERE",
            "本节点没有该查询的申请",
            "this node holds no application of that query",
            where=str(case.query),
        )
    listed: dict[int, Person] = {
        person.reference: person
        for body in bodies
        if isinstance(body, Roster)
        for person in body.persons
    }
    consents = {
        consent.reference: consent
        for body in bodies
        if isinstance(body, Consent)
        for consent in body.consents
    }
    numbers = chosen(persons, listed, "--persons")
    asked = chosen(lines, [line.line for line in form.request.lines], "--lines")
    today = local_date(work.now)
    draft = draft_again(form, [listed[number] for number in numbers], consents, today)
    return draft, request_again(form.request, asked, form.request.catalogue_version, (), b"")


def _check(work: Work, draft: Draft, request: Request) -> tuple[Finding, ...]:
    today = local_date(work.now)
    members = members_of_draft(draft)
    return (
        *check_draft(draft, today),
        *check_request(request, work.office.catalogue, today),
        *check_persons(members, today),
        *review_consents(members, draft.applied_on, today).findings,
    )
