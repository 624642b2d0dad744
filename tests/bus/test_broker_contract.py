"""What every broker does: the in-memory twin, aiokafka on the embedded cluster and on Kafka."""

import asyncio
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from bus.broker.embedded import EmbeddedCluster
from bus.broker.kafka import KafkaBroker
from bus.broker.settings import BrokerSettings, Profile
from bus.errors import UnavailableError
from bus.ports.broker import Broker, Outgoing
from bus.ports.broker_errors import BrokerRefused, BrokerUnavailable
from bus.ports.memory_broker import MemoryBroker, MemoryCluster
from bus.ports.partitioner import partition_for
from signer.identity import ADMIN_SERVICE

MOMENT = timedelta(milliseconds=50)
LONG = timedelta(seconds=10)


@dataclass
class Bench:
    """A cluster, brokers to it, and topics nobody used before."""

    connect: object
    unreachable: object
    partitions: int
    make_topic: object
    brokers: list
    group: str = field(default_factory=lambda: f"hedui.group-{next(TOPIC_NUMBERS)}")

    async def broker(self) -> Broker:
        broker = self.connect()
        self.brokers.append(broker)
        await broker.start()
        return broker

    def topic(self) -> str:
        name = f"hedui.test-{next(TOPIC_NUMBERS)}.inbox"
        self.make_topic(name)
        return name


@pytest.fixture(scope="module")
def embedded():
    cluster = EmbeddedCluster()
    yield cluster, cluster.start()
    cluster.stop()


TOPIC_NUMBERS = itertools.count()


def made_on_first_use(_topic):
    return


def memory_bench(_request):
    cluster, dead = MemoryCluster(), MemoryCluster()
    dead.down = True
    return lambda: MemoryBroker(cluster), lambda: MemoryBroker(dead), 3, made_on_first_use


def embedded_bench(request):
    _, bootstrap = request.getfixturevalue("embedded")

    def connect(address):
        return KafkaBroker(
            BrokerSettings(
                bootstrap=address,
                client_id="test",
                profile=Profile.EMBEDDED,
                delivery_timeout=timedelta(seconds=5),
            )
        )

    return lambda: connect(bootstrap), lambda: connect("127.0.0.1:1"), 4, made_on_first_use


def kafka_bench(request):
    kafka = request.getfixturevalue("kafka")

    def connect(address):
        # The administrator may do everything; who may what is shown in tests/kafka.
        return kafka.broker(ADMIN_SERVICE, bootstrap=address, client_id="test")

    def make(topic):
        kafka.make_topic(topic, 3)

    bootstrap = kafka.cluster.bootstrap
    return lambda: connect(bootstrap), lambda: connect("127.0.0.1:1"), 3, make


@pytest.fixture(
    params=[memory_bench, embedded_bench, kafka_bench], ids=["memory", "embedded", "kafka"]
)
async def bench(request):
    connect, unreachable, partitions, make_topic = request.param(request)
    built = Bench(connect, unreachable, partitions, make_topic, [])
    yield built
    for broker in built.brokers:
        await broker.stop()


async def nothing_stored(_topic):
    return {}


async def drain(subscription, count, limit=500):
    """Read exactly `count` records, and see that no more come."""
    records = []
    while len(records) < count:
        found = await subscription.poll(LONG, limit)
        assert found, f"only {len(records)} of {count} came"
        records += found
    assert not await subscription.poll(MOMENT, limit)
    assert len(records) == count
    return records


def key(number):
    return b"conversation-%d" % number


def values_by_key(records):
    found = defaultdict(list)
    for record in records:
        found[record.key].append(record.value)
    return found


def stored_after(records):
    offsets = {}
    for record in records:
        offsets[record.partition] = record.offset + 1

    async def source(_topic):
        return offsets

    return source


async def test_two_thousand_records_keep_the_order_of_each_key(bench):
    broker, topic = await bench.broker(), bench.topic()
    messages = [Outgoing(topic, key(n % 20), b"%d" % n) for n in range(2000)]

    assert await broker.publish(messages[:1500]) == [None] * 1500
    assert await broker.publish(messages[1500:]) == [None] * 500

    records = await drain(await broker.subscribe([topic], bench.group, nothing_stored), 2000)
    assert values_by_key(records) == {
        key(k): [b"%d" % n for n in range(k, 2000, 20)] for k in range(20)
    }


