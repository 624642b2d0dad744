"""The twin's part of a unit that keeps uploads; see `UploadBooks` for what is promised."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from bus.model.upload import UploadDuty, UploadRow, UploadState, UploadVersion
from bus.ports.instants import cut
from bus.ports.memory_tables import MemoryPart


class MemoryUploadBooks(MemoryPart):
    """Uploads in plain dictionaries."""

    async def upload(self, version: UUID) -> UploadVersion | None:
        """Return a version, or None."""
        return self._tables.uploads.get(version)

    async def save_upload(self, version: UploadVersion) -> None:
        """Insert or replace a version; its rows stay."""
        kept = replace(
            version,
            received=cut(version.received),
            ended=None if version.ended is None else cut(version.ended),
            destroyed=None if version.destroyed is None else cut(version.destroyed),
        )
        self._journal.put(self._tables.uploads, version.id, kept)

    async def uploads(
        self, resource: str | None = None, state: UploadState | None = None
    ) -> Sequence[UploadVersion]:
        """Return versions, the newest first, of one resource or all, in one state or any."""
        found = [
            one
            for one in self._tables.uploads.values()
            if resource in (None, one.resource) and state in (None, one.state)
        ]
        return sorted(found, key=lambda one: (one.received, one.id.bytes), reverse=True)

    async def drop_upload(self, version: UUID) -> None:
        """Remove a version that has no rows any more."""
        self._journal.remove(self._tables.uploads, version)

    async def put_upload_rows(self, version: UUID, rows: Sequence[UploadRow]) -> None:
        """Add rows to a version."""
        for row in rows:
            self._journal.put(self._tables.upload_rows, (version, row.ordinal), row)

    async def upload_rows(self, version: UUID, persons: Collection[bytes]) -> Sequence[UploadRow]:
        """Return the rows of some persons in a version, by ordinal."""
        asked = set(persons)
        return [row for row in self._rows(version) if row.person in asked]

    async def first_upload_row(self, version: UUID) -> int:
        """Return the lowest ordinal of a version's rows, 0 where there is none."""
        return next((row.ordinal for row in self._rows(version)), 0)

    async def drop_upload_rows(self, version: UUID, through: int) -> int:
        """Remove a version's rows up to an ordinal; returns how many."""
        gone = [row.ordinal for row in self._rows(version) if row.ordinal <= through]
        for ordinal in gone:
            self._journal.remove(self._tables.upload_rows, (version, ordinal))
        return len(gone)

    async def upload_duty(self, resource: str) -> UploadDuty | None:
        """Return a resource's duty, or None."""
        return self._tables.upload_duties.get(resource)

    async def save_upload_duty(self, duty: UploadDuty) -> None:
        """Insert or replace a resource's duty."""
        kept = replace(duty, since=cut(duty.since))
        self._journal.put(self._tables.upload_duties, duty.resource, kept)

    def _rows(self, version: UUID) -> list[UploadRow]:
        kept = self._tables.upload_rows
        return [kept[key] for key in sorted(k for k in kept if k[0] == version)]
