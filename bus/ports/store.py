"""What the daemons need of a database: one transaction at a time, everything of a step inside it.

One at a time among all instances that share the database: what a transaction has read stays true
until it ends.

`MemoryStore` (memory_store.py) and the SQL store pass the same tests.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bus.model.case import Case, CaseRole, QueryState
from bus.ports.admission_books import AdmissionBooks
from bus.ports.catalogue_books import CatalogueBooks
from bus.ports.deadline_books import DeadlineBooks
from bus.ports.evidence_books import EvidenceBooks
from bus.ports.operator_books import OperatorBooks
from bus.ports.person_books import PersonBooks
from bus.ports.return_books import ReturnBooks
from bus.ports.run_books import RunBooks
from bus.ports.upload_books import UploadBooks


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A sealed message at rest.

    `secret` is its content secret under the store key, or None when the body is not ours to read.
    `sent` tells our own messages from received ones. The key is `digest`, the message digest; for
    a message passed on several times the first form is kept.
    """

    digest: bytes
    query: UUID
    kind: str
    source: str
    message_id: UUID
    part: int | None
    envelope: bytes
    secret: bytes | None
    sent: bool
    at: datetime


TOMBSTONE = b""
"""An outbox value that is published as a tombstone of a compacted topic; no message is empty."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A record waiting to be published; `number` rises in the order of enqueueing."""

    number: int
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    created: datetime


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """A record parked until something arrives. `until` bounds the wait."""

    number: int
    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    code: str
    query: UUID | None
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """A record that was refused, as it came, with the code why; `replayed`: when it was retried."""

    number: int
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    code: str
    detail: str
    at: datetime
    replayed: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that happened.

    `actor` is a participant id or `operator:<name>`; `detail` is small, JSON-ready and holds no
    personal data.
    """

    at: datetime
    event: str
    actor: str
    query: UUID | None
    detail: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event in the chain: `hash` = SHA-256 over `prev` and the entry's canonical bytes."""

    number: int
    event: AuditEvent
    prev: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Tally:
    """How much there is of what: for gauges and `standing`.

    `oldest_unsent` is when the oldest unsent outbox row was enqueued, None where there is none;
    `last_quarantined` the highest number in quarantine, 0 where there is none.
    """

    unsent: int
    oldest_unsent: datetime | None
    held: int
    quarantined: int
    last_quarantined: int
    cases: Mapping[tuple[CaseRole, QueryState], int]


