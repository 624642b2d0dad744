"""The twin's part of a unit that finds persons; see `PersonBooks` for what is promised."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from bus.ports.memory_tables import MemoryPart


class MemoryPersonBooks(MemoryPart):
    """Persons by token in a plain dictionary."""

    async def put_persons(self, query: UUID, persons: Mapping[int, bytes]) -> None:
        """Note the persons of a query."""
        kept = self._tables.persons
        for reference, token in persons.items():
            if (token, query, reference) not in kept:
                self._journal.put(kept, (token, query, reference), True)

    async def queries_of(self, person: bytes) -> Sequence[tuple[UUID, int]]:
        """Return the queries a person stands in, with the reference it has there."""
        found = [(q, reference) for token, q, reference in self._tables.persons if token == person]
        return sorted(found)

    async def destroy_secrets(self, query: UUID, kinds: Collection[str]) -> int:
        """Destroy the content secrets of a query's messages of some kinds."""
        tables, destroyed = self._tables, 0
        for digest in tables.query_messages.get(query, ()):
            kept = tables.messages[digest]
            if kept.kind in kinds and kept.secret is not None:
                self._journal.put(tables.messages, digest, replace(kept, secret=None))
                destroyed += 1
        return destroyed
