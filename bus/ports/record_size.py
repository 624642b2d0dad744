"""How many bytes a record takes in a topic, and how many it may take."""

from __future__ import annotations

from bus.ports.broker import Outgoing

MAX_RECORD_BYTES = 1024 * 1024
"""Kafka's own default limit; an envelope of 900 KiB with its headers stays below it."""

_BATCH_OVERHEAD = 61  # header of a record batch, counted to every record: an upper bound
_RECORD_OVERHEAD = 21  # lengths, attributes, timestamp and offset of a record, at most
_HEADER_OVERHEAD = 10  # the two lengths of a header, at most


def record_bytes(message: Outgoing) -> int:
    """Return an upper bound of the bytes a record takes, uncompressed, in a batch of its own."""
    headers = sum(
        len(name.encode()) + len(value) + _HEADER_OVERHEAD for name, value in message.headers
    )
    return (
        _BATCH_OVERHEAD + _RECORD_OVERHEAD + len(message.key) + len(message.value or b"") + headers
    )
