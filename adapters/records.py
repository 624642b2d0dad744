"""How a source's raw rows become records: the items asked for and no other, each of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from adapters import values
from adapters.contract import PersonFaultError, Record, Value
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
        PersonFaultError: `VALUE_INVALID` for a value its item cannot hold exactly; else as
            `readings_of`. Both name the item, never the value.
    """
    readings = readings_of(resource, items)
    whole = ({one.key: row.get(one.key) for one in readings} for row in rows)
    return read_records(resource, readings, whole)


def readings_of(resource: Resource, items: Iterable[str]) -> Sequence[Reading]:
    """Return how items are read from rows that call them by their own names.

    Raises:
        PersonFaultError: `ITEM_UNKNOWN` for an item the resource has not.
    """
    asked = set(items)
    for name in sorted(asked - {item.name for item in resource.items}):
        raise PersonFaultError(
            "ITEM_UNKNOWN",
            "信息资源没有此内容项",
            "the resource has no such item",
            where=f"{resource.name}.{name}",
        )
    return [
        Reading(item.name, item.name, values.reader_of(item), item, values.column_reader_of(item))
        for item in resource.items
        if item.name in asked
    ]


class Reading(NamedTuple):
    """How one item of a record is read: its name, the name in the row, what reads the value.

    `column` reads many at once where it can, to the same values.
    """

    name: str
    key: str
    read: values.Reader
    item: Item
    column: values.ColumnReader


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
            records.append({name: read(row[key]) for name, key, read, *_ in readings})
        except ValueError:
            raise _invalid(resource, _unread(readings, row)) from None
    return tuple(records)


def read_table(
    resource: Resource, readings: Sequence[Reading], rows: Sequence[Mapping[str, object]]
) -> tuple[Sequence[Record], Mapping[int, PersonFaultError]]:
    """Make records of many persons' rows as `read_records` does, column by column.

    Args:
        resource: What the records are of.
        readings: The items asked for, in the resource's order.
        rows: Raw values, each row with every reading's key.

    Returns:
        A record for each row, and by the row's place what keeps it from being one.
    """
    faults: dict[int, PersonFaultError] = {}
    columns: list[Sequence[Value]] = []
    for reading in readings:
        raws = list(map(itemgetter(reading.key), rows))
        read = reading.column(raws) if raws else raws
        columns.append(_each(resource, reading, raws, faults) if read is None else read)
    names = [reading.name for reading in readings]
    return [dict(zip(names, one, strict=True)) for one in zip(*columns, strict=True)], faults


def _each(
    resource: Resource,
    reading: Reading,
    raws: Sequence[object],
    faults: dict[int, PersonFaultError],
) -> Sequence[Value]:
    """Read a column value by value; of a row's faults the first column's counts."""
    found: list[Value] = []
    for at, raw in enumerate(raws):
        try:
            found.append(reading.read(raw))
        except ValueError:
            found.append(None)
            faults.setdefault(at, _invalid(resource, reading.item))
        except PersonFaultError as fault:
            found.append(None)
            faults.setdefault(at, fault)
    return found


def _unread(readings: Sequence[Reading], row: Mapping[str, object]) -> Item:
    """Return the first item of a row that cannot be read; the last where no other is."""
    *others, last = readings
    for one in others:
        try:
            one.read(row[one.key])
        except ValueError:
            return one.item
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
