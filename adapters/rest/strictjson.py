"""Is an answer JSON, and what does it hold? Whatever can be read in two ways is refused.

RFC 8259 leaves to the reader what a member named twice means, and how exact a number is. Here a
second member of a name makes the document unusable, and a number with a point is a decimal.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import NoReturn

_CHARSETS = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "ascii",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
"""What a service may say of its answer, and how it is read: GB 18030 holds the two before it."""

_MAX_EXPONENT = 64
"""No amount has so many digits; written out, 1e999999999 would fill the memory."""


def read_json(content: bytes, charset: str | None) -> object:
    """Return the document that an answer holds.

    Args:
        content: Its bytes.
        charset: As its content type names it; None is UTF-8, as RFC 8259 says.

    Raises:
        ValueError: It is no JSON, is encoded otherwise than it says, holds a name twice, a number
            that is none, or nests too deeply. The text of the error holds nothing of it.
    """
    encoding = _CHARSETS.get((charset or "utf-8").strip("\"' ").lower())
    if encoding is None:
        raise ValueError("a charset that is not read")
    try:
        return json.loads(
            content.decode(encoding),
            parse_float=_decimal,
            parse_constant=_refuse,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError):
        raise ValueError("not strict JSON") from None


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _MAX_EXPONENT:
        raise ValueError("not a number")
    return number


def _refuse(_: str) -> NoReturn:
    raise ValueError("not a number")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name stands twice")
    return document
