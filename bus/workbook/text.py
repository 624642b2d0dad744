"""What people type, made uniform: stray blanks, full-width characters, separators.

Each function is idempotent and loses nothing that carries meaning.
"""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･．", "·"))
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_SEPARATORS = re.compile(r"[、，,；;\n]+")


def clean(text: str) -> str:
    """Take out invisible characters and trim blanks, full-width and non-breaking ones too."""
    return text.translate(_INVISIBLE).replace("\r\n", "\n").replace("\r", "\n").strip()


def compact(text: str) -> str:
    """For codes, dates and phone numbers: half-width characters (NFKC), no blanks at all."""
    return "".join(unicodedata.normalize("NFKC", clean(text)).split())


def person_name(text: str) -> str:
    """For names of persons.

    A Chinese name loses blanks inside it (王 五), and the dot of a minority name becomes `·`
    (U+00B7), the one of residents' registers, whatever dot was typed. A name in Latin letters keeps
    single blanks between its parts.
    """
    name = clean(text)
    if _HAN.search(name):
        return "".join(name.split()).translate(_DOTS)
    return " ".join(unicodedata.normalize("NFKC", name).split())


def parts(text: str) -> tuple[str, ...]:
    """Split a list written with 、 or commas, semicolons or line breaks; empty parts fall away."""
    return tuple(part for piece in _SEPARATORS.split(text) if (part := clean(piece)))
