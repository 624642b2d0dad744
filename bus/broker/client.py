"""How aiokafka's producers and consumers are set up."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bus.broker.settings import BrokerSettings, Profile

BATCH_BYTES = 256 * 1024
"""Size up to which records of one partition travel together; a larger record travels alone."""

_FETCH_WAIT = timedelta(milliseconds=500)
# The embedded broker holds an empty fetch for its whole waiting time, even when records arrive.
_EMBEDDED_FETCH_WAIT = timedelta(milliseconds=50)
_HEARTBEATS_A_SESSION = 10
_FETCH_MARGIN = 64 * 1024  # of batch headers around the largest record
_JOIN_MARGIN = timedelta(seconds=5)


def new_producer(settings: BrokerSettings, context: ssl.SSLContext | None) -> AIOKafkaProducer:
    """Return an idempotent producer, not started yet; acks=all follows from idempotence."""
    return AIOKafkaProducer(
        **_connection(settings, context),
        enable_idempotence=True,
        acks="all",
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=_milliseconds(settings.request_timeout),
    )


def new_consumer(
    settings: BrokerSettings,
    context: ssl.SSLContext | None,
    group: str | None,
    topics: Sequence[str] = (),
) -> AIOKafkaConsumer:
    """Return a consumer, not started yet, that commits nothing by itself.

    Args:
        settings: The connection.
        context: Our side of mutual TLS, or None for plaintext.
        group: The consumer group to join, or None to be assigned partitions by hand.
        topics: What it is going to read.
    """
    embedded = settings.profile is Profile.EMBEDDED
    # A join is answered only when the other members have joined, at most a session later.
    longest = max(settings.request_timeout, settings.session_timeout + _JOIN_MARGIN)
    return AIOKafkaConsumer(
        **_connection(settings, context),
        group_id=group,
        group_instance_id=None if group is None else _membership(settings.client_id, topics),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=_milliseconds(settings.session_timeout),
        heartbeat_interval_ms=_milliseconds(settings.session_timeout / _HEARTBEATS_A_SESSION),
        request_timeout_ms=_milliseconds(settings.request_timeout if group is None else longest),
        fetch_max_wait_ms=_milliseconds(_EMBEDDED_FETCH_WAIT if embedded else _FETCH_WAIT),
        max_partition_fetch_bytes=settings.max_record_bytes + _FETCH_MARGIN,
    )


def _membership(client_id: str, topics: Sequence[str]) -> str:
    """Return the name of a static membership: this process, reading these topics.

    A static member that comes back gets the partitions it had, without a look at what it asks for
    now (KIP-345). Under one name for all topics, a process restarted after a participant joined
    would not be given that participant's topic until its earlier session had ended.
    """
    digest = hashlib.sha256("\n".join(sorted(topics)).encode()).hexdigest()
    return f"{client_id}.{digest[:8]}"


def _connection(settings: BrokerSettings, context: ssl.SSLContext | None) -> dict[str, Any]:
    return {
        "bootstrap_servers": settings.bootstrap,
        "client_id": settings.client_id,
        "security_protocol": "PLAINTEXT" if context is None else "SSL",
        "ssl_context": context,
    }


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
