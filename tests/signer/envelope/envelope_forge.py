"""Makes messages with any part of them wrong, deterministically: the sealer of the vectors.

It shares labels and byte layouts with the product but not its sealing: every field can be
overridden before it is signed (`header=`, `Hop.change`) or after (`alter_*`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import gmalg
import hpke_rfc9180
from cryptography.hazmat.primitives.asymmetric import ec
from envelope_payloads import COUNTS, PARTS, PAYLOADS
from envelope_world import DIRECTORY_VERSION, World, instant, private_key

from schemas.loader import encode, load
from signer.envelope import labels, padding
from signer.envelope.format import (
    Envelope,
    Header,
    Order,
    OrderLine,
    Recipient,
    Seal,
    Signature,
    Statement,
    envelope_bytes,
    header_bytes,
    read_header,
    read_statement,
    statement_bytes,
)
from signer.envelope.kinds import KINDS
from signer.suites import SUITES, Suite
from signer.suites.keys import PrivateKey, suite_of
from signer.suites.p256_aes256gcm import NAME as SUITE
from signer.suites.p256_aes256gcm import sign
from signer.suites.sm2 import ORDER, Sm2PrivateKey
from signer.uuid7 import uuid7

H = SUITES[SUITE]
"""H of the default suite."""
START = instant("2026-03-02T01:00:00")
NOW = START + timedelta(minutes=30)
DUE = instant("2026-03-12T00:00:00")
APPLICATION = hashlib.sha256(b"the application").digest()
FULL_ORDER = Order(
    APPLICATION,
    (
        OrderLine(1, "housing-fund-account", ("name", "balance", "opened_on"), DUE),
        OrderLine(2, "marriage-registration", ("status",), DUE),
    ),
)


def fixed(name: str, size: int = 32) -> bytes:
    """Return bytes that look random and are always the same for a name."""
    return hashlib.shake_256(b"hedui/test/" + name.encode()).digest(size)


def hpke_seal(
    public: ec.EllipticCurvePublicKey,
    ephemeral: ec.EllipticCurvePrivateKey,
    plaintext: bytes,
    info: bytes,
) -> bytes:
    """Seal by HPKE base mode (RFC 9180) with a given ephemeral key, which libraries do not take."""
    context = hpke_rfc9180.schedule(hpke_rfc9180.encap(ephemeral, public), info)
    return hpke_rfc9180.point(ephemeral.public_key()) + context.seal(plaintext, b"")


def _k(*parts: bytes) -> int:
    """Return SM2's k, which libraries do not take, as a function of what it is used for."""
    digest = hashlib.sha512(b"hedui/test-k/1" + b"".join(parts)).digest()
    return int.from_bytes(digest) % (ORDER - 1) + 1


def _sm2(key: Sm2PrivateKey, k: int) -> gmalg.SM2:
    user = b"1234567812345678"
    return gmalg.SM2(key.number, user, key.public.encoded, rnd_fn=lambda _: k)


def sign_with(key: PrivateKey, data: bytes) -> bytes:
    """Sign deterministically with a key of any suite."""
    if isinstance(key, Sm2PrivateKey):
        return b"".join(_sm2(key, _k(key.number, data)).sign(data))
    return sign(key, data)


def seal_to(key: PrivateKey, seed: str, secret: bytes, info: bytes) -> bytes:
    """Seal an epoch secret deterministically to a key of any suite."""
    if isinstance(key, Sm2PrivateKey):
        plaintext = secret + SUITES[suite_of(key)].hash(info)
        return bytes(_sm2(key, _k(seed.encode(), info)).encrypt(plaintext))
    return hpke_seal(key.public_key(), private_key(f"ephemeral {seed}"), secret, info)


@dataclass(frozen=True)
class Hop:
    """One statement to come: who signs it, for whom, adding which readers (names of keys)."""

    sender: str
    to: str
    readers: tuple[str, ...] = ()
    order: Order | None = None
    signer: str = ""
    forwarded: datetime | None = None
    epoch_age: timedelta = timedelta(0)
    change: dict[str, Any] = field(default_factory=dict)
    reader_change: dict[str, Any] = field(default_factory=dict)
    epoch_secret: bytes | None = None
    wrap: bytes | None = None
    mangle: Callable[[bytes], bytes] = bytes


@dataclass(frozen=True)
class Made:
    """A message as it was made; `key` is its Kafka key."""

    name: str
    envelope: Envelope
    hops: tuple[Hop, ...]
    secret: bytes
    key: bytes
    h: Suite = H

    @property
    def header(self) -> Header:
        """The header, read back."""
        return read_header(self.envelope.protected)

    @property
    def data(self) -> bytes:
        """The envelope's bytes."""
        return envelope_bytes(self.envelope)

    def statement(self, number: int) -> Statement:
        """Return a statement, read back."""
        return read_statement(self.envelope.seals[number].statement)

    @property
    def chain(self) -> bytes:
        """The chain digest."""
        digest = labels.body_digest(self.h, self.envelope.protected, self.envelope.ciphertext)
        for seal in self.envelope.seals:
            digest = labels.chain_digest(self.h, digest, seal.statement)
        return digest


