"""The twin's part of a unit that keeps lists people fill; see `ReturnBooks` for the promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from bus.model.returns import HandedOut, ReturnedAnswer, TaskKey
from bus.ports.instants import cut
from bus.ports.memory_tables import MemoryPart


class MemoryReturnBooks(MemoryPart):
    """Lists in plain dictionaries."""

    async def handed_out(self, key: TaskKey) -> HandedOut | None:
        """Return the last list that went out for a task, or None."""
        return self._tables.handed_out.get(key)

    async def all_handed_out(self) -> Sequence[HandedOut]:
        """Return the last list of every task, by the end of its term and then by its key."""
        return sorted(
            self._tables.handed_out.values(),
            key=lambda one: (one.due, one.key.order, one.key.part, one.key.line),
        )

    async def save_handed_out(self, handed: HandedOut) -> None:
        """Insert or replace a task's list."""
        kept = replace(handed, at=cut(handed.at), due=cut(handed.due))
        self._journal.put(self._tables.handed_out, handed.key, kept)

    async def returned_answer(self, key: TaskKey) -> ReturnedAnswer | None:
        """Return what was taken back for a task, or None."""
        return self._tables.returned_answers.get(key)

    async def save_returned_answer(self, answer: ReturnedAnswer) -> None:
        """Insert or replace what was taken back for a task."""
        kept = replace(answer, as_of=cut(answer.as_of), received=cut(answer.received))
        self._journal.put(self._tables.returned_answers, answer.key, kept)

    async def drop_returns(self, query: UUID) -> int:
        """Remove both for a query; returns how many answers were removed."""
        tables = self._tables
        for key in [k for k, one in tables.handed_out.items() if one.query == query]:
            self._journal.remove(tables.handed_out, key)
        answered = [k for k, one in tables.returned_answers.items() if one.query == query]
        for key in answered:
            self._journal.remove(tables.returned_answers, key)
        return len(answered)
