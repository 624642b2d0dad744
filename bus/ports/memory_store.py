"""The store's twin: the same promises in plain dictionaries, gone with the process.

A journal of undo steps makes a transaction cost what it writes, whatever the store already holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from bus.model.case import Case, CaseRole, QueryState
from bus.ports.audit_chain import link
from bus.ports.case_codec import decode_case, encode_case
from bus.ports.instants import cut, to_milliseconds
from bus.ports.leases import Lease, Ruling, rule
from bus.ports.memory_admission import MemoryAdmissionBooks
from bus.ports.memory_catalogue import MemoryCatalogueBooks
from bus.ports.memory_deadlines import MemoryDeadlineBooks
from bus.ports.memory_evidence import MemoryEvidenceBooks
from bus.ports.memory_operators import MemoryOperatorBooks
from bus.ports.memory_persons import MemoryPersonBooks
from bus.ports.memory_returns import MemoryReturnBooks
from bus.ports.memory_runs import MemoryRunBooks
from bus.ports.memory_tables import FiledCase, Journal, Tables, following, oldest
from bus.ports.memory_uploads import MemoryUploadBooks
from bus.ports.store import (
    AuditEntry,
    AuditEvent,
    HeldMessage,
    OutboxRow,
    QuarantinedMessage,
    StoredMessage,
    Tally,
    Unit,
)
from bus.ports.store_errors import equivocation_unchecked, store_closed
from bus.ports.turn import Turn


class MemoryUnit(
    MemoryAdmissionBooks,
    MemoryDeadlineBooks,
    MemoryRunBooks,
    MemoryEvidenceBooks,
    MemoryOperatorBooks,
    MemoryPersonBooks,
    MemoryCatalogueBooks,
    MemoryUploadBooks,
    MemoryReturnBooks,
):
    """A transaction on the tables; see the `Unit` protocol for what each method promises."""

    def _next_number(self, table: str) -> int:
        number = self._tables.numbers.get(table, 0) + 1
        self._journal.put(self._tables.numbers, table, number)
        return number

    async def seen(self, source: str, message_id: UUID) -> bytes | None:
        """Return the digest recorded for a message id, or None."""
        return self._tables.seen.get((source, message_id))

    async def mark_seen(self, source: str, message_id: UUID, digest: bytes, at: datetime) -> None:
        """Record a message for deduplication; the same one twice is the same as once."""
        cut(at)
        known = self._tables.seen.get((source, message_id))
        if known is None:
            self._journal.put(self._tables.seen, (source, message_id), digest)
        elif known != digest:
            raise equivocation_unchecked(source)

    async def case(self, query: UUID, role: CaseRole) -> Case | None:
        """Return a case, or None."""
        filed = self._tables.cases.get((query, role))
        return None if filed is None else decode_case(filed.text)

    async def save_case(self, case: Case) -> None:
        """Insert or replace a case."""
        cut(case.updated)
        filed = FiledCase(case.state, to_milliseconds(case.opened), encode_case(case))
        self._journal.put(self._tables.cases, (case.query, case.role), filed)

    async def cases(
        self, role: CaseRole, states: Sequence[QueryState] | None = None
    ) -> Sequence[Case]:
        """Return the cases of a role, newest first."""
        chosen = [
            (filed.opened, query.bytes, filed.text)
            for (query, its_role), filed in self._tables.cases.items()
            if its_role == role and (states is None or filed.state in states)
        ]
        return [decode_case(text) for _, _, text in sorted(chosen, reverse=True)]

    async def case_page(
        self,
        role: CaseRole,
        states: Sequence[QueryState],
        since: datetime | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Case]:
        """Return up to `limit` cases of a role in some states, by rising query id, after one."""
        chosen = sorted(
            (query.bytes, filed.text)
            for (query, its_role), filed in self._tables.cases.items()
            if its_role == role
            and filed.state in states
            and (after is None or query.bytes > after.bytes)
        )
        cases = (decode_case(text) for _, text in chosen)
        return [case for case in cases if since is None or case.updated >= cut(since)][:limit]

    async def put_message(self, message: StoredMessage) -> None:
        """Keep a sealed message; the first form stays."""
        kept = replace(message, at=cut(message.at))
        tables = self._tables
        if kept.digest in tables.messages:
            return
        self._journal.put(tables.messages, kept.digest, kept)
        earlier = tables.query_messages.get(kept.query, ())
        self._journal.put(tables.query_messages, kept.query, (*earlier, kept.digest))

    async def message(self, digest: bytes) -> StoredMessage | None:
        """Return a message by digest, or None."""
        return self._tables.messages.get(digest)

    async def messages(self, query: UUID, kind: str | None = None) -> Sequence[StoredMessage]:
        """Return a query's messages in the order they were kept."""
        tables = self._tables
        kept = (tables.messages[digest] for digest in tables.query_messages.get(query, ()))
        return [message for message in kept if kind is None or message.kind == kind]

    async def enqueue(
        self,
        topic: str,
        key: bytes,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        at: datetime,
    ) -> None:
        """Append a record to the outbox."""
        created = cut(at)
        number = self._next_number("outbox")
        row = OutboxRow(number, topic, key, value, tuple(headers), created)
        self._journal.put(self._tables.unsent, number, row)

    async def unsent(self, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest unsent outbox rows."""
        return oldest(self._tables.unsent, limit)

    async def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:
        """Forget outbox rows: nothing reads them once they are sent."""
        cut(at)
        for number in numbers:
            self._journal.remove(self._tables.unsent, number)

    async def append_audit(self, event: AuditEvent) -> AuditEntry:
        """Append an event to the hash chain."""
        audit = self._tables.audit
        entry = link(audit.get(len(audit)), event)
        self._journal.put(audit, entry.number, entry)
        return entry

    async def audit(
        self,
        after: int,
        limit: int,
        *,
        query: UUID | None = None,
        event: str | None = None,
    ) -> Sequence[AuditEntry]:
        """Return audit entries with a number above `after`, in order: all, or of one kind."""
        if query is None and event is None:
            return following(self._tables.audit, after, limit)
        found = (
            entry
            for entry in following(self._tables.audit, after, len(self._tables.audit))
            if query in {None, entry.event.query} and event in {None, entry.event.event}
        )
        return list(islice(found, limit))

    async def last_audit(self, event: str | None = None) -> AuditEntry | None:
        """Return the last audit entry, of all or of one event; None where there is none."""
        backwards = reversed(self._tables.audit.values())
        return next((e for e in backwards if event in {None, e.event.event}), None)

    async def offsets(self, topic: str) -> Mapping[int, int]:
        """Return the stored next offset of each partition of a topic."""
        return {
            partition: next_offset
            for (its_topic, partition), next_offset in self._tables.offsets.items()
            if its_topic == topic
        }

    async def store_offset(self, topic: str, partition: int, next_offset: int) -> None:
        """Store how far a partition has been consumed."""
        self._journal.put(self._tables.offsets, (topic, partition), next_offset)

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
        since, until = cut(since), cut(until)
        number = self._next_number("held")
        parked = HeldMessage(number, topic, key, value, tuple(headers), code, query, since, until)
        self._journal.put(self._tables.held, number, parked)

    async def held(
        self, limit: int, after: int = 0, queries: Collection[UUID] | None = None
    ) -> Sequence[HeldMessage]:
        """Return parked records, oldest first."""
        wanted = {
            number: one
            for number, one in self._tables.held.items()
            if number > after and (queries is None or one.query in queries)
        }
        return oldest(wanted, limit)

    async def parked(self) -> Mapping[tuple[str, UUID | None], int]:
        """Return how many records are parked, by topic and query."""
        return Counter((one.topic, one.query) for one in self._tables.held.values())

    async def is_held(self, number: int) -> bool:
        """Return whether a record is parked still."""
        return number in self._tables.held

    async def release(self, number: int) -> None:
        """Forget a parked record."""
        self._journal.remove(self._tables.held, number)

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
        """Keep a refused record as it came; returns its number."""
        at, detail = cut(at), detail.replace("\0", "\ufffd")
        number = self._next_number("quarantined")
        refused = QuarantinedMessage(
            number, topic, partition, offset, key, value, tuple(headers), code, detail, at, None
        )
        self._journal.put(self._tables.quarantined, number, refused)
        return number

    async def quarantined(self, after: int, limit: int) -> Sequence[QuarantinedMessage]:
        """Return quarantined records with a number above `after`, in order."""
        return following(self._tables.quarantined, after, limit)

    async def mark_replayed(self, number: int, at: datetime) -> None:
        """Note that a quarantined record was given to the step again."""
        at = cut(at)
        refused = self._tables.quarantined.get(number)
        if refused is not None:
            self._journal.put(self._tables.quarantined, number, replace(refused, replayed=at))

    async def tally(self) -> Tally:
        """Count what there is, without reading it."""
        tables = self._tables
        waiting = [row.created for row in tables.unsent.values()]
        return Tally(
            unsent=len(waiting),
            oldest_unsent=min(waiting, default=None),
            held=len(tables.held),
            quarantined=len(tables.quarantined),
            last_quarantined=tables.numbers.get("quarantined", 0),
            cases=Counter((role, filed.state) for (_, role), filed in tables.cases.items()),
        )

    async def put_directory(self, key: str, record: bytes | None) -> None:
        """Keep the newest directory record of a key; None removes it."""
        if record is None:
            self._journal.remove(self._tables.directory, key)
        else:
            self._journal.put(self._tables.directory, key, record)

    async def directory(self) -> Mapping[str, bytes]:
        """Return the kept directory records by key."""
        return dict(sorted(self._tables.directory.items()))

    async def put_year_table(self, year: int, table: str) -> None:
        """Keep an imported year table; replaces an earlier one."""
        self._journal.put(self._tables.year_tables, year, table)

    async def year_tables(self) -> Mapping[int, str]:
        """Return the imported year tables."""
        return dict(sorted(self._tables.year_tables.items()))

    async def lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew a lease; returns whether `holder` has it."""
        until = cut(until)
        ruling = rule(self._tables.leases.get(name), holder, now, until)
        if ruling is Ruling.TAKE:
            self._journal.put(self._tables.leases, name, Lease(holder, until))
        return ruling is not Ruling.OTHERS

    async def end_lease(self, name: str, holder: str) -> None:
        """Give a lease up, if `holder` has it."""
        lease = self._tables.leases.get(name)
        if lease is not None and lease.holder == holder:
            self._journal.remove(self._tables.leases, name)


class MemoryStore:
    """A `Store` in memory. Closing keeps what it holds, so that a restart can be played."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._turn = Turn()
        self._open = False

    async def open(self) -> None:
        """Open; a second call changes nothing."""
        self._open = True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Unit]:
        """Open a transaction: commits on a clean exit, rolls back on any exception.

        Raises:
            DefectError: `STORE_NESTED`: this task, or the one that started it, has one open.
            StoreUnavailable: `STORE_CLOSED`: the store is not open.
        """
        async with self._turn.take() as hold:
            if not self._open:
                raise store_closed()
            journal = Journal()
            try:
                yield MemoryUnit(self._tables, journal, hold)
            except BaseException:
                journal.roll_back()
                raise

    async def close(self) -> None:
        """Close, after the open transaction has ended; safe to call twice."""
        async with self._turn.take():
            self._open = False
