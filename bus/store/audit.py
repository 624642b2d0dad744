"""What happened, provably in this order?"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import RowMapping, bindparam, insert, select

from bus.ports.audit_chain import detail_text, link
from bus.ports.store import AuditEntry, AuditEvent
from bus.store.statements import Statements
from bus.store.tables import audit

# The end of the chain: what the next entry is linked to.
LAST_ENTRY = select(audit).order_by(audit.c.number.desc()).limit(1)

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
            last = None if row is None else _entry(row)
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

    async def audit(self, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return audit entries with a number above `after`, in order, as they are stored."""
        rows = await self._rows(LIST_ENTRIES, {"after": after, "limit": limit})
        return [_entry(row) for row in rows]


def _entry(row: RowMapping) -> AuditEntry:
    event = AuditEvent(
        at=row["at"],
        event=row["event"],
        actor=row["actor"],
        query=row["query"],
        detail=json.loads(row["detail"]),
    )
    return AuditEntry(number=row["number"], event=event, prev=row["prev"], hash=row["hash"])
