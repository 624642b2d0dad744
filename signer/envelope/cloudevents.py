"""Kafka headers of an envelope: CloudEvents 1.0 in binary mode (spec §11).

A convenience for tools that route or trace; the signed header is the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from signer.envelope.format import Header
from signer.identity import urn

CONTENT_TYPE = b"application/vnd.hedui.envelope.v1+avro"


def headers(header: Header) -> tuple[tuple[str, bytes], ...]:
    """Return the headers that belong to a message."""
    source, kind = _named(header.source, header.kind)
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", str(header.message_id).encode()),
        ("ce_source", source),
        ("ce_type", kind),
        ("ce_time", _time(header.created)),
        ("content-type", CONTENT_TYPE),
    )


@lru_cache(maxsize=1024)
def _named(source: str, kind: str) -> tuple[bytes, bytes]:
    return urn(source).encode(), f"hedui.{kind}.v1".encode()


@lru_cache(maxsize=256)
def _time(created: datetime) -> bytes:
    text = created.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").encode()


def agree(header: Header, given: Sequence[tuple[str, bytes]]) -> bool:
    """Whether no given header contradicts the signed one; absent and foreign ones are fine."""
    expected = headers(header)
    if tuple(given) == expected:
        return True
    by_name = dict(expected)
    return all(by_name.get(name, value) == value for name, value in given)
