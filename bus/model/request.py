"""What a provincial centre asks: persons, request lines, consents, the application.

Field names and order are those of `schemas/message/*.avsc`, which is what travels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

NATIONWIDE = "national"
"""Provider code of 全国: every unit able to provide the category (R051)."""

CENTRE = "hub"
"""Provider code of 部中心: the centre only (R051). A province is its six-digit region code."""


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One line of the request: a resource asked of a provider (R049-R053).

    `line` counts from 1 over the whole request; `row` is the row of the attached table (附表) it
    came from, since a row that names a category expands to one line for each of its resources.
    Both dates null = the latest data; equal = one day (R053). Dates are inclusive.
    """

    line: int
    row: int
    provider: str
    category: str
    resource: str
    items: tuple[str, ...]
    time_from: date | None
    time_to: date | None


@dataclass(frozen=True, slots=True)
class Request:
    """The signed request: stands in the application and, the same, in each roster part.

    `nonce` (16 random bytes) ties the application to its parts. `readers` are the encryption key
    ids that answers are sealed to, by default the requester's own.
    """

    nonce: bytes
    business: str
    purpose: str
    catalogue_version: int
    lines: tuple[RequestLine, ...]
    readers: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a roster part, with the fields of R070.

    `reference` counts from 1 over the whole query. `reason` is 申请原因. The query content and
    point of time of R070 are the request's lines.
    """

    reference: int
    name: str
    id_type: str
    id_number: str
    reason: str


@dataclass(frozen=True, slots=True)
class PersonConsent:
    """A person's household and authorisation (R022, R067); for the requester's ancestors only.

    `document_hash` is the SHA-256 of the document's file, `valid_until` the last day it is valid;
    both null, and `scope` empty, where the requester did not register them.
    """

    reference: int
    household: str
    relation: str
    document: str
    authorised_on: date
    guardian: str | None
    document_hash: bytes | None = None
    scope: str = ""
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class PartDigest:
    """One part that belongs to an application: `kind` is Roster or Consent."""

    kind: str
    part: int
    digest: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declaration of R046: written authorisation is held, and for which scope."""

    authorised: bool
    scope: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Contact person and telephone (R048)."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Recheck:
    """复核: the query whose result is disputed (R032), and why, by code.

    `query` is its id, 16 bytes; `application` the message digest of its application.
    """

    query: bytes
    application: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Application:
    """查询申请, the official form (R019-R021, R041-R048).

    `supersedes` names the application that this one replaces after it was returned, `withdrawn`
    the numbers of the persons taken out then. `rechecks` is what it asks to check again.
    """

    request: Request
    addressee: str
    legal_basis: str
    authority: str
    business_text: str
    first_named: str
    person_count: int
    query_text: str
    declaration: Declaration
    list_submitted_on: date
    contact: Contact
    applied_on: date
    parts: tuple[PartDigest, ...]
    supersedes: bytes | None
    withdrawn: tuple[int, ...] = ()
    rechecks: Recheck | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """待查询数据: at most 1,000 persons of a query, with the request repeated."""

    request: Request
    part: int
    persons: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Consent:
    """授权: the consents of one roster part."""

    nonce: bytes
    part: int
    consents: tuple[PersonConsent, ...]


@dataclass(frozen=True, slots=True)
class DraftPerson:
    """One row of the list sheet (名单), normalised: person and consent together.

    What was registered of the authorisation's document is as in `PersonConsent`; `document_file` is
    the name of the file that was handed in of it.
    """

    household: str
    relation: str
    name: str
    id_type: str
    id_number: str
    reason: str
    document: str
    authorised_on: date
    guardian: str | None
    document_hash: bytes | None = None
    scope: str = ""
    valid_until: date | None = None
    document_file: str | None = None


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One row of the attached table (附表), as asked: items empty = all items of the category."""

    row: int
    provider: str
    category: str
    items: tuple[str, ...]
    time_from: date | None
    time_to: date | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A complete, checked, not yet submitted application: what a workbook or an API call yields."""

    addressee: str
    legal_basis: str
    authority: str
    business: str
    business_text: str
    purpose: str
    first_named: str
    person_count: int
    query_text: str
    declaration: Declaration
    list_submitted_on: date
    contact: Contact
    applied_on: date
    lines: tuple[DraftLine, ...]
    persons: tuple[DraftPerson, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """Who submitted a draft, when, as which query."""

    query: UUID
    operator: str
    submitted: datetime
