"""Which instance does what only one may do at a time?"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import bindparam, delete, or_

from bus.store.conflicts import Upsert, insert_or_replace
from bus.store.statements import Statements
from bus.store.tables import leases

# A clean stop, so that nobody waits for what has ended.
END_LEASE = delete(leases).where(
    leases.c.name == bindparam("lease"), leases.c.holder == bindparam("owner")
)


@cache
def take_lease(dialect: str) -> Upsert:
    """Return the insert that takes or renews a lease; it touches no row while another holds it.

    Args:
        dialect: SQLAlchemy's name of the database.
    """
    mine = leases.c.holder == bindparam("owner")
    over = leases.c.until <= bindparam("now", type_=leases.c.until.type)
    unbelievable = leases.c.until > bindparam("beyond", type_=leases.c.until.type)
    return insert_or_replace(leases, dialect, or_(mine, over, unbelievable))


class Leases(Statements):
    """The leases of a unit."""

    async def lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew a lease; returns whether `holder` has it until then.

        One that runs further than twice the span asked for was taken by a clock that has been set
        back since, and is over.
        """
        values = {
            "name": name,
            "holder": holder,
            "until": until,
            "owner": holder,
            "now": now,
            "beyond": until + (until - now),
        }
        return await self._write(take_lease(self._dialect), values) == 1

    async def end_lease(self, name: str, holder: str) -> None:
        """Give a lease up; one that another holds is passed over."""
        await self._write(END_LEASE, {"lease": name, "owner": holder})
