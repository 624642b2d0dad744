"""Keys of any suite: which suite a key is of, its id, and what a private key does.

The suites' own files hold the algorithms; this one only finds the right one for a key.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schemas.errors import ConfigError
from signer.suites import p256_aes256gcm, sm2, sm2_sm4gcm
from signer.suites.sm2 import Sm2PrivateKey, Sm2PublicKey

PrivateKey = ec.EllipticCurvePrivateKey | Sm2PrivateKey
PublicKey = ec.EllipticCurvePublicKey | Sm2PublicKey

P256 = p256_aes256gcm.NAME
SM2 = sm2_sm4gcm.NAME

NAMES = (P256, SM2)
"""Every suite this product has, installed or not; the first is the default."""


def require_suite(name: str, where: str = "") -> str:
    """Return the name of a suite that can be used here.

    Args:
        name: The suite's name.
        where: What asks for it, for the error.

    Raises:
        ConfigError: `SUITE_NAME` when there is none of that name; `GM_NOT_INSTALLED`.
    """
    if name not in NAMES:
        raise ConfigError(
            "SUITE_NAME",
            "没有这一密码套件",
            "there is no such suite",
            remedy_zh=f"可用：{'、'.join(NAMES)}",
            remedy_en=f"There are: {', '.join(NAMES)}",
            where=where or repr(name[:64]),
        )
    if name == SM2:
        sm2.require_installed(where)
    return name


def suite_of(key: PrivateKey | PublicKey) -> str:
    """Return the name of the suite a key is of."""
    return SM2 if isinstance(key, Sm2PrivateKey | Sm2PublicKey) else P256


def spki(key: PublicKey) -> bytes:
    """Return a key's DER SubjectPublicKeyInfo: the named curve, the point uncompressed."""
    if isinstance(key, Sm2PublicKey):
        return key.spki
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_key_id(key: PublicKey) -> bytes:
    """Return a key's id: SHA-256 of its DER SubjectPublicKeyInfo, whatever the suite."""
    return hashlib.sha256(spki(key)).digest()


def generate(suite: str) -> PrivateKey:
    """Make a private key of a suite.

    Raises:
        ConfigError: As `require_suite`.
    """
    return (
        sm2.generate() if require_suite(suite) == SM2 else ec.generate_private_key(ec.SECP256R1())
    )


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Return the raw signature of the key's suite.

    Raises:
        ConfigError: `GM_NOT_INSTALLED`.
    """
    if isinstance(key, Sm2PrivateKey):
        return sm2.sign(key, data)
    return p256_aes256gcm.sign(key, data)


def open_epoch(key: PrivateKey, sealed: bytes, info: bytes) -> bytes:
    """Open a sealed epoch secret.

    Raises:
        SuiteError: `EPOCH_INVALID` when the bytes do not open under this key and context.
        ConfigError: `GM_NOT_INSTALLED`.
    """
    if isinstance(key, Sm2PrivateKey):
        return sm2_sm4gcm.open_epoch(key, sealed, info)
    return p256_aes256gcm.open_epoch(key, sealed, info)