@dataclass(frozen=True)
class Forge:
    """Makes messages among the participants of a world."""

    world: World

    def make(
        self,
        name: str,
        kind: str,
        hops: Sequence[Hop],
        *,
        destination: str | None = None,
        payload: Any = None,
        data: bytes | None = None,
        plaintext: bytes | None = None,
        secret: bytes | None = None,
        body_secret: bytes | None = None,
        header: dict[str, Any] | None = None,
        mangle: Callable[[bytes], bytes] = bytes,
        suite: str = SUITE,
    ) -> Made:
        """Make a message: what is not given is as it should be.

        `mangle` turns the header's bytes into other bytes before anything is computed from them.
        """
        h = SUITES[suite]
        schema = load(f"message/{kind.lower()}.v1")
        if data is None:
            data = encode(schema, PAYLOADS[kind] if payload is None else payload)
        if plaintext is None:
            plaintext = padding.pad(data, KINDS[kind].minimum)
        secret = secret or fixed(f"secret {name}")
        message_id = uuid7(START, lambda size: fixed(f"id {name}", size))
        fields = {
            "suite": suite,
            "message_id": message_id,
            "kind": kind,
            "source": hops[0].sender,
            "destination": destination or hops[-1].to,
            "conversation": uuid7(START, lambda size: fixed("conversation", size)),
            "in_reply_to": None,
            "order": None,
            "resource": None,
            "roster_part": PARTS.get(kind),
            "fragment": 0,
            "last": True,
            "created": START,
            "expires": START + KINDS[kind].lifetime,
            "payload_schema": schema.digest,
            "compression": "none",
            "subject_count": COUNTS.get(kind, 0),
            "commitment": labels.commitment(h, secret, message_id),
            "extensions": (),
        }
        protected = mangle(header_bytes(Header(**fields | (header or {}))))
        body_key = labels.body_key(h, body_secret or secret, protected)
        ciphertext = h.aead_seal(body_key, plaintext, h.hash(protected))
        envelope = Envelope(protected, ciphertext, ())
        key = (header or fields).get("conversation", fields["conversation"]).bytes
        made = Made(name, envelope, (), secret, key, h)
        for hop in hops:
            made = self.endorse(made, hop)
        return made

    def endorse(self, made: Made, hop: Hop) -> Made:
        """Add one signed statement."""
        statement = self.draft(made, hop)
        data = hop.mangle(statement_bytes(statement))
        seal = self.sign(data, statement.signer, hop.signer or f"{hop.sender}/signing")
        envelope = replace(made.envelope, seals=(*made.envelope.seals, seal))
        return replace(made, envelope=envelope, hops=(*made.hops, hop))

    def draft(self, made: Made, hop: Hop) -> Statement:
        """Return the statement a hop would sign."""
        number = len(made.envelope.seals)
        at = hop.forwarded or START + timedelta(minutes=number)
        signer = self.world.id(hop.signer or f"{hop.sender}/signing")
        statement = Statement(
            role="relay" if number else "origin",
            signer=signer,
            prev=made.chain,
            sender=hop.sender,
            to=hop.to,
            received=at,
            forwarded=at,
            directory_version=DIRECTORY_VERSION,
            recipients=tuple(self.reader(made, hop, r, at, signer) for r in hop.readers),
            order=hop.order,
        )
        return replace(statement, **hop.change)

    def reader(self, made: Made, hop: Hop, reader: str, at: datetime, signer: bytes) -> Recipient:
        """Return the Recipient of a reader, named by its key."""
        key, private = self.world.keys[reader], self.world.private[reader]
        seed = f"{hop.sender} {reader} {at.isoformat()}"
        epoch_secret = hop.epoch_secret or fixed(f"epoch {seed}")
        start = at - hop.epoch_age
        h = SUITES[suite_of(private)]
        info = labels.epoch_info(h.name, signer, key.id, start)
        epoch = seal_to(private, seed, epoch_secret, info)
        kek = labels.kek(h, epoch_secret, signer, key.id, epoch, made.envelope.protected)
        wrapped = h.aead_seal(kek, hop.wrap or made.secret, b"")
        return replace(Recipient(h.name, key.id, start, epoch, wrapped), **hop.reader_change)

    def sign(self, data: bytes, signer: bytes, key: str) -> Seal:
        """Sign a statement's bytes as a batch of one."""
        h = SUITES[suite_of(self.world.private[key])]
        head = labels.head(h.name, signer, 1, labels.leaf(h, data))
        return Seal(data, Signature(h.name, sign_with(self.world.private[key], head), None))


def alter_header(made: Made, **changes: Any) -> Made:
    """Change header fields of a finished message, leaving its seals as they are."""
    protected = header_bytes(replace(made.header, **changes))
    return replace(made, envelope=replace(made.envelope, protected=protected))


def alter_seal(made: Made, number: int, seal: Seal) -> Made:
    """Put another seal in the place of one."""
    seals = list(made.envelope.seals)
    seals[number] = seal
    return replace(made, envelope=replace(made.envelope, seals=tuple(seals)))


def alter_statement(made: Made, number: int, **changes: Any) -> Made:
    """Change statement fields after signing."""
    data = statement_bytes(replace(made.statement(number), **changes))
    return alter_seal(made, number, replace(made.envelope.seals[number], statement=data))


def alter_recipient(made: Made, number: int, which: int, **changes: Any) -> Made:
    """Change fields of a Recipient after signing."""
    recipients = list(made.statement(number).recipients)
    recipients[which] = replace(recipients[which], **changes)
    return alter_statement(made, number, recipients=tuple(recipients))


def alter_signature(made: Made, number: int, **changes: Any) -> Made:
    """Change fields of a signature."""
    seal = made.envelope.seals[number]
    return alter_seal(made, number, replace(seal, signature=replace(seal.signature, **changes)))


def alter_ciphertext(made: Made, ciphertext: bytes) -> Made:
    """Put another ciphertext in."""
    return replace(made, envelope=replace(made.envelope, ciphertext=ciphertext))


def alter_seals(made: Made, seals: Sequence[Seal]) -> Made:
    """Put other seals in."""
    return replace(made, envelope=replace(made.envelope, seals=tuple(seals)))
