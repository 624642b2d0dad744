"""The store key: what seals personal data at rest, and finds a person without storing who it is.

One 32-byte key K per store, from which HKDF-Expand (RFC 5869) derives a key for each purpose:
`hedui/store-wrap/1` wraps content secrets with AES-256-GCM under random 96-bit nonces (good for
2^32 wraps, NIST SP 800-38D §8.3), `hedui/store-person/1` keys the HMAC-SHA256 of a person's id, so
that equal persons have equal tokens in this store and nobody can guess them without K,
`hedui/store-token/1` that of an operator's token, so that a copy of the store lets nobody in, and
`hedui/store-rows/1` ‖ version id the rows of one version of an uploaded table (`signer.rowseal`).

On disk, mode 0600, K stands sealed under a passphrase:

    "HDSK1" ‖ salt (16) ‖ nonce (12) ‖ AES-256-GCM(key, nonce, K, aad = "HDSK1" ‖ salt)
    key = scrypt(passphrase, salt, N = 2^15, r = 8, p = 1, 32 bytes)            (RFC 7914)
"""

from __future__ import annotations

import hmac
from pathlib import Path
from secrets import token_bytes
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from signer.errors import KeyFileError, KeyRingError
from signer.rowseal import RowSeal
from signer.secretfiles import read_secret, write_new

_MAGIC = b"HDSK1"
_KEY = 32
_SALT = 16
_NONCE = 12
_TAG = 16
_HEAD = len(_MAGIC) + _SALT
_FILE_SIZE = _HEAD + _NONCE + _KEY + _TAG


class StoreKey:
    """Seals small secrets for one store. Made by `create`, `load` or `ephemeral`."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._wrapping = AESGCM(_derive(key, b"hedui/store-wrap/1"))
        self._person = _derive(key, b"hedui/store-person/1")
        self._token = _derive(key, b"hedui/store-token/1")

    @classmethod
    def create(cls, path: Path, passphrase: bytes) -> Self:
        """Make a new store key and its file.

        Args:
            path: Where; must not exist.
            passphrase: Seals the key in the file; random, not empty.

        Raises:
            KeyFileError: `KEY_FILE_EXISTS`, `KEY_FILE_UNWRITABLE`.
        """
        made = cls(token_bytes(_KEY))
        made.save(path, passphrase)
        return made

    @classmethod
    def load(cls, path: Path, passphrase: bytes) -> Self:
        """Read a store key from its file.

        Raises:
            KeyFileError: `KEY_FILE_MISSING`, `KEY_FILE_READABLE`, `KEY_FILE_UNREADABLE`,
                `KEY_FILE_MALFORMED`, `KEY_PASSPHRASE`.
        """
        data = read_secret(path)
        if len(data) != _FILE_SIZE or not data.startswith(_MAGIC):
            raise KeyFileError(
                "KEY_FILE_MALFORMED",
                "不是存储密钥文件",
                "not a store key file",
                remedy_zh="请核对 [keys] store_key；若文件已损坏，请从备份恢复",
                remedy_en="Check [keys] store_key; if the file is damaged, restore the backup",
                where=str(path),
            )
        head, nonce, sealed = data[:_HEAD], data[_HEAD : _HEAD + _NONCE], data[_HEAD + _NONCE :]
        try:
            key = AESGCM(_stretch(passphrase, head)).decrypt(nonce, sealed, head)
        except InvalidTag:
            raise KeyFileError(
                "KEY_PASSPHRASE",
                "口令打不开存储密钥",
                "the passphrase does not open the store key",
                remedy_zh="请核对口令文件；若口令无误，则密钥文件已损坏，请用备份恢复",
                remedy_en="Check the passphrase file; if it is right, restore the key file",
                where=str(path),
            ) from None
        return cls(key)

    @classmethod
    def ephemeral(cls) -> Self:
        """Make a key that ends with the process, for stores that do too."""
        return cls(token_bytes(_KEY))

    def save(self, path: Path, passphrase: bytes) -> None:
        """Write the key's file, as `create`.

        Raises:
            KeyFileError: `KEY_FILE_EXISTS`, `KEY_FILE_UNWRITABLE`.
        """
        head = _MAGIC + token_bytes(_SALT)
        nonce = token_bytes(_NONCE)
        sealed = AESGCM(_stretch(passphrase, head)).encrypt(nonce, self._key, head)
        write_new(path, head + nonce + sealed)

    def fingerprint(self) -> str:
        """Return what tells this key from others and nothing about it: 32 hex digits."""
        return _derive(self._key, b"hedui/store-name/1")[:16].hex()

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Seal a secret: nonce (12) ‖ ciphertext ‖ tag (16).

        Args:
            secret: What to keep, e.g. a content secret.
            context: What it belongs to, e.g. the message digest; needed again to unwrap.
        """
        nonce = token_bytes(_NONCE)
        return nonce + self._wrapping.encrypt(nonce, secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Open what `wrap` sealed.

        Raises:
            KeyRingError: `STORE_SECRET_INVALID` when it was not sealed under this key and context.
        """
        if len(wrapped) >= _NONCE + _TAG:
            try:
                return self._wrapping.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], context)
            except InvalidTag:
                pass
        raise KeyRingError(
            "STORE_SECRET_INVALID",
            "存储的密钥无法解封",
            "a stored secret does not open under this store key",
            remedy_zh="请核对数据库与存储密钥是否配套",
            remedy_en="Check that database and store key belong together",
        )

    def person_token(self, id_type: str, id_number: str) -> bytes:
        """Return the 32-byte token under which this store finds a person.

        Args:
            id_type: Code of the ID type.
            id_number: ID number, normalised.
        """
        kind, number = id_type.encode(), id_number.encode()
        return hmac.digest(self._person, len(kind).to_bytes(2) + kind + number, "sha256")

    def row_seal(self, version: UUID) -> RowSeal:
        """Return what seals the rows of one version of an uploaded table.

        Args:
            version: The version's id, never given twice.
        """
        return RowSeal(_derive(self._key, b"hedui/store-rows/1" + version.bytes))

    def operator_mac(self, token: str, secret: bytes) -> bytes:
        """Return the 32-byte code under which this store knows an operator's secret.

        Args:
            token: The token's id.
            secret: Its secret.
        """
        name = token.encode()
        return hmac.digest(self._token, len(name).to_bytes(2) + name + secret, "sha256")


def _derive(key: bytes, label: bytes) -> bytes:
    return HKDFExpand(algorithm=hashes.SHA256(), length=_KEY, info=label).derive(key)


def _stretch(passphrase: bytes, head: bytes) -> bytes:
    salt = head[len(_MAGIC) :]
    return Scrypt(salt=salt, length=_KEY, n=1 << 15, r=8, p=1).derive(passphrase)
