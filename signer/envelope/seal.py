"""Sealing a message, and endorsing one that is passed on (spec §5 to §7).

Both in two steps: `prepare` or `prepare_endorsement` makes all but our signature, `sign` signs any
number of them at once (signing.py). `seal` and `endorse` do both for a message alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.errors import DefectError, InputError
from schemas.loader import Schema, encode
from signer.directory.view import Key
from signer.envelope import labels, padding
from signer.envelope.format import (
    MAX_AT_ORIGIN,
    MAX_ENVELOPE,
    MAX_HEADER,
    MAX_SEALS,
    MAX_STATEMENT,
    Header,
    Order,
    Recipient,
    Seal,
    Statement,
    header_bytes,
    statement_bytes,
)
from signer.envelope.kinds import KINDS
from signer.envelope.signing import SIGNATURE_ROOM, Sealed, Unsigned, sign_batch
from signer.envelope.verdict import Opened
from signer.envelope.wrapping import ContentSecrets, Entropy, Epochs
from signer.keyring import KeyRing
from signer.suites import SUITES, suite
from signer.suites.suite import HASH_SIZE
from signer.uuid7 import uuid7


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


class Sealer:
    """Seals and endorses as one participant; one instance a process.

    Args:
        me: The participant's id.
        ring: Its private keys.
        suite_name: The suite of what it makes, where it is not told otherwise.
        entropy: OS randomness.
    """

    def __init__(self, me: str, ring: KeyRing, suite_name: str, entropy: Entropy) -> None:
        self._me = me
        self._ring = ring
        self._suite = suite_name
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
        suite_name: str | None = None,
    ) -> Sealed:
        """Prepare a new message and sign it alone; arguments and errors as there."""
        prepared = self.prepare(content, to, readers, now, directory_version, suite_name)
        return self.sign([prepared])[0]

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
        suite_name: str | None = None,
    ) -> Sealed:
        """Prepare an endorsement and sign it alone; arguments and errors as there."""
        prepared = self.prepare_endorsement(
            opened, to, received, now, directory_version, order, reader, secret, suite_name
        )
        return self.sign([prepared])[0]

    def sign(self, messages: Sequence[Unsigned]) -> list[Sealed]:
        """Sign prepared messages at once, in the order given; errors as `sign_batch`."""
        return sign_batch(self._ring, messages)

    def prepare(
        self,
        content: Content,
        to: str,
        readers: Sequence[Key],
        now: datetime,
        directory_version: int,
        suite_name: str | None = None,
    ) -> Unsigned:
        """Make a new message, all but its signature.

        Args:
            content: What it says.
            to: The next hop.
            readers: The encryption keys that may read it.
            now: The present instant, whole milliseconds.
            directory_version: Version of the directory in use.
            suite_name: The suite of body and signature, one that the ring signs in.

        Raises:
            EnvelopeTooLargeError: `ENVELOPE_TOO_LARGE`, `ENVELOPE_LIMIT`.
        """
        h = SUITES[suite_name or self._suite]
        signer = self._ring.signing_keys[h.name]
        rule = KINDS[content.kind]
        data = encode(content.schema, content.payload)
        compression = "deflate" if rule.compressible else "none"
        if rule.compressible:
            deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            data = deflater.compress(data) + deflater.flush()
        plaintext = padding.pad(data, rule.minimum)
        message_id = uuid7(now, self._entropy)
        secret = self._secrets.fresh(h, message_id, plaintext)
        header = Header(
            suite=h.name,
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
            commitment=labels.commitment(h, secret, message_id),
        )
        protected = header_bytes(header)
        body_key = labels.body_key(h, secret, protected)
        ciphertext = h.aead_seal(body_key, plaintext, h.hash(protected))
        statement = Statement(
            role="origin",
            signer=signer,
            prev=labels.body_digest(h, protected, ciphertext),
            sender=self._me,
            to=to,
            received=now,
            forwarded=now,
            directory_version=directory_version,
            recipients=tuple(self._wrap(key, signer, protected, secret, now) for key in readers),
            order=None,
        )
        return self._unsigned(header, protected, ciphertext, (), statement, h.name, secret)

    def prepare_endorsement(
        self,
        opened: Opened,
        to: str,
        received: datetime,
        now: datetime,
        directory_version: int,
        order: Order | None = None,
        reader: Key | None = None,
        secret: bytes | None = None,
        suite_name: str | None = None,
    ) -> Unsigned:
        """Pass a verified message on with a statement of our own (批转), all but its signature.

        Args:
            opened: The message as verified.
            to: The next hop.
            received: When we received it.
            now: The present instant, whole milliseconds.
            directory_version: Version of the directory in use.
            order: What the next hop is told to answer, for a Roster that moves down.
            reader: An encryption key of `to`, where the kind lets a relay add it.
            secret: The content secret; needed with `reader`.
            suite_name: The suite of the signature, one that the ring signs in.

        Raises:
            EnvelopeTooLargeError: `ENVELOPE_TOO_LARGE`, `ENVELOPE_LIMIT`.
        """
        signing = suite_name or self._suite
        signer = self._ring.signing_keys[signing]
        header, envelope = opened.header, opened.envelope
        protected = envelope.protected
        recipients: tuple[Recipient, ...] = ()
        if reader is not None:
            if secret is None:
                raise DefectError(
                    "READER_WITHOUT_SECRET", "缺少内容密钥", "a reader was added without the secret"
                )
            recipients = (self._wrap(reader, signer, protected, secret, now),)
        statement = Statement(
            role="relay",
            signer=signer,
            prev=opened.chain,
            sender=self._me,
            to=to,
            received=received,
            forwarded=now,
            directory_version=directory_version,
            recipients=recipients,
            order=order,
        )
        return self._unsigned(
            header, protected, envelope.ciphertext, envelope.seals, statement, signing, secret
        )

    def _wrap(
        self, key: Key, signer: bytes, protected: bytes, secret: bytes, now: datetime
    ) -> Recipient:
        h = suite(key.suite)
        if h is None:
            raise DefectError("SUITE_UNKNOWN", "不识别的密码套件", "unknown suite", where=key.suite)
        return self._epochs.wrap(h, signer, (key.id, key.public_key), protected, secret, now)

    def _unsigned(
        self,
        header: Header,
        protected: bytes,
        ciphertext: bytes,
        earlier: tuple[Seal, ...],
        statement: Statement,
        signing: str,
        secret: bytes | None,
    ) -> Unsigned:
        h, ours = SUITES[header.suite], statement_bytes(statement)
        statements = [*(seal.statement for seal in earlier), ours]
        over = (
            len(protected) > MAX_HEADER
            or len(statements) > MAX_SEALS
            or max(map(len, statements)) > MAX_STATEMENT
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
        size = len(protected) + len(ciphertext) + sum(map(len, statements)) + SIGNATURE_ROOM
        size += sum(map(_signature_size, earlier))
        limit = MAX_ENVELOPE if earlier else MAX_AT_ORIGIN
        if size > limit:
            raise EnvelopeTooLargeError(
                "ENVELOPE_TOO_LARGE",
                f"信封超过 {limit // 1024} KiB",
                f"the envelope is larger than {limit // 1024} KiB",
                remedy_zh="请拆分为更小的分册或分片",
                remedy_en="Split it into smaller parts or fragments",
                where=header.kind,
            )
        return Unsigned(
            header=header,
            protected=protected,
            ciphertext=ciphertext,
            earlier=earlier,
            statement=ours,
            signer=statement.signer,
            suite=signing,
            digest=h.hash(statements[0]),
            chain=labels.chain_digest(h, statement.prev, ours),
            secret=secret,
        )


def _signature_size(seal: Seal) -> int:
    proof = seal.signature.proof
    return len(seal.signature.value) + (0 if proof is None else HASH_SIZE * len(proof.path))
