"""Keeps the directory in force: reads the topic, verifies, adopts; the hub also publishes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.ports.broker import Record
from bus.ports.store import Store, Unit
from signer.certificates import PathValidator
from signer.directory.entries import entry_content
from signer.directory.records import HEAD_KEY, Adopted, adopt, sign_entry, sign_head
from signer.directory.signed import RecordKind, SignedRecord, parse_record
from signer.directory.view import Participant
from signer.errors import DirectoryError
from signer.identity import DIRECTORY_TOPIC

HEAD_LIFETIME = timedelta(minutes=30)
HEAD_RENEWAL = timedelta(minutes=5)

TOMBSTONE = b""
"""What the outbox holds for a record that is to be removed from the topic."""


@dataclass
class DirectoryKeeper:
    """Adopts what the directory topic holds, as far as it verifies to the root."""

    office: Office
    store: Store
    validator: PathValidator
    metrics: Metrics
    current: Adopted | None = None
    refusal: DirectoryError | None = None
    records: dict[str, bytes] = field(default_factory=dict)

    async def load(self) -> None:
        """Start from the records kept in the store, so that a restart serves without the hub."""
        async with self.store.transaction() as unit:
            self.records = dict(await unit.directory())
        if self.records:
            await self._try_adopt(kept=True)

    async def take(self, records: Sequence[Record]) -> bool:
        """Take records of the directory topic; returns whether a newer directory was adopted.

        A record that does not verify changes nothing: the directory in use stays, `refusal` says
        why, and the next good record goes on.
        """
        for record in records:
            if record.key is None:
                continue
            key = record.key.decode("ascii", "replace")
            if record.value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = record.value
        return await self._try_adopt() if records else False

    def require_fresh(self, now: datetime) -> None:
        """Refuse to serve on a directory that is past even its grace (72 hours).

        Raises:
            UnavailableError: `DIRECTORY_LAPSED`.
        """
        if self.current is not None:
            self.office.in_force(now)

    async def verify(self, records: Mapping[str, bytes]) -> Adopted:
        """Return the directory that records make.

        Raises:
            DirectoryError: They do not verify, or records are still to come.
        """
        # In a thread: a country's directory is a thousand certificates and signatures.
        now = self.office.clock.now()
        return await asyncio.to_thread(adopt, dict(records), self.validator, self.current, now)

    async def keep(self, unit: Unit, records: Mapping[str, bytes], adopted: Adopted) -> None:
        """Keep verified records in the store."""
        kept = await unit.directory()
        for key, record in records.items():
            if kept.get(key) != record:
                await unit.put_directory(key, record)
        for key in kept.keys() - records.keys():
            await unit.put_directory(key, None)
        work = Work(self.office, unit, self.office.clock.now())
        work.note(None, Event.DIRECTORY_ADOPTED, version=adopted.directory.version)
        await work.finish()

    def put_in_force(self, records: Mapping[str, bytes], adopted: Adopted) -> None:
        """Serve on a directory whose records are verified and kept."""
        self.records = dict(records)
        self.current, self.refusal = adopted, None
        self.office.adopt(adopted.directory)
        self.metrics.directory_version.set(adopted.directory.version)
        self.metrics.directory_expires.set(adopted.directory.expires.timestamp())

    async def _try_adopt(self, *, kept: bool = False) -> bool:
        records = dict(self.records)
        try:
            adopted = await self.verify(records)
        except DirectoryError as error:
            self.refusal = error
            return False
        self.refusal = None
        if self.current is not None and adopted.head_digest == self.current.head_digest:
            return False
        if not kept:
            async with self.store.transaction() as unit:
                await self.keep(unit, records, adopted)
        self.put_in_force(records, adopted)
        return True


@dataclass
class DirectoryPublisher:
    """The hub's side: signs entries and heads, and puts them into the outbox."""

    office: Office
    store: Store
    keeper: DirectoryKeeper
    issuers: tuple[bytes, ...]

    async def publish(self, participants: Sequence[Participant]) -> bool:
        """Sign and publish what changed and a new head; returns whether anything was due.

        Unchanged entries keep their version and bytes. The head is renewed when entries changed
        or every five minutes.

        Raises:
            DirectoryError: The participants make no directory, e.g. a parent is missing; nothing
                was published.
        """
        now = self.office.clock.now()
        last = self._last_head()
        entries = await asyncio.to_thread(lambda: {p.id: self._entry(p) for p in participants})
        known = {k: v for k, v in self.keeper.records.items() if k != HEAD_KEY}
        due = last is None or now >= last.content["issued"] + HEAD_RENEWAL
        if entries == known and not due:
            return False
        head = sign_head(
            self.office.ring,
            version=1 if last is None else last.content["version"] + 1,
            prev=None if last is None else last.digest,
            entries=entries,
            issued=now,
            expires=now + HEAD_LIFETIME,
            issuers=self.issuers,
        )
        records = entries | {HEAD_KEY: head}
        changed = {k: v for k, v in records.items() if known.get(k) != v}
        changed |= dict.fromkeys(known.keys() - entries.keys(), TOMBSTONE)
        # Verified before it goes out, and kept in the same transaction: a version that went out
        # and was forgotten here would be made again with other content.
        adopted = await self.keeper.verify(records)
        async with self.store.transaction() as unit:
            for key, value in changed.items():
                await unit.enqueue(DIRECTORY_TOPIC, key.encode(), value, (), now)
            await self.keeper.keep(unit, records, adopted)
        self.keeper.put_in_force(records, adopted)
        return True

    def _last_head(self) -> SignedRecord | None:
        # From our own records and not from the directory in force: a hub that was down for longer
        # than the grace goes on counting where it stopped, or everybody sees a rollback.
        record = self.keeper.records.get(HEAD_KEY)
        return None if record is None else parse_record(record, RecordKind.HEAD, HEAD_KEY)

    def _entry(self, participant: Participant) -> bytes:
        record = self.keeper.records.get(participant.id)
        if record is None:
            return sign_entry(self.office.ring, replace(participant, version=1))
        kept = parse_record(record, RecordKind.ENTRY, participant.id)
        version: int = kept.content["version"]
        same = entry_content(replace(participant, version=version))
        if kept.content == same and kept.signer == self.office.ring.signing_key:
            return record
        return sign_entry(self.office.ring, replace(participant, version=version + 1))
