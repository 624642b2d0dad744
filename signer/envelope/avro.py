"""Avro binary in its one encoding: the few types that envelope, header and statement are made of.

An Avro library reads more encodings of a value than the one that is accepted (spec §4), so its
input has to be walked over besides (`schemas.layout`), or its output to be encoded again. For a
small message that is more work than its cryptography. This reader notices a second encoding, and
what is too much, while it reads. The tests hold it against the library and the walk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from schemas.errors import DefectError
from schemas.loader import MAX_ITEMS

T = TypeVar("T")

NULL = b"\0"
_GIVEN = b"\2"
_EPOCH_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MORE, _BITS = 0x80, 0x7F
_LONGEST = 9  # bytes that may follow a varint's first
_INTS, _LONGS = 1 << 31, 1 << 64
_ONE_BYTE = [bytes([number]) for number in range(_MORE)]


class FormatError(Exception):
    """The bytes are not the one encoding of the structure; `code` as in the spec's §10."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Reader:
    """Reads values one after the other, and remembers whether each stood in its one encoding.

    Its methods raise `FormatError`, `MALFORMED`, where the bytes are no value of the type.

    Args:
        data: The bytes.
        at: Where to begin.
        max_items: The most items that all arrays together may announce.
    """

    __slots__ = ("_at", "_canonical", "_data", "_left", "_size")

    def __init__(self, data: bytes, at: int = 0, max_items: int = MAX_ITEMS) -> None:
        self._data = data
        self._left = max_items
        self._size = len(data)
        self._at = at
        self._canonical = True

    def end(self) -> None:
        """Make sure that nothing follows and everything stood in its one encoding.

        Raises:
            FormatError: `NOT_CANONICAL`.
        """
        if not self._canonical or self._at != self._size:
            raise FormatError("NOT_CANONICAL")

    def long(self) -> int:
        """Read a long: a zig-zag varint, at most ten bytes; the shortest is the one."""
        at = self._at
        try:
            value = self._data[at]
            if value < _MORE:
                self._at = at + 1
            else:
                value = self._longer(value & _BITS, at + 1)
        except IndexError:
            raise FormatError("MALFORMED") from None
        return value >> 1 ^ -(value & 1)

    def _longer(self, value: int, at: int) -> int:
        shift = 7
        for byte in self._data[at : at + _LONGEST]:
            at += 1
            value |= (byte & _BITS) << shift
            if byte < _MORE:
                break
            shift += 7
        else:
            raise FormatError("MALFORMED")
        if value >= _LONGS:
            raise FormatError("MALFORMED")
        if not byte:
            self._canonical = False
        self._at = at
        return value

    def int32(self) -> int:
        """Read an int."""
        value = self.long()
        if not -_INTS <= value < _INTS:
            raise FormatError("MALFORMED")
        return value

    def boolean(self) -> bool:
        """Read a boolean: 0 or 1."""
        [byte] = self.fixed(1)
        if byte > 1:
            self._canonical = False
        return byte != 0

    def fixed(self, size: int) -> bytes:
        """Read that many bytes."""
        at = self._at
        self._at = end = at + size
        if not at <= end <= self._size:
            raise FormatError("MALFORMED")
        return self._data[at:end]

    def binary(self) -> bytes:
        """Read bytes behind their length."""
        return self.fixed(self.long())

    def string(self) -> str:
        """Read UTF-8 behind its length."""
        try:
            return self.fixed(self.long()).decode()
        except UnicodeDecodeError:
            raise FormatError("MALFORMED") from None

    def instant(self) -> datetime:
        """Read an instant in milliseconds, of the years 1 to 9999, UTC."""
        try:
            return _instant(self.long())
        except OverflowError:
            raise FormatError("MALFORMED") from None

    def optional(self, read: Callable[[], T]) -> T | None:
        """Read a union of null and a type."""
        branch = self.long()
        if branch == 0:
            return None
        if branch != 1:
            raise FormatError("MALFORMED")
        return read()

    def array(self, read: Callable[[], T]) -> tuple[T, ...]:
        """Read an array; one block without its size in bytes is the one encoding.

        Raises:
            FormatError: `LIMIT` where it announces too many items.
        """
        items: list[T] = []
        while count := self.long():
            if items or count < 0:
                self._canonical = False
            if count < 0:
                count = -count
                self.long()
            self._left -= count
            if self._left < 0:
                raise FormatError("LIMIT")
            for _ in range(count):
                items.append(read())  # noqa: PERF401 - cut bytes end it, not the memory
        return tuple(items)


@lru_cache(maxsize=256)
def _instant(number: int) -> datetime:
    # A message states the same instant more than once, and so do those of its batch.
    return _EPOCH_ZERO + timedelta(0, 0, number * 1000)


def long(value: int) -> bytes:
    """Encode an int or long."""
    rest = value << 1 ^ value >> 63
    if rest < _MORE:
        return _ONE_BYTE[rest]
    if rest >= _LONGS:
        raise _not_of_type("long")
    found = bytearray()
    while rest >= _MORE:
        found.append(rest & _BITS | _MORE)
        rest >>= 7
    found.append(rest)
    return bytes(found)


def boolean(value: bool) -> bytes:
    """Encode a boolean."""
    return _ONE_BYTE[value]


def fixed(value: bytes, size: int) -> bytes:
    """Return bytes that have the size they must have."""
    if len(value) != size:
        raise _not_of_type("fixed")
    return value


def binary(value: bytes) -> bytes:
    """Encode bytes behind their length."""
    return long(len(value)) + value


def string(value: str) -> bytes:
    """Encode UTF-8 behind its length."""
    return binary(value.encode())


@lru_cache(maxsize=256)
def instant(value: datetime) -> bytes:
    """Encode an instant in milliseconds; remembered, as `Reader.instant`."""
    return long((value - _EPOCH_ZERO) // _MILLISECOND)


def optional(value: T | None, write: Callable[[T], bytes]) -> bytes:
    """Encode a union of null and a type."""
    return NULL if value is None else _GIVEN + write(value)


def array(items: Sequence[bytes]) -> bytes:
    """Encode an array of encoded items."""
    return b"".join((long(len(items)), *items, NULL)) if items else NULL


def fixed_array(items: Sequence[bytes], size: int) -> bytes:
    """Encode an array of bytes that have the size they must have."""
    if not {*map(len, items)} <= {size}:
        raise _not_of_type("fixed")
    return array(items)


def _not_of_type(name: str) -> DefectError:
    return DefectError("DATUM_INVALID", "数据与模式不符", "not of the type", where=name)
