"""Publishing: batches per partition, order per key, a deadline of our own.

The producer is idempotent and therefore never gives up a batch it has taken: after our deadline
the batch stays with it, and may still be stored. So a partition with such an unsettled batch takes
nothing new until that has ended, which bounds memory and keeps the order; what was reported as
failed may then be stored twice, and the receivers' deduplication meets it.

A batch the cluster refused leaves a gap in the producer's sequence numbers, and the cluster would
refuse every later batch of that partition: such a producer is spent and is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from bus.broker.client import new_producer
from bus.broker.failures import FOREIGN, client_call, fault_of, translated
from bus.broker.settings import EMBEDDED_PARTITION_BYTES, BrokerSettings, Profile
from bus.broker.topics import partitions_of
from bus.errors import HeduiError
from bus.ports.broker import Outgoing
from bus.ports.broker_errors import (
    closed,
    embedded_full,
    predecessor_unsent,
    record_too_large,
    unavailable,
)
from bus.ports.partitioner import partition_for
from bus.ports.record_size import record_bytes

_Place = tuple[str, int]
"""Topic and partition."""


@dataclass(slots=True)
class _Run:
    """One call of `publish`: the outcome of each message so far, and the keys that failed."""

    messages: Sequence[Outgoing]
    outcomes: dict[int, HeduiError] = field(default_factory=dict)
    failed: set[tuple[str, bytes]] = field(default_factory=set)

    def fail(self, number: int, error: HeduiError) -> None:
        message = self.messages[number]
        self.outcomes[number] = error
        self.failed.add((message.topic, message.key))

    def held_back(self, number: int) -> bool:
        message = self.messages[number]
        return (message.topic, message.key) in self.failed


class Publisher:
    """The producing half of a broker connection.

    Args:
        settings: The connection.
        context: Our side of mutual TLS, or None for plaintext.
    """

    def __init__(self, settings: BrokerSettings, context: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._context = context
        self._deadline = settings.delivery_timeout.total_seconds()
        self._producer: AIOKafkaProducer | None = None
        self._spent = False
        self._open = False
        self._unsettled: dict[_Place, asyncio.Future[Any]] = {}
        self._published: dict[_Place, int] = defaultdict(int)
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Connect.

        Raises:
            BrokerUnavailable: The cluster cannot be reached.
            BrokerRefused: The cluster refuses this principal.
        """
        async with self._turn:
            self._open = True
            await self._connected()

    async def stop(self) -> None:
        """Wait for what is on its way, up to the deadline, and disconnect; safe to call twice."""
        async with self._turn:
            self._open = False
            if self._unsettled:
                await asyncio.wait(self._unsettled.values(), timeout=self._deadline)
            await self._disconnect()

    async def partitions(self, topic: str) -> Sequence[int]:
        """Return the partitions of a topic, as the cluster says now.

        Raises:
            BrokerUnavailable: The cluster does not answer, or we are not connected.
            BrokerRefused: The topic is missing or refuses this principal.
        """
        async with self._turn:  # so that the producer asked is not replaced meanwhile
            if self._producer is None:
                raise closed(self._settings.bootstrap)
            return await partitions_of(self._producer, topic, self._settings, anew=True)

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[HeduiError | None]:
        """Publish; see `bus.ports.broker.Broker.publish`."""
        run = _Run(messages)
        async with self._turn:
            try:
                producer = await self._connected()
            except HeduiError as error:
                return [error] * len(messages)
            topics = {message.topic for message in messages}
            counts = await self._partition_counts(producer, topics)
            jobs = self._assign(run, counts)
            await asyncio.gather(
                *(self._fill(producer, run, place, numbers) for place, numbers in jobs.items())
            )
        return [run.outcomes.get(number) for number in range(len(messages))]

    async def _connected(self) -> AIOKafkaProducer:
        if not self._open:
            raise closed(self._settings.bootstrap)
        self._forget_settled()
        if self._spent and not self._unsettled:
            await self._disconnect()
        if self._producer is None:
            self._producer = await self._connect()
        return self._producer

    async def _connect(self) -> AIOKafkaProducer:
        producer = new_producer(self._settings, self._context)
        try:
            async with asyncio.timeout(self._deadline):
                await client_call(producer.start())
        except BaseException as error:
            await producer.stop()
            if isinstance(error, FOREIGN):
                raise translated(error, self._settings.bootstrap) from error
            raise
        return producer

    async def _disconnect(self) -> None:
        producer, self._producer, self._spent = self._producer, None, False
        if producer is None:
            return
        self._forget_settled()
        if self._unsettled:
            self._unsettled.clear()
            await _abandon(producer, self._deadline)
        else:
            await producer.stop()

    def _forget_settled(self) -> None:
        for place, future in list(self._unsettled.items()):
            if future.done():
                del self._unsettled[place]
                self._spent |= fault_of(future) is not None

    async def _partition_counts(
        self, producer: AIOKafkaProducer, topics: Iterable[str]
    ) -> Mapping[str, int | HeduiError]:
        async def count(topic: str) -> int | HeduiError:
            try:
                return len(await partitions_of(producer, topic, self._settings))
            except HeduiError as error:
                return error

        names = sorted(topics)
        return dict(zip(names, await asyncio.gather(*map(count, names)), strict=True))

    def _assign(
        self, run: _Run, counts: Mapping[str, int | HeduiError]
    ) -> Mapping[_Place, Sequence[int]]:
        """Give each publishable message's number to its partition; note why others are not."""
        jobs: dict[_Place, list[int]] = defaultdict(list)
        for number, message in enumerate(run.messages):
            count = counts[message.topic]
            if run.held_back(number):
                run.fail(number, predecessor_unsent(message.topic))
                continue
            if isinstance(count, HeduiError):
                run.fail(number, count)
                continue
            place = (message.topic, partition_for(message.key, count))
            error = self._oversize(place, message)
            if error is None:
                jobs[place].append(number)
            else:
                run.fail(number, error)
        return jobs

    def _oversize(self, place: _Place, message: Outgoing) -> HeduiError | None:
        """Check a record against the limits, and count it against the embedded partition's."""
        size = record_bytes(message)
        if size > self._settings.max_record_bytes:
            return record_too_large(message.topic)
        if self._settings.profile is Profile.EMBEDDED:
            if self._published[place] + size > EMBEDDED_PARTITION_BYTES:
                return embedded_full(message.topic)
            self._published[place] += size
        return None

    async def _fill(
        self, producer: AIOKafkaProducer, run: _Run, place: _Place, numbers: Sequence[int]
    ) -> None:
        """Publish one partition's messages, batch after batch, until one fails."""
        position = 0
        while position < len(numbers):
            batch = producer.create_batch()
            end = position
            while end < len(numbers) and _append(batch, run.messages[numbers[end]]):
                end += 1
            batch.close()
            error = await self._send(producer, batch, place)
            if error is not None:
                for number in numbers[position:end]:
                    run.fail(number, error)
                for number in numbers[end:]:
                    run.fail(number, predecessor_unsent(place[0]))
                return
            position = end

    async def _send(
        self, producer: AIOKafkaProducer, batch: Any, place: _Place
    ) -> HeduiError | None:
        topic, partition = place
        try:
            async with asyncio.timeout(self._deadline):
                earlier = self._unsettled.get(place)
                if earlier is not None:
                    await asyncio.wait([earlier])
                    self._forget_settled()
                    if self._spent:
                        return unavailable(topic)
                future = await client_call(producer.send_batch(batch, topic, partition=partition))
                self._unsettled[place] = future
                await asyncio.wait([future])
        except TimeoutError:
            return unavailable(topic)
        except KafkaError as error:
            self._spent = True
            return translated(error, topic)
        fault = fault_of(future)
        self._forget_settled()
        return None if fault is None else translated(fault, topic)


def _append(batch: Any, message: Outgoing) -> bool:
    """Add a message to a batch; False when it is full."""
    return (
        batch.append(
            timestamp=None,  # the client's present time
            key=message.key,
            value=message.value,
            headers=list(message.headers),
        )
        is not None
    )


async def _abandon(producer: AIOKafkaProducer, limit: float) -> None:
    """Disconnect a producer that holds batches the cluster will not take.

    `stop` would wait for them for ever and offers no other way, so its two halves are called
    one by one, without the flush between them.
    """
    producer._closed = True  # noqa: SLF001 - what `stop` sets first, against a false warning
    with contextlib.suppress(*FOREIGN):
        async with asyncio.timeout(limit):
            await producer._sender.close()  # noqa: SLF001 - see above
    await producer.client.close()
