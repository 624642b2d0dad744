"""The loops of a daemon: directory, consumer, outbox, timers. Each goes on by itself after trouble.

A round that fails is counted, logged by code, and tried again after a pause; nothing is lost,
because a step changes the store in one transaction or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from bus.daemon.directory import DirectoryKeeper
from bus.daemon.office import Office
from bus.daemon.outbox import OutboxRelay
from bus.daemon.step import Step
from bus.errors import HeduiError
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.ports.broker import Broker, Offsets, Subscription
from bus.ports.store import Store
from signer.identity import DIRECTORY_TOPIC

POLL = timedelta(milliseconds=500)
PAUSE = timedelta(seconds=1)
BATCH = 200


@dataclass
class Loops:
    """The running daemon, without its faces.

    Attributes:
        stopping: Set to drain and end: the batch in hand is finished, the outbox emptied.
        after_step: Told after each batch, so that a role can start what the batch asked for.
    """

    office: Office
    store: Store
    broker: Broker
    keeper: DirectoryKeeper
    step: Step
    outbox: OutboxRelay
    metrics: Metrics
    log: Logger
    after_step: Callable[[], None] | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow_directory(self) -> None:
        """Read the directory topic from its beginning and adopt what verifies."""
        subscription: Subscription | None = None

        async def round_() -> None:
            nonlocal subscription
            if subscription is None:
                subscription = await self.broker.follow(DIRECTORY_TOPIC)
            records = await subscription.poll(POLL, BATCH)
            try:
                adopted = await self.keeper.take(records)
            except BaseException:
                # Verified and not kept: read it all again.
                await subscription.close()
                subscription = None
                raise
            if adopted:
                await self.step.retry_held()
                self.outbox.wake.set()
            elif self.keeper.refusal is not None and records:
                self.log.warning("directory.refused", code=self.keeper.refusal.code)

        await self._rounds("directory", round_)
        if subscription is not None:
            await subscription.close()

    async def consume(self) -> None:
        """Read the topics of parent and children, batch by batch."""
        subscription: Subscription | None = None
        topics: frozenset[str] = frozenset()

        async def round_() -> None:
            nonlocal subscription, topics
            if not self.office.ready:
                await self._pause(POLL)
                return
            self.keeper.require_fresh(self.office.clock.now())
            wanted = frozenset(self.office.peers())
            if wanted != topics and subscription is not None:
                await subscription.close()
                subscription = None
            if subscription is None:
                subscription = await self.broker.subscribe(
                    sorted(wanted), f"hedui.{self.office.me}", self._offsets
                )
                topics = wanted
            self.reading.set()
            try:
                records = await subscription.poll(POLL, BATCH)
                if not records:
                    return
                await self.step.run(records)
            except BaseException:
                # What was polled but not stored must be read again: start from the stored offsets.
                await subscription.close()
                subscription = None
                raise
            self.outbox.wake.set()
            if self.after_step is not None:
                self.after_step()
            await subscription.commit({(r.topic, r.partition): r.offset + 1 for r in records})

        await self._rounds("consumer", round_)
        if subscription is not None:
            await subscription.close()

    async def relay_outbox(self) -> None:
        """Publish what was committed, at once when woken."""

        async def round_() -> None:
            await self.outbox.drain()
            try:
                async with asyncio.timeout(PAUSE.total_seconds()):
                    await self.outbox.wake.wait()
            except TimeoutError:
                return
            self.outbox.wake.clear()

        await self._rounds("outbox", round_)

    async def drain(self) -> None:
        """Publish what is left; after all other loops have ended, so that nothing is added."""
        await self._once("outbox", self.outbox.drain)

    async def every(
        self,
        name: str,
        period: timedelta,
        work: Callable[[], Awaitable[object]],
        wake: asyncio.Event | None = None,
    ) -> None:
        """Run something regularly until the daemon stops, and at once whenever `wake` is set."""

        async def round_() -> None:
            await work()
            if wake is None:
                await self._pause(period)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(period.total_seconds()):
                    await wake.wait()
            wake.clear()

        await self._rounds(name, round_)

    async def _offsets(self, topic: str) -> Offsets:
        async with self.store.transaction() as unit:
            return await unit.offsets(topic)

    async def _rounds(self, name: str, round_: Callable[[], Awaitable[None]]) -> None:
        while not self.stopping.is_set():
            if not await self._once(name, round_):
                await self._pause(PAUSE)

    async def _once(self, name: str, work: Callable[[], Awaitable[object]]) -> bool:
        try:
            await work()
        except HeduiError as error:
            self.metrics.loop_errors.labels(loop=name, code=error.code).inc()
            self.log.warning("loop.failed", loop=name, code=error.code, where=error.where)
            return False
        return True

    async def _pause(self, span: timedelta) -> None:
        try:
            async with asyncio.timeout(span.total_seconds()):
                await self.stopping.wait()
        except TimeoutError:
            return
