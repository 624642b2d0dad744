"""Bytes of an envelope, a header and a statement, and back (spec §4). No crypto, no meaning."""

from __future__ import annotations

from uuid import UUID

from signer.envelope import avro
from signer.envelope.avro import FormatError
from signer.envelope.structures import (
    MAGIC,
    MAX_AT_ORIGIN,
    MAX_ENVELOPE,
    MAX_EPOCH,
    MAX_HEADER,
    MAX_ITEMS,
    MAX_RECIPIENTS,
    MAX_SEALS,
    MAX_STATEMENT,
    Envelope,
    Extension,
    Header,
    Order,
    OrderLine,
    Proof,
    Recipient,
    Seal,
    Signature,
    Statement,
)

__all__ = [
    "MAGIC",
    "MAX_AT_ORIGIN",
    "MAX_ENVELOPE",
    "MAX_EPOCH",
    "MAX_HEADER",
    "MAX_ITEMS",
    "MAX_RECIPIENTS",
    "MAX_SEALS",
    "MAX_STATEMENT",
    "Envelope",
    "Extension",
    "FormatError",
    "Header",
    "Order",
    "OrderLine",
    "Proof",
    "Recipient",
    "Seal",
    "Signature",
    "Statement",
    "envelope_bytes",
    "header_bytes",
    "read_envelope",
    "read_header",
    "read_statement",
    "statement_bytes",
]

_ID, _DIGEST = 16, 32


def envelope_bytes(envelope: Envelope) -> bytes:
    """Encode an envelope."""
    seals = [
        avro.binary(seal.statement)
        + avro.string(seal.signature.suite)
        + avro.binary(seal.signature.value)
        + avro.optional(seal.signature.proof, _proof_bytes)
        for seal in envelope.seals
    ]
    return b"".join(
        (
            MAGIC,
            avro.binary(envelope.protected),
            avro.long(len(envelope.ciphertext)),
            envelope.ciphertext,
            avro.array(seals),
        )
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
    read = avro.Reader(data, len(MAGIC), MAX_ITEMS)
    envelope = Envelope(read.binary(), read.binary(), read.array(lambda: _read_seal(read)))
    read.end()
    seals = envelope.seals
    if not 1 <= len(seals) <= MAX_SEALS or len(envelope.protected) > MAX_HEADER:
        raise FormatError("LIMIT")
    if any(len(seal.statement) > MAX_STATEMENT for seal in seals):
        raise FormatError("LIMIT")
    return envelope


def header_bytes(header: Header) -> bytes:
    """Encode a header."""
    extensions = [
        avro.string(x.id) + avro.boolean(x.critical) + avro.binary(x.data)
        for x in header.extensions
    ]
    return b"".join(
        (
            avro.string(header.suite),
            header.message_id.bytes,
            avro.string(header.kind),
            avro.string(header.source),
            avro.string(header.destination),
            header.conversation.bytes,
            avro.optional(header.in_reply_to, _digest_bytes),
            avro.optional(header.order, _digest_bytes),
            avro.optional(header.resource, avro.string),
            avro.optional(header.roster_part, avro.long),
            avro.long(header.fragment),
            avro.boolean(header.last),
            avro.instant(header.created),
            avro.instant(header.expires),
            _digest_bytes(header.payload_schema),
            avro.string(header.compression),
            avro.long(header.subject_count),
            _digest_bytes(header.commitment),
            avro.array(extensions),
        )
    )


def read_header(data: bytes) -> Header:
    """Decode a header.

    Raises:
        FormatError: `MALFORMED`, `NOT_CANONICAL` or `LIMIT`.
    """
    read = avro.Reader(data)
    header = Header(
        suite=read.string(),
        message_id=UUID(bytes=read.fixed(_ID)),
        kind=read.string(),
        source=read.string(),
        destination=read.string(),
        conversation=UUID(bytes=read.fixed(_ID)),
        in_reply_to=read.optional(lambda: read.fixed(_DIGEST)),
        order=read.optional(lambda: read.fixed(_DIGEST)),
        resource=read.optional(read.string),
        roster_part=read.optional(read.int32),
        fragment=read.int32(),
        last=read.boolean(),
        created=read.instant(),
        expires=read.instant(),
        payload_schema=read.fixed(_DIGEST),
        compression=read.string(),
        subject_count=read.int32(),
        commitment=read.fixed(_DIGEST),
        extensions=read.array(lambda: Extension(read.string(), read.boolean(), read.binary())),
    )
    read.end()
    return header


def statement_bytes(statement: Statement) -> bytes:
    """Encode a statement."""
    recipients = [
        avro.string(r.suite)
        + _digest_bytes(r.key)
        + avro.instant(r.epoch_start)
        + avro.binary(r.epoch)
        + avro.binary(r.wrapped)
        for r in statement.recipients
    ]
    return b"".join(
        (
            avro.string(statement.role),
            _digest_bytes(statement.signer),
            _digest_bytes(statement.prev),
            avro.string(statement.sender),
            avro.string(statement.to),
            avro.instant(statement.received),
            avro.instant(statement.forwarded),
            avro.long(statement.directory_version),
            avro.array(recipients),
            avro.optional(statement.order, _order_bytes),
        )
    )


def read_statement(data: bytes) -> Statement:
    """Decode a statement.

    Raises:
        FormatError: `MALFORMED` (also where a line number is not positive), `NOT_CANONICAL` or
            `LIMIT`.
    """
    read = avro.Reader(data)
    statement = Statement(
        role=read.string(),
        signer=read.fixed(_DIGEST),
        prev=read.fixed(_DIGEST),
        sender=read.string(),
        to=read.string(),
        received=read.instant(),
        forwarded=read.instant(),
        directory_version=read.long(),
        recipients=read.array(lambda: _read_recipient(read)),
        order=read.optional(lambda: _read_order(read)),
    )
    read.end()
    if any(len(r.epoch) > MAX_EPOCH for r in statement.recipients):
        raise FormatError("LIMIT")
    order = statement.order
    if order is not None and any(x.line < 1 for x in order.lines):
        raise FormatError("MALFORMED")
    return statement


def _digest_bytes(digest: bytes) -> bytes:
    return avro.fixed(digest, _DIGEST)


def _proof_bytes(proof: Proof) -> bytes:
    path = avro.fixed_array(proof.path, _DIGEST)
    return avro.long(proof.index) + avro.long(proof.size) + path


def _order_bytes(order: Order) -> bytes:
    lines = [
        avro.long(x.line)
        + avro.string(x.resource)
        + avro.array([avro.string(item) for item in x.items])
        + avro.instant(x.due)
        for x in order.lines
    ]
    return _digest_bytes(order.application) + avro.array(lines)


def _read_seal(read: avro.Reader) -> Seal:
    return Seal(read.binary(), Signature(read.string(), read.binary(), _read_proof(read)))


def _read_proof(read: avro.Reader) -> Proof | None:
    return read.optional(
        lambda: Proof(read.int32(), read.int32(), read.array(lambda: read.fixed(_DIGEST)))
    )


def _read_recipient(read: avro.Reader) -> Recipient:
    return Recipient(
        suite=read.string(),
        key=read.fixed(_DIGEST),
        epoch_start=read.instant(),
        epoch=read.binary(),
        wrapped=read.binary(),
    )


def _read_order(read: avro.Reader) -> Order:
    return Order(read.fixed(_DIGEST), read.array(lambda: _read_line(read)))


def _read_line(read: avro.Reader) -> OrderLine:
    return OrderLine(
        line=read.int32(),
        resource=read.string(),
        items=read.array(read.string),
        due=read.instant(),
    )
