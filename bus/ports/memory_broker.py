"""The in-memory twin of a Kafka cluster, for tests that run a whole query in one process.

It keeps what the daemons rely on: order within a key, offsets per partition, seeking to stored
offsets, refusal of oversize records, topics that refuse one principal. It has no groups to share
partitions among instances: each subscription reads every partition.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from bus.ports.broker import OffsetSource, Outgoing, Record
from bus.ports.broker_errors import (
    BrokerRefused,
    closed,
    predecessor_unsent,
    record_too_large,
    topic_unauthorised,
    unavailable,
)
from bus.ports.partitioner import partition_for
from bus.ports.record_size import MAX_RECORD_BYTES, record_bytes

_WHERE = "memory"


class MemoryCluster:
    """Topics held in memory, shared by the brokers of one test.

    Topics appear on first use. The hooks that inject failures:

    - `down`: the cluster does not answer; polls and publications fail until it is up again.
    - `unauthorised`: topics that refuse everyone.
    - `publish_fault`: asked for each record; an exception it returns is that record's outcome.

    Args:
        partitions: Partitions of every topic.
    """

    def __init__(self, partitions: int = 3) -> None:
        self._partitions = partitions
        self._topics: dict[str, list[list[Record]]] = {}
        self._groups: dict[str, dict[tuple[str, int], int]] = {}
        self._down = False
        self._changed = asyncio.Event()
        self.unauthorised: set[str] = set()
        self.publish_fault: Callable[[Outgoing], Exception | None] = _no_fault

    @property
    def down(self) -> bool:
        """Whether the cluster refuses to answer."""
        return self._down

    @down.setter
    def down(self, value: bool) -> None:
        self._down = value
        self._wake()

    @property
    def changed(self) -> asyncio.Event:
        """An event that is set at the next change; a later change sets a later event."""
        return self._changed

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics used so far, sorted."""
        return tuple(sorted(self._topics))

    def partitions(self, topic: str) -> Sequence[Sequence[Record]]:
        """Return a topic's partitions, creating the topic when it is new."""
        return self._logs(topic)

    def records(self, topic: str) -> tuple[Record, ...]:
        """Return everything a topic holds, partition by partition."""
        return tuple(record for log in self._logs(topic) for record in log)

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """Return what a group has committed; the caller adds to it."""
        return self._groups.setdefault(group, {})

    def append(self, message: Outgoing) -> None:
        """Store a record at the end of its key's partition and wake the readers."""
        logs = self._logs(message.topic)
        partition = partition_for(message.key, len(logs))
        log = logs[partition]
        log.append(
            Record(
                topic=message.topic,
                partition=partition,
                offset=len(log),
                key=message.key,
                value=message.value,
                headers=message.headers,
            )
        )
        self._wake()

    def _logs(self, topic: str) -> list[list[Record]]:
        return self._topics.setdefault(topic, [[] for _ in range(self._partitions)])

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class MemorySubscription:
    """An open consumer of a memory cluster.

    Args:
        cluster: Where the records are.
        topics: What to read.
        offsets: Where to begin, asked once for each topic.
        group: Whose positions are committed; None where there is nobody to tell.
    """

    def __init__(
        self,
        cluster: MemoryCluster,
        topics: Sequence[str],
        offsets: OffsetSource,
        group: str | None = None,
    ) -> None:
        self._cluster = cluster
        self._topics = tuple(topics)
        self._offsets = offsets
        self._positions: dict[tuple[str, int], int] = {}
        self._refused: dict[str, BrokerRefused] = {}
        self._closed = False
        self._set_back = False
        self.committed = {} if group is None else cluster.committed(group)

    @property
    def refused_topics(self) -> Mapping[str, BrokerRefused]:
        """Topics that refuse this principal, with the reason; the others are read on."""
        return self._refused

    @property
    def set_back(self) -> bool:
        """Whether the store was behind what its group had committed when this began."""
        return self._set_back

    async def lag(self) -> Mapping[str, int]:
        """Return how many records of each topic are still to be polled."""
        lag: Counter[str] = Counter()
        for (topic, partition), position in self._positions.items():
            if topic not in self._refused:
                lag[topic] += len(self._cluster.partitions(topic)[partition]) - position
        return lag

    async def place(self) -> None:
        """Take up the stored position of each partition not read yet."""
        for topic in self._topics:
            logs = self._cluster.partitions(topic)
            if (topic, 0) in self._positions:
                continue
            stored = await self._offsets(topic)
            for partition, log in enumerate(logs):
                offset = stored.get(partition, 0)
                self._set_back |= self.committed.get((topic, partition), 0) > offset
                # Beyond the end, as after the cluster lost its disks: Kafka goes to the beginning.
                self._positions[topic, partition] = offset if offset <= len(log) else 0

    def rewind(self) -> None:
        """Take up the stored positions anew before the next poll."""
        self._positions.clear()

    async def poll(self, wait: timedelta, limit: int) -> Sequence[Record]:
        """Return up to `limit` new records, at once when there are some, else after `wait`.

        Raises:
            BrokerUnavailable: The cluster is down, or this subscription is closed.
            BrokerRefused: Every topic refuses this principal.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait.total_seconds()
        while True:
            changed = self._cluster.changed
            if self._closed:
                raise closed(_WHERE)
            if self._cluster.down:
                raise unavailable(_WHERE)
            await self.place()
            records = self._take(limit)
            if self._refused and len(self._refused) == len(self._topics):
                raise next(iter(self._refused.values()))
            if records or loop.time() >= deadline:
                return records
            try:
                async with asyncio.timeout_at(deadline):
                    await changed.wait()
            except TimeoutError:
                return ()

    async def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Keep the positions in `committed`, unless the cluster is down."""
        if not self._cluster.down:
            self.committed.update(positions)

    async def change(self, topics: Sequence[str]) -> None:
        """Read these topics from now on; what is read already is read on."""
        self._topics = tuple(topics)
        self._refused = {t: error for t, error in self._refused.items() if t in self._topics}
        self._positions = {p: at for p, at in self._positions.items() if p[0] in self._topics}

    async def retry_refused(self) -> Mapping[str, BrokerRefused]:
        """Try the refused topics again; returns those that still refuse."""
        self._refused = {
            topic: error
            for topic, error in self._refused.items()
            if topic in self._cluster.unauthorised
        }
        return self._refused

    async def close(self) -> None:
        """Close; safe to call twice."""
        self._closed = True

    def _take(self, limit: int) -> list[Record]:
        taken: list[Record] = []
        for (topic, partition), position in self._positions.items():
            if topic in self._cluster.unauthorised:
                self._refused.setdefault(topic, topic_unauthorised(topic))
            if topic in self._refused:
                continue
            log = self._cluster.partitions(topic)[partition]
            new = log[position : position + limit - len(taken)]
            self._positions[topic, partition] = position + len(new)
            taken.extend(new)
        return taken


