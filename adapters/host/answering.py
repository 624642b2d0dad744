"""Answers open rows: authority verified, source asked, what may leave sealed in one step.

A lookup may take long and sources go down, so it runs between transactions: the row stays open in
the store until the answer is in the outbox, and a crash in between only repeats the lookup. Of
several instances only the holder of a lease looks up, so that no source is asked twice about a
person; should it lose the lease in a long lookup, one answer at most is taken all the same.

Rows are taken by their deadlines, so many at once as the source may be asked (source.py). A row
waits alone where it has a reason of its own: people have to act, its authority does not hold, it
cannot be sealed. Only a source that is down holds up all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from adapters.contract import Connector
from adapters.host.account import RowKey, key_of
from adapters.host.outage import Notices
from adapters.host.row_answer import LEASE, LEASE_FOR, ROW_RETRY_AFTER, Ending, RowAnswer
from adapters.host.source import Limits, Mapped, Source
from bus.daemon.office import Office
from bus.flow.lifecycle import RUNNING
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.case import Case, CaseRole, Row, RowState
from bus.ports.store import Store

LOOK_EVERY = 1.0
"""Seconds between two looks at the lookups that run: at the lease, and at whether to stop."""

DRAIN_LOOKS = 5
"""Looks that a running lookup is given when the process stops; then it is broken off."""

Owed = Mapping[RowKey, tuple[Case, Row]]
"""The open rows, the earliest deadline first."""

Job = Callable[[], Coroutine[Any, Any, bool]]
"""Something that asks the source; whether it went well."""


@dataclass
class Answering:
    """Answers the open rows of one agency.

    Attributes:
        mapped: What the adapter's file says of its resources.
        holder: This instance, as holder of the lease.
        limits: How hard the source may be pressed.
        stopping: Whether the process is to stop: nothing new is begun then.
        source: The connector and its health.
    """

    office: Office
    store: Store
    connector: Connector
    mapped: Mapped
    metrics: Metrics
    log: Logger
    holder: str
    limits: Limits = field(default_factory=Limits)
    stopping: Callable[[], bool] = bool
    source: Source = field(init=False)
    _rows: RowAnswer = field(init=False)
    _notices: Notices = field(init=False)
    _waiting: dict[RowKey, datetime] = field(default_factory=dict)
    _told: dict[RowKey, str] = field(default_factory=dict)
    """What was last logged of why a row waits."""
    _pending: set[RowKey] = field(default_factory=set)
    """Rows that wait until people have acted."""

    def __post_init__(self) -> None:
        office, store, metrics, log = self.office, self.store, self.metrics, self.log
        self.source = Source(office, self.connector, self.mapped, self.limits, metrics, log)
        parts = office, store, self.source, metrics, log, self.holder
        self._rows = RowAnswer(*parts, self.stopping)
        self._notices = Notices(office, store, log)

    @property
    def waiting_for_people(self) -> int:
        """How many rows wait until people have acted."""
        return len(self._pending)

    async def answer_open_rows(self) -> int:
        """Answer what is owed; returns how many rows were closed.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        if not self.office.ready or self.office.paused or not self.source.allowed():
            return 0
        if not await self._mine():
            return 0
        owed = await self._owed()
        self._forget(owed)
        now = self.office.clock.now()
        queue = [key for key in owed if not _before(now, self._waiting.get(key), ROW_RETRY_AFTER)]
        # A source that was down is tried also while nobody is asked about.
        untried = not self.source.breaker.closed and not queue
        well = True
        if untried or not self.source.checked:
            well = await self._work_through([self.source.check]) > 0
        rows = [partial(self._answer, key, *owed[key]) for key in queue]
        closed = await self._work_through(rows) if well else 0
        self.metrics.rows_waiting.set(len(self._pending))
        since = self.source.breaker.since
        if since is not None:
            await self._notices.source_down(since, owed.values())
        await self._notices.people_owe([owed[key] for key in owed if key in self._pending])
        return closed

    async def hand_over(self) -> None:
        """Give the lease up, so that nobody waits for an instance that has stopped.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    async def _work_through(self, jobs: Sequence[Job]) -> int:
        """Do jobs, so many at once as the source may be asked; returns how many went well.

        The lease is renewed meanwhile. Once the process stops nothing more is begun, and what runs
        is broken off after a while.
        """
        left, running, well, looks = list(jobs), set[asyncio.Task[bool]](), 0, 0
        try:
            while True:
                while left and len(running) < self.source.allowed() and not self.stopping():
                    running.add(asyncio.create_task(left.pop(0)()))
                if not running:
                    return well
                done, running = await asyncio.wait(
                    running, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED
                )
                well += sum(task.result() for task in done)
                if not done:
                    await self._mine()
                looks += self.stopping()
                if looks > DRAIN_LOOKS:
                    return well
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _answer(self, key: RowKey, case: Case, row: Row) -> bool:
        ending = await self._rows.answer(case, row)
        self._remember(key, case, row, ending)
        return ending.closed

    def _remember(self, key: RowKey, case: Case, row: Row, ending: Ending) -> None:
        self._pending.discard(key)
        if ending.people:
            self._pending.add(key)
        if ending.again is not None:
            self._waiting[key] = self.office.clock.now() + ending.again
        if ending.code and self._told.get(key) != ending.code:
            self._told[key] = ending.code
            self.log.info("row.waiting", query=str(case.query), part=row.part, code=ending.code)

    async def _mine(self) -> bool:
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            return await unit.lease(LEASE, self.holder, now, now + LEASE_FOR)

    async def _owed(self) -> dict[RowKey, tuple[Case, Row]]:
        async with self.store.transaction() as unit:
            cases = await unit.cases(CaseRole.AGENCY, RUNNING)
        owed = [(c, row) for c in cases for row in c.rows if row.state is RowState.OPEN]
        owed.sort(key=lambda pair: (pair[1].deadline, pair[1].part, pair[1].resource))
        return {key_of(row): (case, row) for case, row in owed}

    def _forget(self, owed: Owed) -> None:
        self._waiting = {key: at for key, at in self._waiting.items() if key in owed}
        self._told = {key: code for key, code in self._told.items() if key in owed}
        self._pending &= owed.keys()
        self._rows.account.keep(owed)


def _before(now: datetime, at: datetime | None, pause: timedelta) -> bool:
    """Whether a pause is not over; one that a clock set back has stretched is."""
    return at is not None and now < at <= now + pause