async def test_a_key_lies_in_the_partition_the_specification_names(bench):
    broker, topic = await bench.broker(), bench.topic()
    await broker.publish([Outgoing(topic, key(n), b"") for n in range(30)])

    records = await drain(await broker.follow(topic), 30)

    assert {record.partition for record in records} == set(range(bench.partitions))
    assert all(r.partition == partition_for(r.key, bench.partitions) for r in records)


@pytest.mark.requirement("R075")
async def test_a_restart_goes_on_at_the_stored_offsets(bench):
    broker, topic = await bench.broker(), bench.topic()
    messages = [Outgoing(topic, key(n), b"%d" % n) for n in range(40)]
    await broker.publish(messages)
    first = await broker.subscribe([topic], bench.group, nothing_stored)
    before = list(await first.poll(LONG, 7))
    lost = await first.poll(LONG, 9)
    await first.close()

    again = await broker.subscribe([topic], bench.group, stored_after(before))
    after = await drain(again, 40 - len(before))

    assert len(lost) > 0
    assert sorted(r.value for r in before + after) == sorted(m.value for m in messages)


async def test_the_lag_is_what_was_not_polled_yet(bench):
    broker, topic, quiet = await bench.broker(), bench.topic(), bench.topic()
    await broker.publish([Outgoing(topic, key(n), b"%d" % n) for n in range(40)])
    await broker.publish([Outgoing(quiet, key(1), b"")])
    subscription = await broker.subscribe([topic, quiet], bench.group, nothing_stored)

    records = await drain(subscription, 41)
    assert await subscription.lag() == {topic: 0, quiet: 0}

    await broker.publish([Outgoing(topic, key(n), b"%d" % n) for n in range(8)])
    records = list(await subscription.poll(LONG, 1))
    seen = (await subscription.lag())[topic]
    records += await drain(subscription, 8 - len(records))
    assert 0 <= seen < 8
    assert await subscription.lag() == {topic: 0, quiet: 0}
    await subscription.close()

    again = await broker.subscribe([topic, quiet], bench.group, stored_after(records[:1]))
    assert topic not in await again.lag() or (await again.lag())[topic] > 0


async def test_committed_positions_decide_nothing(bench):
    broker, topic = await bench.broker(), bench.topic()
    await broker.publish([Outgoing(topic, key(1), b"%d" % n) for n in range(4)])
    first = await broker.subscribe([topic], bench.group, nothing_stored)
    records = await drain(first, 4)
    await first.commit({(topic, records[0].partition): 4, ("hedui.unknown.inbox", 9): 1})
    await first.close()

    again = await broker.subscribe([topic], bench.group, nothing_stored)

    assert await drain(again, 4) == records


async def test_a_partition_absent_from_the_store_starts_at_its_beginning(bench):
    broker, topic = await bench.broker(), bench.topic()
    await broker.publish([Outgoing(topic, key(n), b"%d" % n) for n in range(30)])
    everything = await drain(await broker.follow(topic), 30)

    async def middle(_topic):
        return {1: 2}

    records = await drain(await broker.subscribe([topic], bench.group, middle), 28)

    assert sorted(records, key=lambda r: (r.partition, r.offset)) == sorted(
        (r for r in everything if r.partition != 1 or r.offset >= 2),
        key=lambda r: (r.partition, r.offset),
    )


async def test_an_offset_the_cluster_never_reached_starts_at_the_beginning(bench):
    broker, topic = await bench.broker(), bench.topic()
    await broker.publish([Outgoing(topic, key(n), b"%d" % n) for n in range(12)])

    async def beyond(_topic):
        return dict.fromkeys(range(bench.partitions), 999)

    assert await drain(await broker.subscribe([topic], bench.group, beyond), 12)


async def test_each_topic_has_its_own_offsets(bench):
    broker, one, two = await bench.broker(), bench.topic(), bench.topic()
    await broker.publish([Outgoing(t, key(1), b"%d" % n) for t in (one, two) for n in range(3)])
    partition = partition_for(key(1), bench.partitions)

    async def source(topic):
        return {one: {partition: 1}, two: {partition: 2}}[topic]

    records = await drain(await broker.subscribe([one, two], bench.group, source), 3)

    assert {(r.topic, r.offset) for r in records} == {(one, 1), (one, 2), (two, 2)}


