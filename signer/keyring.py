"""The key ring: the only thing that touches private keys.

The envelope code asks a ring to sign or to open; it never sees a private key. `FileKeyRing`
(keyfiles.py) holds PKCS#8 files; other holders (an HSM) implement the same protocol.

A ring may hold keys of several suites. One signing key is its first: the one that signs where
nobody asks for another, and so what the hub signs the directory with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class KeyRing(Protocol):
    """Private keys of one participant."""

    @property
    def signing_key(self) -> bytes:
        """Id (32 bytes) of the first signing key."""
        ...

    @property
    def signing_suite(self) -> str:
        """Suite of the first signing key."""
        ...

    @property
    def signing_keys(self) -> Mapping[str, bytes]:
        """Ids of the keys that sign now: one for each suite, the first one first."""
        ...

    @property
    def encryption_keys(self) -> tuple[bytes, ...]:
        """Ids of the encryption keys held, the newest first."""
        ...

    def sign(self, data: bytes, suite: str | None = None) -> bytes:
        """Sign `data` with a current signing key; returns the suite's raw signature.

        Args:
            data: What is signed.
            suite: Whose key signs, one of `signing_keys`; by default the first.

        Raises:
            KeyRingError: `KEY_UNUSABLE` when the key cannot sign, `KEY_NOT_HELD` when there is none
                of that suite.
        """
        ...

    def open_epoch(self, key: bytes, sealed: bytes, info: bytes) -> bytes:
        """Open a sealed epoch secret with the encryption key `key`.

        Args:
            key: Key id, 32 bytes.
            sealed: The sealed bytes, as the suite of the key defines them.
            info: The context both sides bind.

        Returns:
            The 32-byte epoch secret.

        Raises:
            KeyRingError: `KEY_NOT_HELD` when the ring lacks that key, `EPOCH_INVALID` when the
                bytes do not open.
        """
        ...
