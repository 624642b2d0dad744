"""The outbox relay: publishes what steps have committed, in order, until it is stored.

A crash between publishing and marking publishes again; the receiver's dedupe table meets it. Of
several instances on one store only the holder of a lease publishes, so that they do not all publish
everything, and records of one key keep their order. One that dies or is stopped loses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bus.errors import UnavailableError
from bus.metrics.catalogue import Metrics
from bus.ports.broker import Broker, Outgoing
from bus.ports.clock import Clock
from bus.ports.store import OutboxRow, Store, Unit

BATCH = 500

STUCK = 2000
"""Rows that may wait for a topic that refuses, before those behind them wait too."""

LEASE = "outbox"

LEASE_FOR = timedelta(seconds=30)
"""Until another instance goes on for one that is gone."""


@dataclass
class OutboxRelay:
    """Moves outbox rows to the broker.

    Attributes:
        holder: This instance, as holder of the lease.
        left_behind: Returns the topics of those who have left; what was for them goes to
            quarantine.
        wake: Set by whoever committed new rows.
    """

    store: Store
    broker: Broker
    clock: Clock
    metrics: Metrics
    holder: str
    left_behind: Callable[[], frozenset[str]] = frozenset
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def drain(self) -> int:
        """Publish all unsent rows, batch by batch; returns how many were stored.

        None while another instance has the lease.

        A row that the broker refuses stays, and with it every later one of its key, in order, for
        the next time; what goes to other topics goes on past it.

        Raises:
            HeduiError: Store or broker cannot be reached, or a topic refuses.
        """
        total = 0
        failure: Exception | None = None
        waiting: dict[int, tuple[str, bytes]] = {}
        while len(waiting) < STUCK:
            now, limit = self.clock.now(), BATCH + len(waiting)
            async with self.store.transaction() as unit:
                if not await unit.lease(LEASE, self.holder, now, now + LEASE_FOR):
                    break
                found = await unit.unsent(limit)
                unsent = await self._set_aside(unit, found)
            keys = set(waiting.values())
            held_back = {r.number: (r.topic, r.key) for r in unsent if (r.topic, r.key) in keys}
            rows = [row for row in unsent if row.number not in held_back]
            waiting |= held_back
            if not rows:
                break
            results = await self._publish(rows)
            total += results.count(None)
            for row, error in zip(rows, results, strict=True):
                if error is not None:
                    failure = failure or error
                    waiting[row.number] = row.topic, row.key
            if isinstance(failure, UnavailableError) or len(found) < limit:
                break  # those were all: whoever commits more wakes us
        if failure is not None:
            raise failure
        return total

    async def hand_over(self) -> None:
        """Give the lease up, so that nobody waits for an instance that has stopped.

        Raises:
            HeduiError: The store cannot be reached.
        """
        async with self.store.transaction() as unit:
            await unit.end_lease(LEASE, self.holder)

    async def _set_aside(self, unit: Unit, unsent: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        """Keep what is for somebody who has left in quarantine; return the rest."""
        topics, now = self.left_behind(), self.clock.now()
        gone = [row for row in unsent if row.topic in topics]
        for row in gone:
            place = (row.topic, -1, -1, row.key, row.value, row.headers)
            await unit.quarantine(*place, "RECIPIENT_WITHDRAWN", "", now)
        if gone:
            await unit.mark_sent([row.number for row in gone], now)
        return [row for row in unsent if row.topic not in topics]

    async def _publish(self, rows: list[OutboxRow]) -> list[Exception | None]:
        # An envelope is never empty: an empty value is a compacted topic's tombstone.
        results = await self.broker.publish(
            [Outgoing(row.topic, row.key, row.value or None, row.headers) for row in rows]
        )
        stored = [row.number for row, error in zip(rows, results, strict=True) if error is None]
        if stored:
            async with self.store.transaction() as unit:
                await unit.mark_sent(stored, self.clock.now())
            self._count(row for row, error in zip(rows, results, strict=True) if error is None)
        return list(results)

    def _count(self, stored: Iterable[OutboxRow]) -> None:
        now = self.clock.now()
        for row in stored:
            self.metrics.published.inc()
            self.metrics.outbox_wait_seconds.observe((now - row.created).total_seconds())
