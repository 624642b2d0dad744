"""提出申请: the requester writes its application (R019-R022, R041-R048, R070).

A draft becomes a request, roster and consent parts of at most 1,000 persons, and, once the parts
are sealed and have digests, the application that lists them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bus.catalog.catalogue import Catalogue
from bus.catalog.expand import expand
from bus.errors import InputError
from bus.flow.outcome import Send
from bus.model.case import Case, CaseRole, QueryState
from bus.model.request import (
    Application,
    Consent,
    Draft,
    PartDigest,
    Person,
    PersonConsent,
    Recheck,
    Request,
    Roster,
    Submission,
)
from signer.envelope.kinds import Kind
from signer.identity import HUB

PART_SIZE = 1000
"""Persons in a roster part, at most."""

MAX_PARTS = 100
"""Roster parts of one query, at most: what the hub reviews in one go."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the list: what providers may read, and what only the ancestors may."""

    roster: Roster
    consent: Consent


def compose_request(
    draft: Draft, catalogue: Catalogue, readers: Sequence[bytes], nonce: bytes
) -> Request:
    """Return the request that application and parts repeat (R020: against the catalogue).

    Args:
        draft: The checked draft.
        catalogue: The catalogue in force.
        readers: Encryption key ids that answers are sealed to.
        nonce: 16 random bytes that tie the parts to the application.

    Raises:
        InputError: A category or an item is not in the catalogue (R020, R052).
    """
    return Request(
        nonce=nonce,
        business=draft.business,
        purpose=draft.purpose,
        catalogue_version=catalogue.version,
        lines=expand(draft.lines, catalogue),
        readers=tuple(readers),
    )


def split(draft: Draft, request: Request) -> tuple[Part, ...]:
    """Return the list in parts; references count from 1 over the whole query.

    A household never ends up in two parts unless it alone is larger than a part, so that a part
    that holds a refused household can be reissued by itself.

    Raises:
        InputError: `TOO_MANY_PERSONS`.
    """
    parts: list[Part] = []
    numbered = list(enumerate(draft.persons, start=1))
    start = 0
    while start < len(numbered):
        end = min(start + PART_SIZE, len(numbered))
        if end < len(numbered):
            household = numbered[end][1].household
            cut = end
            while cut > start and numbered[cut - 1][1].household == household:
                cut -= 1
            end = cut if cut > start else end
        chosen = numbered[start:end]
        part = len(parts) + 1
        persons = tuple(
            Person(reference, p.name, p.id_type, p.id_number, p.reason) for reference, p in chosen
        )
        consents = tuple(
            PersonConsent(
                reference,
                p.household,
                p.relation,
                p.document,
                p.authorised_on,
                p.guardian,
                p.document_hash,
                p.scope,
                p.valid_until,
            )
            for reference, p in chosen
        )
        parts.append(Part(Roster(request, part, persons), Consent(request.nonce, part, consents)))
        start = end
    if len(parts) > MAX_PARTS:
        raise InputError(
            "TOO_MANY_PERSONS",
            f"名单超过 {MAX_PARTS} 册",
            f"the list has more than {MAX_PARTS} parts",
            remedy_zh="请分作几次申请",
            remedy_en="Split it into several applications",
        )
    return tuple(parts)


def references_of(case: Case, part: int | None) -> frozenset[int]:
    """Return the persons of a roster part: `split` numbers them on, and some were taken out since.

    Args:
        case: The requester's case.
        part: The roster part; one that was never sent has nobody.
    """
    total = case.person_count + len(case.withdrawn)
    withdrawn = set(case.withdrawn)
    remaining = [number for number in range(1, total + 1) if number not in withdrawn]
    first = 0
    for listed in case.parts:
        if listed.kind == Kind.ROSTER:
            if listed.part == part:
                return frozenset(remaining[first : first + listed.count])
            first += listed.count
    return frozenset()


def part_messages(
    part: Part,
    ancestors: tuple[str, ...],
    replaces: tuple[bytes | None, bytes | None] = (None, None),
) -> tuple[Send, Send]:
    """Return the Roster and the Consent of a part, readable by the requester's ancestors.

    Args:
        part: The part.
        ancestors: Who may read it.
        replaces: The digests of the Roster and the Consent that they replace (R067).
    """
    number, count = part.roster.part, len(part.roster.persons)
    first, second = replaces
    return (
        Send(
            *(Kind.ROSTER, HUB, part.roster, ancestors),
            subject_count=count,
            part=number,
            in_reply_to=first,
        ),
        Send(
            *(Kind.CONSENT, HUB, part.consent, ancestors),
            subject_count=count,
            part=number,
            in_reply_to=second,
        ),
    )


def compose_application(
    draft: Draft,
    request: Request,
    parts: tuple[PartDigest, ...],
    rechecks: Recheck | None = None,
) -> Application:
    """Return 查询申请, naming every part by digest (R047)."""
    return Application(
        request=request,
        addressee=draft.addressee,
        legal_basis=draft.legal_basis,
        authority=draft.authority,
        business_text=draft.business_text,
        first_named=draft.first_named,
        person_count=draft.person_count,
        query_text=draft.query_text,
        declaration=draft.declaration,
        list_submitted_on=draft.list_submitted_on,
        contact=draft.contact,
        applied_on=draft.applied_on,
        parts=parts,
        supersedes=None,
        rechecks=rechecks,
    )


def application_message(application: Application, ancestors: tuple[str, ...]) -> Send:
    """Return the Application message."""
    return Send(
        Kind.APPLICATION, HUB, application, ancestors, subject_count=application.person_count
    )


def open_case(me: str, submission: Submission, application: Application, digest: bytes) -> Case:
    """Return the requester's case of a query that has just been submitted."""
    return Case(
        query=submission.query,
        role=CaseRole.REQUESTER,
        requester=me,
        state=QueryState.SUBMITTED,
        opened=submission.submitted,
        updated=submission.submitted,
        application=digest,
        request=application.request,
        person_count=application.person_count,
        parts=application.parts,
        received=tuple(part.digest for part in application.parts),
        operator=submission.operator,
        authority=application.authority,
        rechecks=application.rechecks,
    )
