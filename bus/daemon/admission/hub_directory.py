"""The hub's directory follows its books: the list's file, admissions, revocations.

What an operator does at this instance publishes at once; what one does at another instance, or in
the file, is looked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bus.config.participants import load_participants
from bus.config.resources import load_resources
from bus.daemon.directory_publisher import DirectoryPublisher
from bus.flow.listing import listing
from bus.ports.store import Store, Unit

PUBLISH_EVERY = timedelta(seconds=30)
"""How often the file is read, and the head looked at."""

LOOK_EVERY = timedelta(seconds=1)
"""How often the books are looked at for what another instance's operator did."""


@dataclass
class HubDirectory:
    """Publishes the directory when what it says has changed.

    Attributes:
        participants: The list's file.
        issuers: DER of the authorities the hub's own keys stand under.
        published: Told after each directory that was published.
        resources: The folder of resource schemas that travel along (R005), None for none.
        wake: Set to publish at once.
    """

    publisher: DirectoryPublisher
    store: Store
    participants: Path
    issuers: tuple[bytes, ...]
    published: Callable[[], Awaitable[object]]
    resources: Path | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _mark: str | None = None

    async def publish(self) -> None:
        """Publish what is due.

        Raises:
            ConfigError: `PARTICIPANTS_INVALID`, `PARTICIPANT_TWICE`, `RESOURCES_INVALID`; the
                directory in force stays.
            DirectoryError: The participants make no directory.
            HeduiError: The store cannot be reached.
        """
        filed = await asyncio.to_thread(load_participants, self.participants)
        async with self.store.transaction() as unit:
            mark = await _mark(unit)
            admissions, revocations = await unit.admissions(), await unit.revocations()
            reports = await unit.catalogue_reports()
        schemas = await asyncio.to_thread(load_resources, self.resources)
        listed = await asyncio.to_thread(
            listing, filed, self.issuers, admissions, revocations, reports, schemas
        )
        if await self.publisher.publish(listed):
            await self.published()
        self._mark = mark

    async def look(self) -> None:
        """Have the directory published if the books have changed since it last was.

        Raises:
            HeduiError: The store cannot be reached.
        """
        async with self.store.transaction() as unit:
            mark = await _mark(unit)
        if mark != self._mark:
            self.wake.set()

    def filed(self) -> frozenset[str]:
        """Return the ids in the list's file.

        Raises:
            ConfigError: `PARTICIPANTS_INVALID`.
        """
        return frozenset(p.id for p in load_participants(self.participants))


async def _mark(unit: Unit) -> str:
    return f"{await unit.admission_mark()}.{await unit.catalogue_report_mark()}"
