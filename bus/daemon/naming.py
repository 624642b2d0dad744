"""What audit entries name messages by, so that a proof can show when they were there."""

from __future__ import annotations

from collections.abc import Sequence

from bus.ports.instants import to_milliseconds
from bus.wire.message import Message
from signer.envelope.format import envelope_bytes
from signer.envelope.signing import Unsigned
from signer.proof.books import envelope_digest

Named = dict[str, str | int | None]
"""The part of an audit entry's detail that names a message."""


def received(message: Message) -> Named:
    """Return what an audit entry names a received message by."""
    envelope = envelope_bytes(message.opened.envelope)
    return {
        "envelope": envelope_digest(envelope).hex(),
        "received": to_milliseconds(message.received),
    }


def sent_as(message: Unsigned) -> Named:
    """Return what an audit entry names a message of our own by; it is signed after the entry."""
    return {"message": message.digest.hex()}


def digests_of(sent: Sequence[Unsigned]) -> str:
    """Return the digests of messages of our own, as an audit entry holds them."""
    return " ".join(message.digest.hex() for message in sent)
