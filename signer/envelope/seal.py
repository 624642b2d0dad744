"""Sealing a message, and endorsing one that is passed on (spec §5 to §7). Batches of one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.errors import DefectError, InputError
from schemas.loader import Schema, encode
from signer.directory.view import Key
from signer.envelope import cloudevents, labels, padding
from signer.envelope.format import (
    MAX_ENVELOPE,
    MAX_HEADER,
    MAX_SEALS,
    MAX_STATEMENT,
    Envelope,
    Header,
    Order,
    Recipient,
    Seal,
    Signature,
    Statement,
    envelope_bytes,
    header_bytes,
    statement_bytes,
)
from signer.envelope.kinds import KINDS
from signer.envelope.verdict import Opened
from signer.envelope.wrapping import ContentSecrets, Entropy, Epochs
from signer.keyring import KeyRing
from signer.suites import SUITES, suite
from signer.suites.suite import HASH_SIZE
from signer.uuid7 import uuid7

_NO_COMMITMENT = bytes(HASH_SIZE)


class EnvelopeTooLargeError(InputError):
    """The sealed message would be over the size limit: split it into parts or fragments."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says, before it is sealed; fields as in the header."""

    kind: str
    destination: str
    conversation: UUID
    schema: Schema
    payload: Any
    subject_count: int = 0
    in_reply_to: bytes | None = None
    order: bytes | None = None
    resource: str | None = None
    roster_part: int | None = None
    fragment: int = 0
    last: bool = True


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed message, ready for the outbox.

    `digest` is the message digest, `chain` the chain digest its receiver will compute, `secret`
    the content secret (None for an endorsed message that we cannot read).
    """

    header: Header
    data: bytes
    digest: bytes
    chain: bytes
    secret: bytes | None

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """The Kafka headers that go with it."""
        return cloudevents.headers(self.header)


class Sealer:
    """Seals and endorses as one participant; one instance a process.

    Args:
        me: The participant's id.
        ring: Its private keys.
        suite_name: The suite of bodies it makes.
        entropy: OS randomness.
    """

    def __init__(self, me: str, ring: KeyRing, suite_name: str, entropy: Entropy) -> None:
        self._me = me
        self._ring = ring
        self._h = SUITES[suite_name]
        self._entropy = entropy
        self._secrets = ContentSecrets(entropy)
        self._epochs = Epochs(entropy)

    def seal(
        self,
        content: Content,
        to: str,
        readers: Sequence[Key],
        now: datetime,
        directory_version: int,
    ) -> Sealed:
        """Seal a new message.

        Args:
            content: What it says.
            to: The next hop.
            readers: The encryption keys that may read it.
            now: The present instant, whole milliseconds.
            directory_version: Version of the directory in use.

        Raises:
            EnvelopeTooLargeError: `ENVELOPE_TOO_LARGE`, `ENVELOPE_LIMIT`.
            KeyRingError: The signing key cannot be used.
        """
        rule = KINDS[content.kind]
        data = encode(content.schema, content.payload)
        compression = "deflate" if rule.compressible else "none"
        if rule.compressible:
            deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            data = deflater.compress(data) + deflater.flush()
        plaintext = padding.pad(data, rule.minimum)
        message_id = uuid7(now, self._entropy)
        secret = self._secrets.fresh(self._h, message_id, plaintext)
        header = Header(
            suite=self._h.name,
            message_id=message_id,
            kind=content.kind,
            source=self._me,
            destination=content.destination,
            conversation=content.conversation,
            in_reply_to=content.in_reply_to,
            order=content.order,
            resource=content.resource,
            roster_part=content.roster_part,
            fragment=content.fragment,
            last=content.last,
            created=now,
            expires=now + rule.lifetime,
            payload_schema=content.schema.digest,
            compression=compression,
            subject_count=content.subject_count,
            commitment=_NO_COMMITMENT,
        )
        header = replace(header, commitment=labels.commitment(self._h, secret, message_id))
        protected = header_bytes(header)
        body_key = labels.body_key(self._h, secret, protected)
        ciphertext = self._h.aead_seal(body_key, plaintext, self._h.hash(protected))
        prev = labels.body_digest(self._h, protected, ciphertext)
        seal = self._sign(
            Statement(
                role="origin",
                signer=self._ring.signing_key,
                prev=prev,
                sender=self._me,
                to=to,
                received=now,
                forwarded=now,
                directory_version=directory_version,
                recipients=tuple(self._wrap(key, protected, secret, now) for key in readers),
                order=None,
            )
        )
        return self._sealed(header, Envelope(protected, ciphertext, (seal,)), prev, secret)

    def endorse(
        self,
        opened: Opened,
        to: str,
        received: datetime,
        now: datetime,
        directory_version: int,
        order: Order | None = None,
        reader: Key | None = None,
        secret: bytes | None = None,
    ) -> Sealed:
        """Pass a verified message on with a statement of our own (批转).

        Args:
            opened: The message as verified.
            to: The next hop.
            received: When we received it.
            now: The present instant, whole milliseconds.
            directory_version: Version of the directory in use.
            order: What the next hop is told to answer, for a Roster that moves down.
            reader: An encryption key of `to`, where the kind lets a relay add it.
            secret: The content secret; needed with `reader`.

        Raises:
            EnvelopeTooLargeError: `ENVELOPE_TOO_LARGE`, `ENVELOPE_LIMIT`.
            KeyRingError: The signing key cannot be used.
        """
        protected = opened.envelope.protected
        recipients: tuple[Recipient, ...] = ()
        if reader is not None:
            if secret is None:
                raise DefectError(
                    "READER_WITHOUT_SECRET", "缺少内容密钥", "a reader was added without the secret"
                )
            recipients = (self._wrap(reader, protected, secret, now),)
        seal = self._sign(
            Statement(
                role="relay",
                signer=self._ring.signing_key,
                prev=opened.chain,
                sender=self._me,
                to=to,
                received=received,
                forwarded=now,
                directory_version=directory_version,
                recipients=recipients,
                order=order,
            )
        )
        envelope = replace(opened.envelope, seals=(*opened.envelope.seals, seal))
        return self._sealed(opened.header, envelope, opened.chain, secret)

    def _wrap(self, key: Key, protected: bytes, secret: bytes, now: datetime) -> Recipient:
        h = suite(key.suite)
        if h is None:
            raise DefectError("SUITE_UNKNOWN", "不识别的密码套件", "unknown suite", where=key.suite)
        signer = self._ring.signing_key
        return self._epochs.wrap(h, signer, (key.id, key.public_key), protected, secret, now)

    def _sign(self, statement: Statement) -> Seal:
        h = SUITES[self._ring.signing_suite]
        data = statement_bytes(statement)
        head = labels.head(h.name, statement.signer, 1, labels.leaf(h, data))
        return Seal(data, Signature(h.name, self._ring.sign(head), None))

    def _sealed(
        self, header: Header, envelope: Envelope, prev: bytes, secret: bytes | None
    ) -> Sealed:
        h = SUITES[header.suite]
        over = (
            len(envelope.protected) > MAX_HEADER
            or len(envelope.seals) > MAX_SEALS
            or any(len(seal.statement) > MAX_STATEMENT for seal in envelope.seals)
        )
        if over:
            raise EnvelopeTooLargeError(
                "ENVELOPE_LIMIT",
                "信封头、批转或签章超出上限",
                "header, statement or number of seals is over its limit",
                remedy_zh="请减少查询指令的行数或内容项",
                remedy_en="Order fewer lines or items at a time",
                where=header.kind,
            )
        data = envelope_bytes(envelope)
        if len(data) > MAX_ENVELOPE:
            raise EnvelopeTooLargeError(
                "ENVELOPE_TOO_LARGE",
                "信封超过 900 KiB",
                "the envelope is larger than 900 KiB",
                remedy_zh="请拆分为更小的分册或分片",
                remedy_en="Split it into smaller parts or fragments",
                where=header.kind,
            )
        digest = h.hash(envelope.seals[0].statement)
        chain = labels.chain_digest(h, prev, envelope.seals[-1].statement)
        return Sealed(header, data, digest, chain, secret)
