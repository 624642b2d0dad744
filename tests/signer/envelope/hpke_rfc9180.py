"""HPKE from the text of RFC 9180, on ECDH, HMAC and AES-GCM alone: base mode, P-256, AES-256-GCM.

It stands beside the library that the product uses, so that each can be held against the other and
both against the RFC's own values.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

POINT = 65
_KEM = b"KEM\x00\x10"
_SUITE = b"HPKE\x00\x10\x00\x01\x00\x02"


@dataclass(frozen=True)
class Context:
    """What the key schedule yields (§5.1), for the first message."""

    key: bytes
    base_nonce: bytes
    exporter_secret: bytes

    def seal(self, plaintext: bytes, aad: bytes, sequence: int = 0) -> bytes:
        """ContextS.Seal (§5.2) of one message."""
        return AESGCM(self.key).encrypt(self._nonce(sequence), plaintext, aad)

    def open(self, ciphertext: bytes, aad: bytes, sequence: int = 0) -> bytes:
        """ContextR.Open (§5.2) of one message."""
        return AESGCM(self.key).decrypt(self._nonce(sequence), ciphertext, aad)

    def _nonce(self, sequence: int) -> bytes:
        number = int.from_bytes(self.base_nonce) ^ sequence
        return number.to_bytes(12)


def point(public: ec.EllipticCurvePublicKey) -> bytes:
    """SerializePublicKey (§7.1.1)."""
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def kem_secret(dh: bytes, enc: bytes, recipient: bytes) -> bytes:
    """ExtractAndExpand of DHKEM (§4.1) over kem_context = enc ‖ pkRm."""
    prk = _extract(_KEM, b"", b"eae_prk", dh)
    return _expand(_KEM, prk, b"shared_secret", enc + recipient, 32)


def encap(ephemeral: ec.EllipticCurvePrivateKey, public: ec.EllipticCurvePublicKey) -> bytes:
    """The shared secret of Encap (§4.1) with a given ephemeral key."""
    dh = ephemeral.exchange(ec.ECDH(), public)
    return kem_secret(dh, point(ephemeral.public_key()), point(public))


def decap(enc: bytes, private: ec.EllipticCurvePrivateKey) -> bytes:
    """The shared secret of Decap (§4.1)."""
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc)
    dh = private.exchange(ec.ECDH(), theirs)
    return kem_secret(dh, enc, point(private.public_key()))


def schedule(shared: bytes, info: bytes) -> Context:
    """KeySchedule (§5.1) of base mode: no pre-shared key."""
    context = (
        b"\x00"
        + _extract(_SUITE, b"", b"psk_id_hash", b"")
        + _extract(_SUITE, b"", b"info_hash", info)
    )
    secret = _extract(_SUITE, shared, b"secret", b"")
    return Context(
        _expand(_SUITE, secret, b"key", context, 32),
        _expand(_SUITE, secret, b"base_nonce", context, 12),
        _expand(_SUITE, secret, b"exp", context, 32),
    )


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    # LabeledExtract (§4); an empty salt is a block of zeros (RFC 5869 §2.2).
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
    # LabeledExpand (§4); nothing here is longer than one block.
    block = size.to_bytes(2) + b"HPKE-v1" + suite + label + info + b"\x01"
    return hmac.digest(prk, block, "sha256")[:size]
