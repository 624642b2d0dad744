"""Refused topics, rebalances and silence, shown with a scripted consumer."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from aiokafka import TopicPartition
from aiokafka import errors as kafka
from broker_scripted import MOMENT, SETTINGS, Scripted, Stored, Topics, batch, build, places

from bus.ports.broker_errors import (
    BrokerRefused,
    BrokerUnavailable,
    topic_missing,
    topic_unauthorised,
    unavailable,
)


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


async def test_a_topic_that_refuses_to_be_read_is_paused(subscription, consumer):
    await subscription.open()
    consumer.script = [kafka.TopicAuthorizationFailedError("b"), batch("a", 0)]

    assert places(await subscription.poll(MOMENT, 10)) == [("a", 0)]

    assert consumer.held == {TopicPartition("b", 0)}
    assert subscription.refused_topics["b"].code == "TOPIC_UNAUTHORISED"


async def test_the_lag_is_the_distance_to_the_end_that_fetches_told(subscription, consumer, stored):
    stored.offsets = {"a": {0: 7}}
    await subscription.open()
    assert await subscription.lag() == {}

    consumer.ends = {("a", 0): 12}
    assert await subscription.lag() == {"a": 5}

    consumer.ends[("b", 0)] = 0
    assert await subscription.lag() == {"a": 5, "b": 0}


async def test_a_topic_that_refuses_has_no_lag(subscription, consumer):
    await subscription.open()
    consumer.ends = {("a", 0): 1, ("b", 0): 1}
    consumer.script = [kafka.TopicAuthorizationFailedError("b")]
    await subscription.poll(MOMENT, 10)

    assert await subscription.lag() == {"a": 1}


async def test_a_position_that_is_being_moved_is_not_waited_for(subscription, consumer):
    await subscription.open()
    consumer.ends = {("b", 0): 3}
    consumer.positions[("b", 0)] = asyncio.Event().wait

    assert await subscription.lag() == {}


async def test_partitions_given_away_meanwhile_have_no_lag(subscription, consumer):
    await subscription.open()
    consumer.ends = {("a", 0): 3, ("b", 0): 3}

    async def rebalanced():
        consumer.assigned.clear()
        return 1

    consumer.positions = {("a", 0): rebalanced, ("b", 0): rebalanced}

    assert list((await subscription.lag()).values()) == [2]


async def test_topics_refused_at_the_start_are_left_out_and_taken_up_later(
    subscription, consumer, topics
):
    topics.errors = {"b": topic_missing("b")}
    await subscription.open()
    assert consumer.assigned == {TopicPartition("a", 0)}
    assert [e.code for e in subscription.refused_topics.values()] == ["TOPIC_MISSING"]
    assert (await subscription.retry_refused()).keys() == {"b"}
    assert consumer.assigned == {TopicPartition("a", 0)}

    topics.errors = {}
    assert not await subscription.retry_refused()

    assert consumer.assigned == {TopicPartition("a", 0), TopicPartition("b", 0)}
    consumer.script = [batch("b", 0)]
    assert places(await subscription.poll(MOMENT, 10)) == [("b", 0)]
    assert ("b", 0) in consumer.positions


@pytest.mark.requirement("R075")
@pytest.mark.parametrize(
    ("told", "start"), [(None, 0), (5, 5)], ids=["made anew", "not found once"]
)
async def test_a_topic_that_goes_is_left_and_taken_up_again(consumer, topics, stored, told, start):
    subscription = build(consumer, topics, stored, grouped=True)
    stored.offsets = {"a": {0: 3}, "b": {0: 5}}
    consumer.known = {("b", 0): 5}
    await subscription.open()
    await subscription.poll(MOMENT, 10)
    assert consumer.positions["b", 0] == 5

    consumer.gone, topics.errors = {"b"}, {"b": topic_missing("b")}
    consumer.script = [batch("a", 3)]
    assert places(await subscription.poll(MOMENT, 10)) == [("a", 3)]
    assert [e.code for e in subscription.refused_topics.values()] == ["TOPIC_MISSING"]
    assert consumer.subscribed == [["a", "b"], ["a"]]
    await subscription.retry_refused()
    assert consumer.subscribed == [["a", "b"], ["a"]]

    consumer.gone, topics.errors, consumer.known = set(), {}, {("b", 0): told}
    assert not await subscription.retry_refused()
    consumer.script = [batch("b", start)]
    assert places(await subscription.poll(MOMENT, 10)) == [("b", start)]
    assert consumer.positions == {("a", 0): 3, ("b", 0): start}
    assert consumer.subscribed == [["a", "b"], ["a"], ["a", "b"]]
    consumer.rebalance(TopicPartition("b", 0))
    await subscription.poll(MOMENT, 10)
    assert consumer.positions["b", 0] == 5, "once made anew, the stored position counts again"


async def test_a_topic_that_the_client_has_not_found_yet_is_not_left(consumer, topics, stored):
    patient = replace(SETTINGS, topic_timeout=timedelta(minutes=1))
    subscription = build(consumer, topics, stored, grouped=True, settings=patient)
    await subscription.open()
    consumer.gone = {"b"}

    for _ in range(2):
        await subscription.poll(timedelta(0), 10)

    assert not subscription.refused_topics
    assert consumer.subscribed == [["a", "b"]]


async def test_a_subscription_whose_last_topic_goes_says_so(consumer, topics, stored):
    subscription = build(consumer, topics, stored, grouped=True)
    await subscription.open()
    await subscription.poll(MOMENT, 10)
    consumer.gone = {"a", "b"}

    with pytest.raises(BrokerRefused, match="TOPIC_MISSING"):
        await subscription.poll(MOMENT, 10)


async def test_retrying_resumes_a_paused_topic_unless_it_still_refuses(
    subscription, consumer, topics
):
    await subscription.open()
    consumer.script = [kafka.TopicAuthorizationFailedError("b")]
    await subscription.poll(MOMENT, 10)
    topics.errors = {"b": topic_unauthorised("b")}

    assert (await subscription.retry_refused()).keys() == {"b"}
    assert consumer.held == {TopicPartition("b", 0)}

    topics.errors = {}
    assert not await subscription.retry_refused()
    assert consumer.held == set()


async def test_a_subscription_none_of_whose_topics_may_be_read_says_so(subscription, consumer):
    await subscription.open()
    consumer.script = [kafka.TopicAuthorizationFailedError(topic) for topic in ("a", "b")]

    for _ in range(2):
        with pytest.raises(BrokerRefused, match="TOPIC_UNAUTHORISED"):
            await subscription.poll(MOMENT, 10)


@pytest.mark.parametrize(
    ("error", "code"),
    [(topic_missing("a"), "TOPIC_MISSING"), (unavailable("a"), "BROKER_UNAVAILABLE")],
)
async def test_opening_fails_closed_where_no_topic_is_found(
    subscription, consumer, topics, error, code
):
    topics.errors = {"a": error, "b": error}

    with pytest.raises((BrokerRefused, BrokerUnavailable), match=code):
        await subscription.open()

    assert consumer.stopped


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (kafka.GroupAuthorizationFailedError("g"), "BROKER_UNAUTHORISED"),
        (kafka.KafkaConnectionError(), "BROKER_UNAVAILABLE"),
        (TimeoutError(), "BROKER_UNAVAILABLE"),
    ],
)
async def test_a_consumer_that_cannot_start_is_closed_and_coded(
    subscription, consumer, error, code
):
    consumer.failure = error

    with pytest.raises((BrokerRefused, BrokerUnavailable), match=code):
        await subscription.open()

    assert consumer.stopped


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (kafka.GroupAuthorizationFailedError("g"), "BROKER_UNAUTHORISED"),
        (kafka.RecordTooLargeError(), "RECORD_TOO_LARGE"),
        (kafka.ConsumerStoppedError(), "BROKER_CLOSED"),
        (kafka.KafkaError(), "BROKER_UNAVAILABLE"),
    ],
)
async def test_no_foreign_error_leaves_a_poll(subscription, consumer, error, code):
    await subscription.open()
    consumer.script = [error]

    with pytest.raises((BrokerRefused, BrokerUnavailable), match=code):
        await subscription.poll(MOMENT, 10)


async def test_a_poll_during_an_endless_rebalance_ends(subscription, consumer):
    await subscription.open()
    consumer.script = [asyncio.Event().wait] * 2

    async with asyncio.timeout(3):
        assert not await subscription.poll(MOMENT, 10)


async def test_a_cluster_that_answers_no_fetch_is_unavailable(subscription, consumer, monkeypatch):
    await subscription.open()
    assert not await subscription.poll(MOMENT, 10)
    opened = subscription._opened

    monkeypatch.setattr("time.time", lambda: opened + 100)
    with pytest.raises(BrokerUnavailable, match="BROKER_UNAVAILABLE"):
        await subscription.poll(MOMENT, 10)

    consumer.answered = (opened + 99.5) * 1000
    assert not await subscription.poll(MOMENT, 10)


@pytest.mark.parametrize("error", [kafka.CommitFailedError(), kafka.IllegalOperation(), OSError()])
async def test_a_commit_names_assigned_partitions_and_never_fails(subscription, consumer, error):
    await subscription.open()
    consumer.failure = error

    await subscription.commit({("a", 0): 3, ("elsewhere", 1): 9})

    assert consumer.told == {TopicPartition("a", 0): 3}


@pytest.mark.parametrize(
    "failure", [asyncio.CancelledError(), kafka.KafkaError(), RuntimeError("halfway")]
)
async def test_closing_ends_the_sockets_even_where_the_client_stops_halfway(
    subscription, consumer, failure
):
    await subscription.open()
    consumer.stop_failure = failure

    await subscription.close()

    assert consumer.cut


def cancelled_by_the_client():
    async def call():
        raise asyncio.CancelledError

    return call


async def test_a_poll_that_the_client_cancels_is_an_error_and_no_end(subscription, consumer):
    await subscription.open()
    consumer.script = [cancelled_by_the_client(), batch("a", 0)]

    with pytest.raises(BrokerUnavailable, match="BROKER_UNAVAILABLE"):
        await subscription.poll(MOMENT, 10)

    assert places(await subscription.poll(MOMENT, 10)) == [("a", 0)]


async def test_a_poll_that_is_really_cancelled_ends(subscription, consumer):
    await subscription.open()
    reached = asyncio.Event()

    async def waiting():
        reached.set()
        await asyncio.Event().wait()

    consumer.script = [waiting]
    polling = asyncio.create_task(subscription.poll(timedelta(seconds=10), 10))
    await reached.wait()
    polling.cancel()

    with pytest.raises(asyncio.CancelledError):
        await polling


async def test_a_lag_that_the_client_cancels_is_left_out(subscription, consumer):
    await subscription.open()
    consumer.ends = {("a", 0): 1, ("b", 0): 1}
    consumer.positions["a", 0] = consumer.positions["b", 0] = cancelled_by_the_client()

    assert await subscription.lag() == {}
