"""Second encodings of the same value, and raw deflate by hand (zlib's output is no standard)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from envelope_forge import Made

from signer.envelope.format import MAGIC, Seal, envelope_bytes
from signer.envelope.format import Envelope as _Envelope

_END_OF_BLOCK = 256
_LONGEST_RUN = 258
_LENGTH_258 = 285


def varint(number: int, extra: int = 0) -> bytes:
    """Return Avro's zig-zag varint, with `extra` bytes more than it needs."""
    zigzag = number * 2 if number >= 0 else -number * 2 - 1
    groups = []
    while zigzag > 0x7F:
        groups.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    groups.append(zigzag)
    if extra:
        groups[-1] |= 0x80
        groups += [0x80] * (extra - 1) + [0]
    return bytes(groups)


def string(data: bytes) -> bytes:
    """Return Avro bytes or string of the data."""
    return varint(len(data)) + data


def seal_bytes(made: Made, number: int) -> bytes:
    """Return one seal as it stands in the array."""
    seal: Seal = made.envelope.seals[number]
    whole = envelope_bytes(_Envelope(b"", b"", (seal,)))
    return whole[len(MAGIC) + 3 : -1]


def envelope_with(made: Made, seals: bytes, *, extra: int = 0) -> bytes:
    """Return the envelope with other bytes for its array of seals; `extra` for two lengths."""
    envelope = made.envelope
    return b"".join(
        (
            MAGIC,
            varint(len(envelope.protected), extra),
            envelope.protected,
            varint(len(envelope.ciphertext), extra),
            envelope.ciphertext,
            seals,
        )
    )


def blocks(items: Sequence[bytes], *, sized: bool = False) -> bytes:
    """Return an array as one block for each item, or as one block that states its size."""
    if sized:
        body = b"".join(items)
        return varint(-len(items)) + varint(len(body)) + body + b"\0"
    return b"".join(b"\x02" + item for item in items) + b"\0"


def first_difference(one: bytes, other: bytes) -> int:
    """Return the index of the first byte in which two encodings differ."""
    return next(i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


def deflate(data: bytes) -> bytes:
    """Return raw deflate of the data: one block, fixed Huffman codes, runs of a byte as matches."""
    bits: list[int] = [1, 1, 0]  # last block; type 1
    for byte, run in _runs(data):
        bits += _code(byte)
        matches, rest = divmod(run - 1, _LONGEST_RUN)
        bits += (_code(_LENGTH_258) + [0] * 5) * matches  # distance 1
        bits += _code(byte) * rest
    bits += _code(_END_OF_BLOCK)
    bits += [0] * (-len(bits) % 8)
    eights = zip(*[iter(bits)] * 8, strict=True)
    return bytes(sum(bit << i for i, bit in enumerate(eight)) for eight in eights)


def _runs(data: bytes) -> Iterator[tuple[int, int]]:
    for byte, run in itertools.groupby(data):
        yield byte, sum(1 for _ in run)


def _code(symbol: int) -> list[int]:
    """Return the bits of a fixed Huffman code (RFC 1951 §3.2.6), first bit first."""
    if symbol < 144:
        value, size = 0x30 + symbol, 8
    elif symbol < 256:
        value, size = 0x190 + symbol - 144, 9
    elif symbol < 280:
        value, size = symbol - 256, 7
    else:
        value, size = 0xC0 + symbol - 280, 8
    return [value >> (size - 1 - i) & 1 for i in range(size)]
