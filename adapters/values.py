"""Turns what a source holds into the exact value of an item, or says that it cannot.

Sources are old and various: money in REAL columns, days as `20240131`, text padded to a width. What
can be read in one way only is read; nothing is rounded, cut or guessed. Every refusal is a plain
`ValueError` without the value in it; `adapters.contract` gives it a code and a place.

| item | accepted from the source |
|---|---|
| text | text, up to 4,000 characters, no control characters; a whole number as its digits |
| text with a code table | code, name or alias of a row; the row's code comes out |
| integer | whole numbers, in any numeric type or as digits, within the item's width |
| money, decimal | exact and binary numbers, or digits with a point, that need no rounding |
| date | a date; a date and time, of which the day is kept; their texts; a number YYYYMMDD |
| instant | a date and time or its text; without a zone it is China Standard Time |
| boolean | true and false, 1 and 0, 是 and 否; the digits also as text or one byte (BIT(1)) |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import cache
from types import MappingProxyType

from schemas import codes
from schemas.resources import Item, ItemKind

CHINA = timezone(timedelta(hours=8), "UTC+08:00")
"""The zone of instants that name none. Without daylight saving, as China since 1992."""

Value = str | int | bool | Decimal | date | datetime | None
"""A value as `schemas.records.encode_record` takes it."""

Reader = Callable[[object], Value]
"""Reads values of one item: returns the value, or raises a `ValueError` without it."""

ColumnReader = Callable[[Sequence[object]], Sequence[Value] | None]
"""Reads many values of one item at once as its `Reader` does each; None where it cannot."""

MAX_TEXT = 4_000

_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but tab and line ends, which stand in honest addresses; and lone surrogates,
bytes that were no text in the source."""

_EXACT_FLOAT_DIGITS = 15
"""A binary double keeps every decimal of up to this many digits; beyond, its last digits lie."""

_YES_NO = MappingProxyType({"1": True, "是": True, "0": False, "否": False})

_DIGITS = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?", re.ASCII)
_DAY = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[ T](\S+))?", re.ASCII)


def fit(item: Item, raw: object) -> Value:
    """Return the value of an item exactly as the source means it; None and blank text are no value.

    Raises:
        ValueError: The item cannot hold the value, or it can be read in more than one way. The text
            of the error does not hold the value.
    """
    return reader_of(item)(raw)


def reader_of(item: Item) -> Reader:
    """Return what reads values of one item as `fit` does, for many of them.

    What a well-kept source holds is read without a detour.
    """
    match item.kind:
        case ItemKind.TEXT if not item.codes:
            return _text_reader(item)
        case ItemKind.MONEY | ItemKind.DECIMAL:
            return _decimal_reader(item)
        case ItemKind.DATE:
            return lambda raw: raw if type(raw) is date else _fitted(item, raw)
    return lambda raw: _fitted(item, raw)


def column_reader_of(item: Item) -> ColumnReader:
    """Return what reads many values of one item at once, if all are as a well-kept source's.

    Then nothing is looked at twice, and no value by itself: a fifth of the time.
    """
    match item.kind:
        case ItemKind.TEXT if not item.codes:
            return _text_column
        case ItemKind.MONEY | ItemKind.DECIMAL:
            return _decimal_column(item)
        case ItemKind.DATE:
            return lambda raws: raws if set(map(type, raws)) == {date} else None  # type: ignore[return-value]
    return lambda _: None


def _text_column(raws: Sequence[object]) -> Sequence[Value] | None:
    if set(map(type, raws)) != {str}:
        return None
    texts: Sequence[str] = raws  # type: ignore[assignment]
    if not all(map(str.isprintable, texts)) or max(map(len, texts)) > MAX_TEXT:
        return None
    read = list(map(str.strip, texts))
    return read if all(read) else [text or None for text in read]


def _decimal_column(item: Item) -> ColumnReader:
    precision, scale = item.precision or 1, item.scale or 0
    unit, _ = _exactness(precision, scale)
    end = Decimal(1).scaleb(precision - scale)

    def read(raws: Sequence[object]) -> Sequence[Value] | None:
        if set(map(type, raws)) != {Decimal}:
            return None
        numbers: Sequence[Decimal] = raws  # type: ignore[assignment]
        # Of one quantum, and so finite, before any is compared.
        if (
            not all(map(unit.same_quantum, numbers))
            or not -end < min(numbers) <= max(numbers) < end
        ):
            return None
        return numbers

    return read


def _fitted(item: Item, raw: object) -> Value:
    plain = raw.strip() if isinstance(raw, str) else raw
    return None if plain is None or plain == "" else _FITS[item.kind](item, plain)


def _text_reader(item: Item) -> Reader:
    def read(raw: object) -> Value:
        if type(raw) is str and raw.isprintable() and len(raw) <= MAX_TEXT:
            return raw.strip() or None
        return _fitted(item, raw)

    return read


def _decimal_reader(item: Item) -> Reader:
    precision, scale = item.precision or 1, item.scale or 0
    unit, _ = _exactness(precision, scale)
    end = Decimal(1).scaleb(precision - scale)

    def read(raw: object) -> Value:
        if type(raw) is Decimal and raw.same_quantum(unit) and -end < raw < end:
            return raw
        return _fitted(item, raw)

    return read


