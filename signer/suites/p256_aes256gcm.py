"""Suite `p256-aes256gcm/1`, the default.

ECDSA P-256 with SHA-256 (FIPS 186-5; raw r‖s, low-s), HPKE base mode DHKEM(P-256, HKDF-SHA256) /
HKDF-SHA256 / AES-256-GCM (RFC 9180) for epoch secrets, AES-256-GCM bodies (NIST SP 800-38D),
SHA-256 as H, HKDF-Expand-SHA256 (RFC 5869) as KDF. P-256 because a CSR can prove possession of
such a key and every HSM holds one.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TypeGuard

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from signer.suites.hpke_p256 import AgreementKey, open_single_shot
from signer.suites.suite import SuiteError

NAME = "p256-aes256gcm/1"

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF = _ORDER // 2
_ZERO_NONCE = bytes(12)
_SIGNATURE_SIZE = 64
_HPKE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_VERIFY = ec.ECDSA(hashes.SHA256())
_SIGN = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class P256Aes256Gcm:
    """The suite's pure side; see `Suite` for the contract of each method."""

    @property
    def name(self) -> str:
        """Name on the wire."""
        return NAME

    def hash(self, *parts: bytes) -> bytes:
        """SHA-256."""
        return hashlib.sha256(b"".join(parts)).digest()

    def kdf(self, secret: bytes, info: bytes) -> bytes:
        """HKDF-Expand-SHA256 to 32 bytes: its only block, T(1) = HMAC(secret, info ‖ 0x01)."""
        return hmac.digest(secret, info + b"\x01", "sha256")

    def aead_seal(self, key: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """AES-256-GCM, zero nonce: the key is used once."""
        return AESGCM(key).encrypt(_ZERO_NONCE, plaintext, aad)

    def aead_open(self, key: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """AES-256-GCM, zero nonce."""
        try:
            return AESGCM(key).decrypt(_ZERO_NONCE, ciphertext, aad)
        except (InvalidTag, ValueError) as error:
            raise SuiteError("AEAD_TAG", "密文校验失败", "the ciphertext's tag is wrong") from error

    def verify(self, public_key: object, signature: bytes, data: bytes) -> None:
        """ECDSA P-256/SHA-256 over raw r‖s; s above n/2 is refused, so a signature is unique."""
        if not _is_p256(public_key):
            raise SuiteError("SIGNATURE_FORM", "签名密钥类型不符", "not a P-256 public key")
        if len(signature) != _SIGNATURE_SIZE:
            raise SuiteError("SIGNATURE_FORM", "签名长度应为 64 字节", "a signature has 64 bytes")
        r = int.from_bytes(signature[:32])
        s = int.from_bytes(signature[32:])
        if not (0 < r < _ORDER and 0 < s <= _HALF):
            raise SuiteError("SIGNATURE_FORM", "签名值越界", "r or s is out of range, or s is high")
        try:
            public_key.verify(encode_dss_signature(r, s), data, _VERIFY)
        except InvalidSignature as error:
            raise SuiteError("SIGNATURE_INVALID", "签名无效", "the signature is invalid") from error

    def seal_epoch(self, public_key: object, secret: bytes, info: bytes) -> bytes:
        """HPKE single-shot seal; `info` carries the context, there is no AAD."""
        if not _is_p256(public_key):
            raise SuiteError("EPOCH_KEY", "加密密钥类型不符", "not a P-256 public key")
        return _HPKE.encrypt(secret, public_key, info)


def sign(private_key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Sign deterministically (RFC 6979) and return raw r‖s with low s (64 bytes)."""
    r, s = decode_dss_signature(private_key.sign(data, _SIGN))
    return r.to_bytes(32) + min(s, _ORDER - s).to_bytes(32)


def open_epoch(private_key: ec.EllipticCurvePrivateKey, sealed: bytes, info: bytes) -> bytes:
    """HPKE single-shot open.

    Raises:
        SuiteError: `EPOCH_INVALID` when the bytes do not open under this key and context.
    """
    try:
        if isinstance(private_key, AgreementKey):
            return open_single_shot(private_key, sealed, info)
        return _HPKE.decrypt(sealed, private_key, info)
    except (InvalidTag, TypeError, ValueError) as error:  # TypeError: a key of another curve
        raise SuiteError(
            "EPOCH_INVALID", "会话密钥无法解封", "the epoch secret does not open"
        ) from error


def _is_p256(public_key: object) -> TypeGuard[ec.EllipticCurvePublicKey]:
    # Any other curve of the library would verify just as well, under another security level.
    return isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(
        public_key.curve, ec.SECP256R1
    )
