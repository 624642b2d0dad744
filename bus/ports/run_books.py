"""What a participant's books hold of test runs (R014-R016)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bus.model.probe import Run


class RunBooks(Protocol):
    """The runs that a hub tests others by, or that a participant is tested by."""

    async def run(self, run: UUID) -> Run | None:
        """Return a run, or None."""
        ...

    async def save_run(self, run: Run) -> None:
        """Insert or replace a run."""
        ...

    async def runs(self, since: datetime, until: datetime) -> Sequence[Run]:
        """Return the runs that were opened from `since` on and before `until`, oldest first."""
        ...

    async def running(self) -> Sequence[Run]:
        """Return the runs that have not ended, oldest first."""
        ...
