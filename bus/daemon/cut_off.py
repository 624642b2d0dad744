"""Closes what is owed by those who were suspended or have left, on every desk that keeps a row.

The first time, and when somebody's standing has changed, every open case is read, page by page, so
that steps get the store in between; else those that were updated since: an order may still come
that names who was cut off before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from bus.daemon.office import Office
from bus.daemon.outbox import OutboxRelay
from bus.daemon.requester import deliver_if_complete
from bus.daemon.work import Work
from bus.flow.cut_off import close_cut_off
from bus.flow.lifecycle import RUNNING
from bus.logs.setup import Logger
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, QueryState
from bus.ports.store import Store
from signer.directory.view import Standing

CLOSE_EVERY = timedelta(seconds=5)

PAGE = 10
"""Cases read in one transaction."""

OVERLAP = timedelta(minutes=5)
"""How far back updated cases are read again: a transaction may have been open meanwhile."""

_ROLES = (CaseRole.PROVIDER, CaseRole.REVIEWER, CaseRole.REQUESTER)
_OPEN = (*RUNNING, QueryState.CANCELLING)


@dataclass
class CutOff:
    """Closes rows of one centre."""

    office: Office
    store: Store
    outbox: OutboxRelay
    log: Logger
    _standings: frozenset[tuple[str, Standing]] = field(default_factory=frozenset)
    _since: datetime | None = None

    async def close(self) -> None:
        """Close what has to be closed now.

        Raises:
            HeduiError: Store trouble, or receipts cannot be made now; it is tried again.
        """
        if not self.office.ready or self.office.paused:
            return
        began = self.office.clock.now()
        listed = self.office.directory.participants.values()
        standings = frozenset((p.id, p.standing) for p in listed)
        news = standings != self._standings or self._since is None or began < self._since
        since = None if news else self._since
        for role in _ROLES:
            await self._close_role(role, since)
        self._standings, self._since = standings, began - OVERLAP

    async def _close_role(self, role: CaseRole, since: datetime | None) -> None:
        after: UUID | None = None
        while True:
            async with self.store.transaction() as unit:
                page = await unit.case_page(role, _OPEN, since, after, PAGE)
            for case in page:
                if self._judged(case, case.updated) is not case:
                    await self._close(case.query, role)
            if len(page) < PAGE:
                return
            after = page[-1].query

    def _judged(self, case: Case, now: datetime) -> Case:
        return close_cut_off(case, self.office.directory, self.office.me, now)

    async def _close(self, query: UUID, role: CaseRole) -> None:
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, now)
            case = await work.case(query, role)
            if case is None:
                return
            closed = self._judged(case, now)
            if closed is case:
                return
            work.save(closed)
            for before, after in zip(case.rows, closed.rows, strict=True):
                if before is not after:
                    work.note(
                        query,
                        Event.ROW_CLOSED,
                        holder=after.holder,
                        part=after.part,
                        resource=after.resource,
                        code=after.code,
                    )
            if role is CaseRole.REQUESTER:
                await deliver_if_complete(work, closed)
            await work.finish()
        self.log.warning("rows.closed", query=str(query))
        self.outbox.wake.set()
