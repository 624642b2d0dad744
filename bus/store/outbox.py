"""What is still to be published, in which order?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from bus.ports.store import OutboxRow
from bus.store.statements import Statements, columns_of
from bus.store.tables import outbox

# In the transaction that decided to send: sealed bytes, never sealed again.
ENQUEUE = insert(outbox)

# The relay's next batch, oldest first: equal keys keep their order.
LIST_UNSENT = (
    select(*columns_of(outbox, OutboxRow))
    .where(outbox.c.sent.is_(None))
    .order_by(outbox.c.number)
    .limit(bindparam("limit"))
)

# The broker has it. The first time stands when a redelivery reports it twice.
MARK_SENT = (
    update(outbox)
    .where(outbox.c.number == bindparam("row"), outbox.c.sent.is_(None))
    .values(sent=bindparam("now", type_=outbox.c.sent.type))
)


class Outbox(Statements):
    """The outbox of a unit."""

    async def enqueue(
        self,
        topic: str,
        key: bytes,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        at: datetime,
    ) -> None:
        """Append a record to the outbox."""
        values = {
            "topic": topic,
            "key": key,
            "value": value,
            "headers": tuple(headers),
            "created": at,
        }
        await self._write(ENQUEUE, values)

    async def unsent(self, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest unsent outbox rows."""
        return [OutboxRow(**row) for row in await self._rows(LIST_UNSENT, {"limit": limit})]

    async def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:
        """Mark outbox rows as published; numbers that are not there are passed over."""
        if numbers:
            await self._write(MARK_SENT, [{"row": number, "now": at} for number in numbers])
