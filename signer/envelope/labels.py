"""What exactly is hashed, signed and derived: every label of the spec stands here, once.

All functions are pure concatenations as in docs/spec/envelope.md §5 to §7.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from signer.suites import Suite

_EPOCH_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@cache
def lp(text: str) -> bytes:
    """Return the text's ASCII bytes behind their length as u16."""
    data = text.encode("ascii")
    return len(data).to_bytes(2) + data


def milliseconds(instant: datetime) -> int:
    """Return whole milliseconds since 1970-01-01T00:00:00Z."""
    return (instant - _EPOCH_ZERO) // _MILLISECOND


def body_digest(h: Suite, protected: bytes, ciphertext: bytes) -> bytes:
    """Return prev₀: binds header and sealed body."""
    return h.hash(b"hedui/body/1", h.hash(protected), h.hash(ciphertext))


def chain_digest(h: Suite, prev: bytes, statement: bytes) -> bytes:
    """Return prevₙ from prevₙ₋₁ and statementₙ₋₁."""
    return h.hash(b"hedui/chain/1", prev, h.hash(statement))


def leaf(h: Suite, statement: bytes) -> bytes:
    """Return a statement's Merkle leaf."""
    return h.hash(b"\x00hedui/stmt/1", statement)


def node(h: Suite, left: bytes, right: bytes) -> bytes:
    """Return an inner Merkle node."""
    return h.hash(b"\x01", left, right)


def head(suite: str, signer: bytes, size: int, root: bytes) -> bytes:
    """Return the bytes that are signed."""
    return b"hedui/head/1" + lp(suite) + signer + size.to_bytes(4) + root


def commitment(h: Suite, secret: bytes, message_id: UUID) -> bytes:
    """Return the commitment to a content secret."""
    return h.kdf(secret, b"hedui/commit/1" + message_id.bytes)


def body_key(h: Suite, secret: bytes, protected: bytes) -> bytes:
    """Return the body key under a content secret."""
    return h.kdf(secret, b"hedui/body-key/1" + h.hash(protected))


def epoch_info(suite: str, signer: bytes, recipient: bytes, epoch_start: datetime) -> bytes:
    """Return the context bound into a sealed epoch secret."""
    start = milliseconds(epoch_start).to_bytes(8)
    return b"hedui/epoch/1" + lp(suite) + signer + recipient + start


def kek(
    h: Suite, epoch_secret: bytes, signer: bytes, recipient: bytes, epoch: bytes, protected: bytes
) -> bytes:
    """Return the key that wraps the content secret for one recipient of one message."""
    info = b"hedui/kek/1" + lp(h.name) + signer + recipient + h.hash(epoch) + h.hash(protected)
    return h.kdf(epoch_secret, info)