async def test_a_store_that_cannot_be_read_stops_the_subscription(bench):
    broker, topic = await bench.broker(), bench.topic()

    async def broken(_topic):
        raise UnavailableError("STORE_UNAVAILABLE", "数据库不可用", "The database is away")

    with pytest.raises(UnavailableError, match="STORE_UNAVAILABLE"):
        await broker.subscribe([topic], bench.group, broken)


async def test_followers_read_headers_and_tombstones_from_the_beginning(bench):
    broker, topic = await bench.broker(), bench.topic()
    headers = (("ce_type", b"directory"), ("ce_type", b"again"), ("empty", b""))
    await broker.publish(
        [
            Outgoing(topic, b"320000", b"entry", headers),
            Outgoing(topic, b"320000", None),
        ]
    )

    for _ in range(2):
        entry, tombstone = await drain(await broker.follow(topic), 2)
        assert (entry.topic, entry.key, entry.value, entry.headers) == (
            topic,
            b"320000",
            b"entry",
            headers,
        )
        assert (tombstone.value, tombstone.headers) == (None, ())
        assert tombstone.offset == entry.offset + 1


async def test_a_poll_returns_no_more_than_its_limit(bench):
    broker, topic = await bench.broker(), bench.topic()
    await broker.publish([Outgoing(topic, key(1), b"%d" % n) for n in range(10)])
    subscription = await broker.follow(topic)

    sizes = [len(await subscription.poll(LONG, 4)) for _ in range(3)]

    assert sizes == [4, 4, 2]


async def test_an_empty_poll_ends_after_its_wait(bench):
    broker, topic = await bench.broker(), bench.topic()
    subscription = await broker.follow(topic)
    loop = asyncio.get_running_loop()
    began = loop.time()

    assert not await subscription.poll(timedelta(milliseconds=120), 10)

    assert 0.11 < loop.time() - began < 1
    assert not await subscription.poll(timedelta(0), 10)


async def test_a_waiting_poll_returns_as_soon_as_a_record_comes(bench):
    broker, topic = await bench.broker(), bench.topic()
    subscription = await broker.follow(topic)
    loop = asyncio.get_running_loop()
    began = loop.time()

    polled, _ = await asyncio.gather(
        subscription.poll(LONG, 10), broker.publish([Outgoing(topic, b"k", b"v")])
    )

    assert [record.value for record in polled] == [b"v"]
    assert loop.time() - began < LONG.total_seconds() / 2


async def test_a_record_of_the_largest_envelope_passes(bench):
    broker, topic = await bench.broker(), bench.topic()
    envelope = bytes(900 * 1024)

    assert await broker.publish([Outgoing(topic, b"k", envelope)]) == [None]

    assert (await drain(await broker.follow(topic), 1))[0].value == envelope


async def test_an_oversize_record_holds_back_only_its_own_key(bench):
    broker, topic, other = await bench.broker(), bench.topic(), bench.topic()
    big = bytes(2 * 1024 * 1024)

    outcomes = await broker.publish(
        [
            Outgoing(topic, b"a", b"1"),
            Outgoing(topic, b"a", big),
            Outgoing(topic, b"a", b"2"),
            Outgoing(topic, b"b", b"3"),
            Outgoing(other, b"a", b"4"),
            Outgoing(topic, b"a", b"5"),
        ]
    )

    assert [getattr(outcome, "code", None) for outcome in outcomes] == [
        None,
        "RECORD_TOO_LARGE",
        "PREDECESSOR_UNSENT",
        None,
        None,
        "PREDECESSOR_UNSENT",
    ]
    assert isinstance(outcomes[1], BrokerRefused)
    assert isinstance(outcomes[2], BrokerUnavailable)
    records = await drain(await broker.follow(topic), 2)
    assert sorted(record.value for record in records) == [b"1", b"3"]


async def test_a_subscription_to_no_topic_reads_nothing(bench):
    subscription = await (await bench.broker()).subscribe([], bench.group, nothing_stored)

    assert not await subscription.poll(MOMENT, 10)


