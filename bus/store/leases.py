"""Which instance does what only one may do at a time?"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from bus.ports.leases import Lease, Ruling, rule
from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements, columns_of
from bus.store.tables import leases

# Read before it is taken: nobody else is in a transaction meanwhile.
FIND_LEASE = select(*columns_of(leases, Lease)).where(leases.c.name == bindparam("lease"))

# A clean stop, so that nobody waits for what has ended.
END_LEASE = delete(leases).where(
    leases.c.name == bindparam("lease"), leases.c.holder == bindparam("owner")
)


class Leases(Statements):
    """The leases of a unit."""

    async def lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew a lease; returns whether `holder` has it."""
        row = await self._row(FIND_LEASE, {"lease": name})
        ruling = rule(None if row is None else Lease(**row), holder, now, until)
        if ruling is Ruling.TAKE:
            values = {"name": name, "holder": holder, "until": until}
            await self._write(insert_or_replace(leases, self._dialect), values)
        return ruling is not Ruling.OTHERS

    async def end_lease(self, name: str, holder: str) -> None:
        """Give a lease up; one that another holds is passed over."""
        await self._write(END_LEASE, {"lease": name, "owner": holder})
