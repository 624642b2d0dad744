"""Which records wait for something, and which were refused?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update

from bus.ports.store import HeldMessage, QuarantinedMessage
from bus.store.statements import Statements, columns_of
from bus.store.tables import held, quarantined

# Something is still to come (a newer directory, a key): the partition goes on without it.
HOLD = insert(held)

# What to try again, in the order it came.
LIST_HELD = (
    select(*columns_of(held, HeldMessage))
    .where(held.c.number > bindparam("after"))
    .order_by(held.c.number)
    .limit(bindparam("limit"))
)

# Something of these queries moved, for which they may have waited.
LIST_HELD_OF = LIST_HELD.where(held.c.query.in_(bindparam("queries", expanding=True)))

# How many each peer has parked, and for which queries; the records themselves may be large.
COUNT_HELD = select(held.c.topic, held.c.query, func.count().label("count")).group_by(
    held.c.topic, held.c.query
)

# Another instance may have settled it since it was listed.
FIND_HELD = select(held.c.number).where(held.c.number == bindparam("row"))

# It went on, or went to quarantine, in the same transaction.
RELEASE = delete(held).where(held.c.number == bindparam("row"))

# Refused, kept byte for byte: evidence, and what a replay starts from.
QUARANTINE = insert(quarantined)

# A page for the operator.
LIST_QUARANTINED = (
    select(*columns_of(quarantined, QuarantinedMessage))
    .where(quarantined.c.number > bindparam("after"))
    .order_by(quarantined.c.number)
    .limit(bindparam("limit"))
)

# The last try is the one an operator asks about; each is in the audit chain besides.
MARK_REPLAYED = (
    update(quarantined)
    .where(quarantined.c.number == bindparam("row"))
    .values(replayed=bindparam("now", type_=quarantined.c.replayed.type))
)


class Parked(Statements):
    """The held and the quarantined records of a unit."""

    async def hold(
        self,
        topic: str,
        key: bytes | None,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        code: str,
        query: UUID | None,
        since: datetime,
        until: datetime,
    ) -> None:
        """Park a record."""
        values = {
            "topic": topic,
            "key": key,
            "value": value,
            "headers": tuple(headers),
            "code": code,
            "query": query,
            "since": since,
            "until": until,
        }
        await self._write(HOLD, values)

    async def held(
        self, limit: int, after: int = 0, queries: Collection[UUID] | None = None
    ) -> Sequence[HeldMessage]:
        """Return parked records, oldest first."""
        values: dict[str, Any] = {"limit": limit, "after": after}
        if queries is None:
            rows = await self._rows(LIST_HELD, values)
        else:
            rows = await self._rows(LIST_HELD_OF, values | {"queries": list(queries)})
        return [HeldMessage(**row) for row in rows]

    async def parked(self) -> Mapping[tuple[str, UUID | None], int]:
        """Return how many records are parked, by topic and query."""
        rows = await self._rows(COUNT_HELD, {})
        return {(row["topic"], row["query"]): row["count"] for row in rows}

    async def is_held(self, number: int) -> bool:
        """Return whether a record is parked still."""
        return await self._row(FIND_HELD, {"row": number}) is not None

    async def release(self, number: int) -> None:
        """Forget a parked record; a number that is not there is passed over."""
        await self._write(RELEASE, {"row": number})

    async def quarantine(
        self,
        topic: str,
        partition: int,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        code: str,
        detail: str,
        at: datetime,
    ) -> int:
        """Keep a refused record as it came; returns its number."""
        values = {
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "key": key,
            "value": value,
            "headers": tuple(headers),
            "code": code,
            # PostgreSQL's text holds no NUL, and the place at fault may be a peer's own word.
            "detail": detail.replace("\0", "\ufffd"),
            "at": at,
        }
        return await self._insert(QUARANTINE, values)

    async def quarantined(self, after: int, limit: int) -> Sequence[QuarantinedMessage]:
        """Return quarantined records with a number above `after`, in order."""
        rows = await self._rows(LIST_QUARANTINED, {"after": after, "limit": limit})
        return [QuarantinedMessage(**row) for row in rows]

    async def mark_replayed(self, number: int, at: datetime) -> None:
        """Note the last replay of a record; a number that is not there is passed over."""
        await self._write(MARK_REPLAYED, {"row": number, "now": at})
