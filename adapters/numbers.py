"""How ID numbers are compared, and in which forms a source may hold them."""

from __future__ import annotations

import unicodedata

from adapters.values import digits_of

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
"""Each visible ASCII character's full-width form."""

_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories of blanks, control and format characters: no part of any ID number."""


def id_key(raw: object) -> str:
    """Return an ID number as it is compared: half-width, without padding, upper case.

    Empty where there is none.
    """
    if isinstance(raw, str) and raw.isascii():
        # Nothing to normalise, and nearly every number.
        return raw.strip().upper()
    try:
        text = digits_of(raw)
    except ValueError:
        return ""
    return unicodedata.normalize("NFKC", text).strip().upper()


def plain_number(raw: object) -> str:
    """Return the ID number that a stored one is meant to be: its `id_key` without any blanks."""
    return "".join(c for c in id_key(raw) if unicodedata.category(c) not in _INVISIBLE)


def stored_forms(number: str) -> frozenset[str]:
    """Return how a source may hold a number and still be found by a comparison in its database.

    That is half-width or full-width throughout, the latter in both cases: not every database's
    `upper` knows full-width letters. Whatever a source holds otherwise is named at start-up.

    Args:
        number: As `id_key` writes it.
    """
    return frozenset({number, number.translate(_WIDE), number.lower().translate(_WIDE)})
