"""The bare primitives that suite p256-aes256gcm/1 needs, as the libraries give them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import statistics
import time
import zlib
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SHA256, ENCRYPT, DECRYPT = "SHA-256", "AES-256-GCM, encrypt", "AES-256-GCM, decrypt"
DERIVE, SIGN, VERIFY = "HMAC-SHA-256, short", "P-256, sign", "P-256, verify"
ENCAPSULATE, DECAPSULATE = "HPKE P-256, seal", "HPKE P-256, open"
DEFLATE = "deflate (Roster, Consent, Answer only)"

_NONCE = bytes(12)
_ENOUGH = 0.02
"""Seconds of CPU that a round of one primitive takes at least."""


def primitives(data: bytes, rounds: int) -> dict[str, float]:
    """Return the cost of each over the same bytes, medians in microseconds of CPU."""
    key, gcm = secrets.token_bytes(32), AESGCM(secrets.token_bytes(32))
    sealed = gcm.encrypt(_NONCE, data, key)
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    signing = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    head = secrets.token_bytes(98)
    signature = private.sign(head, signing)
    kem = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    epoch = kem.encrypt(key, public, head)
    works: dict[str, Callable[[], object]] = {
        SHA256: lambda: hashlib.sha256(data).digest(),
        ENCRYPT: lambda: AESGCM(key).encrypt(_NONCE, data, key),
        DECRYPT: lambda: gcm.decrypt(_NONCE, sealed, key),
        DERIVE: lambda: hmac.digest(key, head, "sha256"),
        SIGN: lambda: private.sign(head, signing),
        VERIFY: lambda: public.verify(signature, head, signing),
        ENCAPSULATE: lambda: kem.encrypt(key, public, head),
        DECAPSULATE: lambda: kem.decrypt(epoch, private, head),
        DEFLATE: lambda: zlib.compress(data, wbits=-zlib.MAX_WBITS),
    }
    counts = {name: _enough(work) for name, work in works.items()}
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(_timed(work, counts[name]))
    return {name: round(statistics.median(spent), 2) for name, spent in taken.items()}


def _enough(work: Callable[[], object]) -> int:
    count = 8
    while _timed(work, count) * count < 1e6 * _ENOUGH:
        count *= 2
    return count


def _timed(work: Callable[[], object], count: int) -> float:
    begun = time.process_time()
    for _ in range(count):
        work()
    return 1e6 * (time.process_time() - begun) / count
