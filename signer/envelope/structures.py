"""What an envelope, a header and a statement are made of, and their limits (spec §4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

MAGIC = b"HDX1"
MAX_ENVELOPE = 900 * 1024
MAX_AT_ORIGIN = MAX_ENVELOPE - 128 * 1024  # the rest is for the endorsements on the way
MAX_HEADER = 4 * 1024
MAX_STATEMENT = 16 * 1024
MAX_SEALS = 10
MAX_RECIPIENTS = 64
MAX_EPOCH = 2 * 1024
MAX_ITEMS = 130  # ten seals, each with a path through 4,096 leaves


@dataclass(frozen=True, slots=True)
class Extension:
    """One header extension."""

    id: str
    critical: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """The signed header; fields as in `schemas/envelope/header.v1.avsc`."""

    suite: str
    message_id: UUID
    kind: str
    source: str
    destination: str
    conversation: UUID
    in_reply_to: bytes | None
    order: bytes | None
    resource: str | None
    roster_part: int | None
    fragment: int
    last: bool
    created: datetime
    expires: datetime
    payload_schema: bytes
    compression: str
    subject_count: int
    commitment: bytes
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """One key that can read the body."""

    suite: str
    key: bytes
    epoch_start: datetime
    epoch: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order: what may be answered, and until when."""

    line: int
    resource: str
    items: tuple[str, ...]
    due: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """What the next hop is told to answer, under which application."""

    application: bytes
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One signer's line; `sender` is the schema's `from`."""

    role: str
    signer: bytes
    prev: bytes
    sender: str
    to: str
    received: datetime
    forwarded: datetime
    directory_version: int
    recipients: tuple[Recipient, ...]
    order: Order | None


@dataclass(frozen=True, slots=True)
class Proof:
    """A Merkle inclusion proof."""

    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature over the head of a batch of statements."""

    suite: str
    value: bytes
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class Seal:
    """A statement's bytes and its signature."""

    statement: bytes
    signature: Signature


@dataclass(frozen=True, slots=True)
class Envelope:
    """The record's value: header bytes, sealed body, seals."""

    protected: bytes
    ciphertext: bytes
    seals: tuple[Seal, ...]
