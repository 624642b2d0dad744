"""What an adapter's books hold of lists that people fill: handed out, and taken back (R066, R117).

Of what was taken back the last stands until its answer has been sent; who may replace it is decided
above. The persons rest sealed under the store key, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from bus.model.returns import HandedOut, ReturnedAnswer, TaskKey


class ReturnBooks(Protocol):
    """The lists that are out, and those that came back."""

    async def handed_out(self, key: TaskKey) -> HandedOut | None:
        """Return the last list that went out for a task, or None."""
        ...

    async def all_handed_out(self) -> Sequence[HandedOut]:
        """Return the last list of every task, by the end of its term and then by its key."""
        ...

    async def save_handed_out(self, handed: HandedOut) -> None:
        """Insert or replace a task's list."""
        ...

    async def returned_answer(self, key: TaskKey) -> ReturnedAnswer | None:
        """Return what was taken back for a task, or None."""
        ...

    async def save_returned_answer(self, answer: ReturnedAnswer) -> None:
        """Insert or replace what was taken back for a task."""
        ...

    async def drop_returns(self, query: UUID) -> int:
        """Remove both for a query; returns how many answers were removed."""
        ...
