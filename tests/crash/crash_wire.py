"""What an onlooker sees on the topics: every message once, or as copies of the same bytes.

The onlooker reads as the brokers' own principal, apart from everybody's daemons and offsets. A
message published again after a crash is a *copy*: same id, same bytes; receivers meet it by
deduplication. Two messages under one business key, or one id with two contents, are a fault.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable
from contextlib import suppress
from functools import partial

from confluent_kafka import Consumer, KafkaException, TopicPartition
from crash_site import PATIENCE, Site, wait_until

from signer.envelope.format import Header
from signer.envelope.kinds import Kind
from signer.envelope.parse import parse
from signer.identity import DIRECTORY_TOPIC, HUB

_POLL_SECONDS = 0.1


class Onlooker:
    """Reads every topic from its beginning, outside any group."""

    def __init__(self, site: Site) -> None:
        tls = site.cluster.tls()
        settings = {
            "bootstrap.servers": site.cluster.bootstrap,
            "security.protocol": "SSL",
            "ssl.ca.location": str(tls.ca),
            "ssl.certificate.location": str(tls.certificate),
            "ssl.key.location": str(tls.key),
            "ssl.key.password": tls.passphrase,
            "group.id": "onlooker",
            "enable.auto.commit": False,
            # A broker that was killed is no news here.
            "log_level": 0,
        }
        self._consumer = Consumer(settings)
        # Asked on a connection of its own: a broker answers a question only after the fetch that
        # waits before it.
        self._asking = Consumer(settings)
        known = self._consumer.list_topics(timeout=PATIENCE).topics
        self._places = [
            TopicPartition(topic, number, 0)
            for topic in site.state.topics()
            if topic != DIRECTORY_TOPIC
            for number in known[topic].partitions
        ]
        self._consumer.assign(self._places)
        self._next: Counter[tuple[str, int]] = Counter()
        self._records: Counter[tuple[str, bytes]] = Counter()
        self._contents: dict[tuple[str, str, bytes], set[bytes]] = defaultdict(set)
        self._keys: dict[tuple[Hashable, ...], set[bytes]] = defaultdict(set)
        self._excused: set[tuple[Hashable, ...]] = set()

    def look(self) -> None:
        """Read on to the present end of every topic."""
        ends = {
            (p.topic, p.partition): wait_until(partial(self._end, p), f"the end of {p.topic}")
            for p in self._places
        }
        while any(self._next[place] < end for place, (end,) in ends.items()):
            for record in self._consumer.consume(500, timeout=_POLL_SECONDS):
                if record.error() is None:
                    self._next[record.topic(), record.partition()] = record.offset() + 1
                    self._take(record.topic(), record.value())

    def _end(self, place: TopicPartition) -> tuple[int] | None:
        """Return the end of a partition; None while its leadership moves."""
        with suppress(KafkaException):
            # Nothing else makes this client look for a partition's new leader.
            self._asking.list_topics(place.topic, timeout=PATIENCE)
            return (self._asking.get_watermark_offsets(place, timeout=PATIENCE)[1],)
        return None

    def close(self) -> None:
        """Stop reading."""
        self._consumer.close()
        self._asking.close()

    @property
    def copies(self) -> int:
        """How many records were a repetition of an earlier one on their topic."""
        return sum(self._records.values()) - len(self._records)

    def leader(self, topic: str) -> int:
        """Return the node that leads the first partition of a topic."""
        known = self._asking.list_topics(topic, timeout=PATIENCE).topics
        return int(known[topic].partitions[0].leader)

    def twice(self, restored: str | None = None) -> list[str]:
        """Name each new id with two contents, and each new business key with two messages.

        Args:
            restored: A participant whose store was set back: it cannot know what it had sent, so
                what it writes or passes on again is excused, now and later.
        """
        found = {
            (topic, source, f"{topic}: {identity.hex()} with two contents")
            for (topic, source, identity), seen in self._contents.items()
            if len(seen) > 1
        }
        found |= {
            (topic, source, f"{topic}: {len(ids)} messages of {(source, *key)}")
            for (topic, source, *key), ids in self._keys.items()
            if len(ids) > 1
        }
        if restored is not None:
            self._excused |= {
                (topic, source, what)
                for topic, source, what in found
                if restored in (source, writer(topic))
            }
        return [what for topic, source, what in found - self._excused]

    def _take(self, topic: str, value: bytes) -> None:
        _, header, _ = parse(value)
        identity = header.message_id.bytes
        self._records[topic, identity] += 1
        self._contents[topic, header.source, identity].add(hashlib.sha256(value).digest())
        self._keys[topic, header.source, *business_key(header)].add(identity)


def writer(topic: str) -> str:
    """Return who may write a topic: its owner, or its owner's parent."""
    _, _, rest = topic.partition(".")
    owner, _, box = rest.rpartition(".")
    return owner if box == "outbox" else owner.rpartition(".")[0] or HUB


def business_key(header: Header) -> tuple[Hashable, ...]:
    """Return what there may be one message of: the answer's key is ADR 0006's."""
    common = (header.kind, str(header.conversation))
    match header.kind:
        case Kind.APPLICATION | Kind.DECISION:
            return common
        case Kind.ROSTER | Kind.CONSENT:
            return (*common, header.roster_part)
        case Kind.DISPATCH:
            return (*common, header.order)
        case Kind.ANSWER:
            place = (header.roster_part, header.resource, header.fragment)
            return (*common, header.order, *place)
        case Kind.RECEIPT:
            return (*common, header.destination)
        case _:
            return (*common, header.in_reply_to)
