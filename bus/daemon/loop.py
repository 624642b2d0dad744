"""The loops of a daemon: directory, consumer, outbox, timers. Each goes on by itself after trouble.

A round that fails is counted, logged by code, and tried again after a pause; nothing is lost,
because a step changes the store in one transaction or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.daemon.directory import DirectoryKeeper
from bus.daemon.office import Office
from bus.daemon.outbox import OutboxRelay
from bus.daemon.readers import POLL, DirectoryReader, TopicReader
from bus.daemon.step import Step
from bus.errors import HeduiError, UnavailableError
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.ports.broker import Broker
from bus.ports.store import Store

PAUSE = timedelta(seconds=1)
TELL_AGAIN = timedelta(minutes=1)


@dataclass
class Loops:
    """The running daemon, without its faces.

    Attributes:
        reading: Set while the topics of parent and children are read; readiness asks for it.
        trouble: What each loop met at its last round, while it goes on failing.
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
    trouble: dict[str, HeduiError] = field(default_factory=dict)
    _told: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    """What was last logged of each loop's trouble, and when."""

    async def follow_directory(self) -> None:
        """Read the directory topic and adopt what verifies."""
        reader = DirectoryReader(self.broker, self.keeper, self.step, self.outbox, self.log)
        await self._rounds("directory", reader.round)
        await reader.close()

    async def consume(self) -> None:
        """Read the topics of parent and children, once a directory is in force."""
        reader = TopicReader(
            self.office,
            self.store,
            self.broker,
            self.keeper,
            self.step,
            self.outbox,
            self.metrics,
            self.log,
            self.reading,
            self._stepped,
        )

        async def round_() -> None:
            if self.office.ready:
                await reader.round()
            else:
                await self.pause(POLL)

        await self._rounds("consumer", round_)
        await reader.close()

    def _stepped(self) -> None:
        if self.after_step is not None:
            self.after_step()

    async def relay_outbox(self) -> None:
        """Publish what was committed, at once when woken."""

        async def round_() -> None:
            if not self.office.paused:
                await self.outbox.drain()
            try:
                async with asyncio.timeout(PAUSE.total_seconds()):
                    await self.outbox.wake.wait()
            except TimeoutError:
                return
            self.outbox.wake.clear()

        await self._rounds("outbox", round_)

    async def drain(self, leave: Sequence[Callable[[], Awaitable[object]]] = ()) -> None:
        """Publish what is left, and leave the rest to other instances.

        After all other loops have ended, so that nothing is added.

        Args:
            leave: What the timers hand over besides.
        """
        if not self.office.paused:
            await self.attempt("outbox", self.outbox.drain)
        for hand_over in (self.outbox.hand_over, *leave):
            await self.attempt("leases", hand_over)

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
                await self.pause(period)
                return
            await self._pause_until(wake, period)
            wake.clear()

        await self._rounds(name, round_)

    async def _rounds(self, name: str, round_: Callable[[], Awaitable[None]]) -> None:
        while not self.stopping.is_set():
            if not await self.attempt(name, round_):
                await self.pause(PAUSE)

    async def attempt(self, name: str, work: Callable[[], Awaitable[object]]) -> bool:
        """Do something once; returns whether it went well, trouble being counted and logged."""
        try:
            await _uninterrupted(work)
        except HeduiError as error:
            self.metrics.loop_errors.labels(loop=name, code=error.code).inc()
            self.trouble[name] = error
            self._tell(name, error)
            return False
        self.trouble.pop(name, None)
        self._told.pop(name, None)
        return True

    def _tell(self, name: str, error: HeduiError) -> None:
        """Log trouble with its whole text when it is new, else once a minute."""
        now = self.office.clock.now()
        code, where, at = self._told.get(name, ("", "", now))
        if (code, where) == (error.code, error.where) and now < at + TELL_AGAIN:
            return
        self._told[name] = (error.code, error.where, now)
        text = f"{error.zh} / {error.en}"
        self.log.warning("loop.failed", loop=name, code=error.code, where=error.where, text=text)

    async def _pause_until(self, wake: asyncio.Event, span: timedelta) -> None:
        """Let some time pass, less when woken, or when the daemon stops."""
        waits = [asyncio.create_task(event.wait()) for event in (wake, self.stopping)]
        try:
            await asyncio.wait(
                waits, timeout=span.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def pause(self, span: timedelta) -> None:
        """Let some time pass, less when the daemon stops."""
        try:
            async with asyncio.timeout(span.total_seconds()):
                await self.stopping.wait()
        except TimeoutError:
            return


async def _uninterrupted(work: Callable[[], Awaitable[object]]) -> None:
    """Do the work; a cancellation that nobody asked for is trouble and no end of the loop.

    A library that cancels itself and lets that out would otherwise end a loop without a word: a
    cancelled task is no failed one, and the daemon would go on without it.
    """
    try:
        await work()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise UnavailableError(
            "WORK_INTERRUPTED",
            "操作被所用的程序库中断，将自动重试",
            "a library broke the work off; it is tried again by itself",
        ) from None
