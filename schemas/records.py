"""Records of a resource as Avro bytes and back, checked value by value.

Avro's own writer names the value it dislikes in its error; a record's values are personal data. So
each value is checked here first, and an error names the item alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from types import MappingProxyType
from typing import Any

from schemas import loader
from schemas.loader import SchemaError
from schemas.resources import Item, ItemKind, Resource

_MILLISECOND = 1000


def _text(value: object, _: Item) -> object:
    if not isinstance(value, str):
        return None
    # A lone surrogate is a str that has no UTF-8.
    return None if any("\ud800" <= c <= "\udfff" for c in value) else value


def _integer(value: object, item: Item) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or item.bits is None:
        return None
    limit = 1 << (item.bits - 1)
    return value if -limit <= value < limit else None


def _boolean(value: object, _: Item) -> object:
    return value if isinstance(value, bool) else None


def _date(value: object, _: Item) -> object:
    # A datetime is a date to Python; its time of day would be lost without a word.
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _instant(value: object, _: Item) -> object:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return None
    utc = value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond - utc.microsecond % _MILLISECOND)


def _decimal(value: object, item: Item) -> object:
    if not isinstance(value, Decimal) or not value.is_finite() or item.scale is None:
        return None
    # 1200.5 and 1200.5000 are both 1200.50 at scale 2; 1200.505 is not, and is never rounded.
    exact = Context(prec=item.precision, traps=[Inexact, InvalidOperation])
    try:
        return value.quantize(Decimal(1).scaleb(-item.scale), context=exact)
    except (Inexact, InvalidOperation):
        return None


_CONVERT: Mapping[ItemKind, Callable[[object, Item], object]] = MappingProxyType(
    {
        ItemKind.TEXT: _text,
        ItemKind.INTEGER: _integer,
        ItemKind.BOOLEAN: _boolean,
        ItemKind.DATE: _date,
        ItemKind.INSTANT: _instant,
        ItemKind.MONEY: _decimal,
        ItemKind.DECIMAL: _decimal,
    }
)
"""Per kind: the value as it is written, or None when the item cannot hold it."""


def encode_record(resource: Resource, values: Mapping[str, Any]) -> bytes:
    """Encode one record; an item that is left out is null, as one that was not approved is.

    Decimals take the item's scale if that loses nothing; instants lose what is below a millisecond.

    Args:
        resource: What the record is of.
        values: Values by item name, of the types `ItemKind` lists; None where there is none.

    Raises:
        SchemaError: `RECORD_ITEM_UNKNOWN` for a name the resource has not, `RECORD_VALUE_INVALID`
            for a value its item cannot hold. Both name the item, never the value.
    """
    known = {item.name for item in resource.items}
    for name in values:
        if name not in known:
            raise SchemaError(
                "RECORD_ITEM_UNKNOWN",
                "信息资源没有此内容项",
                "the resource has no such item",
                where=f"{resource.name}: {name}",
            )
    record = {item.name: _written(resource, item, values.get(item.name)) for item in resource.items}
    return loader.encode(resource.schema, record)


def _written(resource: Resource, item: Item, value: object) -> object:
    if value is None:
        return None
    written = _CONVERT[item.kind](value, item)
    if written is None:
        raise SchemaError(
            "RECORD_VALUE_INVALID",
            f"内容项“{item.zh}”的值与类型 {item.kind} 不符",
            f"the value of {item.name} is not of kind {item.kind}",
            where=f"{resource.name}: {item.name}",
        )
    return written


def decode_record(resource: Resource, data: bytes) -> dict[str, Any]:
    """Decode one record: every item by name, None where it has no value.

    Raises:
        SchemaError: as `schemas.loader.decode`.
    """
    record: dict[str, Any] = loader.decode(resource.schema, data)
    return record
