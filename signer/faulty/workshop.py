"""Makes one envelope, any field of which may differ from what it should be.

It shares labels, layouts and suites with sealing (signer.envelope.seal), not the sealing itself:
that one makes right envelopes only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from schemas.loader import encode, load
from signer.directory.view import Directory, Key
from signer.envelope import labels, merkle, padding
from signer.envelope.format import (
    Envelope,
    Header,
    Recipient,
    Seal,
    Signature,
    Statement,
    header_bytes,
    statement_bytes,
)
from signer.envelope.kinds import KINDS, Kind
from signer.envelope.verdict import Opened
from signer.envelope.wrapping import Entropy
from signer.keyring import KeyRing
from signer.suites import SUITES
from signer.suites.suite import SECRET_SIZE
from signer.uuid7 import uuid7

Changes = Mapping[str, Any]
"""Fields by name, with the values they have instead."""

_NONE: Changes = {}

# Nobody acts on a hub's request for a run, so that even a right one does no harm elsewhere.
PAYLOAD = {
    "role": "REQUEST",
    "test": 0,
    "number": 1,
    "total": 1,
    "product": "hedui-bus",
    "specs": [],
    "data": b"",
    "cases": [],
    "verdicts": [],
}


@dataclass(frozen=True, slots=True)
class Made:
    """An envelope as it was made, and its header."""

    envelope: Envelope
    header: Header


@dataclass(frozen=True)
class Workshop:
    """Makes envelopes of the hub for one participant that is tested.

    Attributes:
        me: The hub.
        ring: Its keys.
        suite: The suite of body and signature, one that the ring signs in.
        entropy: OS randomness.
        directory: The directory in force.
        tested: The participant.
        hop: Our child on the way to it: itself, or the centre above it.
        reader: The participant's encryption key.
        now: The present instant, whole milliseconds.
        returned: A probe that the participant made in this run, as we got it; None before.
        earlier: The bytes of a probe of ours that it has taken in this run; None before.
    """

    me: str
    ring: KeyRing
    suite: str
    entropy: Entropy
    directory: Directory
    tested: str
    hop: str
    reader: Key
    now: datetime
    returned: Opened | None = None
    earlier: bytes | None = None

    @property
    def payload(self) -> bytes:
        """The payload of the envelopes made here."""
        return encode(load("message/probe.v1"), PAYLOAD)

    def make(
        self,
        *,
        header: Changes = _NONE,
        statement: Changes = _NONE,
        recipient: Changes = _NONE,
        body_secret: bytes | None = None,
        plaintext: bytes | None = None,
    ) -> Made:
        """Make an envelope, validly signed over whatever is wrong in it.

        Args:
            header: Header fields that differ.
            statement: Fields of the origin's statement that differ.
            recipient: Fields of its one recipient that differ.
            body_secret: The secret the body is under, where it is not the one that is wrapped.
            plaintext: The padded plaintext, where it is not the payload's.

        Raises:
            KeyRingError: The signing key cannot be used.
        """
        h = SUITES[self.suite]
        secret = self.entropy(SECRET_SIZE)
        message_id = header.get("message_id") or uuid7(self.now, self.entropy)
        fields: dict[str, Any] = {
            "suite": h.name,
            "message_id": message_id,
            "kind": Kind.PROBE,
            "source": self.me,
            "destination": self.hop,
            "conversation": uuid7(self.now, self.entropy),
            "in_reply_to": None,
            "order": None,
            "resource": None,
            "roster_part": None,
            "fragment": 0,
            "last": True,
            "created": self.now,
            "expires": self.now + KINDS[Kind.PROBE].lifetime,
            "payload_schema": load("message/probe.v1").digest,
            "compression": "none",
            "subject_count": 0,
            "commitment": labels.commitment(h, secret, message_id),
        }
        made = Header(**fields | dict(header))
        protected = header_bytes(made)
        plaintext = padding.pad(self.payload, 0) if plaintext is None else plaintext
        body_key = labels.body_key(h, body_secret or secret, protected)
        ciphertext = h.aead_seal(body_key, plaintext, h.hash(protected))
        prev = labels.body_digest(h, protected, ciphertext)
        signed = replace(self.statement(prev), **statement)
        if "recipients" not in statement:
            reader = self.recipient(signed, protected, secret, recipient)
            signed = replace(signed, recipients=(reader,))
        return Made(Envelope(protected, ciphertext, (self.sign(signed),)), made)

    def statement(self, prev: bytes) -> Statement:
        """Return the hub's own statement on what `prev` names, without readers."""
        return Statement(
            role="origin",
            signer=self.ring.signing_keys[self.suite],
            prev=prev,
            sender=self.me,
            to=self.hop,
            received=self.now,
            forwarded=self.now,
            directory_version=self.directory.version,
            recipients=(),
            order=None,
        )

    def recipient(
        self, statement: Statement, protected: bytes, secret: bytes, changes: Changes = _NONE
    ) -> Recipient:
        """Return the participant as a reader of what a statement passes on.

        `changes` may hold `age`, by which the epoch began before the statement, beside fields.
        """
        h, key, signer = SUITES[self.reader.suite], self.reader.id, statement.signer
        start = statement.forwarded - changes.get("age", timedelta(0))
        epoch_secret = self.entropy(SECRET_SIZE)
        info = labels.epoch_info(h.name, signer, key, start)
        epoch = h.seal_epoch(self.reader.public_key, epoch_secret, info)
        kek = labels.kek(h, epoch_secret, signer, key, epoch, protected)
        made = Recipient(h.name, key, start, epoch, h.aead_seal(kek, secret, b""))
        return replace(made, **{name: changes[name] for name in changes if name != "age"})

    def sign(self, statement: Statement, *, in_batch: bool = False) -> Seal:
        """Sign a statement alone, or as one of a batch of two.

        Raises:
            KeyRingError: The signing key cannot be used.
        """
        h = SUITES[self.suite]
        data = statement_bytes(statement)
        leaves = [labels.leaf(h, data)]
        if in_batch:
            leaves.append(h.hash(self.entropy(SECRET_SIZE)))
        root, proofs = merkle.tree(h, leaves)
        head = labels.head(h.name, statement.signer, len(leaves), root)
        return Seal(
            data, Signature(h.name, self.ring.sign(head, h.name), proofs[0] if in_batch else None)
        )


def with_seal(made: Made, seal: Seal) -> Made:
    """Return a made envelope under another origin's seal."""
    return replace(made, envelope=replace(made.envelope, seals=(seal,)))
