"""How a right envelope is altered: its bytes, or what stands in it, after it was signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from signer.envelope.format import (
    MAX_SEALS,
    Envelope,
    Proof,
    Seal,
    header_bytes,
    read_header,
    read_statement,
    statement_bytes,
)
from signer.faulty.making import NOBODY, Given, Maker, flipped, given, right
from signer.faulty.workshop import Workshop
from signer.suites.suite import HASH_SIZE


def data(change: Callable[[bytes], bytes]) -> Maker:
    """The bytes of a right envelope are changed."""

    def make(w: Workshop) -> Given:
        made = right(w)
        return replace(made, data=change(made.data))

    return make


def long_varint(envelope: bytes) -> bytes:
    """Write the length of the header in one byte more than it needs."""
    end = next(place for place in range(4, len(envelope)) if envelope[place] < 0x80)  # noqa: PLR2004 - a varint's last byte
    return envelope[:end] + bytes([envelope[end] | 0x80, 0]) + envelope[end + 1 :]


def after_signing(change: Callable[[Envelope], Envelope]) -> Maker:
    """The envelope is changed after it was signed."""

    def make(w: Workshop) -> Given:
        made = w.make()
        changed = replace(made, envelope=change(made.envelope))
        key = read_header(changed.envelope.protected).conversation.bytes
        return replace(given(w, changed), key=key)

    return make


def flipped_body(envelope: Envelope) -> Envelope:
    """Flip a bit of the ciphertext."""
    return replace(envelope, ciphertext=flipped(envelope.ciphertext))


def readdressed(envelope: Envelope) -> Envelope:
    """Address it to somebody else."""
    changed = replace(read_header(envelope.protected), destination=NOBODY)
    return replace(envelope, protected=header_bytes(changed))


def other_conversation(envelope: Envelope) -> Envelope:
    """Put it into another conversation."""
    old = read_header(envelope.protected)
    return replace(envelope, protected=header_bytes(replace(old, conversation=old.message_id)))


def too_many_seals(envelope: Envelope) -> Envelope:
    """Repeat its seal beyond the limit."""
    return replace(envelope, seals=envelope.seals * (MAX_SEALS + 1))


def altered_seal(envelope: Envelope) -> Envelope:
    """Change a time in the signed statement."""
    (seal,) = envelope.seals
    old = read_statement(seal.statement)
    changed = replace(old, received=old.received - timedelta(milliseconds=1))
    return replace(envelope, seals=(replace(seal, statement=statement_bytes(changed)),))


def signature(change: Callable[[bytes], bytes]) -> Callable[[Envelope], Envelope]:
    """Change the bytes of the signature."""
    return lambda envelope: _signature(envelope, value=change)


def bad_proof(envelope: Envelope) -> Envelope:
    """Add a proof whose index is outside its tree."""
    (seal,) = envelope.seals
    proof = Proof(5, 2, (bytes(HASH_SIZE),))
    return replace(envelope, seals=(replace(seal, signature=replace(seal.signature, proof=proof)),))


def _signature(envelope: Envelope, value: Callable[[bytes], bytes]) -> Envelope:
    (seal,) = envelope.seals
    changed: Seal = replace(
        seal, signature=replace(seal.signature, value=value(seal.signature.value))
    )
    return replace(envelope, seals=(changed,))
