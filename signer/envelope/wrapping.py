"""How a sender makes content secrets and wraps them under epoch secrets (spec §7).

A `Sealer` belongs to one process: it makes content secrets and keeps the epoch of each recipient
key. What a receiver remembers stands in caches.py.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from signer.envelope.format import Recipient
from signer.envelope.labels import epoch_info, kek
from signer.suites import Suite
from signer.suites.suite import SECRET_SIZE

EPOCH_LIFETIME = timedelta(minutes=10)
EPOCH_MESSAGES = 10_000

Entropy = Callable[[int], bytes]
"""Returns that many bytes of OS randomness."""


class ContentSecrets:
    """Makes content secrets that stay distinct even under a weak random source."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._process_key = entropy(SECRET_SIZE)
        self._counter = count(1)

    def fresh(self, h: Suite, message_id: UUID, plaintext: bytes) -> bytes:
        """Return HMAC(process key, randomness ‖ u64(counter) ‖ message id ‖ H(plaintext))."""
        data = b"".join(
            (
                self._entropy(SECRET_SIZE),
                next(self._counter).to_bytes(8),
                message_id.bytes,
                h.hash(plaintext),
            )
        )
        return hmac.digest(self._process_key, data, "sha256")


@dataclass
class _Epoch:
    secret: bytes
    sealed: bytes
    start: datetime
    messages: int


class Epochs:
    """The epoch secrets one sender instance uses, one for each recipient key and signing key."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._epochs: dict[tuple[bytes, bytes], _Epoch] = {}

    def wrap(
        self,
        h: Suite,
        signer: bytes,
        recipient: tuple[bytes, object],
        protected: bytes,
        secret: bytes,
        now: datetime,
    ) -> Recipient:
        """Wrap a content secret for one recipient.

        Args:
            h: The recipient key's suite.
            signer: Key id of the signing key of the statement that lists the recipient.
            recipient: The recipient's key id and public key.
            protected: The header's bytes.
            secret: The content secret, 32 bytes.
            now: The statement's `forwarded`.
        """
        key, public_key = recipient
        epoch = self._epochs.get((signer, key))
        if epoch is None or self._spent(epoch, now):
            fresh = self._entropy(SECRET_SIZE)
            sealed = h.seal_epoch(public_key, fresh, epoch_info(h.name, signer, key, now))
            epoch = self._epochs[(signer, key)] = _Epoch(fresh, sealed, now, 0)
        epoch.messages += 1
        wrapping = kek(h, epoch.secret, signer, key, epoch.sealed, protected)
        wrapped = h.aead_seal(wrapping, secret, b"")
        return Recipient(h.name, key, epoch.start, epoch.sealed, wrapped)

    @staticmethod
    def _spent(epoch: _Epoch, now: datetime) -> bool:
        age = now - epoch.start
        return not (timedelta(0) <= age < EPOCH_LIFETIME) or epoch.messages >= EPOCH_MESSAGES
