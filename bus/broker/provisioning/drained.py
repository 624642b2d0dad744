"""Has everything in a topic been read? Asked before the topic of somebody who left is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from bus.broker.provisioning.drift import FoundTopic
from bus.broker.provisioning.failures import translated

_SPEC: Any = OffsetSpec  # without types of its own


def drained(
    admin: AdminClient,
    closing: Mapping[str, str],
    topics: Mapping[str, FoundTopic],
    seconds: float,
) -> frozenset[str]:
    """Return the topics of which nothing is left to read.

    A record is read when its reader's group has committed an offset above it, or when it has gone
    by retention: what nobody may read any more goes that way.

    Args:
        admin: The administrator's client.
        closing: Topics that exist → the group that reads them.
        topics: The topics found.
        seconds: How long one request may take.

    Raises:
        BrokerUnavailable, BrokerRefused: The brokers do not tell.
    """
    done = set()
    for topic, group in closing.items():
        places = [TopicPartition(topic, n) for n in range(topics[topic].partitions)]
        try:
            first = _offsets(admin, places, _SPEC.earliest(), seconds)
            end = _offsets(admin, places, _SPEC.latest(), seconds)
            read = _committed(admin, group, places, seconds)
        except (KafkaException, TimeoutError) as error:
            raise translated(error, topic) from error
        if all(max(read.get(n, 0), first[n]) >= last for n, last in end.items()):
            done.add(topic)
    return frozenset(done)


def _offsets(
    admin: AdminClient, places: Sequence[TopicPartition], which: Any, seconds: float
) -> dict[int, int]:
    asked = admin.list_offsets(dict.fromkeys(places, which), request_timeout=seconds)
    return {place.partition: _result(asked[place], seconds).offset for place in places}


def _committed(
    admin: AdminClient, group: str, places: Sequence[TopicPartition], seconds: float
) -> dict[int, int]:
    request = [ConsumerGroupTopicPartitions(group, list(places))]
    asked = admin.list_consumer_group_offsets(request, request_timeout=seconds)
    # A group that never committed has the offset -1001.
    return {p.partition: p.offset for p in _result(asked[group], seconds).topic_partitions}


def _result(future: Future[Any], seconds: float) -> Any:
    return future.result(seconds + 5)  # the client ends each request itself; this backs it up
