"""How a source's raw rows become records: the items asked for and no other, each of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from adapters import values
from adapters.contract import PersonFaultError, Record
from schemas.resources import Item, Resource


def to_records(
    resource: Resource, items: Iterable[str], rows: Iterable[Mapping[str, object]]
) -> tuple[Record, ...]:
    """Make records of a source's raw rows: the items asked for, each of its item's type.

    The list of items is an allow-list: whatever else a row holds stays behind. Blank text is no
    value.

    Args:
        resource: What the records are of.
        items: Names of the items asked for.
        rows: Raw values by item name; a name that is absent has no value.

    Raises:
        PersonFaultError: `ITEM_UNKNOWN` for an item the resource has not, `VALUE_INVALID` for a
            value its item cannot hold exactly. Both name the item, never the value.
    """
    asked = set(items)
    for name in sorted(asked - {item.name for item in resource.items}):
        raise PersonFaultError(
            "ITEM_UNKNOWN",
            "信息资源没有此内容项",
            "the resource has no such item",
            where=f"{resource.name}.{name}",
        )
    kept = [item for item in resource.items if item.name in asked]
    readings = [Reading(item.name, item.name, values.reader_of(item), item) for item in kept]
    whole = ({item.name: row.get(item.name) for item in kept} for row in rows)
    return read_records(resource, readings, whole)


class Reading(NamedTuple):
    """How one item of a record is read: its name, the name in the row, what reads the value."""

    name: str
    key: str
    read: values.Reader
    item: Item


def read_records(
    resource: Resource, readings: Sequence[Reading], rows: Iterable[Mapping[str, object]]
) -> tuple[Record, ...]:
    """Make records of raw rows as `to_records` does, by readings made once for many persons.

    Args:
        resource: What the records are of.
        readings: The items asked for, in the resource's order.
        rows: Raw values, each row with every reading's key.

    Raises:
        PersonFaultError: `VALUE_INVALID`, or what a reading raises.
    """
    records: list[Record] = []
    for row in rows:
        try:
            records.append({name: read(row[key]) for name, key, read, _ in readings})
        except ValueError:
            raise _invalid(resource, _unread(readings, row)) from None
    return tuple(records)


def _unread(readings: Sequence[Reading], row: Mapping[str, object]) -> Item:
    """Return the first item of a row that cannot be read; the last where no other is."""
    *others, last = readings
    for _, key, read, item in others:
        try:
            read(row[key])
        except ValueError:
            return item
    return last.item


def _invalid(resource: Resource, item: Item) -> PersonFaultError:
    return PersonFaultError(
        "VALUE_INVALID",
        f"来源中“{item.zh}”的值不符合类型 {item.kind}",
        f"the source's value of {item.name} is not of kind {item.kind}",
        remedy_zh="请更正来源数据或映射",
        remedy_en="Mend the source's data or the mapping",
        where=f"{resource.name}.{item.name}",
    )