def day_of(raw: object) -> date:
    """Return the day that a source's date, date and time, text or YYYYMMDD number names.

    Raises:
        ValueError: It names none.
    """
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    return _moment(raw).date()


def instant_of(raw: object) -> datetime:
    """Return the instant that a source's value names, UTC, whole milliseconds; a day is its start.

    Raises:
        ValueError: It names none.
    """
    moment = _moment(raw)
    instant = _without_overflow(lambda: moment.astimezone(UTC))
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def digits_of(raw: object) -> str:
    """Return a source's text without its padding, or a whole number as its digits.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(raw, str):
        return raw.strip()
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if isinstance(raw, Decimal) and raw.is_finite() and raw == raw.to_integral_value():
        return format(raw.to_integral_value(), "f")
    raise ValueError("not a text")


def _text(item: Item, raw: object) -> str:
    value = digits_of(raw)
    if len(value) > MAX_TEXT or _ODD.search(value):
        raise ValueError("not a clean text")
    table = codes.known_table(item.codes)
    if table is None:
        return value
    row = table.find(value)
    if row is None:
        raise ValueError("not a code of the table")
    return row.code


def _integer(item: Item, raw: object) -> int:
    number = _number(raw)
    limit = 1 << ((item.bits or 0) - 1)
    if number != number.to_integral_value() or not -limit <= number < limit:
        raise ValueError("not a whole number of that width")
    return int(number)


def _decimal(item: Item, raw: object) -> Decimal:
    unit, exact = _exactness(item.precision or 1, item.scale or 0)
    try:
        # Quantize fails above the precision and, with Inexact trapped, where it would round.
        return _number(raw).quantize(unit, context=exact)
    except (Inexact, InvalidOperation):
        raise ValueError("not within precision and scale") from None


@cache
def _exactness(precision: int, scale: int) -> tuple[Decimal, Context]:
    return Decimal(1).scaleb(-scale), Context(prec=precision, traps=[Inexact, InvalidOperation])


def _number(raw: object) -> Decimal:
    if isinstance(raw, bool):
        raise ValueError("not a number")  # noqa: TRY004 - the contract of this file is ValueError
    if isinstance(raw, float):
        number = Decimal(str(raw))
        if (
            not number.is_finite()
            or len(number.normalize().as_tuple().digits) > _EXACT_FLOAT_DIGITS
        ):
            raise ValueError("a binary number that is not exact")
        return number
    if isinstance(raw, int):
        return Decimal(raw)
    if isinstance(raw, Decimal) and raw.is_finite():
        return raw
    if isinstance(raw, str) and _DIGITS.fullmatch(raw.strip()):
        return Decimal(raw.strip())
    raise ValueError("not a number")


def _date(_: Item, raw: object) -> date:
    return day_of(raw)


def _instant(_: Item, raw: object) -> datetime:
    return instant_of(raw)


def _boolean(_: Item, raw: object) -> bool:
    if isinstance(raw, bool | int) and raw in {0, 1}:
        return bool(raw)
    if isinstance(raw, bytes) and raw in {b"\x00", b"\x01"}:
        return raw == b"\x01"
    if isinstance(raw, str) and raw in _YES_NO:
        return _YES_NO[raw]
    raise ValueError("not true or false")


def _moment(raw: object) -> datetime:
    """Return a date and time of China's clock."""
    if isinstance(raw, datetime):
        moment = raw
    elif isinstance(raw, date):
        moment = datetime.combine(raw, time())
    elif isinstance(raw, str | int) and not isinstance(raw, bool):
        moment = _read_moment(str(raw).strip())
    else:
        raise ValueError("not a day")  # noqa: TRY004 - as in _number
    if moment.tzinfo is None:
        return moment.replace(tzinfo=CHINA)
    return _without_overflow(lambda: moment.astimezone(CHINA))


def _read_moment(text: str) -> datetime:
    compact = _COMPACT.fullmatch(text)
    if compact:
        year, month, day = compact.group(1, 2, 3)
        clock = ":".join(compact.group(4, 5, 6)) if compact[4] else None
    elif found := _DAY.fullmatch(text):
        year, month, day, clock = found.group(1, 3, 4, 5)
    else:
        raise ValueError("not a day")
    try:
        on = date(int(year), int(month), int(day))
        return datetime.combine(on, time.fromisoformat(clock) if clock else time())
    except ValueError:
        raise ValueError("not a day") from None


def _without_overflow(shift: Callable[[], datetime]) -> datetime:
    try:
        return shift()
    except OverflowError:
        raise ValueError("not a day") from None


_FITS: Mapping[ItemKind, Callable[[Item, object], str | int | bool | Decimal | date | datetime]]
_FITS = MappingProxyType(
    {
        ItemKind.TEXT: _text,
        ItemKind.INTEGER: _integer,
        ItemKind.MONEY: _decimal,
        ItemKind.DECIMAL: _decimal,
        ItemKind.DATE: _date,
        ItemKind.INSTANT: _instant,
        ItemKind.BOOLEAN: _boolean,
    }
)
