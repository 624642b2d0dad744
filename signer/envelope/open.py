"""Opening an envelope: checks 1 to 16 and the four endings (spec §10).

Checks 1 to 10 stand in chain.py; here the body is opened: 11 reader, 12 unwrap, 13 commitment,
14 decrypt, 15 schema, 16 counts. The caller still owes deduplication by (source, message id) with
the message digest, and the case check.
"""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.loader import Schema, SchemaError, decode
from signer.directory.view import Directory
from signer.envelope import labels, padding
from signer.envelope.caches import EpochCache, VerifiedHeads
from signer.envelope.chain import Arrival, verify
from signer.envelope.counts import disagreement
from signer.envelope.format import Header, Recipient, Statement
from signer.envelope.kinds import KINDS
from signer.envelope.verdict import (
    Accept,
    HeldEnvelope,
    Hold,
    Opened,
    Refuse,
    RefusedEnvelope,
    Relay,
    Verdict,
)
from signer.errors import KeyRingError
from signer.keyring import KeyRing
from signer.suites import SuiteError, suite
from signer.suites.suite import SECRET_SIZE

MAX_PAYLOAD = 8 * 1024 * 1024

SchemaSource = Callable[[bytes], Schema | None]
"""Digest of an .avsc file → schema, or None when it is not known here."""


@dataclass
class Opener:
    """Opens envelopes for one participant.

    Attributes:
        ring: The participant's private keys.
        schemas: Finds payload schemas: those shipped and those of the directory.
        epochs: Remembered epoch secrets.
        heads: Remembered signatures of batches.
    """

    ring: KeyRing
    schemas: SchemaSource
    epochs: EpochCache = field(default_factory=EpochCache)
    heads: VerifiedHeads = field(default_factory=VerifiedHeads)

    def open(self, data: bytes, directory: Directory, now: datetime, arrival: Arrival) -> Verdict:
        """Run all checks on a message that just arrived.

        Args:
            data: The envelope's bytes.
            directory: The directory in force.
            now: The present instant.
            arrival: How the bytes arrived.

        Returns:
            `Accept`, `Relay`, `Hold` or `Refuse`; nothing is raised for any input.
        """
        try:
            opened = verify(data, directory, now, arrival, self.heads)
            found = self._reader(opened, directory, arrival.me)
            if found is None:
                return Relay(opened)
            secret = self._unwrap(opened, *found)
            payload = read_body(opened, secret, self.schemas)
        except HeldEnvelope as ending:
            return Hold(ending.code)
        except RefusedEnvelope as ending:
            return Refuse(ending.code)
        return Accept(opened, payload, secret)

    def _reader(
        self, opened: Opened, directory: Directory, me: str
    ) -> tuple[Statement, Recipient] | None:
        # 11: is one of the readers me?
        held = self.ring.encryption_keys
        mine_elsewhere = False
        for statement in opened.statements:
            for recipient in statement.recipients:
                if recipient.key in held:
                    return statement, recipient
                owner = directory.key(recipient.key)
                mine_elsewhere |= owner is not None and owner[0].id == me
        if mine_elsewhere:
            raise HeldEnvelope("KEY_NOT_HELD")
        must_act = opened.header.destination == me or opened.statements[-1].order is not None
        if must_act:
            raise RefusedEnvelope("NO_WRAP")
        return None

    def _unwrap(self, opened: Opened, statement: Statement, recipient: Recipient) -> bytes:
        # 12: the epoch opens, then the wrapped content secret.
        h = suite(recipient.suite)
        if h is None:
            raise RefusedEnvelope("SUITE_UNKNOWN")
        signer, key = statement.signer, recipient.key
        info = labels.epoch_info(h.name, signer, key, recipient.epoch_start)
        try:
            epoch = self.epochs.open(self.ring, opened.header.source, recipient, info)
        except KeyRingError as error:
            if error.code == "KEY_NOT_HELD":
                raise HeldEnvelope("KEY_NOT_HELD") from None
            raise RefusedEnvelope("EPOCH_INVALID") from None
        if len(epoch) != SECRET_SIZE:
            raise RefusedEnvelope("EPOCH_INVALID")
        wrapping = labels.kek(h, epoch, signer, key, recipient.epoch, opened.envelope.protected)
        try:
            secret = h.aead_open(wrapping, recipient.wrapped, b"")
        except SuiteError:
            raise RefusedEnvelope("WRAP_INVALID") from None
        if len(secret) != SECRET_SIZE:
            raise RefusedEnvelope("WRAP_INVALID")
        return secret


def read_body(opened: Opened, secret: bytes, schemas: SchemaSource) -> Any:
    """Run checks 13 to 16 with a content secret and return the payload.

    Also used on archived messages whose content secret is kept or disclosed.

    Args:
        opened: A message verified in clear.
        secret: The content secret, 32 bytes.
        schemas: Finds payload schemas.

    Raises:
        RefusedEnvelope: A check failed.
        HeldEnvelope: `SCHEMA_UNKNOWN`.
    """
    header, envelope = opened.header, opened.envelope
    h = suite(header.suite)
    if h is None:
        raise RefusedEnvelope("SUITE_UNKNOWN")
    # 13: it is the content secret the header commits to, so all readers read the same.
    expected = labels.commitment(h, secret, header.message_id)
    if not hmac.compare_digest(expected, header.commitment):
        raise RefusedEnvelope("COMMITMENT")
    # 14: decrypt, unpad, inflate.
    body_key = labels.body_key(h, secret, envelope.protected)
    try:
        plaintext = h.aead_open(body_key, envelope.ciphertext, h.hash(envelope.protected))
    except SuiteError:
        raise RefusedEnvelope("BODY_TAG") from None
    data = padding.unpad(plaintext, KINDS[header.kind].minimum)
    if data is None:
        raise RefusedEnvelope("PADDING")
    payload = _decode(header, _inflate(header, data), schemas)  # 15
    orders = [s.order for s in opened.statements if s.order is not None]
    code = disagreement(header, payload, orders[0] if orders else None)  # 16
    if code is not None:
        raise RefusedEnvelope(code)
    return payload


def _inflate(header: Header, data: bytes) -> bytes:
    if header.compression == "none":
        return data
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        payload = inflater.decompress(data, MAX_PAYLOAD + 1)
    except zlib.error:
        raise RefusedEnvelope("COMPRESSION") from None
    if not inflater.eof or inflater.unused_data or len(payload) > MAX_PAYLOAD:
        raise RefusedEnvelope("COMPRESSION")
    return payload


def _decode(header: Header, data: bytes, schemas: SchemaSource) -> Any:
    # 15: the schema is known, belongs to the kind, and the payload is its one encoding.
    schema = schemas(header.payload_schema)
    if schema is None:
        raise HeldEnvelope("SCHEMA_UNKNOWN")
    if not schema.name.startswith(f"message/{header.kind.lower()}."):
        raise RefusedEnvelope("PAYLOAD_MALFORMED")
    try:
        return decode(schema, data)
    except SchemaError as error:
        many = error.code == "ENCODING_TOO_MANY_ITEMS"
        raise RefusedEnvelope("PAYLOAD_LIMIT" if many else "PAYLOAD_MALFORMED") from None
