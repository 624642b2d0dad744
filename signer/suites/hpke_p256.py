"""Opens what HPKE sealed to a P-256 key that computes Diffie-Hellman somewhere else (RFC 9180).

The library's HPKE wants the private key itself. A key in a hardware module gives only the shared
x-coordinate of ECDH, so the rest of base mode is done here: DHKEM(P-256, HKDF-SHA256)
ExtractAndExpand (§4.1), the key schedule (§5.1) with HKDF-SHA256, and AES-256-GCM under the first
nonce (§5.2).
"""

from __future__ import annotations

import hmac
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_POINT = 65
_HASH = "sha256"
_SECRET, _KEY, _NONCE = 32, 32, 12
_KEM_SUITE = b"KEM" + (0x0010).to_bytes(2)
_SUITE = b"HPKE" + (0x0010).to_bytes(2) + (0x0001).to_bytes(2) + (0x0002).to_bytes(2)
_BASE = b"\x00"


class AgreementKey(ec.EllipticCurvePrivateKey):
    """A P-256 private key held elsewhere: it signs and agrees, and is never seen."""


class Agreement(Protocol):
    """What opening needs of a private key."""

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return its public key."""
        ...

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Return the x-coordinate of ECDH, 32 bytes."""
        ...


def open_single_shot(key: Agreement, sealed: bytes, info: bytes) -> bytes:
    """Open enc ‖ ciphertext, sealed in base mode without additional data.

    Args:
        key: The recipient's private key.
        sealed: 65 bytes of an uncompressed point, then the ciphertext with its tag.
        info: The context both sides bind.

    Raises:
        ValueError: The bytes do not begin with a point on the curve.
        InvalidTag: The ciphertext does not open.
    """
    enc, ciphertext = sealed[:_POINT], sealed[_POINT:]
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc)
    recipient = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = decapsulated(key.exchange(ec.ECDH(), ephemeral), enc, recipient)
    aead_key, nonce = key_schedule(shared, info)
    return AESGCM(aead_key).decrypt(nonce, ciphertext, b"")


def decapsulated(dh: bytes, enc: bytes, recipient: bytes) -> bytes:
    """Return the KEM's shared secret (§4.1, Decap): `dh` is ECDH's x-coordinate, points are raw."""
    pseudorandom = _labeled_extract(_KEM_SUITE, b"", b"eae_prk", dh)
    return _labeled_expand(_KEM_SUITE, pseudorandom, b"shared_secret", enc + recipient, _SECRET)


def key_schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Return the AEAD key and base nonce of base mode (§5.1)."""
    identity = _labeled_extract(_SUITE, b"", b"psk_id_hash", b"")
    context = _BASE + identity + _labeled_extract(_SUITE, b"", b"info_hash", info)
    secret = _labeled_extract(_SUITE, shared, b"secret", b"")
    key = _labeled_expand(_SUITE, secret, b"key", context, _KEY)
    return key, _labeled_expand(_SUITE, secret, b"base_nonce", context, _NONCE)


def _labeled_extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + material, _HASH)


def _labeled_expand(
    suite: bytes, pseudorandom: bytes, label: bytes, info: bytes, size: int
) -> bytes:
    """HKDF-Expand's first block: no more than one hash is ever asked for."""
    labeled = size.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return hmac.digest(pseudorandom, labeled + b"\x01", _HASH)[:size]
