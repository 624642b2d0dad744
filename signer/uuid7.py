"""UUID version 7 (RFC 9562 §5.7) with time and randomness by argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

_VERSION, _VARIANT = 7, 2
_RANDOM_BYTES = 10
_EPOCH_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def uuid7(now: datetime, entropy: Callable[[int], bytes]) -> UUID:
    """Return a UUID whose first 48 bits are the milliseconds of `now`, the rest random."""
    stamp = (now - _EPOCH_ZERO) // _MILLISECOND
    value = int.from_bytes(stamp.to_bytes(6) + entropy(_RANDOM_BYTES))
    value = value & ~(0xF << 76) | _VERSION << 76
    value = value & ~(0x3 << 62) | _VARIANT << 62
    return UUID(int=value)


def is_uuid7(value: UUID) -> bool:
    """Whether version and variant bits are those of UUIDv7."""
    return value.int >> 76 & 0xF == _VERSION and value.int >> 62 & 0x3 == _VARIANT
