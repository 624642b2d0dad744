"""The broker port on Kafka: one connection to one cluster as one principal."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence

from bus.broker.client import new_consumer
from bus.broker.publisher import Publisher
from bus.broker.settings import BrokerSettings, Profile
from bus.broker.subscription import KafkaSubscription
from bus.broker.tls import handshake_fault, tls_context
from bus.ports.broker import OffsetSource, Outgoing
from bus.ports.broker_errors import BrokerUnavailable


class KafkaBroker:
    """A connection to a Kafka cluster, real or embedded; see `bus.ports.broker.Broker`.

    Args:
        settings: The connection.

    Raises:
        BrokerRefused: `BROKER_TLS`: the TLS material cannot be used.
    """

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._context: ssl.SSLContext | None = (
            None if settings.tls is None else tls_context(settings.tls)
        )
        self._publisher = Publisher(settings, self._context)
        self._subscriptions: list[KafkaSubscription] = []

    async def start(self) -> None:
        """Connect.

        Raises:
            BrokerUnavailable: The cluster cannot be reached.
            BrokerRefused: `BROKER_TLS` or `BROKER_UNAUTHORISED`: the cluster and we do not
                accept each other.
        """
        try:
            await self._publisher.start()
        except BrokerUnavailable:
            if self._context is None:
                raise
            fault = await handshake_fault(
                self._settings.bootstrap, self._context, self._settings.request_timeout
            )
            if fault is None:
                raise
            raise fault from None

    async def stop(self) -> None:
        """Close the subscriptions, send what is on its way, disconnect; safe to call twice."""
        subscriptions, self._subscriptions = self._subscriptions, []
        await asyncio.gather(*(subscription.close() for subscription in subscriptions))
        await self._publisher.stop()

    async def subscribe(
        self, topics: Sequence[str], group: str, offsets: OffsetSource
    ) -> KafkaSubscription:
        """Read `topics` from the stored offsets on, as a member of `group`.

        In the embedded profile there is no group: every partition is ours. Topics that refuse us
        stand in the subscription's `refused_topics`.

        Raises:
            BrokerUnavailable: The cluster cannot be reached.
            BrokerRefused: Every topic, or the group, refuses this principal.
            StoreUnavailable: The stored positions cannot be read.
        """
        grouped = self._settings.profile is Profile.KAFKA
        return await self._open(topics, group if grouped else None, offsets)

    async def follow(self, topic: str) -> KafkaSubscription:
        """Read every partition of a topic from its beginning, outside any group.

        Raises:
            BrokerUnavailable: The cluster cannot be reached.
            BrokerRefused: The topic is missing or refuses this principal.
        """
        return await self._open([topic], None, _from_beginning)

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[Exception | None]:
        """Publish durably, keeping the order of equal keys.

        Returns:
            For each message None when it is stored, else the error; see `bus.ports.broker`.
        """
        return await self._publisher.publish(messages)

    async def _open(
        self, topics: Sequence[str], group: str | None, offsets: OffsetSource
    ) -> KafkaSubscription:
        subscription = KafkaSubscription(
            new_consumer(self._settings, self._context, group, topics),
            topics,
            self._publisher.partitions,
            offsets,
            grouped=group is not None,
            settings=self._settings,
        )
        await subscription.open()
        self._subscriptions = [each for each in self._subscriptions if not each.closed]
        self._subscriptions.append(subscription)
        return subscription


async def _from_beginning(_topic: str) -> Mapping[int, int]:
    return {}
