"""What a connector says, fit to be written down: codes, and places that are known before.

A connector may be anybody's. Its texts quote rows, and even a code may be made of one. So of what
it says only what looks like a code is kept as one, and only places that the mapping or the
catalogue name; nothing of it can carry a person's name or number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from bus.errors import HeduiError

UNSAFE = "CODE_UNSAFE"
"""Stands for a code that is none."""

OTHER = "CODE_OTHER"
"""Stands for one code more than are told apart, where the set must be bounded."""

FAILED = "CONNECTOR_FAILED"
"""Stands for an error that is not the product's."""

_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
_MOST_DIGITS = 3
"""An ID number, a telephone number or a date has more."""


def safe_code(code: object) -> str:
    """Return a code as it may be written down and sent: upper case, at most three digits in it."""
    if not isinstance(code, str) or _CODE.fullmatch(code) is None:
        return UNSAFE
    return str(code) if sum(c.isdigit() for c in code) <= _MOST_DIGITS else UNSAFE


def code_of(error: BaseException) -> str:
    """Return the code of an error; a foreign one has none."""
    return safe_code(error.code) if isinstance(error, HeduiError) else FAILED


def safe_place(where: object, known: Collection[str]) -> str:
    """Return a place as it may be written down, empty where it is not known.

    Args:
        where: A place that a connector names, such as `table.column`.
        known: Every name that may stand in one.
    """
    if not isinstance(where, str):
        return ""
    return str(where) if where in known or all(p in known for p in where.split(".")) else ""


def places_of(*documents: Any) -> frozenset[str]:
    """Return every name in the sections of a mapping: its keys, and the texts of its values."""
    return frozenset(text for document in documents for text in _texts(document))


def _texts(node: Any) -> Iterator[str]:
    match node:
        case str():
            yield node
            yield from node.split(".")
        case dict():
            for key, value in node.items():
                yield from _texts(key)
                yield from _texts(value)
        case list() | tuple():
            for value in node:
                yield from _texts(value)


class Bounded:
    """A set of codes that cannot grow without end: for labels of metrics."""

    def __init__(self, most: int = 40) -> None:
        self._most = most
        self._met: set[str] = set()

    def label(self, code: str) -> str:
        """Return the code, or `OTHER` where so many others came before."""
        if code in self._met or len(self._met) < self._most:
            self._met.add(code)
            return code
        return OTHER