class Unit(
    AdmissionBooks,
    DeadlineBooks,
    RunBooks,
    EvidenceBooks,
    OperatorBooks,
    PersonBooks,
    CatalogueBooks,
    UploadBooks,
    ReturnBooks,
    Protocol,
):
    """One open transaction. All of it happens, or none."""

    async def seen(self, source: str, message_id: UUID) -> bytes | None:
        """Return the digest recorded for a message id, or None."""
        ...

    async def mark_seen(self, source: str, message_id: UUID, digest: bytes, at: datetime) -> None:
        """Record a fully verified message for deduplication."""
        ...

    async def case(self, query: UUID, role: CaseRole) -> Case | None:
        """Return a case, or None."""
        ...

    async def save_case(self, case: Case) -> None:
        """Insert or replace a case."""
        ...

    async def cases(
        self, role: CaseRole, states: Sequence[QueryState] | None = None
    ) -> Sequence[Case]:
        """Return the cases of a role, newest first, of all states or the given ones."""
        ...

    async def case_page(
        self,
        role: CaseRole,
        states: Sequence[QueryState],
        since: datetime | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Case]:
        """Return up to `limit` cases of a role in some states, by rising query id, after one.

        Of those that were updated at or after `since` only, unless it is None.
        """
        ...

    async def put_message(self, message: StoredMessage) -> None:
        """Keep a sealed message; a digest already kept stays as it is."""
        ...

    async def message(self, digest: bytes) -> StoredMessage | None:
        """Return a message by digest, or None."""
        ...

    async def messages(self, query: UUID, kind: str | None = None) -> Sequence[StoredMessage]:
        """Return a query's messages in the order they were kept, of all kinds or one."""
        ...

    async def enqueue(
        self,
        topic: str,
        key: bytes,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        at: datetime,
    ) -> None:
        """Append a record to the outbox."""
        ...

    async def unsent(self, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest unsent outbox rows."""
        ...

    async def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:
        """Mark outbox rows as published."""
        ...

    async def append_audit(self, event: AuditEvent) -> AuditEntry:
        """Append an event to the hash chain."""
        ...

    async def audit(
        self,
        after: int,
        limit: int,
        *,
        query: UUID | None = None,
        event: str | None = None,
    ) -> Sequence[AuditEntry]:
        """Return audit entries with a number above `after`, in order: all, or of one kind.

        Args:
            after: A number, 0 for the first.
            limit: How many at most.
            query: Only those about this query, unless it is None.
            event: Only those of this event, unless it is None.
        """
        ...

    async def last_audit(self, event: str | None = None) -> AuditEntry | None:
        """Return the last audit entry, of all or of one event; None where there is none."""
        ...

    async def offsets(self, topic: str) -> Mapping[int, int]:
        """Return the stored next offset of each partition of a topic."""
        ...

    async def store_offset(self, topic: str, partition: int, next_offset: int) -> None:
        """Store how far a partition has been consumed."""
        ...

    async def hold(
        self,
        topic: str,
        key: bytes | None,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        code: str,
        query: UUID | None,
        since: datetime,
        until: datetime,
    ) -> None:
        """Park a record."""
        ...

    async def held(
        self, limit: int, after: int = 0, queries: Collection[UUID] | None = None
    ) -> Sequence[HeldMessage]:
        """Return parked records, oldest first.

        Args:
            limit: The most to return.
            after: Only those with a higher number.
            queries: Only those known to belong to these; None for all.
        """
        ...

    async def parked(self) -> Mapping[tuple[str, UUID | None], int]:
        """Return how many records are parked, by topic and query, without reading any."""
        ...

    async def is_held(self, number: int) -> bool:
        """Return whether a record is parked still: another instance may have settled it."""
        ...

    async def release(self, number: int) -> None:
        """Forget a parked record: it went on, or went to quarantine."""
        ...

    async def quarantine(
        self,
        topic: str,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        code: str,
        detail: str,
        at: datetime,
    ) -> int:
        """Keep a refused record as it came; returns its number, above all earlier ones.

        A NUL in `detail` is kept as U+FFFD, since not every database's text can hold it.
        """
        ...

    async def quarantined(self, after: int, limit: int) -> Sequence[QuarantinedMessage]:
        """Return quarantined records with a number above `after`, in order."""
        ...

    async def mark_replayed(self, number: int, at: datetime) -> None:
        """Note that a quarantined record was given to the step again."""
        ...

    async def tally(self) -> Tally:
        """Count what there is, without reading it."""
        ...

    async def put_directory(self, key: str, record: bytes | None) -> None:
        """Keep the newest signed directory record of a key; None removes it."""
        ...

    async def directory(self) -> Mapping[str, bytes]:
        """Return the kept directory records by key."""
        ...

    async def put_year_table(self, year: int, table: str) -> None:
        """Keep an imported working-day year table (JSON text); replaces an earlier one."""
        ...

    async def year_tables(self) -> Mapping[int, str]:
        """Return the imported year tables."""
        ...

    async def lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew what only one instance may do at a time; `leases.rule` says whose it is.

        Args:
            name: What is to be done.
            holder: The instance that wants to.
            now: The present instant.
            until: When another may take it, unless it is renewed before.

        Returns:
            Whether `holder` has it now, for at least half of the span asked for.
        """
        ...

    async def end_lease(self, name: str, holder: str) -> None:
        """Give a lease up; one that another holds is passed over."""
        ...


class Store(Protocol):
    """A participant's database."""

    async def open(self) -> None:
        """Open, creating the tables where they are missing, and bringing older ones forward.

        Raises:
            StoreUnavailable: The database cannot be reached or written.
        """
        ...

    def transaction(self) -> AbstractAsyncContextManager[Unit]:
        """Open a transaction: commits on a clean exit, rolls back on any exception."""
        ...

    async def close(self) -> None:
        """Close; safe to call twice."""
        ...
