"""Kafka client exceptions → our coded ones. No foreign exception leaves the room."""

from __future__ import annotations

from aiokafka import errors as kafka

from bus.ports.broker_errors import (
    BrokerRefused,
    BrokerUnavailable,
    broker_unauthorised,
    closed,
    record_too_large,
    topic_missing,
    topic_unauthorised,
    unavailable,
)

FOREIGN = (
    kafka.KafkaError,
    kafka.IllegalOperation,
    kafka.ConsumerStoppedError,
    OSError,
    TimeoutError,
)
"""Everything the client library raises in operation, and our own deadlines."""

_TOO_LARGE = (
    kafka.MessageSizeTooLargeError,
    kafka.RecordListTooLargeError,
    kafka.RecordTooLargeError,
)
_UNAUTHORISED = (
    kafka.GroupAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
    kafka.AuthenticationFailedError,
)
_CLOSED = (kafka.ConsumerStoppedError, kafka.ProducerClosed)


def translated(error: BaseException, where: str) -> BrokerUnavailable | BrokerRefused:
    """Return our error for a foreign one.

    Args:
        error: What the client library raised.
        where: The topic, or the address of the cluster, it was about.
    """
    if isinstance(error, kafka.TopicAuthorizationFailedError):
        return topic_unauthorised(where)
    if isinstance(error, kafka.UnknownTopicOrPartitionError | kafka.InvalidTopicError):
        return topic_missing(where)
    if isinstance(error, _TOO_LARGE):
        return record_too_large(where)
    if isinstance(error, _UNAUTHORISED):
        return broker_unauthorised(where)
    if isinstance(error, _CLOSED):
        return closed(where)
    return unavailable(where)
