"""One step: a batch of records, opened in a thread, handled in one database transaction.

Dedupe, cases, audit, outbox and the consumed offsets are written together or not at all, so a
crash at any line redelivers the batch, and redelivery meets the dedupe table (R075).

How one record comes to its end stands in `endings.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from bus.daemon.endings import Endings, HandlingFailed, Router
from bus.daemon.office import Office
from bus.daemon.opening import Arrived, Opened, open_all
from bus.daemon.positions import Batch
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.ports.broker import Record
from bus.ports.store import HeldMessage, Store, Unit
from signer.envelope.verdict import Accept, Relay

HELD_PAGE = 50
"""Parked records read and tried at a time; each may be as large as an envelope."""


@dataclass
class Step:
    """Takes batches of records through verification, flow and store."""

    office: Office
    store: Store
    router: Router
    metrics: Metrics
    log: Logger
    _retrying: asyncio.Lock = field(default_factory=asyncio.Lock)
    _parked: dict[str, int] = field(default_factory=dict)

    async def run(self, records: Sequence[Record], batch: Batch | None = None) -> None:
        """Handle a batch and store how far it was consumed, in one transaction.

        Then parked records of the queries that moved are tried again.

        Args:
            records: As they were read; one replayed from quarantine has no place in a topic.
            batch: Tells which of them another instance has settled; None for a replay.

        Raises:
            HeduiError: Trouble with the store or the signing key; nothing was changed.
        """
        arrived = [Arrived.read(record) for record in records]
        opened = await self._open(arrived)

        next_offsets: dict[tuple[str, int], int] = {}

        async def settled(unit: Unit) -> Collection[int]:
            done = frozenset() if batch is None else await batch.settled(unit, records)
            next_offsets.clear()
            for place, record in enumerate(records):
                if record.offset >= 0 and place not in done:
                    next_offsets[record.topic, record.partition] = record.offset + 1
            for (topic, partition), offset in next_offsets.items():
                await unit.store_offset(topic, partition, offset)
            return done

        waiting: set[UUID | None] = set()

        async def parked(unit: Unit) -> None:
            waiting.update(await self._waiting(unit))

        with self.metrics.step_seconds.time():
            moved = await self._settle_all(arrived, opened, settled, parked)
        if batch is not None:
            batch.consumed(next_offsets)
        for record in records:
            if record.offset >= 0:
                self.metrics.read.labels(topic=record.topic).inc()
        queries = {
            one.verdict.opened.header.conversation
            for one, gone in zip(opened, moved, strict=True)
            if gone and isinstance(one.verdict, Accept | Relay)
        }
        while queries & waiting and await self.retry_held(queries):
            pass

    async def retry_held(self, queries: Collection[UUID] | None = None) -> int:
        """Try parked records again; returns how many went on (or out).

        Called when something arrived that they may have waited for. One whose time is up is tried
        a last time and goes to quarantine.

        Args:
            queries: Only records known to belong to these; None for all.
        """
        moved, after = 0, 0
        async with self._retrying:
            while held := await self._page(after, queries):
                after = held[-1].number
                moved += await self._retry([Arrived.parked(one) for one in held])
        return moved

    async def _page(self, after: int, queries: Collection[UUID] | None) -> Sequence[HeldMessage]:
        async with self.store.transaction() as unit:
            await self._waiting(unit)
            return await unit.held(HELD_PAGE, after, queries)

    async def _retry(self, arrived: Sequence[Arrived]) -> int:
        opened = await self._open(arrived)

        async def settled(unit: Unit) -> Collection[int]:
            # No later record of the batch takes an earlier one out of the store.
            return [
                place
                for place, one in enumerate(arrived)
                if one.held is not None and not await unit.is_held(one.held.number)
            ]

        with self.metrics.step_seconds.time():
            return sum(await self._settle_all(arrived, opened, settled))

    async def _waiting(self, unit: Unit) -> set[UUID | None]:
        """Return the queries that have parked records, and remember how many each peer has."""
        counts = await unit.parked()
        self._parked = {}
        for (topic, _), count in counts.items():
            self._parked[topic] = self._parked.get(topic, 0) + count
        return {query for _, query in counts}

    async def _open(self, arrived: Sequence[Arrived]) -> list[Opened]:
        with self.metrics.open_seconds.time():
            return await open_all(self.office, arrived)

    async def _settle_all(
        self,
        arrived: Sequence[Arrived],
        opened: Sequence[Opened],
        first: Callable[[Unit], Awaitable[Collection[int]]],
        last: Callable[[Unit], Awaitable[None]] | None = None,
    ) -> list[bool]:
        """Bring records to their ends in one transaction; False for each that stays parked.

        `first` says the places of records that another instance has settled: they are passed over.
        `last` looks at what the transaction leaves behind.

        A record whose handling fails takes the transaction with it; it is done again with that
        record in quarantine, so that one record never stands in the way of the others.
        """
        failed: dict[int, str] = {}
        while True:
            try:
                async with self.store.transaction() as unit:
                    endings = Endings(
                        *(self.office, self.router, self.metrics, self.log, unit),
                        parked=dict(self._parked),
                    )
                    settled = await first(unit)
                    gone = []
                    for place, (one, how) in enumerate(zip(arrived, opened, strict=True)):
                        now, earlier = self.office.clock.now(), failed.get(place)
                        gone.append(
                            place not in settled
                            and await endings.settle(place, one, how, earlier, now)
                        )
                    await endings.post()
                    if last is not None:
                        await last(unit)
            except HandlingFailed as failure:
                failed[failure.place] = failure.code
            else:
                if last is None:
                    self._parked = endings.parked
                endings.count()
                return gone
