"""What a connection to one cluster needs to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from bus.ports.record_size import MAX_RECORD_BYTES

EMBEDDED_PARTITION_BYTES = 5 * 1024 * 1024
"""What a partition of the embedded broker holds; older records are dropped without a word.

Each publisher counts what it sent to a partition since it started and refuses to go beyond
(`EMBEDDED_FULL`). That suffices because a topic has one publisher, and it is deliberately blunt:
records already read by everyone count too.
"""


class Profile(StrEnum):
    """What kind of cluster is at the other end.

    `KAFKA` is a real cluster: consumer groups with static membership.

    `EMBEDDED` is the in-process broker of the demo, where each level is one instance: a
    subscription takes every partition without joining a group, which saves the 3 s of a first
    join and the session time-out after a kill; short fetches, because that broker answers an
    empty fetch only when its waiting time is over; and publications stop before the broker would
    begin to drop records.
    """

    KAFKA = "kafka"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the material of mutual TLS lies.

    Args:
        ca: PEM file of the authorities a broker's certificate must come from.
        certificate: PEM file of our TLS leaf, followed by its issuing certificates.
        key: PEM file of its private key (PKCS#8, encrypted).
        passphrase: What opens the key.
    """

    ca: Path
    certificate: Path
    key: Path
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """A connection to one cluster as one principal.

    Args:
        bootstrap: `host:port` pairs separated by commas.
        client_id: Names this process at the broker; in the Kafka profile also its static
            membership in a consumer group, so no two instances of a group may share it.
        profile: What kind of cluster it is.
        tls: Material of mutual TLS; None is plaintext, which the configuration allows nowhere
            outside development.
        session_timeout: How long a silent member keeps its partitions.
        request_timeout: How long one request may take; also how long the cluster may leave all
            fetches unanswered before a poll says so.
        delivery_timeout: How long a publication may take in all.
        topic_timeout: How long a topic's partitions are looked for before it counts as missing.
        max_record_bytes: The largest record, with key and headers, that is published or fetched.
    """

    bootstrap: str
    client_id: str
    profile: Profile = Profile.KAFKA
    tls: TlsFiles | None = None
    session_timeout: timedelta = timedelta(seconds=30)
    request_timeout: timedelta = timedelta(seconds=10)
    delivery_timeout: timedelta = timedelta(seconds=30)
    topic_timeout: timedelta = timedelta(seconds=5)
    max_record_bytes: int = MAX_RECORD_BYTES
