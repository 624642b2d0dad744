"""Resources: what a schema of `schemas/resource/` says beyond Avro, and its records.

A resource is described by its schema alone: the top-level attribute `hedui` names it, and each
field carries its Chinese and English name. So a schema that arrives in the signed directory makes a
resource that no code of ours has ever heard of (R005).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, NoReturn

from schemas import loader
from schemas.loader import Schema, SchemaError

IDENTITY_ITEMS = ("name", "id_type", "id_number")
"""The items that every resource has: whom a record is about."""

YUAN = "CNY"
"""The `unit` of a decimal that is an amount of money."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ITEM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class ItemKind(StrEnum):
    """What values an item takes, with the Python type they have here.

    text: str; integer: int; boolean: bool; date: date; instant: datetime, UTC; money and decimal:
    Decimal, money being in yuan.
    """

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    MONEY = "money"
    DECIMAL = "decimal"


_KINDS: Mapping[tuple[str, str | None], ItemKind] = MappingProxyType(
    {
        ("string", None): ItemKind.TEXT,
        ("int", None): ItemKind.INTEGER,
        ("long", None): ItemKind.INTEGER,
        ("boolean", None): ItemKind.BOOLEAN,
        ("int", "date"): ItemKind.DATE,
        ("long", "timestamp-millis"): ItemKind.INSTANT,
        ("bytes", "decimal"): ItemKind.DECIMAL,
    }
)

_BITS = MappingProxyType({"int": 32, "long": 64})


@dataclass(frozen=True, slots=True)
class Item:
    """One item (内容项) of a resource.

    `precision` and `scale` are those of a decimal, in digits; `bits` is the width of an integer;
    `unit` is CNY for money, else a unit's symbol or None; `codes` names the code table whose codes
    the item holds, or is None.
    """

    name: str
    zh: str
    en: str
    kind: ItemKind
    precision: int | None = None
    scale: int | None = None
    bits: int | None = None
    unit: str | None = None
    codes: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the catalogue (信息资源) and the schema of its records.

    `time_item` is the item that a request's time range applies to; None where the resource knows
    only its latest state, so that no range can be applied. `category_zh` names a category that came
    with the resource; None where the code table has it.
    """

    name: str
    category: str
    zh: str
    en: str
    time_item: str | None
    schema: Schema
    items: tuple[Item, ...]
    category_zh: str | None = None

    def item(self, name: str) -> Item | None:
        """Return the item of that name, or None."""
        return next((item for item in self.items if item.name == name), None)


def _refuse(where: str, zh: str, en: str) -> NoReturn:
    raise SchemaError("RESOURCE_INVALID", f"不是信息资源的模式：{zh}", en, where=where)


def _text(source: Mapping[str, Any], key: str, where: str) -> str:
    value = source.get(key)
    if not isinstance(value, str) or not value.strip():
        _refuse(f"{where}: {key}", "缺少文本", "a text is missing")
    return value


def _optional(source: Mapping[str, Any], key: str, where: str) -> str | None:
    return None if source.get(key) is None else _text(source, key, where)


def _item(field: Mapping[str, Any], schema: str) -> Item:
    where = f"{schema}: {field['name']}"
    match field["type"]:
        case ["null", kind] if "default" in field and field["default"] is None:
            pass
        case _:
            _refuse(where, "须可为空且默认为空", "an item is nullable and null by default")
    avro = kind if isinstance(kind, dict) else {"type": kind}
    base, logical = avro.get("type"), avro.get("logicalType")
    found = None
    if isinstance(base, str) and isinstance(logical, str | None):
        found = _KINDS.get((base, logical))
    if found is None:
        _refuse(where, "类型不可用于内容项", "the type is not one an item can have")
    unit = _optional(field, "unit", where)
    decimal = found is ItemKind.DECIMAL
    if decimal and type(avro.get("precision")) is not int:
        _refuse(where, "小数缺少精度", "a decimal has a precision")
    return Item(
        name=field["name"],
        zh=_text(field, "zh", where),
        en=_text(field, "en", where),
        kind=ItemKind.MONEY if decimal and unit == YUAN else found,
        precision=avro["precision"] if decimal else None,
        scale=avro.get("scale", 0) if decimal else None,
        bits=_BITS[avro["type"]] if found is ItemKind.INTEGER else None,
        unit=unit,
        codes=_optional(field, "codes", where),
    )


def _items(schema: Schema) -> tuple[Item, ...]:
    items: dict[str, Item] = {}
    for field in schema.source.get("fields", ()):
        name = field["name"]
        if not _ITEM.fullmatch(name) or name in items:
            _refuse(f"{schema.name}: {name}", "名称不合规或重复", "not a name, or stands twice")
        items[name] = _item(field, schema.name)
    if len({item.zh for item in items.values()}) < len(items):
        _refuse(schema.name, "内容项中文名称重复", "two items share a Chinese name")
    for name in IDENTITY_ITEMS:
        if name not in items or items[name].kind is not ItemKind.TEXT:
            _refuse(f"{schema.name}: {name}", "缺少身份内容项", "an identity item is missing")
    return tuple(items.values())


def resource_from(schema: Schema) -> Resource:
    """Read a resource from its schema, shipped or arrived in the directory.

    Raises:
        SchemaError: `RESOURCE_INVALID`, with the attribute or field at fault, when the schema is
            not a record of nullable plain items, lacks an attribute or an identity item, or names
            a time item that is not a date or an instant.
    """
    about = schema.source.get("hedui") if isinstance(schema.source, dict) else None
    if not isinstance(about, dict) or schema.source.get("type") != "record":
        _refuse(schema.name, "缺少 hedui 属性", "a record with the attribute hedui is needed")
    for key in ("resource", "category"):
        if not _NAME.fullmatch(_text(about, key, schema.name)):
            _refuse(f"{schema.name}: {key}", "名称不合规", "names are lower-case-with-hyphens")
    items = _items(schema)
    # Null must be said: a range that is not applied discloses more than a forgotten word should.
    if "time_item" not in about:
        _refuse(f"{schema.name}: time_item", "缺少时间内容项", "the time item, or null, is missing")
    time_item = _optional(about, "time_item", schema.name)
    dated = {i.name for i in items if i.kind in {ItemKind.DATE, ItemKind.INSTANT}}
    if time_item and time_item not in dated:
        _refuse(f"{schema.name}: time_item", "须为日期内容项", "the time item is not a date")
    return Resource(
        name=about["resource"],
        category=about["category"],
        zh=_text(about, "zh", schema.name),
        en=_text(about, "en", schema.name),
        time_item=time_item,
        schema=schema,
        items=items,
        category_zh=_optional(about, "category_zh", schema.name),
    )


def _version(schema: Schema) -> int:
    return int(schema.name.rpartition(".v")[2])


@cache
def resources() -> Mapping[str, Resource]:
    """Return the shipped resources by name, each in its newest version."""
    shipped = (s for s in loader.shipped().values() if s.name.startswith("resource/"))
    found = [resource_from(schema) for schema in sorted(shipped, key=_version)]
    return MappingProxyType({r.name: r for r in sorted(found, key=lambda r: r.name)})


def with_resources(schemas: Iterable[Schema]) -> Mapping[str, Resource]:
    """Return the shipped resources and those that schemas of the directory make (R005).

    A shipped resource stays as it is shipped; of two schemas of one name the first counts; what
    describes no resource is passed over, so that it takes nothing else away.
    """
    found = dict(resources())
    for schema in schemas:
        try:
            resource = resource_from(schema)
        except SchemaError:
            continue
        found.setdefault(resource.name, resource)
    return MappingProxyType(dict(sorted(found.items())))
