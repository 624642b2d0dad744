"""Suite `sm2-sm4gcm/1`, 国密, there where the extra `gm` is installed.

SM2 with SM3 (GB/T 32918.2; raw r‖s, the standard's default user id), plain SM2 encryption
(GB/T 32918.4; C1‖C3‖C2) of the epoch secret together with SM3 of its context, SM4-GCM bodies
(RFC 8998 §2.1), SM3 as H (GB/T 32905), HKDF-Expand with HMAC-SM3 (RFC 5869) as KDF.

SM2 has no low-s rule and needs none: of a signature nobody but the key's owner can make another one
(docs/spec/envelope.md §3.1).
"""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC

from signer.suites import sm2
from signer.suites.sm2 import Sm2PrivateKey, Sm2PublicKey
from signer.suites.suite import HASH_SIZE, SECRET_SIZE, SuiteError

NAME = "sm2-sm4gcm/1"

_KEY_SIZE = 16
_TAG_SIZE = 16
_ZERO_NONCE = bytes(12)
_SEALED_SIZE = sm2.OVERHEAD + SECRET_SIZE + HASH_SIZE


class Sm2Sm4Gcm:
    """The suite's pure side; see `Suite` for the contract of each method."""

    @property
    def name(self) -> str:
        """Name on the wire."""
        return NAME

    def hash(self, *parts: bytes) -> bytes:
        """SM3."""
        return sm2.sm3(*parts)

    def kdf(self, secret: bytes, info: bytes) -> bytes:
        """HKDF-Expand with SM3 to 32 bytes: T(1) = HMAC-SM3(secret, info ‖ 0x01)."""
        return _hmac(secret, info + b"\x01")

    def aead_seal(self, key: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """SM4-GCM under the first 16 bytes of the key, zero nonce: the key is used once."""
        return _gcm_seal(key[:_KEY_SIZE], _ZERO_NONCE, plaintext, aad)

    def aead_open(self, key: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """SM4-GCM under the first 16 bytes of the key, zero nonce."""
        return _gcm_open(key[:_KEY_SIZE], _ZERO_NONCE, ciphertext, aad)

    def verify(self, public_key: object, signature: bytes, data: bytes) -> None:
        """SM2 with SM3 over raw r‖s."""
        if not isinstance(public_key, Sm2PublicKey):
            raise SuiteError("SIGNATURE_FORM", "签名密钥类型不符", "not an SM2 public key")
        sm2.verify(public_key, signature, data)

    def seal_epoch(self, public_key: object, secret: bytes, info: bytes) -> bytes:
        """SM2 encryption of secret ‖ SM3(info): the context stands under the ciphertext's hash."""
        if not isinstance(public_key, Sm2PublicKey):
            raise SuiteError("EPOCH_KEY", "加密密钥类型不符", "not an SM2 public key")
        return sm2.encrypt(public_key, secret + sm2.sm3(info))


def open_epoch(private_key: Sm2PrivateKey, sealed: bytes, info: bytes) -> bytes:
    """Open what `seal_epoch` made.

    Raises:
        SuiteError: `EPOCH_INVALID` when the bytes do not open under this key and context.
    """
    try:
        if len(sealed) != _SEALED_SIZE:
            raise _invalid()
        plaintext = sm2.decrypt(private_key, sealed)
    except SuiteError:
        raise _invalid() from None
    if not hmac.compare_digest(plaintext[SECRET_SIZE:], sm2.sm3(info)):
        raise _invalid()
    return plaintext[:SECRET_SIZE]


def _hmac(key: bytes, data: bytes) -> bytes:
    block = HMAC(key, hashes.SM3())
    block.update(data)
    return block.finalize()


def _gcm_seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def _gcm_open(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    body, tag = ciphertext[:-_TAG_SIZE], ciphertext[-_TAG_SIZE:]
    try:
        decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(aad)
        return decryptor.update(body) + decryptor.finalize()
    except (InvalidTag, ValueError) as error:
        raise SuiteError("AEAD_TAG", "密文校验失败", "the ciphertext's tag is wrong") from error


def _invalid() -> SuiteError:
    return SuiteError("EPOCH_INVALID", "会话密钥无法解封", "the epoch secret does not open")
