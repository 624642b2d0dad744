"""What happened, provably in this order?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, insert, select

from bus.ports.audit_chain import detail_text, link
from bus.ports.store import AuditEntry, AuditEvent
from bus.store.statements import Statements
from bus.store.tables import audit

# The end of the chain: what the next entry is linked to.
LAST_ENTRY = select(audit).order_by(audit.c.number.desc()).limit(1)

# The last head, or what else there is one of at a time: read from the end, where it stands.
LAST_OF_EVENT = LAST_ENTRY.where(audit.c.event == bindparam("event"))

# The chain only grows; nothing in the product updates or deletes an entry.
APPEND_ENTRY = insert(audit)

# A page of the chain, for reports and for verification.
LIST_ENTRIES = (
    select(audit)
    .where(audit.c.number > bindparam("after"))
    .order_by(audit.c.number)
    .limit(bindparam("limit"))
)


class Audit(Statements):
    """The audit chain of a unit."""

    _last_entry: AuditEntry | None = None
    """What this unit appended last: nobody else appends while it is open."""

    async def append_audit(self, event: AuditEvent) -> AuditEntry:
        """Append an event to the hash chain.

        Raises:
            DefectError: `AUDIT_EVENT_INVALID`: the event is not flat JSON.
        """
        last = self._last_entry
        if last is None:
            row = await self._row(LAST_ENTRY, {})
            last = None if row is None else entry_of(row)
        entry = link(last, event)
        values = {
            "number": entry.number,
            "at": entry.event.at,
            "event": entry.event.event,
            "actor": entry.event.actor,
            "query": entry.event.query,
            "detail": detail_text(entry.event.detail),
            "prev": entry.prev,
            "hash": entry.hash,
        }
        await self._write(APPEND_ENTRY, values)
        self._last_entry = entry
        return entry

    async def audit(
        self,
        after: int,
        limit: int,
        *,
        query: UUID | None = None,
        event: str | None = None,
    ) -> Sequence[AuditEntry]:
        """Return audit entries with a number above `after`, in order, as they are stored.

        All of them, or those about one query, or of one event.
        """
        statement, values = LIST_ENTRIES, {"after": after, "limit": limit}
        if query is not None:
            statement = statement.where(audit.c.query == query)
        if event is not None:
            statement = statement.where(audit.c.event == event)
        return [entry_of(row) for row in await self._rows(statement, values)]

    async def last_audit(self, event: str | None = None) -> AuditEntry | None:
        """Return the last audit entry, of all or of one event; None where there is none."""
        if event is None:
            row = await self._row(LAST_ENTRY, {})
        else:
            row = await self._row(LAST_OF_EVENT, {"event": event})
        return None if row is None else entry_of(row)


def entry_of(row: RowMapping) -> AuditEntry:
    """Return the entry in a row."""
    event = AuditEvent(
        at=row["at"],
        event=row["event"],
        actor=row["actor"],
        query=row["query"],
        detail=json.loads(row["detail"]),
    )
    return AuditEntry(number=row["number"], event=event, prev=row["prev"], hash=row["hash"])
