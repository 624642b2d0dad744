"""Kafka client exceptions → our coded ones. No foreign exception leaves the room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

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


T = TypeVar("T")


async def client_call(call: Awaitable[T]) -> T:
    """Await a call of the client library; a cancellation of its own making is an error like others.

    The client cancels what it waits for inside, as when the group rebalances or a connection ends,
    and lets that out to its caller. Taken for a wish to end, it would end a daemon's loop without a
    word: a cancelled task is no failed one.

    Raises:
        asyncio.CancelledError: The calling task is really being cancelled.
        KafkaError: The client cancelled itself, or what the call raises.
    """
    try:
        return await call
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise kafka.KafkaError("the client cancelled its own call") from None


def fault_of(future: asyncio.Future[object]) -> BaseException | None:
    """Return how a future of the client's, which is done, failed; also where it was cancelled."""
    fault: BaseException | None = (
        kafka.KafkaError("the client cancelled its own call")
        if future.cancelled()
        else future.exception()
    )
    return fault
