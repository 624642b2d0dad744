"""How far has each partition been read?

These offsets, not the broker's, are the truth: they are stored with what the records led to.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, select

from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements
from bus.store.tables import offsets

# On each assignment: where to seek to.
LIST_OFFSETS = select(offsets.c.partition, offsets.c.next_offset).where(
    offsets.c.topic == bindparam("topic")
)


class Progress(Statements):
    """The stored offsets of a unit."""

    async def offsets(self, topic: str) -> Mapping[int, int]:
        """Return the stored next offset of each partition of a topic."""
        rows = await self._rows(LIST_OFFSETS, {"topic": topic})
        return {row["partition"]: row["next_offset"] for row in rows}

    async def store_offset(self, topic: str, partition: int, next_offset: int) -> None:
        """Store how far a partition has been consumed."""
        values = {"topic": topic, "partition": partition, "next_offset": next_offset}
        # Replaced without comparing: after a topic was made anew, offsets start over.
        await self._write(insert_or_replace(offsets, self._dialect), values)
