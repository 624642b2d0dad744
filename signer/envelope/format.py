"""Bytes of an envelope, a header and a statement, and back (spec §4). No crypto, no meaning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.loader import Schema, SchemaError, decode, encode, load

MAGIC = b"HDX1"
MAX_ENVELOPE = 900 * 1024
MAX_HEADER = 4 * 1024
MAX_STATEMENT = 16 * 1024
MAX_SEALS = 10
MAX_RECIPIENTS = 64
MAX_EPOCH = 2 * 1024
MAX_ITEMS = 130  # ten seals, each with a path through 4,096 leaves

_ENVELOPE = load("envelope/envelope.v1")
_HEADER = load("envelope/header.v1")
_STATEMENT = load("envelope/statement.v1")


class FormatError(Exception):
    """The bytes are not the one encoding of the structure; `code` as in the spec's §10."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


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


def envelope_bytes(envelope: Envelope) -> bytes:
    """Encode an envelope."""
    seals = [
        {
            "statement": seal.statement,
            "signature": {
                "suite": seal.signature.suite,
                "value": seal.signature.value,
                "proof": _proof_datum(seal.signature.proof),
            },
        }
        for seal in envelope.seals
    ]
    return encode(
        _ENVELOPE,
        {
            "magic": MAGIC,
            "protected": envelope.protected,
            "ciphertext": envelope.ciphertext,
            "seals": seals,
        },
    )


def read_envelope(data: bytes) -> Envelope:
    """Decode an envelope.

    Raises:
        FormatError: `TOO_LARGE`, `MAGIC`, `MALFORMED`, `NOT_CANONICAL` or `LIMIT`.
    """
    if len(data) > MAX_ENVELOPE:
        raise FormatError("TOO_LARGE")
    if data[: len(MAGIC)] != MAGIC:
        raise FormatError("MAGIC")
    datum = _decode(_ENVELOPE, data, MAX_ITEMS)
    seals = tuple(_read_seal(seal) for seal in datum["seals"])
    envelope = Envelope(datum["protected"], datum["ciphertext"], seals)
    if not 1 <= len(seals) <= MAX_SEALS or len(envelope.protected) > MAX_HEADER:
        raise FormatError("LIMIT")
    if any(len(seal.statement) > MAX_STATEMENT for seal in seals):
        raise FormatError("LIMIT")
    return envelope


def header_bytes(header: Header) -> bytes:
    """Encode a header."""
    datum: dict[str, Any] = {name: getattr(header, name) for name in Header.__slots__}
    datum["message_id"] = header.message_id.bytes
    datum["conversation"] = header.conversation.bytes
    datum["extensions"] = [
        {"id": x.id, "critical": x.critical, "data": x.data} for x in header.extensions
    ]
    return encode(_HEADER, datum)


def read_header(data: bytes) -> Header:
    """Decode a header.

    Raises:
        FormatError: `MALFORMED` or `NOT_CANONICAL`.
    """
    datum = _decode(_HEADER, data)
    datum["message_id"] = UUID(bytes=datum["message_id"])
    datum["conversation"] = UUID(bytes=datum["conversation"])
    datum["extensions"] = tuple(Extension(**x) for x in datum["extensions"])
    return Header(**datum)


def statement_bytes(statement: Statement) -> bytes:
    """Encode a statement."""
    return encode(
        _STATEMENT,
        {
            "role": statement.role,
            "signer": statement.signer,
            "prev": statement.prev,
            "from": statement.sender,
            "to": statement.to,
            "received": statement.received,
            "forwarded": statement.forwarded,
            "directory_version": statement.directory_version,
            "recipients": [
                {name: getattr(r, name) for name in Recipient.__slots__}
                for r in statement.recipients
            ],
            "order": _order_datum(statement.order),
        },
    )


def read_statement(data: bytes) -> Statement:
    """Decode a statement.

    Raises:
        FormatError: `MALFORMED` (also where a line number is not positive), `NOT_CANONICAL` or
            `LIMIT`.
    """
    datum = _decode(_STATEMENT, data)
    recipients = tuple(Recipient(**r) for r in datum["recipients"])
    if any(len(r.epoch) > MAX_EPOCH for r in recipients):
        raise FormatError("LIMIT")
    order = datum["order"]
    if order is not None and any(x["line"] < 1 for x in order["lines"]):
        raise FormatError("MALFORMED")
    return Statement(
        role=datum["role"],
        signer=datum["signer"],
        prev=datum["prev"],
        sender=datum["from"],
        to=datum["to"],
        received=datum["received"],
        forwarded=datum["forwarded"],
        directory_version=datum["directory_version"],
        recipients=recipients,
        order=None if order is None else _read_order(order),
    )


_CODES = {"ENCODING_NOT_CANONICAL": "NOT_CANONICAL", "ENCODING_TOO_MANY_ITEMS": "LIMIT"}


def _decode(schema: Schema, data: bytes, *max_items: int) -> Any:
    try:
        return decode(schema, data, *max_items)
    except SchemaError as error:
        raise FormatError(_CODES.get(error.code, "MALFORMED")) from None


def _read_seal(datum: dict[str, Any]) -> Seal:
    signature = datum["signature"]
    proof = signature["proof"]
    read = None if proof is None else Proof(proof["index"], proof["size"], tuple(proof["path"]))
    return Seal(datum["statement"], Signature(signature["suite"], signature["value"], read))


def _proof_datum(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    return {"index": proof.index, "size": proof.size, "path": list(proof.path)}


def _order_datum(order: Order | None) -> dict[str, Any] | None:
    if order is None:
        return None
    lines = [
        {"line": x.line, "resource": x.resource, "items": list(x.items), "due": x.due}
        for x in order.lines
    ]
    return {"application": order.application, "lines": lines}


def _read_order(datum: dict[str, Any]) -> Order:
    lines = tuple(
        OrderLine(x["line"], x["resource"], tuple(x["items"]), x["due"]) for x in datum["lines"]
    )
    return Order(datum["application"], lines)