class MemoryBroker:
    """A connection to a memory cluster.

    Args:
        cluster: The cluster, shared with the other participants of the test.
    """

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster
        self._subscriptions: list[MemorySubscription] = []
        self._open = False

    async def start(self) -> None:
        """Connect.

        Raises:
            BrokerUnavailable: The cluster is down.
        """
        if self._cluster.down:
            raise unavailable(_WHERE)
        self._open = True

    async def stop(self) -> None:
        """Disconnect and close the subscriptions; safe to call twice."""
        self._open = False
        for subscription in self._subscriptions:
            await subscription.close()
        self._subscriptions.clear()

    async def subscribe(
        self,
        topics: Sequence[str],
        group: str,
        offsets: OffsetSource,
    ) -> MemorySubscription:
        """Read `topics` from the stored offsets on.

        Raises:
            BrokerUnavailable: The cluster is down, or this broker is not started.
            BrokerRefused: Every topic refuses everyone.
        """
        return await self._subscription(topics, offsets, group)

    async def follow(self, topic: str) -> MemorySubscription:
        """Read every partition of a topic from its beginning.

        Raises:
            BrokerUnavailable: The cluster is down, or this broker is not started.
            BrokerRefused: The topic refuses everyone.
        """
        return await self._subscription([topic], _from_beginning)

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[Exception | None]:
        """Store the messages; the outcome of each is None or the error.

        A message behind a failed one of the same topic and key is held back.
        """
        outcomes: list[Exception | None] = []
        failed: set[tuple[str, bytes]] = set()
        for message in messages:
            error = (
                predecessor_unsent(message.topic)
                if (message.topic, message.key) in failed
                else self._store(message)
            )
            if error is not None:
                failed.add((message.topic, message.key))
            outcomes.append(error)
        return outcomes

    def _store(self, message: Outgoing) -> Exception | None:
        if (error := self._fault(message)) is not None:
            return error
        self._cluster.append(message)
        return None

    def _fault(self, message: Outgoing) -> Exception | None:
        if not self._open:
            return closed(_WHERE)
        if self._cluster.down:
            return unavailable(_WHERE)
        if message.topic in self._cluster.unauthorised:
            return topic_unauthorised(message.topic)
        if record_bytes(message) > MAX_RECORD_BYTES:
            return record_too_large(message.topic)
        return self._cluster.publish_fault(message)

    async def _subscription(
        self, topics: Sequence[str], offsets: OffsetSource, group: str | None = None
    ) -> MemorySubscription:
        if not self._open:
            raise closed(_WHERE)
        if self._cluster.down:
            raise unavailable(_WHERE)
        if topics and self._cluster.unauthorised.issuperset(topics):
            raise topic_unauthorised(topics[0])
        subscription = MemorySubscription(self._cluster, topics, offsets, group)
        await subscription.place()
        self._subscriptions.append(subscription)
        return subscription


async def _from_beginning(_topic: str) -> Mapping[int, int]:
    return {}


def _no_fault(_message: Outgoing) -> Exception | None:
    return None
