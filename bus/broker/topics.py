"""Looking up a topic's partitions, and telling a missing topic from a silent cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from bus.broker.failures import client_call
from bus.broker.settings import BrokerSettings
from bus.ports.broker_errors import topic_missing, topic_unauthorised, unavailable


async def partitions_of(
    producer: AIOKafkaProducer, topic: str, settings: BrokerSettings, *, anew: bool = False
) -> Sequence[int]:
    """Return a topic's partition numbers, in order.

    Args:
        producer: A started producer: its metadata is asked, and again until the deadline.
        topic: The topic.
        settings: `topic_timeout` is the deadline.
        anew: Whether to ask the cluster even about a topic that the producer knows already: it
            goes on knowing one that was deleted for minutes.

    Raises:
        BrokerUnavailable: The cluster does not answer.
        BrokerRefused: The topic is missing or refuses this principal.
    """
    limit = settings.topic_timeout.total_seconds()
    try:
        async with asyncio.timeout(limit):
            if anew:
                await client_call(producer.client.force_metadata_update())
            return sorted(await client_call(producer.partitions_for(topic)))
    except TopicAuthorizationFailedError as error:
        raise topic_unauthorised(topic) from error
    except (KafkaError, TimeoutError):
        # The client looks for a topic in the same way whether the cluster says no or nothing.
        if await _answers(producer, limit):
            raise topic_missing(topic) from None
        raise unavailable(settings.bootstrap) from None


async def _answers(producer: AIOKafkaProducer, limit: float) -> bool:
    try:
        async with asyncio.timeout(limit):
            await client_call(producer.client.fetch_all_metadata())
    except (KafkaError, TimeoutError):
        return False
    return True
