"""`make bench-envelope`: what sealing and opening one message costs, alone and among others.

Beside it, in the same run and round by round in turn: the bare primitives the suite needs, and
Confluent's client-side payload encryption in an environment of its own (bench_confluent.py).
Each message is timed by itself and the median counts, so that what else the machine does meanwhile
falls out. Writes `bench-out/envelope.json`, and with `--docs` the tables of `docs/performance.md`.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench_envelope_report import tables, verdicts
from bench_primitives import primitives
from bench_report import host, write_into
from bench_rival import Rival
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from rich.console import Console

from bus.ports.memory_keyring import MemoryKeyRing
from schemas.loader import encode, load, shipped
from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.certificates import to_key
from signer.directory.view import Directory, Participant
from signer.envelope.chain import Arrival
from signer.envelope.kinds import Kind
from signer.envelope.open import Opener
from signer.envelope.seal import Content, Sealer
from signer.envelope.signing import Sealed
from signer.envelope.verdict import Accept
from signer.identity import HUB, role_of
from signer.suites.p256_aes256gcm import NAME as SUITE
from signer.uuid7 import uuid7

KIB = 1024
SIZES = (1 * KIB, 64 * KIB)
"""Bytes of Avro in a message."""

BATCH = 200
"""Messages under one signature, of one epoch, in steady state."""

ALONE = 40
"""Messages a round that are each the first of an epoch and signed alone."""

ROUNDS = 15
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NODE = "370000"
SCHEMA = load("message/problem.v1")
OUT = Path("bench-out")
DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
MARK = "bench-envelope"

Spent = tuple[float, float]
"""Microseconds a message, to seal and to open."""


class NotOpenedError(Exception):
    """A message did not open as what was sealed."""


def datum_of(size: int) -> dict[str, Any]:
    """Return a payload of exactly that many bytes of Avro, whose text does not repeat."""
    bare = {"about": None, "code": "BENCH", "zh": "性能测试", "en": ""}
    # The text's own length takes one byte where it is empty, up to three else.
    text = random.Random(size).randbytes(size).hex()  # noqa: S311 - the same text in each run
    length = size - len(encode(SCHEMA, bare))
    while len(encode(SCHEMA, {**bare, "en": text[:length]})) > size:
        length -= 1
    return {**bare, "en": text[:length]}


class Stopwatch:
    """Times one thing after another."""

    def __init__(self) -> None:
        self._made: list[Any] = []
        self._times: list[float] = []
        self._since = time.perf_counter()

    def lap(self, made: Any) -> None:
        """Note how long this took, and what it made."""
        now = time.perf_counter()
        self._times.append(1e6 * (now - self._since))
        self._made.append(made)
        self._since = time.perf_counter()

    def read(self) -> tuple[list[Any], list[float]]:
        """Return what was made and the microseconds each took; begin anew."""
        found = self._made, self._times
        self._made, self._times, self._since = [], [], time.perf_counter()
        return found


def typical(times: Sequence[float]) -> float:
    """Return the cost a message: the median, but the first, which pays what all share, as it is."""
    first, *rest = times
    return (first + len(rest) * statistics.median(rest)) / len(times)


@dataclass
class Pair:
    """A node that seals and a hub that opens, under one directory."""

    rings: dict[str, MemoryKeyRing]
    directory: Directory

    @classmethod
    def make(cls) -> Pair:
        issuing = make_issuing(make_root(NOW - timedelta(days=1)), NOW - timedelta(days=1))
        leaves = {name: issue_participant(issuing, name, 1, NOW) for name in (HUB, NODE)}
        listed = {
            name: Participant(
                id=name,
                role=role_of(name),
                parent=None if name == HUB else HUB,
                title=f"测试单位 {name}",
                keys=tuple(to_key(leaf.der) for leaf in found.leaves),
            )
            for name, found in leaves.items()
        }
        rings = {name: MemoryKeyRing.of(found) for name, found in leaves.items()}
        return cls(rings, Directory(1, NOW, NOW + timedelta(minutes=30), listed))

    def sealer(self) -> Sealer:
        return Sealer(NODE, self.rings[NODE], SUITE, secrets.token_bytes)

    def opener(self) -> Opener:
        return Opener(self.rings[HUB], shipped().get)


class Ours:
    """Seals and opens one payload, in steady state or alone."""

    def __init__(self, pair: Pair, datum: dict[str, Any]) -> None:
        self._pair = pair
        self._datum = datum
        self._content = Content(
            Kind.PROBLEM, HUB, uuid7(NOW, secrets.token_bytes), SCHEMA, datum, in_reply_to=bytes(32)
        )
        key = pair.directory.participants[HUB].encryption_key(NOW)
        if key is None:
            raise NotOpenedError("the hub has no key")
        self._readers = (key,)
        self._sealer, self._opener = pair.sealer(), pair.opener()

    def steady(self) -> Spent:
        """A batch of `BATCH` messages, under a signature of its own."""
        watch = Stopwatch()
        for _ in range(BATCH):
            one = self._sealer.prepare(self._content, HUB, self._readers, NOW, 1)
            watch.lap(one)
        prepared, preparing = watch.read()
        # In CPU time: it takes long enough that somebody else may run meanwhile.
        begun = time.process_time()
        records = [(one, one.headers) for one in self._sealer.sign(prepared)]
        signing = 1e6 * (time.process_time() - begun)
        watch.read()
        for one, headers in records:
            self._open(self._opener, one, headers)
            watch.lap(None)
        _, opening = watch.read()
        return typical(preparing) + signing / BATCH, typical(opening)

    def alone(self) -> Spent:
        """`ALONE` messages, each of a sender and a receiver that have met nothing before."""
        sealers = [self._pair.sealer() for _ in range(ALONE)]
        openers = [self._pair.opener() for _ in range(ALONE)]
        watch = Stopwatch()
        for sealer in sealers:
            one = sealer.seal(self._content, HUB, self._readers, NOW, 1)
            watch.lap((one, one.headers))
        records, sealing = watch.read()
        for opener, (one, headers) in zip(openers, records, strict=True):
            self._open(opener, one, headers)
            watch.lap(None)
        _, opening = watch.read()
        return statistics.median(sealing), statistics.median(opening)

    def bare(self) -> Spent:
        """AES-GCM and one SHA-256 of the bytes of a batch, and nothing else; results are kept."""
        data, aad = encode(SCHEMA, self._datum), bytes(32)
        texts = [bytes([number % 256]) + data[1:] for number in range(BATCH)]
        keys = [secrets.token_bytes(32) for _ in texts]
        watch = Stopwatch()
        for key, text in zip(keys, texts, strict=True):
            watch.lap((AESGCM(key).encrypt(bytes(12), text, aad), sha256(text).digest()))
        sealed, sealing = watch.read()
        for key, (text, _) in zip(keys, sealed, strict=True):
            watch.lap((AESGCM(key).decrypt(bytes(12), text, aad), sha256(text).digest()))
        opened, opening = watch.read()
        if [text for text, _ in opened] != texts:
            raise NotOpenedError("AES-GCM")
        return typical(sealing), typical(opening)

    def _open(self, opener: Opener, one: Sealed, headers: tuple[tuple[str, bytes], ...]) -> None:
        arrival = Arrival(HUB, NODE, self._content.conversation.bytes, headers)
        verdict = opener.open(one.data, self._pair.directory, NOW, arrival)
        if not isinstance(verdict, Accept) or verdict.payload != self._datum:
            raise NotOpenedError(str(verdict))


def measure(rounds: int, out: Path) -> dict[str, Any]:
    """Measure everything in turn; returns the report, medians in microseconds."""
    pair = Pair.make()
    found: dict[str, Any] = {}
    with Rival.start(out, SCHEMA, BATCH) as rival:
        for size in SIZES:
            datum = datum_of(size)
            ours = Ours(pair, datum)
            data = encode(SCHEMA, datum)
            found[str(size)] = {
                **_pairs(
                    {
                        "steady": ours.steady,
                        "alone": ours.alone,
                        "bare": ours.bare,
                        "confluent": lambda datum=datum: rival.round(datum),
                    },
                    rounds,
                ),
                "primitives": primitives(data, rounds),
            }
        facts = host(("cryptography", "fastavro")) | {"confluent": rival.version}
    report = {"machine": facts, "batch": BATCH, "rounds": rounds, "sizes": found}
    text = json.dumps(report, ensure_ascii=False, indent=2)
    (out / "envelope.json").write_text(f"{text}\n", "utf-8")
    return report


def _pairs(what: dict[str, Callable[[], Spent]], rounds: int) -> dict[str, dict[str, float]]:
    for work in what.values():
        work()
    taken: dict[str, list[Spent]] = {name: [] for name in what}
    for _ in range(rounds):
        for name, work in what.items():
            taken[name].append(work())
    return {name: _medians(spent) for name, spent in taken.items()}


def _medians(spent: Sequence[Spent]) -> dict[str, float]:
    return {
        side: round(statistics.median(one[at] for one in spent), 2)
        for at, side in enumerate(("seal", "open"))
    }


def _main() -> None:
    options = argparse.ArgumentParser(description="time to seal and to open one message")
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    options.add_argument("--docs", action="store_true", help="write docs/performance.md's tables")
    given = options.parse_args()
    OUT.mkdir(exist_ok=True)
    report = measure(3 if given.quick else ROUNDS, OUT)
    text = tables(report)
    lines = [verdict.line for verdict in verdicts(report)]
    Console().print("\n".join((text, "", *lines)), markup=False, soft_wrap=True)
    if given.docs:
        write_into(DOCUMENT, text, MARK)


if __name__ == "__main__":
    _main()
