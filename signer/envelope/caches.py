"""What a receiver remembers so as not to do asymmetric work twice: opened epochs, verified heads.

Each is an LRU for each source, so that none can crowd another out, and is filled only with what
verified. What is remembered stands for one computation and for nothing else: validity, revocation
and role are checked for each message anew.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

from signer.envelope.format import Recipient
from signer.keyring import KeyRing

Name = TypeVar("Name")
Value = TypeVar("Value")


class PerSource(Generic[Name, Value]):
    """A bounded number of values of each source, the least recently used forgotten first.

    Several threads may use one.
    """

    def __init__(self, per_source: int) -> None:
        self._per_source = per_source
        self._lock = Lock()
        self._sources: dict[str, OrderedDict[Name, Value]] = {}

    def get(self, source: str, name: Name) -> Value | None:
        """Return what is remembered, or None."""
        with self._lock:
            lru = self._sources.get(source)
            if lru is None or name not in lru:
                return None
            lru.move_to_end(name)
            return lru[name]

    def put(self, source: str, name: Name, value: Value) -> None:
        """Remember a value."""
        with self._lock:
            lru = self._sources.setdefault(source, OrderedDict())
            lru[name] = value
            lru.move_to_end(name)
            if len(lru) > self._per_source:
                lru.popitem(last=False)


class EpochCache:
    """Opened epoch secrets of one receiver, by the source of the messages that carry them.

    It is filled only after the origin's signature verified.
    """

    def __init__(self, per_source: int = 64) -> None:
        self._opened: PerSource[tuple[bytes, bytes, bytes], bytes] = PerSource(per_source)

    def open(self, ring: KeyRing, source: str, recipient: Recipient, info: bytes) -> bytes:
        """Return the epoch secret, opening it with the ring when it is not remembered.

        Raises:
            KeyRingError: `KEY_NOT_HELD` or `EPOCH_INVALID`.
        """
        name = (recipient.key, recipient.epoch, info)
        secret = self._opened.get(source, name)
        if secret is None:
            # Two threads that open the same epoch find the same secret.
            secret = ring.open_epoch(recipient.key, recipient.epoch, info)
            self._opened.put(source, name, secret)
        return secret


class VerifiedHeads:
    """Signatures of batches that verified, by the participant that made them.

    A head names suite, key, size and root; the key's id determines the public key. The signature
    itself belongs to the name: other bytes over a known head were never verified. The head of a
    message alone has no other leaf to vouch for, so it is not kept.
    """

    def __init__(self, per_signer: int = 256) -> None:
        self._heads: PerSource[tuple[bytes, bytes], bool] = PerSource(per_signer)

    def known(self, signer: str, head: bytes, signature: bytes) -> bool:
        """Whether this very signature over this head verified before."""
        return self._heads.get(signer, (head, signature)) is not None

    def remember(self, signer: str, head: bytes, signature: bytes) -> None:
        """Remember a signature that verified."""
        self._heads.put(signer, (head, signature), True)
