"""The key ring: the only thing that touches private keys.

The envelope code asks a ring to sign or to open; it never sees a private key. `FileKeyRing`
(keyfiles.py) holds PKCS#8 files; other holders (an HSM) implement the same protocol.
"""

from __future__ import annotations

from typing import Protocol


class KeyRing(Protocol):
    """Private keys of one participant."""

    @property
    def signing_key(self) -> bytes:
        """Id (32 bytes) of the key that signs now."""
        ...

    @property
    def signing_suite(self) -> str:
        """Suite of the key that signs now."""
        ...

    @property
    def encryption_keys(self) -> tuple[bytes, ...]:
        """Ids of the encryption keys held, the newest first."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign `data` with the current signing key; returns the suite's raw signature.

        Raises:
            KeyRingError: `KEY_UNUSABLE` when the key cannot sign.
        """
        ...

    def open_epoch(self, key: bytes, sealed: bytes, info: bytes) -> bytes:
        """Open a sealed epoch secret with the encryption key `key`.

        Args:
            key: Key id, 32 bytes.
            sealed: The suite's sealed bytes (for HPKE: enc ‖ ciphertext).
            info: The context both sides bind.

        Returns:
            The 32-byte epoch secret.

        Raises:
            KeyRingError: `KEY_NOT_HELD` when the ring lacks that key, `EPOCH_INVALID` when the
                bytes do not open.
        """
        ...
