"""The same envelopes with nothing sealed: what sealing costs is the difference.

Header, statements, orders, readers, compression, Kafka key and headers are as ever, and so is every
decision of the flow. What is left out is whatever cryptography adds: encryption, epoch and content
secrets, commitment, padding, digests over bodies, signatures, and the checks of an opener. In their
places stand placeholders; opening parses and trusts. For the benchmark only.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.loader import decode, encode
from signer.directory.view import Directory, Key
from signer.envelope.chain import Arrival
from signer.envelope.format import (
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
from signer.envelope.open import SchemaSource
from signer.envelope.parse import parse
from signer.envelope.seal import Content
from signer.envelope.signing import Sealed, Unsigned
from signer.envelope.verdict import Accept, Opened, Refuse, RefusedEnvelope, Relay, Verdict
from signer.keyring import KeyRing
from signer.suites.suite import HASH_SIZE, SECRET_SIZE
from signer.uuid7 import uuid7

_NO_DIGEST = bytes(HASH_SIZE)
_NO_SECRET = bytes(SECRET_SIZE)


class PlainSealer:
    """What `Sealer` is, without sealing."""

    def __init__(self, me: str, ring: KeyRing, suite_name: str, entropy: Any) -> None:
        self._me = me
        self._ring = ring
        self._suite = suite_name
        self._entropy = entropy

    def prepare(
        self,
        content: Content,
        to: str,
        readers: Sequence[Key],
        now: datetime,
        directory_version: int,
        _suite_name: str | None = None,
    ) -> Unsigned:
        rule = KINDS[content.kind]
        data = encode(content.schema, content.payload)
        if rule.compressible:
            deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            data = deflater.compress(data) + deflater.flush()
        header = Header(
            suite=self._suite,
            message_id=uuid7(now, self._entropy),
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
            compression="deflate" if rule.compressible else "none",
            subject_count=content.subject_count,
            commitment=_NO_DIGEST,
        )
        recipients = tuple(_reader(key, now) for key in readers)
        ours = self._statement("origin", to, now, now, directory_version, recipients, None)
        bare = Envelope(header_bytes(header), data, ())
        return self._unsigned(header, bare, ours, (to,), _NO_SECRET)

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
        _suite_name: str | None = None,
    ) -> Unsigned:
        recipients = () if reader is None else (_reader(reader, now),)
        ours = self._statement("relay", to, received, now, directory_version, recipients, order)
        way = (*(statement.to for statement in opened.statements), to)
        return self._unsigned(opened.header, opened.envelope, ours, way, secret)

    def sign(self, messages: Sequence[Unsigned]) -> list[Sealed]:
        return [_sealed(message) for message in messages]

    def _unsigned(
        self,
        header: Header,
        so_far: Envelope,
        ours: Statement,
        way: Sequence[str],
        secret: bytes | None,
    ) -> Unsigned:
        return Unsigned(
            header=header,
            protected=so_far.protected,
            ciphertext=so_far.ciphertext,
            earlier=so_far.seals,
            statement=statement_bytes(ours),
            signer=ours.signer,
            suite=self._suite,
            digest=_digest(header),
            chain=_digest(header, *way),
            secret=secret,
        )

    def _statement(
        self,
        role: str,
        to: str,
        received: datetime,
        now: datetime,
        directory_version: int,
        recipients: tuple[Recipient, ...],
        order: Order | None,
    ) -> Statement:
        return Statement(
            role=role,
            signer=self._ring.signing_key,
            prev=_NO_DIGEST,
            sender=self._me,
            to=to,
            received=received,
            forwarded=now,
            directory_version=directory_version,
            recipients=recipients,
            order=order,
        )


class PlainOpener:
    """What `Opener` is, without opening: parses, trusts, and relays what names other readers."""

    def __init__(self, ring: KeyRing, schemas: SchemaSource) -> None:
        self._ring = ring
        self._schemas = schemas

    def open(self, data: bytes, _directory: Directory, _now: datetime, _by: Arrival) -> Verdict:
        held = self._ring.encryption_keys
        try:
            opened = plain_reread(data)
            if not any(r.key in held for s in opened.statements for r in s.recipients):
                return Relay(opened)
            return Accept(opened, plain_body(opened, _NO_SECRET, self._schemas), _NO_SECRET)
        except RefusedEnvelope as ending:
            return Refuse(ending.code)


def plain_reread(data: bytes) -> Opened:
    """Parse an envelope; it is named by its id and, as a chain, by the way it came."""
    envelope, header, statements = parse(data)
    way = [statement.to for statement in statements]
    return Opened(envelope, header, statements, _digest(header), _digest(header, *way))


def plain_body(opened: Opened, _secret: bytes, schemas: SchemaSource) -> Any:
    """Return the payload, which lies open."""
    header, data = opened.header, opened.envelope.ciphertext
    schema = schemas(header.payload_schema)
    if schema is None:
        raise RefusedEnvelope("SCHEMA_UNKNOWN")
    if header.compression == "deflate":
        data = zlib.decompress(data, wbits=-zlib.MAX_WBITS)
    return decode(schema, data)


def plain_verified(_message: Any, _directory: Directory) -> None:
    """Verify nothing again, of signatures and chain."""


def _sealed(message: Unsigned) -> Sealed:
    seals = (*message.earlier, Seal(message.statement, Signature(message.suite, b"", None)))
    data = envelope_bytes(Envelope(message.protected, message.ciphertext, seals))
    return Sealed(message.header, data, message.digest, message.chain, message.secret)


def _reader(key: Key, now: datetime) -> Recipient:
    return Recipient(key.suite, key.id, now, b"", b"")


def _digest(header: Header, *way: str) -> bytes:
    # Messages are called by digest everywhere: a short one, over the id and not over the body.
    return hashlib.sha256("/".join((header.message_id.hex, *way)).encode()).digest()
