"""What the daemons need of a message broker.

The offsets a consumer starts from come from the store, not from the broker: `subscribe` asks for
them on each assignment and seeks (DESIGN: the stored offsets are the truth).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bus.ports.broker_errors import BrokerRefused

Offsets = Mapping[int, int]
"""Partition → next offset to read; a partition that is absent starts at its beginning."""

OffsetSource = Callable[[str], Awaitable[Offsets]]
"""Topic → stored offsets."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read from a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to publish; `value` None is a tombstone of a compacted topic."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Subscription(Protocol):
    """An open consumer."""

    @property
    def refused_topics(self) -> Mapping[str, BrokerRefused]:
        """Topics that refuse this principal or are missing; the others are read on."""
        ...

    async def retry_refused(self) -> Mapping[str, BrokerRefused]:
        """Try the refused topics again; returns those that still refuse.

        Raises:
            BrokerUnavailable: The cluster cannot be reached now.
        """
        ...

    async def change(self, topics: Sequence[str]) -> None:
        """Read these topics from now on, at least one; what stays is read on.

        Raises:
            BrokerUnavailable: The cluster cannot be reached now.
            BrokerRefused: Every topic refuses this principal.
        """
        ...

    @property
    def set_back(self) -> bool:
        """Whether the store's offsets are behind those told to the broker.

        They are told after the store has them, so the store is older than itself: it was restored
        from a backup. Known for a partition before any of its records is polled.
        """
        ...

    async def lag(self) -> Mapping[str, int]:
        """Return how many records of each topic are still to be polled.

        As the last polls told, without asking the cluster; a topic they told nothing of is absent.
        """
        ...

    def rewind(self) -> None:
        """Take up the stored positions before the next poll: what was polled is not stored."""
        ...

    async def poll(self, wait: timedelta, limit: int) -> Sequence[Record]:
        """Return up to `limit` new records, at once when there are some, else after `wait`.

        Raises:
            BrokerUnavailable: The cluster cannot be reached now.
        """
        ...

    async def commit(self, positions: Mapping[tuple[str, int], int]) -> None:
        """Tell the broker how far we are, for its lag figures only; failures are swallowed."""
        ...

    async def close(self) -> None:
        """Leave the group and close."""
        ...


class Broker(Protocol):
    """A connection to one cluster as one principal."""

    async def start(self) -> None:
        """Connect.

        Raises:
            BrokerUnavailable: The cluster cannot be reached.
        """
        ...

    async def stop(self) -> None:
        """Flush and disconnect; safe to call twice."""
        ...

    async def subscribe(
        self, topics: Sequence[str], group: str, offsets: OffsetSource
    ) -> Subscription:
        """Join consumer group `group` on `topics`, seeking to the stored offsets on assignment."""
        ...

    async def follow(self, topic: str) -> Subscription:
        """Read every partition of a topic from its beginning, outside any group."""
        ...

    async def publish(self, messages: Sequence[Outgoing]) -> Sequence[Exception | None]:
        """Publish durably (acks=all, idempotent), keeping the order of equal keys.

        Returns:
            For each message None when it is stored, else the error. An error leaves the later
            messages of the same key unpublished too, so that order holds on the retry.
        """
        ...
