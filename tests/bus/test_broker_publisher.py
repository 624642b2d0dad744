"""What the publisher does when the cluster refuses, hangs or hides a topic.

The embedded cluster cannot be made to do so; a scripted producer stands for aiokafka's.
"""

import asyncio
from datetime import timedelta

import pytest
from aiokafka import errors as kafka

from bus.broker import publisher as room
from bus.broker.publisher import Publisher
from bus.broker.settings import EMBEDDED_PARTITION_BYTES, BrokerSettings, Profile
from bus.ports.broker import Outgoing
from bus.ports.broker_errors import BrokerRefused, BrokerUnavailable

BATCH_RECORDS = 2


class Batch(list):
    def append(self, *, value, **_rest):
        if len(self) == BATCH_RECORDS:
            return None
        super().append(value)
        return object()

    def close(self):
        pass


class Scripted:
    """An aiokafka producer whose batches end as the test says."""

    def __init__(self, made):
        made.append(self)
        self.sent = []
        self.futures = []
        self.stopped = 0
        self.abandoned = False
        self.start_error = None
        self.lookup_error = None
        self.send_error = None
        self.answers = True
        self.known = self.there = {0}
        self.outcome = None  # what each batch ends with; "hang" leaves it open
        self.client = self._sender = self

    async def start(self):
        if self.start_error:
            raise self.start_error

    async def stop(self):
        self.stopped += 1

    async def close(self):
        self.abandoned = True

    async def partitions_for(self, _topic):
        if self.lookup_error:
            raise self.lookup_error
        return self.known

    async def force_metadata_update(self):
        self.known = self.there

    async def fetch_all_metadata(self):
        if not self.answers:
            raise kafka.KafkaError

    def create_batch(self):
        return Batch()

    async def send_batch(self, batch, _topic, *, partition):
        assert partition == 0
        if self.send_error:
            raise self.send_error
        self.sent.append(list(batch))
        future = asyncio.get_running_loop().create_future()
        self.futures.append(future)
        if isinstance(self.outcome, Exception):
            future.set_exception(self.outcome)
        elif self.outcome is None:
            future.set_result(None)
        return future


@pytest.fixture
def made(monkeypatch):
    producers = []
    monkeypatch.setattr(room, "new_producer", lambda _settings, _context: Scripted(producers))
    return producers


@pytest.fixture
async def publisher(made):
    publisher = Publisher(
        BrokerSettings(
            bootstrap="kafka.test:9093",
            client_id="test",
            delivery_timeout=timedelta(milliseconds=50),
            topic_timeout=timedelta(milliseconds=50),
        ),
        None,
    )
    await publisher.start()
    return publisher


def messages(*values, key=b"k"):
    return [Outgoing("t", key, value) for value in values]


def codes(outcomes):
    return [getattr(outcome, "code", None) for outcome in outcomes]


async def test_messages_travel_in_batches_one_after_the_other(publisher, made):
    assert codes(await publisher.publish(messages(b"1", b"2", b"3"))) == [None] * 3
    assert made[0].sent == [[b"1", b"2"], [b"3"]]


@pytest.mark.parametrize(
    ("raised", "code", "kind"),
    [
        (kafka.TopicAuthorizationFailedError("t"), "TOPIC_UNAUTHORISED", BrokerRefused),
        (kafka.ClusterAuthorizationFailedError(), "BROKER_UNAUTHORISED", BrokerRefused),
        (kafka.MessageSizeTooLargeError(), "RECORD_TOO_LARGE", BrokerRefused),
        (kafka.InvalidTopicError(), "TOPIC_MISSING", BrokerRefused),
        (kafka.OutOfOrderSequenceNumber(), "BROKER_UNAVAILABLE", BrokerUnavailable),
    ],
)
async def test_a_refused_batch_ends_its_partition_and_its_producer(
    publisher, made, raised, code, kind
):
    made[0].outcome = raised

    outcomes = await publisher.publish(messages(b"1", b"2", b"3"))

    assert codes(outcomes) == [code, code, "PREDECESSOR_UNSENT"]
    assert isinstance(outcomes[0], kind)
    assert made[0].sent == [[b"1", b"2"]]
    assert codes(await publisher.publish(messages(b"1"))) == [None]
    assert made[0].stopped == 1
    assert made[1].sent == [[b"1"]]


async def test_a_producer_that_died_is_replaced(publisher, made):
    made[0].send_error = kafka.ProducerFenced()

    assert codes(await publisher.publish(messages(b"1"))) == ["BROKER_UNAVAILABLE"]
    assert codes(await publisher.publish(messages(b"1"))) == [None]
    assert made[1].sent == [[b"1"]]


