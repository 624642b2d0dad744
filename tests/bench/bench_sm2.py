"""What SM2 costs beside P-256, and whether processes of its own would pay (ADR 0018).

    .venv/bin/python tests/bench/bench_sm2.py

Times of operations are processor time of the calling thread; the pool's are by the clock, so they
mean something on an idle machine only.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import gmssl_pyx

from signer.suites import SUITES, keys, sm2
from signer.suites.keys import P256, SM2

_ROUNDS = 200
_DATA = b"x" * 200
_POOL_CALLS = 512

Signed = tuple[bytes, bytes]


def cost(run: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Return the median processor time of a call, in microseconds."""
    times = []
    for _ in range(rounds):
        began = time.thread_time_ns()
        run()
        times.append(time.thread_time_ns() - began)
    return statistics.median(times) / 1000


def rate(run: Callable[[], object], calls: int) -> float:
    """Return calls a second, by the clock."""
    began = time.perf_counter()
    run()
    return calls / (time.perf_counter() - began)


def operations(suite: str) -> dict[str, float]:
    """Return the cost of each operation of a suite."""
    key, h = keys.generate(suite), SUITES[suite]
    public = key.public_key()
    signature, sealed = keys.sign(key, _DATA), h.seal_epoch(public, bytes(32), b"info")
    return {
        "sign": cost(lambda: keys.sign(key, _DATA)),
        "verify": cost(lambda: h.verify(public, signature, _DATA)),
        "seal an epoch": cost(lambda: h.seal_epoch(public, bytes(32), b"info")),
        "open an epoch": cost(lambda: keys.open_epoch(key, sealed, b"info")),
        "hash of 64 KB": cost(lambda: h.hash(bytes(65536))),
        "AEAD of 64 KB": cost(lambda: h.aead_seal(bytes(32), bytes(65536), b"")),
    }


def verify_all(point: bytes, signed: Sequence[Signed]) -> int:
    """Verify signatures in a worker process."""
    key = sm2.Sm2PublicKey(point)
    for signature, data in signed:
        sm2.verify(key, signature, data)
    return len(signed)


def pooled(pool: ProcessPoolExecutor, point: bytes, chunks: Sequence[Sequence[Signed]]) -> int:
    """Verify chunks of signatures in the pool."""
    return sum(pool.map(partial(verify_all, point), chunks))


def main() -> int:
    """Run the command; returns the exit status."""
    say = partial(print, file=sys.stdout)
    ours, theirs = operations(SM2), operations(P256)
    say(f"{'operation':<16}{'SM2 us':>10}{'P-256 us':>10}")
    for name, taken in ours.items():
        say(f"{name:<16}{taken:>10.0f}{theirs[name]:>10.0f}")
    key = sm2.generate()
    whole = cost(lambda: gmssl_pyx.sm2_sign(key.number, key.public.point, _DATA))
    say(f"{'sign a message':<16}{whole:>10.0f}{'':>10}  (the library's, without the digest)")
    point = key.public.point
    signed = [(keys.sign(key, bytes([i % 256])), bytes([i % 256])) for i in range(_POOL_CALLS)]
    alone = rate(lambda: verify_all(point, signed), len(signed))
    say(f"\n{'verifications a second, alone':<32}{alone:>8.0f}")
    with ProcessPoolExecutor(2) as pool:
        pooled(pool, point, [signed[:1]] * 4)  # both processes are up before the clock starts
        for size in (1, 8, 64):
            chunks = [signed[i : i + size] for i in range(0, len(signed), size)]
            done = rate(partial(pooled, pool, point, chunks), len(signed))
            say(f"{f'pool of 2, {size} at a time':<32}{done:>8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
