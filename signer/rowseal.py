"""Seals the rows of one version of a table at rest, many of them and fast.

Each version has an AES-256-GCM key of its own, derived from the store key
(`StoreKey.row_seal`), so that random 96-bit nonces serve for 2^32 rows of each. What a row belongs
to (its person's token, its ordinal) is authenticated with it: a row that somebody moved to another
person, place or version in the database does not open.
"""

from __future__ import annotations

from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from signer.errors import KeyRingError

_NONCE = 12
_TAG = 16


class RowSeal:
    """Seals and opens the rows of one version. Made by `StoreKey.row_seal`.

    Args:
        key: The version's 32-byte key.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, record: bytes, person: bytes, ordinal: int) -> bytes:
        """Seal a row: nonce (12) ‖ ciphertext ‖ tag (16).

        Args:
            record: Its bytes.
            person: The token of the person it is about.
            ordinal: Its number in the version.
        """
        nonce = token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, record, _place(person, ordinal))

    def open(self, sealed: bytes, person: bytes, ordinal: int) -> bytes:
        """Open what `seal` made.

        Raises:
            KeyRingError: `ROW_SEAL_INVALID` when it was not sealed for this place.
        """
        if len(sealed) >= _NONCE + _TAG:
            try:
                return self._cipher.decrypt(
                    sealed[:_NONCE], sealed[_NONCE:], _place(person, ordinal)
                )
            except InvalidTag:
                pass
        raise KeyRingError(
            "ROW_SEAL_INVALID",
            "存储的数据行无法解封",
            "a stored row does not open under this store key",
            remedy_zh="请核对数据库与存储密钥是否配套",
            remedy_en="Check that database and store key belong together",
        )


def _place(person: bytes, ordinal: int) -> bytes:
    return ordinal.to_bytes(8) + person
