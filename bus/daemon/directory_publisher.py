"""The hub's side of the directory: signs entries and heads, and puts them into the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bus.daemon.directory import DirectoryKeeper
from bus.daemon.office import Office
from bus.ports.store import TOMBSTONE, Store
from signer.directory.entries import entry_content
from signer.directory.records import HEAD_KEY, sign_entry, sign_head
from signer.directory.signed import RecordKind, SignedRecord, parse_record
from signer.directory.view import Participant
from signer.identity import DIRECTORY_TOPIC

HEAD_LIFETIME = timedelta(minutes=30)
HEAD_RENEWAL = timedelta(minutes=5)


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
