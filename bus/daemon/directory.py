"""Keeps the directory in force: takes what the topic holds, verifies, adopts, remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bus.catalog.catalogue import Catalogue
from bus.catalog.versions import CatalogueVersion
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.ports.broker import Record
from bus.ports.store import Store, Unit
from schemas.resources import with_resources
from signer.certificates import PathValidator
from signer.directory.records import HEAD_KEY, Adopted, adopt
from signer.directory.signed import RecordKind, parse_record
from signer.errors import DirectoryError
from signer.identity import Role, role_of


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
        if self.records and await self._try_adopt(kept=True):
            await self._keep_first()

    async def _keep_first(self) -> None:
        """Keep the catalogue of a store that comes from a version which kept none.

        It stands for every number up to now: applications under way may name an earlier one.
        """
        adopted = self.current
        if adopted is None or role_of(self.office.me) is Role.ADAPTER:
            return
        async with self.store.transaction() as unit:
            if not await unit.catalogues():
                first = replace(self.office.catalogue, version=1)
                await unit.put_catalogue(CatalogueVersion(adopted.directory.issued, first))

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
        """Refuse to serve on a directory past even its grace (72 hours), or while suspended.

        Raises:
            UnavailableError: As `Office.in_force`.
        """
        if self.current is not None or self.office.paused:
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
        """Keep verified records in the store, unless another instance has kept newer ones."""
        kept = await unit.directory()
        if kept == records or head_version(kept) > adopted.directory.version:
            return
        for key, record in records.items():
            if kept.get(key) != record:
                await unit.put_directory(key, record)
        for key in kept.keys() - records.keys():
            await unit.put_directory(key, None)
        work = Work(self.office, unit, self.office.clock.now())
        digest = adopted.head_digest.hex()
        work.note(None, Event.DIRECTORY_ADOPTED, version=adopted.directory.version, head=digest)
        await work.finish()
        mark = adopted.directory.hub.catalogue
        known = self.current is not None and self.current.directory.hub.catalogue == mark
        # The one in force was kept when it was adopted; a head is renewed every five minutes.
        if role_of(self.office.me) is not Role.ADAPTER and (mark is None or not known):
            await keep_catalogue(unit, adopted)

    def put_in_force(self, records: Mapping[str, bytes], adopted: Adopted) -> None:
        """Serve on a directory whose records are verified and kept."""
        self.records = dict(records)
        self.current, self.refusal = adopted, None
        self.office.adopt(adopted.directory, adopted.schemas)
        self.metrics.directory_version.set(adopted.directory.version)
        self.metrics.directory_expires.set(adopted.directory.expires.timestamp())

    async def follow_store(self, kept: Mapping[str, bytes]) -> None:
        """Serve on what another instance has kept in the store, if it is not what we serve on.

        Like `load`: one that has expired meanwhile is not put in force, but stays what
        the next one is counted from.
        """
        if kept and kept != self.records:
            self.records = dict(kept)
            await self._try_adopt(kept=True)

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


async def keep_catalogue(unit: Unit, adopted: Adopted) -> None:
    """Keep the catalogue of a directory, where its content is not that of the newest one kept.

    An application is judged by the version it names (R020), so each centre keeps them all.
    """
    directory = adopted.directory
    catalogue = Catalogue.from_directory(directory, with_resources(adopted.schemas))
    mark = directory.hub.catalogue
    kept = await unit.catalogue_at(directory.version)
    if kept is not None and (
        kept.version == catalogue.version
        # A hub that does not number its catalogues: the content tells them apart.
        or (mark is None and kept.catalogue.entries == catalogue.entries)
    ):
        return
    since = directory.issued if mark is None else mark.since
    await unit.put_catalogue(CatalogueVersion(since, catalogue))


def head_version(records: Mapping[str, bytes]) -> int:
    """Return the version of the head among records that were verified, 0 where there is none."""
    head = records.get(HEAD_KEY)
    if head is None:
        return 0
    version: int = parse_record(head, RecordKind.HEAD, HEAD_KEY).content["version"]
    return version
