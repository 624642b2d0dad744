"""Placing: partitions that are new to us go to their stored positions before they are read.

It is done in `poll`, not in the rebalance callback: the client swallows what a callback raises and
would go on from the committed offsets. A partition that is not placed yet gives no records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from bus.broker.failures import FOREIGN, client_call, translated
from bus.ports.broker import OffsetSource
from bus.ports.broker_errors import BrokerRefused

_TELL = timedelta(seconds=2)
"""How long committed positions are waited for, which a pending join of the group holds up."""


class Placing(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Knows which partitions still need their stored position, and takes it up.

    Args:
        consumer: The consumer that reads them.
        offsets: Where to begin.
        grouped: Whether partitions are shared with a group, which knows of committed positions.
        where: The cluster, for errors.

    Attributes:
        unplaced: Partitions of ours that give no records yet.
        anew: Topics that were missing: they may have been made anew.
        set_back: Whether a stored position was behind the one told to the broker.
    """

    def __init__(
        self, consumer: AIOKafkaConsumer, offsets: OffsetSource, *, grouped: bool, where: str
    ) -> None:
        self._consumer = consumer
        self._offsets = offsets
        self._grouped = grouped
        self._where = where
        self.unplaced: set[TopicPartition] = set()
        self.anew: set[str] = set()
        self.set_back = False

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Forget partitions that went to another instance."""
        self.unplaced.difference_update(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Note partitions that came to us."""
        self.unplaced.update(assigned)

    async def place(self) -> set[str]:
        """Move partitions that are new to us to their stored positions.

        A partition whose committed position the broker does not tell now, as while the group
        rebalances, stays unplaced until the next time: the membership is not given up for it.

        A topic that was missing is read from its beginning if the cluster, which forgets committed
        positions with a topic that is deleted, knows of none: up to the stored position its new
        records would be passed over.

        Returns:
            The topics whose partitions were looked at.

        Raises:
            BrokerRefused: The group refuses this principal.
            StoreUnavailable: The stored positions cannot be read.
        """
        topics = {partition.topic for partition in self.unplaced}
        for topic in topics:
            fresh = [new for new in self.unplaced if new.topic == topic]
            told = await self._committed(fresh)
            stored = await self._offsets(topic)
            # Nothing is awaited from here on: what is ours now is still ours when it is moved.
            ours = self._consumer.assignment()
            for partition in self.unplaced.intersection(ours).intersection(told):
                # 0 stands for the beginning: where retention has moved it, the cluster says so
                # and the client goes there. Asking for it would fail for all topics at once
                # when a single one refuses us.
                position, known = stored.get(partition.partition, 0), told[partition]
                if known is None and topic in self.anew:
                    position = 0
                self.set_back |= (known or 0) > position
                self._consumer.seek(partition, position)
                self.unplaced.discard(partition)
            if topic not in {left.topic for left in self.unplaced}:
                self.anew.discard(topic)
        return topics

    async def _committed(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int | None]:
        """Return how far the broker was told that partitions are consumed, None where it was not.

        Those it does not tell in time are left out.

        Raises:
            BrokerRefused: The group refuses this principal.
        """
        if not self._grouped:
            return dict.fromkeys(partitions, 0)
        told: dict[TopicPartition, int | None] = {}
        try:
            async with asyncio.timeout(_TELL.total_seconds()):
                for partition in partitions:
                    told[partition] = await client_call(self._consumer.committed(partition))
        except FOREIGN as error:
            refusal = translated(error, self._where)
            if isinstance(refusal, BrokerRefused):
                raise refusal from error
        return told
