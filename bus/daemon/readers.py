"""One round of reading: the topics of parent and children, and the directory's topic.

What was polled but not stored is read again, from the stored offsets. A reader that fails for a
reason of the broker's closes its subscription; while the store is away it keeps its place in the
group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.daemon.directory import DirectoryKeeper
from bus.daemon.office import Office
from bus.daemon.outbox import OutboxRelay
from bus.daemon.positions import Positions
from bus.daemon.step import Step
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.ports.broker import Broker, Offsets, Subscription
from bus.ports.store import Store
from bus.ports.store_errors import StoreUnavailable
from signer.directory.view import Standing
from signer.errors import KeyRingError
from signer.identity import DIRECTORY_TOPIC, consumer_group

POLL = timedelta(milliseconds=500)
BATCH = 200

_OURS = (StoreUnavailable, KeyRingError)
"""Trouble that the broker has no part in: the place in the group is kept."""

RETRY_REFUSED = timedelta(seconds=15)
"""Until topics that refuse us are tried again: rights come later than participants."""


@dataclass
class TopicReader:
    """Reads the topics of parent and children into steps.

    Attributes:
        reading: Set while reading goes well; cleared by a failed round until one succeeds.
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
    reading: asyncio.Event
    after_step: Callable[[], None]
    _subscription: Subscription | None = None
    _topics: frozenset[str] = field(default_factory=frozenset)
    _well: bool = True
    _refused: frozenset[str] = field(default_factory=frozenset)
    _retry_at: datetime | None = None
    _positions: Positions = field(default_factory=Positions)
    _left: set[str] = field(default_factory=set)
    """Topics that are not there; of a peer that has left they are looked for no more."""

    async def round(self) -> None:
        """Read one batch, if there is one, and settle it.

        Raises:
            HeduiError: Broker or store trouble, or a lapsed directory; nothing was changed.
        """
        try:
            await self._round()
        except BaseException as error:
            self._well = False
            self.reading.clear()
            if self._subscription is not None and isinstance(error, _OURS):
                self._subscription.rewind()
            else:
                await self.close()
            raise

    async def close(self) -> None:
        """Close what is open."""
        if self._subscription is not None:
            await self._subscription.close()
            self._subscription = None
        # Nothing is known now, and the last figure would say that all is well.
        self.metrics.lag.clear()

    async def _round(self) -> None:
        self.keeper.require_fresh(self.office.clock.now())
        subscription = await self._subscribed()
        if self._well:
            self.reading.set()
        records = await subscription.poll(POLL, BATCH)
        batch = self._positions.batch()
        await self._measure(subscription)
        await self._retry_refused(subscription)
        self._well = True
        self.reading.set()
        self._note_set_back(subscription)
        if not records:
            return
        await self.step.run(records, batch)
        self.outbox.wake.set()
        self.after_step()
        await subscription.commit({(r.topic, r.partition): r.offset + 1 for r in records})

    def _wanted(self) -> frozenset[str]:
        """Return the topics to read: those of a peer that has left only while they are there."""
        peers, listed = self.office.peers(), self.office.directory.participants
        left = {t for t, p in peers.items() if listed[p].standing is Standing.WITHDRAWN}
        self._left &= left
        return frozenset(peers.keys() - self._left)

    def _note_set_back(self, subscription: Subscription) -> None:
        """Notice, before anything is handled, that the store was restored from a backup.

        What is then read again has mostly been answered already, under orders that the store has
        forgotten. It holds until the process ends: what is parked meanwhile counts too.
        """
        if subscription.set_back and not self.office.set_back:
            self.office.set_back = True
            self.step.log.warning("store.set_back")

    async def _measure(self, subscription: Subscription) -> None:
        lag = await subscription.lag()
        self.metrics.lag.clear()
        for topic, records in lag.items():
            self.metrics.lag.labels(topic=topic).set(records)
        self.metrics.topic_refused.clear()
        for topic, refusal in subscription.refused_topics.items():
            self.metrics.topic_refused.labels(topic=topic, code=refusal.code).set(1)

    async def _retry_refused(self, subscription: Subscription) -> None:
        """Say which topics refuse us, and try them again from time to time; others are read on."""
        refused = subscription.refused_topics
        self._left |= {topic for topic in refused if refused[topic].code == "TOPIC_MISSING"}
        for topic in sorted(refused.keys() - self._refused):
            self.log.warning("topic.refused", code=refused[topic].code, topic=topic)
        for topic in sorted(self._refused - refused.keys()):
            self.log.info("topic.readable", topic=topic)
        self._refused = frozenset(refused)
        now = self.office.clock.now()
        if not refused:
            self._retry_at = None
        elif self._retry_at is None or self._retry_at > now + RETRY_REFUSED:
            self._retry_at = now + RETRY_REFUSED  # the second: a clock that was set back
        elif now >= self._retry_at:
            self._retry_at = now + RETRY_REFUSED
            await subscription.retry_refused()

    async def _subscribed(self) -> Subscription:
        wanted = self._wanted()
        if self._subscription is not None and not wanted:
            await self.close()
        if self._subscription is None:
            self._subscription = await self.broker.subscribe(
                sorted(wanted), consumer_group(self.office.me), self._offsets
            )
        elif wanted != self._topics:
            # Not closed and opened anew: the group would give back what this member had before.
            await self._subscription.change(sorted(wanted))
        self._topics = wanted
        return self._subscription

    async def _offsets(self, topic: str) -> Offsets:
        async with self.store.transaction() as unit:
            stored = await unit.offsets(topic)
        self._positions.assigned(topic, stored)
        return stored


@dataclass
class DirectoryReader:
    """Reads the directory's topic from its beginning into the keeper."""

    broker: Broker
    keeper: DirectoryKeeper
    step: Step
    outbox: OutboxRelay
    log: Logger
    _subscription: Subscription | None = None
    _behind: bool = True
    _in_grace: bool = False

    async def round(self) -> None:
        """Read what is new and adopt what verifies.

        Raises:
            HeduiError: Broker or store trouble; everything is read again.
        """
        self._tell_grace()
        try:
            await self._round()
        except BaseException:
            await self.close()
            raise

    def _tell_grace(self) -> None:
        """Say when the directory in force has expired and is used on, and when that has ended."""
        current = self.keeper.current
        in_grace = current is not None and current.in_grace(self.keeper.office.clock.now())
        if in_grace and not self._in_grace:
            self.log.error("directory.in_grace", code="DIRECTORY_IN_GRACE")
        elif self._in_grace and not in_grace:
            self.log.info("directory.fresh")
        self._in_grace = in_grace

    async def close(self) -> None:
        """Close what is open; the next round starts from the beginning."""
        self._behind = True
        if self._subscription is not None:
            await self._subscription.close()
            self._subscription = None

    async def _round(self) -> None:
        if self._subscription is None:
            self._subscription = await self.broker.follow(DIRECTORY_TOPIC)
        records = await self._subscription.poll(POLL, BATCH)
        if await self.keeper.take(records):
            await self.step.retry_held()
            self.outbox.wake.set()
        # Before the end is reached, what was read is older than what is in force: no news.
        reached_end = self._behind and not records
        news = reached_end or (bool(records) and not self._behind)
        self._behind = self._behind and bool(records)
        if news and self.keeper.refusal is not None:
            self.log.warning("directory.refused", code=self.keeper.refusal.code)
