"""What of a row may be shown, so that an operator sees the right column and reads nobody's data.

| item | shown |
|---|---|
| ID number | its area code and its length |
| name | the first character |
| code of a table | as it is where the table has it, else its length |
| other text | its length |
| number, money | how many digits before the point |
| date, instant | the year |
| true or false | nothing |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from adapters.numbers import id_key
from adapters.values import day_of
from schemas.codes import known_table
from schemas.resources import Item, ItemKind

_AREA_DIGITS = 6
_RESIDENT_LENGTHS = {15, 18}
_EMPTY = "（空 empty）"
_ODD = "（无法识别 unreadable）"


def masked(item: Item, raw: object) -> str:
    """Return what may be shown of a source's raw value of an item."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return _EMPTY
    if item.name == "id_number":
        return _number(raw)
    if item.name == "name":
        return f"{raw.strip()[0]}**" if isinstance(raw, str) else _ODD
    return _SHOWN[item.kind](item, raw)


def _number(raw: object) -> str:
    text = id_key(raw)
    if not text:
        return _ODD
    # The area code is everybody's of a county; of other documents the first character is a class.
    shown = text[:_AREA_DIGITS] if len(text) in _RESIDENT_LENGTHS else text[:1]
    return shown + "*" * (len(text) - len(shown))


def _text(item: Item, raw: object) -> str:
    text = str(raw).strip()
    # A wrong column may hold anything: only what the table knows is shown.
    codes = known_table(item.codes)
    row = codes.find(text) if codes is not None else None
    return row.code if row else f"（{len(text)} 字 characters）"


def _year(_: Item, raw: object) -> str:
    try:
        return f"{day_of(raw).year}-**-**"
    except ValueError:
        return _ODD


def _hidden(_: Item, _raw: object) -> str:
    return "*"


def _magnitude(_: Item, raw: object) -> str:
    try:
        whole = abs(int(Decimal(str(raw).strip())))
    except (InvalidOperation, ValueError, OverflowError):
        return _ODD
    return f"（{len(str(whole))} 位 digits）"


_SHOWN: Mapping[ItemKind, Callable[[Item, object], str]] = MappingProxyType(
    {
        ItemKind.TEXT: _text,
        ItemKind.DATE: _year,
        ItemKind.INSTANT: _year,
        ItemKind.BOOLEAN: _hidden,
        ItemKind.INTEGER: _magnitude,
        ItemKind.MONEY: _magnitude,
        ItemKind.DECIMAL: _magnitude,
    }
)
