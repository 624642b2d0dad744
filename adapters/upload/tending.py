"""What is done about uploads each minute: files that have arrived, what is late, what is old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_hex

from adapters.contract import Books
from adapters.upload.inbox import Inbox
from adapters.upload.load import LEASE_FOR, lease_name
from adapters.upload.mapping import UploadMapping, UploadResource
from adapters.upload.schedule import late_periods, read_period
from adapters.upload.stand import stand_of
from adapters.upload.versions import destroy_due, remove_staged
from adapters.values import instant_of
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.audit import Event
from bus.model.upload import UploadDuty, UploadState
from bus.ports.store import AuditEvent
from schemas.resources import Resource

TIDY_EVERY = timedelta(hours=1)
INBOX_LEASE = "upload-inbox"


@dataclass
class Tending:
    """Tends the uploads of one adapter.

    Attributes:
        books: The adapter's store and key.
        mapping: The mapping.
        resources: The catalogue's resources by name.
        metrics: Where lateness and age are shown.
        log: Where they are told.
    """

    books: Books
    mapping: UploadMapping
    resources: Mapping[str, Resource]
    metrics: Metrics
    log: Logger
    _inbox: Inbox | None = field(init=False)
    _tidy_at: datetime | None = None
    _holder: str = field(init=False)

    def __post_init__(self) -> None:
        self._holder = f"{self.books.me}:{token_hex(8)}"
        folder = self.mapping.source.inbox
        self._inbox = None
        if folder is not None:
            placed = self.mapping.folder / folder
            self._inbox = Inbox(placed, self.books, self.mapping, self.resources, self.log)

    async def tend(self, now: datetime) -> None:
        """Do what is due.

        Raises:
            StoreUnavailable: The store cannot be reached; what was done stands.
        """
        if self._inbox is not None and await self._take(INBOX_LEASE, now):
            await self._inbox.look(now)
        for entry in self.mapping.resources:
            await self._look_at(entry, now)
        if self._tidy_at is None or now >= self._tidy_at:
            self._tidy_at = now + TIDY_EVERY
            await self._tidy(now)

    async def _look_at(self, entry: UploadResource, now: datetime) -> None:
        """Show how a resource stands, and note each period once when it becomes late."""
        async with self.books.store.transaction() as unit:
            duty = await unit.upload_duty(entry.name)
            if duty is None:
                duty = UploadDuty(entry.name, now)
                await unit.save_upload_duty(duty)
            stand = await stand_of(unit, entry, now)
            late = list(late_periods(stand.owed, entry.due_day))
            noted = read_period(entry.schedule, duty.late)
            fresh = [period for period in late if noted is None or period > noted]
            for period in fresh:
                detail = {
                    "resource": entry.name,
                    "period": period.label,
                    "due": period.due(entry.due_day).isoformat(),
                }
                event = AuditEvent(now, Event.UPLOAD_LATE, self.books.me, None, detail)
                await unit.append_audit(event)
            if fresh:
                await unit.save_upload_duty(replace(duty, late=fresh[-1].label))
        for period in fresh:
            self.log.warning("upload.late", resource=entry.name, text=period.label)
        self.metrics.upload_late_days.labels(resource=entry.name).set(stand.owed.late_days)
        as_of = 0.0 if stand.current is None else instant_of(stand.current.as_of).timestamp()
        self.metrics.upload_as_of.labels(resource=entry.name).set(as_of)

    async def _tidy(self, now: datetime) -> None:
        store, keep = self.books.store, timedelta(days=self.mapping.source.keep_days)
        if destroyed := await destroy_due(store, self.books.me, keep, now):
            self.log.info("upload.destroyed", count=destroyed)
        async with store.transaction() as unit:
            staged = {one.resource for one in await unit.uploads(state=UploadState.STAGED)}
        for resource in sorted(staged):
            if await self._take(lease_name(resource), now):  # else it is being loaded
                await remove_staged(store, resource)
                async with store.transaction() as unit:
                    await unit.end_lease(lease_name(resource), self._holder)

    async def _take(self, lease: str, now: datetime) -> bool:
        """Return whether we, of several instances, may do something now."""
        async with self.books.store.transaction() as unit:
            return await unit.lease(lease, self._holder, now, now + LEASE_FOR)
