"""What a cipher suite offers. A suite binds its algorithms and layouts for ever."""

from __future__ import annotations

from typing import Protocol

from schemas.errors import HeduiError

SECRET_SIZE = 32
HASH_SIZE = 32


class SuiteError(HeduiError):
    """A primitive refused its input: a bad tag, a bad signature, a bad key."""


class Suite(Protocol):
    """The algorithms of one suite. All methods are pure; private keys stay in a key ring."""

    @property
    def name(self) -> str:
        """Name and version as it stands on the wire, e.g. `p256-aes256gcm/1`."""
        ...

    def hash(self, *parts: bytes) -> bytes:
        """Return the 32-byte hash of the parts' concatenation."""
        ...

    def kdf(self, secret: bytes, info: bytes) -> bytes:
        """Derive 32 bytes from a uniform 32-byte secret (HKDF-Expand, RFC 5869 §2.3)."""
        ...

    def aead_seal(self, key: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Encrypt under a key that is used once, with the all-zero nonce."""
        ...

    def aead_open(self, key: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """Decrypt what `aead_seal` made.

        Raises:
            SuiteError: `AEAD_TAG` when the tag does not verify.
        """
        ...

    def verify(self, public_key: object, signature: bytes, data: bytes) -> None:
        """Verify a raw signature.

        Raises:
            SuiteError: `SIGNATURE_FORM` for a wrong length, an out-of-range or a high-s value;
                `SIGNATURE_INVALID` when it does not verify.
        """
        ...

    def seal_epoch(self, public_key: object, secret: bytes, info: bytes) -> bytes:
        """Seal a 32-byte epoch secret to an encryption key, binding `info`."""
        ...
