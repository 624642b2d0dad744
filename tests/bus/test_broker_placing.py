"""From which position a partition is read, shown with a scripted consumer."""

import asyncio
from datetime import timedelta

import pytest
from aiokafka import TopicPartition
from aiokafka import errors as kafka
from broker_scripted import MOMENT, Scripted, Stored, Topics, batch, build, places

from bus.errors import UnavailableError
from bus.ports.broker_errors import BrokerRefused


@pytest.fixture
def consumer():
    return Scripted()


@pytest.fixture
def topics():
    return Topics()


@pytest.fixture
def stored():
    return Stored()


@pytest.fixture(params=[True, False], ids=["grouped", "assigned"])
def subscription(request, consumer, topics, stored):
    return build(consumer, topics, stored, grouped=request.param)


async def test_opening_takes_up_the_stored_positions(subscription, consumer, stored):
    stored.offsets = {"a": {0: 7}}

    await subscription.open()

    assert consumer.positions == {("a", 0): 7, ("b", 0): 0}


@pytest.mark.requirement("R075")
@pytest.mark.parametrize(("told", "older"), [(None, False), (7, False), (8, True)])
async def test_a_store_behind_what_the_broker_was_told_was_set_back(
    consumer, topics, stored, told, older
):
    subscription = build(consumer, topics, stored, grouped=True)
    stored.offsets = {"a": {0: 7}}
    consumer.known = {("a", 0): told}

    await subscription.open()

    assert subscription.set_back is older
    assert consumer.positions["a", 0] == 7


async def test_without_knowing_whether_the_store_was_set_back_nothing_is_read(
    consumer, topics, stored
):
    subscription = build(consumer, topics, stored, grouped=True)
    consumer.unknown = kafka.GroupAuthorizationFailedError("hedui.370000")

    with pytest.raises(BrokerRefused, match="BROKER_UNAUTHORISED"):
        await subscription.open()

    assert consumer.positions == {}


@pytest.mark.requirement("R075")
async def test_records_read_before_the_stored_position_was_taken_up_are_not_returned(
    consumer, topics, stored
):
    subscription = build(consumer, topics, stored, grouped=True)
    await subscription.open()
    stored.offsets = {"a": {0: 5}}

    async def rebalanced_meanwhile():
        consumer.rebalance(TopicPartition("a", 0), TopicPartition("b", 0))
        return batch("a", 0, 1)

    consumer.script = [rebalanced_meanwhile, batch("a", 5)]

    assert places(await subscription.poll(timedelta(seconds=5), 10)) == [("a", 5)]
    assert consumer.positions["a", 0] == 5


@pytest.mark.requirement("R075")
async def test_a_store_that_fails_during_a_rebalance_lets_no_record_through(
    consumer, topics, stored
):
    subscription = build(consumer, topics, stored, grouped=True)
    await subscription.open()
    consumer.rebalance(TopicPartition("a", 0))
    consumer.positions.clear()
    stored.error = UnavailableError("STORE_UNAVAILABLE", "数据库不可用", "The database is away")
    consumer.script = [batch("a", 0)]

    for _ in range(2):
        with pytest.raises(UnavailableError, match="STORE_UNAVAILABLE"):
            await subscription.poll(MOMENT, 10)

    stored.error = None
    assert places(await subscription.poll(MOMENT, 10)) == [("a", 0)]
    assert consumer.positions == {("a", 0): 0}


async def test_a_partition_that_went_to_another_instance_is_not_moved(consumer, topics, stored):
    subscription = build(consumer, topics, stored, grouped=True)
    await subscription.open()
    consumer.rebalance(TopicPartition("a", 0))
    consumer.rebalance(TopicPartition("b", 0))
    consumer.positions.clear()

    await subscription.poll(MOMENT, 10)

    assert consumer.positions.keys() == {("b", 0)}


@pytest.mark.requirement("R075")
async def test_a_rebalance_that_holds_up_the_committed_positions_costs_nothing(
    consumer, topics, stored
):
    subscription = build(consumer, topics, stored, grouped=True)
    consumer.unknown = asyncio.CancelledError()
    await subscription.open()
    consumer.script = [batch("a", 0)]

    assert not await subscription.poll(timedelta(0), 10)
    assert consumer.positions == {}

    consumer.unknown = None
    stored.offsets = {"a": {0: 7}}
    consumer.script = [batch("a", 7)]
    assert places(await subscription.poll(MOMENT, 10)) == [("a", 7)]
    assert consumer.positions == {("a", 0): 7, ("b", 0): 0}


@pytest.mark.requirement("R075")
async def test_a_partition_that_goes_while_its_position_is_asked_for_is_not_moved(
    consumer, topics, stored, monkeypatch
):
    subscription = build(consumer, topics, stored, grouped=True)
    known = consumer.committed

    async def taken_away(partition):
        if partition.topic == "a":
            consumer.listener.on_partitions_revoked([partition])
            consumer.assigned = [each for each in consumer.assigned if each != partition]
        return await known(partition)

    monkeypatch.setattr(consumer, "committed", taken_away)
    await subscription.open()

    assert consumer.positions == {("b", 0): 0}
