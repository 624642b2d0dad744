"""The failures the in-memory cluster injects into tests of the daemons."""

import asyncio
from datetime import timedelta

import pytest

from bus.ports.broker import Outgoing
from bus.ports.broker_errors import BrokerRefused, BrokerUnavailable, unavailable
from bus.ports.memory_broker import MemoryBroker, MemoryCluster

MOMENT = timedelta(milliseconds=20)


async def nothing_stored(_topic):
    return {}


@pytest.fixture
def cluster():
    return MemoryCluster()


@pytest.fixture
async def broker(cluster):
    broker = MemoryBroker(cluster)
    await broker.start()
    return broker


async def test_a_cluster_that_is_down_fails_polls_and_publications(cluster, broker):
    subscription = await broker.subscribe(["t"], "g", nothing_stored)
    cluster.down = True

    with pytest.raises(BrokerUnavailable):
        await subscription.poll(MOMENT, 1)
    await subscription.commit({("t", 0): 1})
    outcomes = await broker.publish([Outgoing("t", b"k", b"1"), Outgoing("t", b"k", b"2")])
    assert [outcome.code for outcome in outcomes] == ["BROKER_UNAVAILABLE", "PREDECESSOR_UNSENT"]
    with pytest.raises(BrokerUnavailable):
        await broker.follow("t")
    assert subscription.committed == {}

    cluster.down = False
    assert await broker.publish([Outgoing("t", b"k", b"1")]) == [None]
    assert [record.value for record in await subscription.poll(MOMENT, 1)] == [b"1"]


async def test_a_waiting_poll_notices_that_the_cluster_goes_down(cluster, broker):
    subscription = await broker.subscribe(["t"], "g", nothing_stored)
    waiting = asyncio.create_task(subscription.poll(timedelta(seconds=10), 1))
    asyncio.get_running_loop().call_soon(setattr, cluster, "down", True)

    async with asyncio.timeout(5):
        with pytest.raises(BrokerUnavailable):
            await waiting


async def test_a_topic_that_refuses_does_not_stop_the_others(cluster, broker):
    subscription = await broker.subscribe(["t", "u"], "g", nothing_stored)
    await broker.publish([Outgoing("t", b"k", b"1"), Outgoing("u", b"k", b"2")])
    cluster.unauthorised.add("u")

    records = await subscription.poll(MOMENT, 10)

    assert [record.value for record in records] == [b"1"]
    assert {t: e.code for t, e in subscription.refused_topics.items()} == {
        "u": "TOPIC_UNAUTHORISED"
    }
    assert await subscription.retry_refused()
    (refused,) = await broker.publish([Outgoing("u", b"k", b"3")])
    assert refused.code == "TOPIC_UNAUTHORISED"

    cluster.unauthorised.clear()
    assert not await subscription.retry_refused()
    assert [record.value for record in await subscription.poll(MOMENT, 10)] == [b"2"]


async def test_a_subscription_none_of_whose_topics_may_be_read_says_so(cluster, broker):
    subscription = await broker.subscribe(["t"], "g", nothing_stored)
    cluster.unauthorised.add("t")

    with pytest.raises(BrokerRefused, match="TOPIC_UNAUTHORISED"):
        await subscription.poll(MOMENT, 10)
    with pytest.raises(BrokerRefused, match="TOPIC_UNAUTHORISED"):
        await broker.follow("t")
    with pytest.raises(BrokerRefused, match="TOPIC_UNAUTHORISED"):
        await broker.subscribe(["t"], "g", nothing_stored)


async def test_a_fault_of_one_record_is_its_outcome(cluster, broker):
    cluster.publish_fault = lambda message: unavailable("t") if message.value == b"2" else None

    outcomes = await broker.publish(
        [Outgoing("t", b"a", b"1"), Outgoing("t", b"b", b"2"), Outgoing("t", b"b", b"3")]
    )

    assert [getattr(outcome, "code", None) for outcome in outcomes] == [
        None,
        "BROKER_UNAVAILABLE",
        "PREDECESSOR_UNSENT",
    ]
    assert [record.value for record in cluster.records("t")] == [b"1"]
    assert cluster.topics == ("t",)
