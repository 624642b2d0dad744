"""A scripted Kafka consumer, and a subscription over it."""

import asyncio
from datetime import timedelta

from aiokafka import ConsumerRecord, TopicPartition

from bus.broker.settings import BrokerSettings
from bus.broker.subscription import KafkaSubscription

MOMENT = timedelta(milliseconds=20)
SETTINGS = BrokerSettings(
    bootstrap="kafka.test:9093",
    client_id="370000",
    request_timeout=timedelta(seconds=1),
    delivery_timeout=timedelta(milliseconds=50),
    session_timeout=timedelta(milliseconds=50),
    topic_timeout=timedelta(0),
)


class Scripted:
    """An aiokafka consumer that plays `script`: batches, exceptions, or callables."""

    def __init__(self):
        self.script = []
        self.assigned = set()
        self.gone = set()
        self.held = set()
        self.positions = {}
        self.subscribed = []
        self.listener = None
        self.told = {}
        self.known = {}
        self.unknown = None
        self.failure = None
        self.stop_failure = None
        self.stopped = False
        self.cut = False
        self.answered = None
        self.ends = {}
        self._client = self

    async def start(self):
        if self.failure:
            raise self.failure

    async def stop(self):
        if self.stop_failure:
            raise self.stop_failure
        self.stopped = True

    async def close(self):
        self.cut = True

    def assign(self, partitions):
        self.assigned = set(partitions)

    def subscribe(self, topics, listener):
        self.subscribed.append(sorted(topics))
        self.listener = listener
        self.rebalance(*(TopicPartition(topic, 0) for topic in topics if topic not in self.gone))

    def partitions_for_topic(self, topic):
        return None if topic in self.gone else {0}

    def rebalance(self, *partitions):
        self.listener.on_partitions_revoked(self.assigned)
        self.assigned = set(partitions)
        self.held.clear()
        self.listener.on_partitions_assigned(self.assigned)

    def assignment(self):
        return frozenset(self.assigned)

    def paused(self):
        return frozenset(self.held)

    def pause(self, *partitions):
        self.held.update(partitions)

    def resume(self, *partitions):
        self.held.difference_update(partitions)

    def seek(self, partition, offset):
        self.positions[tuple(partition)] = offset

    def highwater(self, partition):
        assert partition in self.assigned, "as the client asserts"
        return self.ends.get(tuple(partition))

    async def position(self, partition):
        position = self.positions[tuple(partition)]
        return await position() if callable(position) else position

    def last_poll_timestamp(self, _partition):
        return self.answered

    async def commit(self, offsets):
        self.told.update(offsets)
        if self.failure:
            raise self.failure

    async def committed(self, partition):
        if self.unknown:
            raise self.unknown
        return self.known.get(tuple(partition))

    async def getmany(self, *, timeout_ms, max_records):
        assert max_records > 0
        step = self.script.pop(0) if self.script else {}
        if callable(step):
            step = await step()
        if isinstance(step, Exception):
            raise step
        if not step:
            await asyncio.sleep(timeout_ms / 1000)
        return step


class Topics:
    """The lookup, with the topics that do not answer as wished."""

    def __init__(self):
        self.errors = {}

    async def find(self, topic):
        if topic in self.errors:
            raise self.errors[topic]
        return [0]


class Stored:
    """The offsets of the store."""

    def __init__(self):
        self.offsets = {}
        self.error = None

    async def __call__(self, topic):
        if self.error:
            raise self.error
        return self.offsets.get(topic, {})


def build(consumer, topics, stored, *, grouped, settings=SETTINGS):
    return KafkaSubscription(
        consumer, ["a", "b"], topics.find, stored, grouped=grouped, settings=settings
    )


def batch(topic, *offsets):
    partition = TopicPartition(topic, 0)
    return {
        partition: [
            ConsumerRecord(topic, 0, offset, 0, 0, b"k", b"v", None, 1, 1, ()) for offset in offsets
        ]
    }


def places(records):
    return [(record.topic, record.offset) for record in records]
