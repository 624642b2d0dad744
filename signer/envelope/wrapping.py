"""How content and epoch secrets come and go, on both sides (spec §7).

A `Sealer` belongs to one process: it makes content secrets and keeps the epoch of each recipient
key. An `EpochCache` belongs to one receiver: it remembers opened epochs, bounded.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from threading import Lock
from uuid import UUID

from signer.envelope.format import Recipient
from signer.envelope.labels import epoch_info, kek
from signer.keyring import KeyRing
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


class EpochCache:
    """Opened epoch secrets of one receiver: an LRU for each source, so none can crowd another out.

    It is filled only after the origin's signature verified. Several threads may use one.
    """

    def __init__(self, per_source: int = 64) -> None:
        self._per_source = per_source
        self._lock = Lock()
        self._sources: dict[str, OrderedDict[tuple[bytes, bytes, bytes], bytes]] = {}

    def open(self, ring: KeyRing, source: str, recipient: Recipient, info: bytes) -> bytes:
        """Return the epoch secret, opening it with the ring when it is not remembered.

        Raises:
            KeyRingError: `KEY_NOT_HELD` or `EPOCH_INVALID`.
        """
        name = (recipient.key, recipient.epoch, info)
        with self._lock:
            lru = self._sources.setdefault(source, OrderedDict())
            if name in lru:
                lru.move_to_end(name)
                return lru[name]
        # Outside the lock: two threads that open the same epoch find the same secret.
        secret = ring.open_epoch(recipient.key, recipient.epoch, info)
        with self._lock:
            lru[name] = secret
            lru.move_to_end(name)
            if len(lru) > self._per_source:
                lru.popitem(last=False)
        return secret
