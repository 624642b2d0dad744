"""An entry of the audit chain as bytes, and its hash (docs/spec/audit.md §1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any
from uuid import UUID

from schemas.errors import HeduiError

LABEL = b"hedui/audit/1"
GENESIS = bytes(32)
"""What stands as `prev` in the first entry."""

Detail = Mapping[str, str | int | None]

_FIELDS = ["actor", "at", "detail", "event", "number", "query"]
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_END = 253402300800000
"""Milliseconds from 1970 to the end of year 9999."""


class AuditEntryError(HeduiError):
    """Bytes that are no entry of an audit chain, or an entry that is not what it should be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as its hash covers it, besides `prev`; see `bus.ports.store.AuditEvent`."""

    number: int
    at: datetime
    event: str
    actor: str
    query: UUID | None
    detail: Detail


def canonical_json(value: Mapping[str, object]) -> bytes:
    """Return an object as UTF-8 JSON: keys sorted, no white space.

    Raises:
        UnicodeEncodeError: A text is no Unicode text.
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def canonical_bytes(entry: Entry) -> bytes:
    """Return the bytes of an entry that its hash covers, besides `prev`.

    Raises:
        UnicodeEncodeError: A text is no Unicode text.
    """
    return canonical_json(
        {
            "actor": entry.actor,
            "at": (entry.at - _ZERO) // timedelta(milliseconds=1),
            "detail": dict(entry.detail),
            "event": entry.event,
            "number": entry.number,
            "query": None if entry.query is None else entry.query.hex,
        }
    )


def entry_hash(prev: bytes, canonical: bytes) -> bytes:
    """Return an entry's hash.

    Args:
        prev: The hash of the entry before, or `GENESIS`.
        canonical: The entry's canonical bytes.
    """
    return sha256(LABEL + prev + canonical).digest()


def read_entry(data: bytes) -> Entry:
    """Read an entry's canonical bytes.

    Raises:
        AuditEntryError: `AUDIT_ENTRY_MALFORMED`: they are not the one encoding of an entry.
    """
    try:
        value = json.loads(data)
        entry = _entry(value)
        same = canonical_bytes(entry) == data
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise malformed("") from None
    if not same:
        raise malformed(f"audit {entry.number}")
    return entry


def _entry(value: Any) -> Entry:
    if not isinstance(value, dict) or sorted(value) != _FIELDS:
        raise TypeError
    number, at, detail, query = (value[name] for name in ("number", "at", "detail", "query"))
    texts = [value["event"], value["actor"], "" if query is None else query]
    flat = isinstance(detail, dict) and all(
        part is None or isinstance(part, str | int) for part in detail.values()
    )
    if not flat or not all(isinstance(text, str) for text in texts):
        raise TypeError
    if type(number) is not int or type(at) is not int or number < 1 or not 0 <= at < _END:
        raise ValueError
    return Entry(
        number=number,
        at=_ZERO + timedelta(milliseconds=at),
        event=texts[0],
        actor=texts[1],
        query=None if query is None else UUID(hex=query),
        detail=MappingProxyType(detail),
    )


def malformed(where: str) -> AuditEntryError:
    """Return the error of bytes that are no entry."""
    return AuditEntryError(
        "AUDIT_ENTRY_MALFORMED",
        "不是审计记录的唯一编码",
        "not the one encoding of an audit entry",
        where=where,
    )
