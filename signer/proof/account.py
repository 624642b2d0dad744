"""What a verified proof says: who asked, who approved, who answered, when (docs/spec/proof.md §8).

Nothing here is data of a person asked about: only what stands in clear or is disclosed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ProofState(StrEnum):
    """How far the query had come, as far as the proof shows."""

    REFUSED = "REFUSED"
    ACCEPTED = "ACCEPTED"
    STARTED = "STARTED"
    PARTLY_ANSWERED = "PARTLY_ANSWERED"
    ANSWERED = "ANSWERED"
    DELIVERED = "DELIVERED"


class RowOutcome(StrEnum):
    """What became of one thing owed: as `ProofState`'s rows, docs/spec/proof.md §6."""

    ANSWERED = "ANSWERED"
    DISPATCHED = "DISPATCHED"
    OPEN = "OPEN"


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
class Fragment:
    """One message of an answer. `received` is the requester's statement."""

    number: int
    last: bool
    digest: bytes
    sealed_at: datetime
    endorsed: tuple[Endorsed, ...]
    received: datetime


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


class CertificateStanding(StrEnum):
    """How a signing certificate stood when the proof was made; it was good when it was used."""

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
    decision: Decided
    orders: tuple[Ordered, ...]
    answers: tuple[Answered, ...]
    not_served: tuple[NotServed, ...]
    receipts: tuple[Received, ...]
    certificates: tuple[Certificate, ...]
    made_at: datetime
    directory_version: int

    @property
    def open(self) -> tuple[Ordered, ...]:
        """The orders that are owed still."""
        return tuple(o for o in self.orders if o.outcome is RowOutcome.OPEN)
