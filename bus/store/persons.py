"""Where does a person stand, and what of persons can no longer be opened?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import bindparam, select, update

from bus.store.conflicts import insert_or_keep
from bus.store.statements import Statements
from bus.store.tables import messages, persons

# Who saw this person's data: first, where does the person stand?
FIND_QUERIES = (
    select(persons.c.query, persons.c.reference)
    .where(persons.c.person == bindparam("person"))
    .order_by(persons.c.query, persons.c.reference)
)

# A query's retention date has come.
DESTROY_SECRETS = (
    update(messages)
    .where(
        messages.c.query == bindparam("about"),
        messages.c.kind.in_(bindparam("kinds", expanding=True)),
        messages.c.secret.is_not(None),
    )
    .values(secret=None)
)


class Persons(Statements):
    """The persons of a unit; see `PersonBooks`."""

    async def put_persons(self, query: UUID, found: Mapping[int, bytes]) -> None:
        """Note the persons of a query."""
        rows = [
            {"person": token, "query": query, "reference": reference}
            for reference, token in found.items()
        ]
        if rows:
            await self._write(insert_or_keep(persons, self._dialect), rows)

    async def queries_of(self, person: bytes) -> Sequence[tuple[UUID, int]]:
        """Return the queries a person stands in, with the reference it has there."""
        rows = await self._rows(FIND_QUERIES, {"person": person})
        return [(row["query"], row["reference"]) for row in rows]

    async def destroy_secrets(self, query: UUID, kinds: Collection[str]) -> int:
        """Destroy the content secrets of a query's messages of some kinds."""
        return await self._write(DESTROY_SECRETS, {"about": query, "kinds": sorted(kinds)})
