"""The hub's side of the directory: signs entries and heads, and puts them into the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bus.catalog.versions import content_digest
from bus.daemon.directory import DirectoryKeeper
from bus.daemon.office import Office
from bus.flow.listing import Listing
from bus.ports.instants import cut
from bus.ports.store import TOMBSTONE, Store
from signer.directory.entries import entry_content
from signer.directory.records import HEAD_KEY, sign_entry, sign_head
from signer.directory.signed import RecordKind, SignedRecord, parse_record
from signer.directory.view import CatalogueMark, Directory, Participant
from signer.identity import DIRECTORY_TOPIC, HUB

HEAD_LIFETIME = timedelta(minutes=30)
HEAD_RENEWAL = timedelta(minutes=5)


LEASE = "directory"

LEASE_FOR = timedelta(seconds=90)
"""Until another instance publishes for one that is gone; more than two rounds."""


@dataclass
class DirectoryPublisher:
    """The hub's side: signs entries and heads, and puts them into the outbox.

    What was published last is read from the store: another instance may have done it. One at a
    time publishes, so that two lists of participants that differ for a while do not take turns.

    Attributes:
        holder: This instance, as holder of the lease.
    """

    office: Office
    store: Store
    keeper: DirectoryKeeper
    holder: str

    async def publish(self, listed: Listing) -> bool:
        """Sign and publish what changed and a new head; returns whether anything was due.

        Unchanged entries keep their version and bytes. The head is renewed when entries or
        authorities changed, or every five minutes. While another instance has the lease, its
        directory is put in force.

        Raises:
            DirectoryError: The participants make no directory, e.g. a parent is missing; nothing
                was published.
        """
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            mine = await unit.lease(LEASE, self.holder, now, now + LEASE_FOR)
            kept = dict(await unit.directory())
        await self.keeper.follow_store(kept)
        if not mine:
            return False
        last = _last_head(kept)
        version = 1 if last is None else last.content["version"] + 1
        listed = _numbered(listed, kept, version, cut(now))
        entries = await asyncio.to_thread(
            lambda: {p.id: self._entry(p, kept) for p in listed.participants}
        )
        known = {k: v for k, v in kept.items() if k != HEAD_KEY}
        due = (
            last is None
            or now >= last.content["issued"] + HEAD_RENEWAL
            or last.content["issuers"] != list(listed.issuers)
            or last.content["schemas"] != list(listed.schemas)
        )
        if entries == known and not due:
            return False
        head = sign_head(
            self.office.ring,
            version=version,
            prev=None if last is None else last.digest,
            entries=entries,
            issued=now,
            expires=now + HEAD_LIFETIME,
            issuers=listed.issuers,
            schemas=listed.schemas,
        )
        records = entries | {HEAD_KEY: head}
        # Verified before it goes out, and kept in the same transaction: a version that went out
        # and was forgotten here would be made again with other content.
        adopted = await self.keeper.verify(records)
        async with self.store.transaction() as unit:
            if dict(await unit.directory()) != kept:
                return False  # another instance was faster, and the next round takes what it made
            for key, value in _changes(kept, records).items():
                await unit.enqueue(DIRECTORY_TOPIC, key.encode(), value, (), now)
            await self.keeper.keep(unit, records, adopted)
        self.keeper.put_in_force(records, adopted)
        return True

    async def hand_over(self) -> None:
        """Give the lease up, so that nobody waits for an instance that has stopped.

        Raises:
            HeduiError: The store cannot be reached.
        """
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    def _entry(self, participant: Participant, records: Mapping[str, bytes]) -> bytes:
        record = records.get(participant.id)
        if record is None:
            return sign_entry(self.office.ring, replace(participant, version=1))
        kept = parse_record(record, RecordKind.ENTRY, participant.id)
        version: int = kept.content["version"]
        same = entry_content(replace(participant, version=version))
        if kept.content == same and kept.signer == self.office.ring.signing_key:
            return record
        return sign_entry(self.office.ring, replace(participant, version=version + 1))


def _numbered(listed: Listing, kept: Mapping[str, bytes], version: int, now: datetime) -> Listing:
    """Return the listing with the catalogue's version in the hub's entry (R036).

    A content that stood before keeps its number; another one gets that of the directory it comes
    with, and the instant.
    """
    participants = {p.id: p for p in listed.participants}
    digest = content_digest(Directory(version, now, now, participants), listed.schemas)
    mark = _last_mark(kept)
    if mark is None or mark.digest != digest:
        mark = CatalogueMark(version, now, digest)
    return replace(
        listed,
        participants=tuple(
            replace(p, catalogue=mark) if p.id == HUB else p for p in listed.participants
        ),
    )


def _last_mark(kept: Mapping[str, bytes]) -> CatalogueMark | None:
    if HUB not in kept:
        return None
    stated = parse_record(kept[HUB], RecordKind.ENTRY, HUB).content.get("catalogue")
    return None if stated is None else CatalogueMark(**stated)


def _last_head(records: Mapping[str, bytes]) -> SignedRecord | None:
    # From the kept records and not from the directory in force: a hub that was down for longer
    # than the grace goes on counting where it stopped, or everybody sees a rollback.
    record = records.get(HEAD_KEY)
    return None if record is None else parse_record(record, RecordKind.HEAD, HEAD_KEY)


def _changes(kept: Mapping[str, bytes], records: Mapping[str, bytes]) -> dict[str, bytes]:
    changed = {key: value for key, value in records.items() if kept.get(key) != value}
    return changed | dict.fromkeys(kept.keys() - records.keys(), TOMBSTONE)
