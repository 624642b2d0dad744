"""What an adapter's books hold of periodic uploads: versions, sealed rows, duties (R112-R123)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from bus.model.upload import UploadDuty, UploadRow, UploadState, UploadVersion


class UploadBooks(Protocol):
    """The uploads of an agency. Nothing in them tells of a person without the store key."""

    async def upload(self, version: UUID) -> UploadVersion | None:
        """Return a version, or None."""
        ...

    async def save_upload(self, version: UploadVersion) -> None:
        """Insert or replace a version; its rows stay."""
        ...

    async def uploads(
        self, resource: str | None = None, state: UploadState | None = None
    ) -> Sequence[UploadVersion]:
        """Return versions, the newest first, of one resource or all, in one state or any."""
        ...

    async def drop_upload(self, version: UUID) -> None:
        """Remove a version that has no rows any more."""
        ...

    async def put_upload_rows(self, version: UUID, rows: Sequence[UploadRow]) -> None:
        """Add rows to a version; each ordinal stands once."""
        ...

    async def upload_rows(self, version: UUID, persons: Collection[bytes]) -> Sequence[UploadRow]:
        """Return the rows of some persons in a version, by ordinal."""
        ...

    async def first_upload_row(self, version: UUID) -> int:
        """Return the lowest ordinal of a version's rows, 0 where there is none."""
        ...

    async def drop_upload_rows(self, version: UUID, through: int) -> int:
        """Remove a version's rows up to an ordinal, that one included; returns how many."""
        ...

    async def upload_duty(self, resource: str) -> UploadDuty | None:
        """Return a resource's duty, or None."""
        ...

    async def save_upload_duty(self, duty: UploadDuty) -> None:
        """Insert or replace a resource's duty."""
        ...
