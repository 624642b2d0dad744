"""What a verified proof says: who asked, who approved, who answered, when (docs/spec/proof.md §10).

Nothing here is data of a person asked about, unless the proof discloses its answers: then
`Account.opened` is true and `Fragment.outcomes` hold what was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class ProofState(StrEnum):
    """How far the query had come, as far as the proof shows."""

    REFUSED = "REFUSED"
    ACCEPTED = "ACCEPTED"
    STARTED = "STARTED"
    PARTLY_ANSWERED = "PARTLY_ANSWERED"
    ANSWERED = "ANSWERED"
    DELIVERED = "DELIVERED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class RowOutcome(StrEnum):
    """What became of one thing owed: as `ProofState`'s rows, docs/spec/proof.md §8."""

    ANSWERED = "ANSWERED"
    DISPATCHED = "DISPATCHED"
    OPEN = "OPEN"
    STOPPED = "STOPPED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Party:
    """A participant by id, with its title (a unit's name) from the directory."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The application: its message digest, when it was signed, for how many persons and parts."""

    digest: bytes
    signed_at: datetime
    persons: int
    parts: int


@dataclass(frozen=True, slots=True)
class Assented:
    """A province's assent to the application of a city or county below it (R006).

    `decided_by` is `policy` or the province's operator.
    """

    by: Party
    decided_by: str
    decided_at: datetime
    signed_at: datetime
    received: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """A coded reason of a decision."""

    code: str
    zh: str
    en: str
    where: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The hub's decision. `decided_by` is `policy` or the hub's operator."""

    by: Party
    accepted: bool
    decided_by: str
    decided_at: datetime
    start_by: datetime
    signed_at: datetime
    received: datetime
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """One row: who ordered what of whom, when, due before when, and what became of it.

    `order` is the chain digest of the endorsed roster part.
    """

    by: Party
    to: Party
    part: int
    resource: str
    ordered_at: datetime
    due: datetime
    order: bytes
    outcome: RowOutcome


@dataclass(frozen=True, slots=True)
class Endorsed:
    """One hop's seal on an answer: when the hop received it and passed it on, by its own word."""

    by: Party
    received: datetime
    forwarded: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered on one person under one request line; only where the proof is opened.

    `reference` is the person's number in the query. A record is its items by name, or None where
    its resource is not known here.
    """

    line: int
    reference: int
    outcome: str
    code: str | None
    records: tuple[Mapping[str, Any] | None, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """One message of an answer. `received` is the requester's statement.

    `outcomes` is what it holds, None where it stays sealed.
    """

    number: int
    last: bool
    digest: bytes
    sealed_at: datetime
    endorsed: tuple[Endorsed, ...]
    received: datetime
    outcomes: tuple[Outcome, ...] | None


@dataclass(frozen=True, slots=True)
class Answered:
    """An agency's answer on a resource for a part.

    `whole`: all fragments are there. `late`: the last arrived at or after `due`.
    """

    agency: Party
    resource: str
    part: int
    order: bytes
    due: datetime
    whole: bool
    late: bool
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True)
class NotServed:
    """A resource that nobody below `by` could be asked for, with the reason's code."""

    by: Party
    part: int
    resource: str
    code: str


@dataclass(frozen=True, slots=True)
class Received:
    """A receipt of the requester: to whom, when, in reply to which message digest."""

    to: Party
    signed_at: datetime
    about: bytes


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The requester's withdrawal: why, by code, and when by its own word."""

    reason: str
    at: datetime
    digest: bytes


@dataclass(frozen=True, slots=True)
class Stated:
    """What a participant says that it had done when it was told to stop: rows, counted."""

    by: Party
    at: datetime
    reason: str
    not_started: int
    stopped: int
    answered: int


class Basis(StrEnum):
    """What the trusted time of a signature rests on, the strongest first."""

    TIMESTAMP = "TIMESTAMP"
    ENDORSEMENT = "ENDORSEMENT"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """The instant by which a signature was there, and who says so.

    `by` is the subject of a timestamping authority, or the participant that endorsed or named it.
    With the basis `NONE` nobody but the signer says when, and both are None.
    """

    basis: Basis
    at: datetime | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """A message by its number in the file: who signed it when by its own word, and what of it.

    `unproven`: its key was revoked since, and nobody but its signer says that it is older.
    """

    number: int
    kind: str
    source: Party
    digest: bytes
    signed_at: datetime
    time: TrustedTime
    unproven: bool


@dataclass(frozen=True, slots=True)
class HeadStamped:
    """A timestamp over the audit head that is entry `head`.

    `known`: whether the authority's path ends in a certificate the verifier was given.
    """

    head: int
    at: datetime
    authority: str
    known: bool


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The head of the requester's audit chain when the proof was made: entry and hash."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Later:
    """A later directory that the verifier was given: revocations since are taken from it."""

    version: int
    issued: datetime


@dataclass(frozen=True, slots=True)
class ListUsed:
    """A revocation list that the verifier was given; `authority` is its key identifier."""

    authority: bytes
    number: int
    issued: datetime


class CertificateStanding(StrEnum):
    """How a signing certificate stands, as far as is known; it was good when it was used."""

    VALID = "VALID"
    EXPIRED_SINCE = "EXPIRED_SINCE"
    REVOKED_SINCE = "REVOKED_SINCE"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that the proof's signatures rest on."""

    owner: Party
    key_id: bytes
    generation: int
    not_before: datetime
    not_after: datetime
    revoked: datetime | None
    standing: CertificateStanding


@dataclass(frozen=True, slots=True)
class Account:
    """Everything a valid proof says."""

    query: UUID
    state: ProofState
    requester: Party
    application: Asked
    assent: Assented | None
    decision: Decided | None
    orders: tuple[Ordered, ...]
    answers: tuple[Answered, ...]
    not_served: tuple[NotServed, ...]
    receipts: tuple[Received, ...]
    withdrawal: Withdrawn | None
    statements: tuple[Stated, ...]
    certificates: tuple[Certificate, ...]
    messages: tuple[Told, ...]
    timestamps: tuple[HeadStamped, ...]
    audit: AuditHead
    opened: bool
    made_at: datetime
    directory_version: int
    later: Later | None
    crls: tuple[ListUsed, ...]

    @property
    def open(self) -> tuple[Ordered, ...]:
        """The orders that are owed still."""
        return tuple(o for o in self.orders if o.outcome is RowOutcome.OPEN)
