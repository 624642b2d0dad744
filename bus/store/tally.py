"""How much is there of what, counted where it lies?"""

from __future__ import annotations

from sqlalchemy import func, select

from bus.model.case import CaseRole, QueryState
from bus.ports.store import Tally
from bus.store.statements import Statements
from bus.store.tables import cases, held, outbox, quarantined

# The outbox gauges: how many rows wait, and since when.
COUNT_UNSENT = select(func.count().label("rows"), func.min(outbox.c.created).label("oldest")).where(
    outbox.c.sent.is_(None)
)

# The gauge of parked records.
COUNT_HELD = select(func.count().label("rows")).select_from(held)

# For `standing`: everything ever refused, and the number of the last.
COUNT_QUARANTINED = select(
    func.count().label("rows"), func.max(quarantined.c.number).label("last")
).select_from(quarantined)

# The gauge of queries on file.
COUNT_CASES = select(cases.c.role, cases.c.state, func.count().label("rows")).group_by(
    cases.c.role, cases.c.state
)


class Tallies(Statements):
    """The counts of a unit."""

    async def tally(self) -> Tally:
        """Count what there is, without reading it."""
        unsent = (await self._rows(COUNT_UNSENT, {}))[0]
        parked = (await self._rows(COUNT_HELD, {}))[0]
        refused = (await self._rows(COUNT_QUARANTINED, {}))[0]
        by_state = {
            (CaseRole(row["role"]), QueryState(row["state"])): row["rows"]
            for row in await self._rows(COUNT_CASES, {})
        }
        return Tally(
            unsent=unsent["rows"],
            oldest_unsent=unsent["oldest"],
            held=parked["rows"],
            quarantined=refused["rows"],
            last_quarantined=refused["last"] or 0,
            cases=by_state,
        )
