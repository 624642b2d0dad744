"""Which partition a key belongs to: the one rule every publisher follows.

The rule is Kafka's default: `positive(murmur2(key)) mod n`. It is part of the specification,
because records of one conversation keep their order only while every publisher, in whatever
language, sends them to the same partition.
"""

from __future__ import annotations

_WORD = 0xFFFFFFFF
_SEED = 0x9747B28C  # the seed Kafka's producers share
_MULTIPLIER = 0x5BD1E995
_SHIFT = 24


def murmur2(data: bytes) -> int:
    """Return the 32-bit MurmurHash2 of `data`, unsigned, with Kafka's seed."""
    whole = len(data) & ~3
    digest = (_SEED ^ len(data)) & _WORD
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _WORD
        word = (word ^ word >> _SHIFT) * _MULTIPLIER & _WORD
        digest = digest * _MULTIPLIER & _WORD ^ word
    if whole < len(data):
        digest = (digest ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _WORD
    digest = (digest ^ digest >> 13) * _MULTIPLIER & _WORD
    return digest ^ digest >> 15


def partition_for(key: bytes, partitions: int) -> int:
    """Return the partition of `key` in a topic.

    Args:
        key: The record key.
        partitions: How many partitions the topic has, at least 1.

    Returns:
        A number from 0 to `partitions` - 1.
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions
