"""Whether bytes are the one encoding of a value, found by walking over them before any is built.

A reader of Avro builds what the bytes announce: some bytes an item become a dictionary each, so a
hostile payload costs a hundred times its size. The walk builds nothing and ends at a bound.

What is accepted (docs/spec/envelope.md §4): shortest varints; an array as one block with a positive
count, without size, then a zero; booleans 0 or 1; an int within 32 bits; nothing after the end.
Whether text is UTF-8 and an instant within the calendar is seen by the reader afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_INT_BITS = 31
_LONG_BITS = 64
_LONGEST_SHIFT = 70
_ONE_BYTE = 0x80
_CONTINUES = 0x80
_GROUP = 0x7F


class NotOfSchemaError(Exception):
    """The bytes are no encoding of any value of the schema."""


class TooManyItemsError(Exception):
    """All arrays and maps together hold more items than the caller bears."""


class _Walk:
    __slots__ = ("left", "odd")

    def __init__(self, max_items: int) -> None:
        self.left = max_items
        self.odd = False


_Step = Callable[[bytes, int, _Walk], int]
"""Walks over one value that begins at an index; returns the index after it."""


class Layout:
    """The walk over the encodings of one schema.

    Attributes:
        exact: Whether the walk alone tells one encoding from another. Where it does not (decimals,
            floating point, maps, a union of several values), encode again what was read.
    """

    def __init__(self, parsed: Any) -> None:
        self.exact = True
        self._named: dict[str, _Step] = {}
        self._step = self._of(parsed)

    def canonical(self, data: bytes, max_items: int) -> bool:
        """Walk over bytes that hold one value.

        Args:
            data: The bytes.
            max_items: The most items that all arrays and maps together may have.

        Returns:
            Whether they are the one encoding, as far as a walk can tell (`exact`).

        Raises:
            NotOfSchemaError: They encode no value.
            TooManyItemsError: They announce more than `max_items`.
        """
        walk = _Walk(max_items)
        try:
            end = self._step(data, 0, walk)
        except (IndexError, RecursionError):
            raise NotOfSchemaError from None
        if end > len(data):
            raise NotOfSchemaError
        return end == len(data) and not walk.odd

    def _of(self, schema: Any) -> _Step:
        if isinstance(schema, list):
            return self._union(schema)
        if isinstance(schema, str):
            self.exact &= schema not in _FLOATS
            return _PLAIN[schema] if schema in _PLAIN else self._late(schema)
        kind = schema["type"]
        # The library writes a value of such a type in its own way; the layouts that we know are
        # those of whole numbers.
        logical = schema.get("logicalType")
        self.exact &= logical is None or (kind, logical) in _WHOLE_NUMBERS
        match kind:
            case "record" | "error":
                # A reference to the record from inside itself finds it when it is walked.
                steps = tuple(self._of(field["type"]) for field in schema["fields"])
                step = _record(steps)
            case "array":
                return _blocks(self._of(schema["items"]))
            case "map":
                self.exact = False
                return _blocks(_record((_bytes, self._of(schema["values"]))))
            case "enum":
                step = _enum(len(schema["symbols"]))
            case "fixed":
                step = _fixed(schema["size"])
            case _:
                return self._of(kind)
        self._named[schema["name"]] = step
        return step

    def _union(self, branches: Sequence[Any]) -> _Step:
        # Two branches that can hold one value give it two encodings.
        self.exact &= len(branches) == 1 or (len(branches) == 2 and "null" in branches)  # noqa: PLR2004 - null and a value
        steps = tuple(self._of(branch) for branch in branches)

        def walk(data: bytes, at: int, state: _Walk) -> int:
            branch, at = _number(data, at, state)
            if not 0 <= branch < len(steps):
                raise NotOfSchemaError
            return steps[branch](data, at, state)

        return walk

    def _late(self, name: str) -> _Step:
        def walk(data: bytes, at: int, state: _Walk) -> int:
            return self._named[name](data, at, state)

        return walk


def _number(data: bytes, at: int, state: _Walk) -> tuple[int, int]:
    byte = data[at]
    if byte < _ONE_BYTE:
        return (byte >> 1) ^ -(byte & 1), at + 1
    raw, shift = byte & _GROUP, 7
    while byte & _CONTINUES:
        at += 1
        byte = data[at]
        raw |= (byte & _GROUP) << shift
        shift += 7
        if shift > _LONGEST_SHIFT:
            raise NotOfSchemaError
    if raw >> _LONG_BITS:
        raise NotOfSchemaError
    if byte == 0:
        state.odd = True
    return (raw >> 1) ^ -(raw & 1), at + 1


def _null(_data: bytes, at: int, _state: _Walk) -> int:
    return at


def _boolean(data: bytes, at: int, state: _Walk) -> int:
    if data[at] > 1:
        state.odd = True
    return at + 1


def _long(data: bytes, at: int, state: _Walk) -> int:
    if data[at] < _ONE_BYTE:
        return at + 1
    return _number(data, at, state)[1]


def _int(data: bytes, at: int, state: _Walk) -> int:
    if data[at] < _ONE_BYTE:
        return at + 1
    number, at = _number(data, at, state)
    # Negative numbers too: ~n has the bits of -n - 1.
    if (number if number >= 0 else ~number) >> _INT_BITS:
        raise NotOfSchemaError
    return at


def _bytes(data: bytes, at: int, state: _Walk) -> int:
    size, at = _number(data, at, state)
    if size < 0:
        raise NotOfSchemaError
    return at + size


def _fixed(size: int) -> _Step:
    return lambda _data, at, _state: at + size


def _enum(symbols: int) -> _Step:
    def walk(data: bytes, at: int, state: _Walk) -> int:
        symbol, at = _number(data, at, state)
        if not 0 <= symbol < symbols:
            raise NotOfSchemaError
        return at

    return walk


def _record(steps: Sequence[_Step]) -> _Step:
    def walk(data: bytes, at: int, state: _Walk) -> int:
        for step in steps:
            at = step(data, at, state)
        return at

    return walk


def _blocks(item: _Step) -> _Step:
    def walk(data: bytes, at: int, state: _Walk) -> int:
        count, at = _number(data, at, state)
        while count:
            if count < 0:
                state.odd = True
                count = -count
                _, at = _number(data, at, state)  # the block's size
            state.left -= count
            if state.left < 0:
                raise TooManyItemsError
            for _ in range(count):
                at = item(data, at, state)
            count, at = _number(data, at, state)
            if count:
                state.odd = True
        return at

    return walk


_PLAIN: Mapping[str, _Step] = {
    "null": _null,
    "boolean": _boolean,
    "int": _int,
    "long": _long,
    "float": _fixed(4),
    "double": _fixed(8),
    "bytes": _bytes,
    "string": _bytes,
}
_FLOATS = ("float", "double")
_WHOLE_NUMBERS = (("long", "timestamp-millis"), ("int", "date"))
