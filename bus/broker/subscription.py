"""Consuming: one topic's refusal kept from the others, and what is missing looked for.

Where a partition is read from is the matter of placing.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from bus.broker.failures import FOREIGN, client_call, translated
from bus.broker.placing import Placing
from bus.broker.settings import BrokerSettings
from bus.ports.broker import OffsetSource, Record
from bus.ports.broker_errors import (
    BrokerRefused,
    topic_missing,
    topic_unauthorised,
    unavailable,
)

Lookup = Callable[[str], Awaitable[Sequence[int]]]
"""Topic → its partitions, or BrokerRefused, or BrokerUnavailable."""

_MARGIN = timedelta(milliseconds=200)
"""What a poll may last beyond its wait while a rebalance goes on."""


class KafkaSubscription:
    """A consumer of some topics, of those that do not refuse us.

    Args:
        consumer: A consumer that is not started yet.
        topics: What to read.
        lookup: Finds a topic's partitions, or says why it is refused.
        offsets: Where to begin.
        grouped: Whether partitions are shared with the group, or all of them are ours.
        settings: The connection.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topics: Sequence[str],
        lookup: Lookup,
        offsets: OffsetSource,
        *,
        grouped: bool,
        settings: BrokerSettings,
    ) -> None:
        self._consumer = consumer
        self._topics = tuple(topics)
        self._lookup = lookup
        self._grouped = grouped
        self._settings = settings
        self._placing = Placing(consumer, offsets, grouped=grouped, where=settings.bootstrap)
        self._readable: dict[str, Sequence[int]] = {}
        self._refused: dict[str, BrokerRefused] = {}
        self._absent: dict[str, float] = {}
        self._opened = time.time()
        self.closed = False

    @property
    def refused_topics(self) -> Mapping[str, BrokerRefused]:
        """Topics that refuse this principal or are missing; the others are read on."""
        return self._refused

    @property
    def set_back(self) -> bool:
        """Whether the stored positions are behind those that were committed to the broker."""
        return self._placing.set_back

    async def open(self) -> None:
        """Connect, join and take up the stored positions; on failure nothing stays open.

        Raises:
            BrokerUnavailable: The cluster cannot be reached, or gives us no partitions in time.
            BrokerRefused: Every topic, or the group, refuses this principal.
            StoreUnavailable: The stored positions cannot be read.
        """
        # The partitions of a killed instance come free a session later, and a join may take one.
        limit = self._settings.delivery_timeout
        if self._grouped:
            limit += 2 * self._settings.session_timeout
        try:
            await self._look_up(self._topics)
            self._join()
            async with asyncio.timeout(limit.total_seconds()):
                await client_call(self._consumer.start())
            await self._place()
        except BaseException as error:
            await self.close()
            if isinstance(error, FOREIGN):
                raise translated(error, self._settings.bootstrap) from error
            raise

    async def retry_refused(self) -> Mapping[str, BrokerRefused]:
        """Try the refused topics again, as after new ACLs; returns those that still refuse.

        A topic that refuses only reads is found to do so by a later `poll`.

        Raises:
            BrokerUnavailable: The cluster does not answer.
        """
        again, self._refused = tuple(self._refused), {}
        known = set(self._readable)
        await self._look_up(again)
        resumed = known.difference(self._refused).intersection(again)
        self._consumer.resume(*(each for each in self._assigned() if each.topic in resumed))
        if set(self._readable) != known:
            self._join()
        return self._refused

    async def change(self, topics: Sequence[str]) -> None:
        """Read these topics from now on, as after participants joined or left; at least one.

        What is read already is read on from the stored positions.

        Raises:
            BrokerUnavailable: The cluster does not answer.
            BrokerRefused: Every topic refuses this principal.
        """
        kept = set(self._topics).intersection(topics)
        self._topics = tuple(topics)
        self._readable = {t: numbers for t, numbers in self._readable.items() if t in kept}
        self._refused = {t: refusal for t, refusal in self._refused.items() if t in kept}
        await self._look_up(set(topics) - kept)
        self._join()

    def rewind(self) -> None:
        """Take up the stored positions anew before the next poll: what was polled was not stored.

        The membership stays, so that trouble with a store makes no trouble in the group.
        """
        self._placing.unplaced.update(self._assigned())

    async def poll(self, wait: timedelta, limit: int) -> Sequence[Record]:
        """Return up to `limit` new records, at once when there are some, else after `wait`.

        Raises:
            BrokerUnavailable: No fetch was answered for `request_timeout`, or this is closed.
            BrokerRefused: Every topic, or the group, refuses this principal, or is gone.
            StoreUnavailable: The stored positions cannot be read.
        """
        self._leave_missing()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait.total_seconds()
        while True:
            await self._place()
            left = timedelta(seconds=max(0.0, deadline - loop.time()))
            try:
                found = await self._fetch(left, limit)
            except TopicAuthorizationFailedError as error:
                self._refuse(str(error.args[0]))
                continue
            except FOREIGN as error:
                raise translated(error, self._settings.bootstrap) from error
            if found or not left:
                break
        if not found:
            self._check_reading()
        return [_record(record) for record in found]

    async def lag(self) -> Mapping[str, int]:
        """Return how many records of each topic are still to be polled, as fetches told."""
        lag: Counter[str] = Counter()
        with contextlib.suppress(*FOREIGN):
            # Asking for a position waits where it is being moved, as after retention passed it.
            async with asyncio.timeout(_MARGIN.total_seconds()):
                for partition in self._assigned() - self._consumer.paused():
                    if partition not in self._assigned():
                        continue  # given away while we waited for another's position
                    end = self._consumer.highwater(partition)
                    if end is not None and partition not in self._placing.unplaced:
                        at = await client_call(self._consumer.position(partition))
                        lag[partition.topic] += max(0, end - at)
        return lag

    async def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Tell the broker how far we are; without a group there is nobody to tell."""
        assigned = self._assigned()
        offsets = {
            partition: offset
            for (topic, number), offset in positions.items()
            if (partition := TopicPartition(topic, number)) in assigned
        }
        if not offsets:
            return
        with contextlib.suppress(*FOREIGN):
            async with asyncio.timeout(self._settings.request_timeout.total_seconds()):
                await client_call(self._consumer.commit(offsets))

    async def close(self) -> None:
        """Leave and close; safe to call twice."""
        self.closed = True
        stopping = asyncio.ensure_future(self._consumer.stop())
        limit = self._settings.delivery_timeout.total_seconds()
        await asyncio.wait([stopping], timeout=limit)
        if not stopping.done():
            stopping.cancel()
            await asyncio.wait([stopping], timeout=limit)
        if not stopping.done() or stopping.cancelled() or stopping.exception() is not None:
            # While the cluster is away the client's `stop` can end halfway, by a cancellation
            # of its own fetches that it passes on to its caller; the sockets are then left.
            await self._consumer._client.close()  # noqa: SLF001 - there is no public way

    async def _look_up(self, topics: Iterable[str]) -> None:
        """Sort topics into readable and refused ones."""
        names = tuple(topics)
        found = await asyncio.gather(*map(self._lookup, names), return_exceptions=True)
        for topic, result in zip(names, found, strict=True):
            if isinstance(result, BrokerRefused):
                self._refused[topic] = result
                if result.code == topic_missing(topic).code:
                    self._placing.anew.add(topic)
            elif isinstance(result, BaseException):
                raise result
            else:
                self._readable[topic] = result

    def _join(self) -> None:
        """Ask for the partitions of the readable topics.

        Raises:
            BrokerRefused: Every topic refuses us.
        """
        if not self._topics:  # a hub without participants reads nothing yet
            return
        if not self._readable:
            raise next(iter(self._refused.values()))
        if self._grouped:
            self._consumer.subscribe(tuple(self._readable), listener=self._placing)
            return
        partitions = [
            TopicPartition(topic, number)
            for topic, numbers in self._readable.items()
            for number in numbers
        ]
        self._consumer.assign(partitions)
        self._placing.unplaced.update(partitions)

    def _leave_missing(self) -> None:
        """Refuse topics that have gone; `retry_refused` takes them up when they are there again.

        The client alone would look for them at its next regular look, minutes later; joining
        without them and then with them makes it look at once.

        Raises:
            BrokerRefused: No topic is left.
        """
        if not self._grouped:
            return  # its partitions were assigned by hand: fetches go unanswered, which is told
        now = asyncio.get_running_loop().time()
        # One that has just been asked for is absent until the client has looked for it.
        self._absent = {
            topic: self._absent.get(topic, now)
            for topic in self._readable
            if not self._consumer.partitions_for_topic(topic)
        }
        patience = self._settings.topic_timeout.total_seconds()
        gone = [topic for topic, since in self._absent.items() if now - since >= patience]
        for topic in gone:
            del self._readable[topic]
            self._refused.setdefault(topic, topic_missing(topic))
            self._placing.anew.add(topic)
        if gone:
            self._join()

    def _assigned(self) -> frozenset[TopicPartition]:
        return frozenset(self._consumer.assignment())

    async def _fetch(self, wait: timedelta, limit: int) -> Sequence[ConsumerRecord]:
        """Return what arrives within `wait`, of placed partitions only."""
        try:
            async with asyncio.timeout((wait + _MARGIN).total_seconds()):
                batches = await client_call(
                    self._consumer.getmany(
                        timeout_ms=wait // timedelta(milliseconds=1), max_records=limit
                    )
                )
        except TimeoutError:  # a rebalance is going on: nothing is ours to read
            return ()
        return [
            record
            for partition, records in batches.items()
            if partition not in self._placing.unplaced
            for record in records
        ]

    async def _place(self) -> None:
        """Take up stored positions; a new assignment tries every topic of it again."""
        for topic in await self._placing.place():
            self._refused.pop(topic, None)

    def _refuse(self, topic: str) -> None:
        """Read no more of a topic; pausing it, unlike leaving it, disturbs nobody else."""
        self._refused[topic] = topic_unauthorised(topic)
        self._consumer.pause(*(each for each in self._assigned() if each.topic == topic))

    def _check_reading(self) -> None:
        """Raise where an empty poll has a reason: the client only tries again.

        Raises:
            BrokerUnavailable: No fetch has been answered for `request_timeout`.
            BrokerRefused: Every topic refuses us.
        """
        assigned = self._assigned()
        reading = assigned - self._consumer.paused()
        if not assigned:
            return
        if not reading:
            raise next(iter(self._refused.values()))
        answered = max(self._consumer.last_poll_timestamp(each) or 0 for each in reading) / 1000
        silent = timedelta(seconds=time.time() - max(answered, self._opened))
        if silent > self._settings.request_timeout:
            raise unavailable(self._settings.bootstrap)


def _record(record: ConsumerRecord) -> Record:
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple((name, bytes(value or b"")) for name, value in record.headers),
    )
