"""Where a person stands in a participant's books, and how what was kept of persons is destroyed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID


class PersonBooks(Protocol):
    """Persons by their token under the store key (`StoreKey.person_token`), never by a number."""

    async def put_persons(self, query: UUID, persons: Mapping[int, bytes]) -> None:
        """Note the persons of a query: their tokens by reference; what is noted stays as it is."""
        ...

    async def queries_of(self, person: bytes) -> Sequence[tuple[UUID, int]]:
        """Return the queries a person stands in, with the reference it has there, by query id."""
        ...

    async def destroy_secrets(self, query: UUID, kinds: Collection[str]) -> int:
        """Destroy the content secrets of a query's messages of some kinds; returns how many.

        The messages stay, sealed: nobody opens them here any more (R076).
        """
        ...