async def test_a_replacement_that_cannot_connect_is_tried_again(publisher, made, monkeypatch):
    made[0].send_error = kafka.ProducerFenced()
    await publisher.publish(messages(b"1"))

    def unreachable(_settings, _context):
        producer = Scripted(made)
        producer.start_error = kafka.KafkaConnectionError()
        return producer

    with monkeypatch.context() as patch:
        patch.setattr(room, "new_producer", unreachable)
        outcomes = await publisher.publish(messages(b"1", b"2"))

    assert codes(outcomes) == ["BROKER_UNAVAILABLE"] * 2
    assert made[1].stopped == 1
    assert codes(await publisher.publish(messages(b"1"))) == [None]


async def test_nothing_new_is_sent_behind_a_batch_that_hangs(publisher, made):
    made[0].outcome = "hang"

    assert codes(await publisher.publish(messages(b"1"))) == ["BROKER_UNAVAILABLE"]
    assert codes(await publisher.publish(messages(b"1", key=b"other"))) == ["BROKER_UNAVAILABLE"]
    assert made[0].sent == [[b"1"]]

    made[0].outcome = None
    made[0].futures[0].set_result(None)
    assert codes(await publisher.publish(messages(b"2"))) == [None]
    assert made[0].sent == [[b"1"], [b"2"]]
    assert len(made) == 1


async def test_a_batch_that_hung_and_then_failed_lets_nothing_overtake(publisher, made):
    made[0].outcome = "hang"
    await publisher.publish(messages(b"1"))
    waiting = asyncio.create_task(publisher.publish(messages(b"2")))
    asyncio.get_running_loop().call_later(
        0.01, made[0].futures[0].set_exception, kafka.NotLeaderForPartitionError()
    )

    assert codes(await waiting) == ["BROKER_UNAVAILABLE"]
    assert made[0].sent == [[b"1"]]
    assert codes(await publisher.publish(messages(b"2"))) == [None]
    assert made[1].sent == [[b"2"]]


async def test_a_cancelled_publication_is_still_watched(publisher, made):
    made[0].outcome = "hang"
    task = asyncio.create_task(publisher.publish(messages(b"1")))
    asyncio.get_running_loop().call_later(0.01, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task

    assert codes(await publisher.publish(messages(b"2"))) == ["BROKER_UNAVAILABLE"]
    assert made[0].sent == [[b"1"]]


async def test_stop_waits_for_what_is_on_its_way(publisher, made):
    made[0].outcome = "hang"
    await publisher.publish(messages(b"1"))
    asyncio.get_running_loop().call_later(0.01, made[0].futures[0].set_result, None)

    await publisher.stop()

    assert (made[0].stopped, made[0].abandoned) == (1, False)


async def test_stop_gives_up_what_the_cluster_never_takes(publisher, made):
    made[0].outcome = "hang"
    await publisher.publish(messages(b"1"))

    await publisher.stop()
    await publisher.stop()

    assert (made[0].stopped, made[0].abandoned) == (0, True)


@pytest.mark.parametrize(
    ("raised", "answers", "code"),
    [
        (kafka.UnknownTopicOrPartitionError(), True, "TOPIC_MISSING"),
        (kafka.UnknownTopicOrPartitionError(), False, "BROKER_UNAVAILABLE"),
        (kafka.TopicAuthorizationFailedError("t"), True, "TOPIC_UNAUTHORISED"),
    ],
)
async def test_a_topic_that_is_not_found_says_why(publisher, made, raised, answers, code):
    made[0].lookup_error = raised
    made[0].answers = answers

    assert codes(await publisher.publish(messages(b"1", b"2"))) == [code, "PREDECESSOR_UNSENT"]
    with pytest.raises((BrokerRefused, BrokerUnavailable), match=code):
        await publisher.partitions("t")


async def test_partitions_are_what_the_cluster_says_now(publisher, made):
    assert await publisher.partitions("t") == [0]
    made[0].there = {2, 0, 1}

    assert await publisher.partitions("t") == [0, 1, 2]


async def test_the_embedded_broker_is_never_filled_beyond_what_it_keeps(made):
    publisher = Publisher(
        BrokerSettings(bootstrap="embedded:1", client_id="test", profile=Profile.EMBEDDED), None
    )
    await publisher.start()
    quarter = bytes(EMBEDDED_PARTITION_BYTES // 8)

    outcomes = await publisher.publish(messages(*[quarter] * 9))

    assert codes(outcomes) == [None] * 7 + ["EMBEDDED_FULL", "PREDECESSOR_UNSENT"]
    assert isinstance(outcomes[7], BrokerRefused)
    assert codes(await publisher.publish(messages(quarter))) == ["EMBEDDED_FULL"]
    assert codes(await publisher.publish(messages(b"small"))) == [None]
