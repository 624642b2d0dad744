"""One signature for many messages: the head of the Merkle tree over their statements (spec §6).

Signatures stand outside every digest, so a message can be made, named and referred to before it is
signed. What is sent at the same time is then signed once. A message alone is a batch of one: it
waits for nobody, and carries no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signer.envelope import cloudevents, labels, merkle
from signer.envelope.format import Envelope, Header, Seal, Signature, envelope_bytes
from signer.errors import KeyRingError
from signer.keyring import KeyRing
from signer.suites import SUITES

SIGNATURE_ROOM = 8 * 1024
"""Bytes of an envelope kept free for our signature, its proof and the framing of all.

How long the proof is, the batch decides; so whether a message is too large is known before it is
signed. Twelve siblings and a P-256 signature take about 500; ML-DSA-65 would take 3,309 more.
"""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A message that lacks our signature and nothing else.

    `earlier` are the seals of those before us, `statement` is our own statement's bytes, which the
    key `signer` of `suite` must sign. `digest` is the message digest, `chain` the chain digest its
    receiver will compute, `secret` the content secret (None for an endorsed message that we
    cannot read).
    """

    header: Header
    protected: bytes
    ciphertext: bytes
    earlier: tuple[Seal, ...]
    statement: bytes
    signer: bytes
    suite: str
    digest: bytes
    chain: bytes
    secret: bytes | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed message, ready for the outbox: the envelope's bytes; the rest as in `Unsigned`."""

    header: Header
    data: bytes
    digest: bytes
    chain: bytes
    secret: bytes | None

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """The Kafka headers that go with it."""
        return cloudevents.headers(self.header)


def sign_batch(ring: KeyRing, messages: Sequence[Unsigned]) -> list[Sealed]:
    """Sign messages: one signature for each signing key, and for each 4,096 messages of it.

    Returns:
        The signed messages, in the order given.

    Raises:
        KeyRingError: The signing key cannot be used; `SIGNING_KEY_CHANGED` when a message was
            prepared for a key that is no longer the one that signs.
    """
    by_key: dict[tuple[str, bytes], list[int]] = {}
    for place, message in enumerate(messages):
        by_key.setdefault((message.suite, message.signer), []).append(place)
    signed: dict[int, Sealed] = {}
    for (suite_name, signer), places in by_key.items():
        for start in range(0, len(places), merkle.MAX_SIZE):
            batch = places[start : start + merkle.MAX_SIZE]
            statements = [messages[place].statement for place in batch]
            signatures = _sign(ring, suite_name, signer, statements)
            for place, signature in zip(batch, signatures, strict=True):
                signed[place] = _sealed(messages[place], signature)
    return [signed[place] for place in range(len(messages))]


def _sign(
    ring: KeyRing, suite_name: str, signer: bytes, statements: Sequence[bytes]
) -> list[Signature]:
    if ring.signing_keys.get(suite_name) != signer:
        raise KeyRingError(
            "SIGNING_KEY_CHANGED",
            "签名密钥在签名前已更换",
            "the signing key was replaced before it signed",
            remedy_zh="请重试，消息会用新密钥重新生成；收到的消息由程序自动重新处理",
            remedy_en="Try again: it is made anew with the new key; what was received, by itself",
            where=signer.hex()[:16],
        )
    h = SUITES[suite_name]
    root, proofs = merkle.tree(h, [labels.leaf(h, statement) for statement in statements])
    value = ring.sign(labels.head(suite_name, signer, len(statements), root), suite_name)
    alone = len(statements) == 1
    return [Signature(suite_name, value, None if alone else proof) for proof in proofs]


def _sealed(message: Unsigned, signature: Signature) -> Sealed:
    seals = (*message.earlier, Seal(message.statement, signature))
    data = envelope_bytes(Envelope(message.protected, message.ciphertext, seals))
    return Sealed(message.header, data, message.digest, message.chain, message.secret)
