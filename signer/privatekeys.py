"""Private key files: encrypted PKCS#8 PEM, of P-256 and of SM2 keys."""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_der_private_key,
)

from signer.errors import KeyFileError
from signer.secretfiles import read_secret
from signer.sm2pkcs8 import decrypt_key, encrypt_key
from signer.suites.keys import PrivateKey
from signer.suites.sm2 import Sm2PrivateKey

_BEGIN = "-----BEGIN ENCRYPTED PRIVATE KEY-----"
_END = "-----END ENCRYPTED PRIVATE KEY-----"
_LINE = 64
_PEM = re.compile(
    rb"\s*-----BEGIN ENCRYPTED PRIVATE KEY-----\s(?P<body>[A-Za-z0-9+/=\s]+)"
    rb"-----END ENCRYPTED PRIVATE KEY-----\s*"
)


def read_private_key(path: Path, passphrase: bytes) -> PrivateKey:
    """Read an encrypted PKCS#8 PEM file that holds a P-256 or an SM2 key.

    Raises:
        KeyFileError: `KEY_FILE_MALFORMED`, `KEY_FILE_UNENCRYPTED`, `KEY_PASSPHRASE`, `KEY_CURVE`,
            and the codes of `read_secret`.
        ConfigError: `GM_NOT_INSTALLED` for an SM2 key where the extra `gm` is missing.
    """
    data = read_secret(path)
    if b"PRIVATE KEY-----" in data and b"ENCRYPTED" not in data:
        raise KeyFileError(
            "KEY_FILE_UNENCRYPTED",
            "私钥文件未加密",
            "the private key file is not encrypted",
            remedy_zh="请重新签发，或用 openssl pkcs8 -topk8 加密",
            remedy_en="Issue it again, or encrypt it with `openssl pkcs8 -topk8`",
            where=str(path),
        )
    block = _PEM.fullmatch(data)
    try:
        body = b"".join((block["body"] if block else b"!").split())
        der = base64.b64decode(body, validate=True)
    except binascii.Error:
        raise KeyFileError(
            "KEY_FILE_MALFORMED",
            "不是加密的 PEM 私钥",
            "no encrypted private key in PEM form",
            remedy_zh="请核对路径；若文件已损坏，请从备份恢复或重新签发（hedui ca issue）",
            remedy_en="Check the path; if the file is damaged, restore it or have it issued again",
            where=str(path),
        ) from None
    try:
        key = load_der_private_key(der, passphrase)
    except UnsupportedAlgorithm:
        return _sm2_key(der, passphrase, path)  # the passphrase was right, the curve unknown
    except ValueError:
        raise KeyFileError(
            "KEY_PASSPHRASE",
            "口令打不开私钥文件",
            "the passphrase does not open the private key file",
            remedy_zh="请核对口令文件；若口令无误，则密钥文件已损坏",
            remedy_en="Check the passphrase file; if it is right, the key file is damaged",
            where=str(path),
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _curve(path)
    return key


def read_p256_key(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a file that must hold a P-256 key; errors as `read_private_key`."""
    key = read_private_key(path, passphrase)
    if isinstance(key, Sm2PrivateKey):
        raise _curve(path)
    return key


def private_key_pem(key: PrivateKey, passphrase: bytes) -> bytes:
    """Return a private key as encrypted PKCS#8 PEM, as `read_private_key` reads it."""
    if isinstance(key, Sm2PrivateKey):
        lines = textwrap.wrap(base64.b64encode(encrypt_key(key, passphrase)).decode(), _LINE)
        return "".join(f"{line}\n" for line in (_BEGIN, *lines, _END)).encode()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))


def _sm2_key(der: bytes, passphrase: bytes, path: Path) -> Sm2PrivateKey:
    try:
        return decrypt_key(der, passphrase)
    except ValueError:
        raise _curve(path) from None


def _curve(path: Path) -> KeyFileError:
    return KeyFileError(
        "KEY_CURVE",
        "私钥不是 P-256 或 SM2 密钥",
        "the private key is neither a P-256 nor an SM2 key",
        remedy_zh="请用 hedui ca issue 签发的密钥",
        remedy_en="Use the keys that `hedui ca issue` made",
        where=str(path),
    )
