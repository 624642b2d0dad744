"""What a participant's books hold of deadlines (R024, R028-R030)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bus.model.case import CaseRole
from bus.model.deadline import Deadline, DeadlineKind


@dataclass(frozen=True, slots=True)
class DeadlineTally:
    """How many deadlines of a kind are open, how many of them are near, how many have passed."""

    open: int
    near: int
    passed: int


class DeadlineBooks(Protocol):
    """The deadlines of everything that is still to be done; what was done has none."""

    async def put_deadlines(self, deadlines: Sequence[Deadline]) -> None:
        """Insert or replace deadlines."""
        ...

    async def drop_deadlines(self, deadlines: Sequence[Deadline]) -> None:
        """Forget deadlines by query, role, kind and subject; one that is not there is passed over.

        Their other fields do not matter.
        """
        ...

    async def deadlines(self, query: UUID, role: CaseRole | None = None) -> Sequence[Deadline]:
        """Return a query's deadlines by due time, role, kind and subject, of all roles or one."""
        ...

    async def near_deadlines(self, now: datetime) -> Sequence[tuple[UUID, CaseRole]]:
        """Return the cases with a deadline that is to be warned of, the earliest due first."""
        ...

    async def passed_deadlines(self, now: datetime) -> Sequence[tuple[UUID, CaseRole]]:
        """Return the cases with a passed deadline not dealt with yet, the earliest due first."""
        ...

    async def deadline_tally(self, now: datetime) -> Mapping[DeadlineKind, DeadlineTally]:
        """Count the deadlines there are, by kind."""
        ...