async def test_publishing_nothing_is_nothing(bench):
    assert not await (await bench.broker()).publish([])


async def test_a_cluster_that_is_not_there_is_reported_soon(bench):
    broker = bench.unreachable()

    with pytest.raises(BrokerUnavailable, match="BROKER_UNAVAILABLE"):
        async with asyncio.timeout(3):
            await broker.start()
    await broker.stop()


async def test_stop_and_close_may_come_twice_and_end_everything(bench):
    broker, topic = await bench.broker(), bench.topic()
    subscription = await broker.follow(topic)
    closed = await broker.follow(topic)
    await closed.close()
    await closed.close()
    await broker.stop()
    await broker.stop()

    for ended in (subscription, closed):
        with pytest.raises(BrokerUnavailable, match="BROKER_CLOSED"):
            await ended.poll(MOMENT, 1)
    assert [e.code for e in await broker.publish([Outgoing(topic, b"k", b"v")])] == [
        "BROKER_CLOSED"
    ]
    with pytest.raises(BrokerUnavailable, match="BROKER_CLOSED"):
        await broker.subscribe([topic], bench.group, nothing_stored)


async def test_topics_of_a_directory_that_grows_are_subscribed_again(bench):
    broker, one, two = await bench.broker(), bench.topic(), bench.topic()
    await broker.publish([Outgoing(topic, b"k", topic.encode()) for topic in (one, two)])
    first = await broker.subscribe([one], bench.group, nothing_stored)
    before = await drain(first, 1)
    await first.close()

    after = await drain(await broker.subscribe([one, two], bench.group, nothing_stored), 2)

    assert [record.value for record in before] == [one.encode()]
    assert {record.value for record in after} == {one.encode(), two.encode()}


async def test_a_stopped_broker_can_be_started_again(bench):
    broker, topic = await bench.broker(), bench.topic()
    await broker.stop()
    await broker.start()

    assert await broker.publish([Outgoing(topic, b"k", b"v")]) == [None]


async def test_a_subscription_follows_a_directory_that_grows_and_shrinks(bench):
    broker = await bench.broker()
    one, two, three = bench.topic(), bench.topic(), bench.topic()
    await broker.publish([Outgoing(t, b"k", t.encode()) for t in (one, two, three)])
    offsets = {}

    async def stored(topic):
        return {partition: at for (t, partition), at in offsets.items() if t == topic}

    async def read(subscription, count):
        records = await drain(subscription, count)
        offsets.update({(r.topic, r.partition): r.offset + 1 for r in records})
        return {record.topic for record in records}

    subscription = await broker.subscribe([one, two], bench.group, stored)
    assert await read(subscription, 2) == {one, two}
    await subscription.change([one, two, three])
    assert await read(subscription, 1) == {three}
    await subscription.change([two, three])
    await broker.publish([Outgoing(topic, b"k", b"more") for topic in (one, two, three)])
    assert await read(subscription, 2) == {two, three}
    await subscription.close()

    # A process that was away while the directory changed is given what it asks for now.
    again = await broker.subscribe([one], bench.group, stored)
    assert await read(again, 1) == {one}


@pytest.mark.requirement("R075")
async def test_what_was_polled_and_not_stored_is_read_again_by_the_same_subscription(bench):
    broker, topic = await bench.broker(), bench.topic()
    await broker.publish([Outgoing(topic, b"k", b"%d" % n) for n in range(6)])
    stored = {}
    away = []

    async def source(_topic):
        if away:
            raise away.pop()
        return dict(stored)

    subscription = await broker.subscribe([topic], bench.group, source)
    first = await subscription.poll(LONG, 2)
    stored[first[0].partition] = 2
    lost = await subscription.poll(LONG, 2)
    assert [record.value for record in lost] == [b"2", b"3"]

    subscription.rewind()
    away.append(UnavailableError("STORE_UNAVAILABLE", "数据库不可用", "The database is away"))
    with pytest.raises(UnavailableError, match="STORE_UNAVAILABLE"):
        await subscription.poll(LONG, 2)

    assert [record.value for record in await drain(subscription, 4)] == [b"2", b"3", b"4", b"5"]
