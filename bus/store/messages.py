"""Which messages have we seen, and which do we keep?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from bus.ports.store import StoredMessage
from bus.ports.store_errors import equivocation_unchecked
from bus.store.conflicts import insert_or_keep
from bus.store.statements import Statements, columns_of
from bus.store.tables import messages, seen

# Deduplication, for each message that arrives: by primary key.
FIND_SEEN = select(seen.c.digest).where(
    seen.c.source == bindparam("source"), seen.c.message_id == bindparam("message_id")
)

# One message by the name other messages call it by.
FIND_MESSAGE = select(*columns_of(messages, StoredMessage)).where(
    messages.c.digest == bindparam("digest")
)

# The file of a query, in the order it grew: for results and proofs.
LIST_MESSAGES = (
    select(*columns_of(messages, StoredMessage))
    .where(messages.c.query == bindparam("query"))
    .order_by(messages.c.number)
)

# The same, of one kind: the parts of a roster, the answers.
LIST_MESSAGES_OF_KIND = LIST_MESSAGES.where(messages.c.kind == bindparam("kind"))


class Messages(Statements):
    """The sealed messages of a unit, and the record of what was seen."""

    async def seen(self, source: str, message_id: UUID) -> bytes | None:
        """Return the digest recorded for a message id, or None."""
        row = await self._row(FIND_SEEN, {"source": source, "message_id": message_id})
        digest: bytes | None = None if row is None else row["digest"]
        return digest

    async def mark_seen(self, source: str, message_id: UUID, digest: bytes, at: datetime) -> None:
        """Record a fully verified message; the same one twice is the same as once.

        Raises:
            DefectError: `EQUIVOCATION_UNCHECKED`: another digest is recorded for this id.
        """
        values = {"source": source, "message_id": message_id, "digest": digest, "at": at}
        # The first record stands: its time bounds the deduplication window.
        new = await self._write(insert_or_keep(seen, self._dialect), values)
        if not new and await self.seen(source, message_id) != digest:
            raise equivocation_unchecked(source)

    async def put_message(self, message: StoredMessage) -> None:
        """Keep a sealed message; a digest already kept stays as it is."""
        values = {
            "digest": message.digest,
            "query": message.query,
            "kind": message.kind,
            "source": message.source,
            "message_id": message.message_id,
            "part": message.part,
            "envelope": message.envelope,
            "secret": message.secret,
            "sent": message.sent,
            "at": message.at,
        }
        # The first form stands: later ones differ in endorsements only, which are audited.
        await self._write(insert_or_keep(messages, self._dialect), values)

    async def message(self, digest: bytes) -> StoredMessage | None:
        """Return a message by digest, or None."""
        row = await self._row(FIND_MESSAGE, {"digest": digest})
        return None if row is None else StoredMessage(**row)

    async def messages(self, query: UUID, kind: str | None = None) -> Sequence[StoredMessage]:
        """Return a query's messages in the order they were kept, of all kinds or one."""
        if kind is None:
            rows = await self._rows(LIST_MESSAGES, {"query": query})
        else:
            rows = await self._rows(LIST_MESSAGES_OF_KIND, {"query": query, "kind": kind})
        return [StoredMessage(**row) for row in rows]
