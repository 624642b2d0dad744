"""The start-up check: does the mapping fit the catalogue, and the source the mapping?

Everything that does not fit is named at once, as table.column with the item and what it should be.
A column's declared type only rules out what can never be read as the item; each value is checked
again when it is read (`adapters.values`). Columns of a view may have no declared type: they pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import (
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    NullType,
    Numeric,
    String,
    TypeEngine,
)

from adapters.mapping import ResourceMapping, SourceMapping
from bus.model.messages import Finding
from schemas.resources import ItemKind, Resource

_Types = tuple[type[TypeEngine[Any]], ...]

_ACCEPTED: Mapping[ItemKind, _Types] = MappingProxyType(
    {
        ItemKind.TEXT: (String, Integer),
        ItemKind.INTEGER: (Integer, Numeric, String),
        ItemKind.MONEY: (Numeric, Float, Integer, String),
        ItemKind.DECIMAL: (Numeric, Float, Integer, String),
        ItemKind.DATE: (Date, DateTime, String, Integer),
        ItemKind.INSTANT: (DateTime, Date, String),
        ItemKind.BOOLEAN: (Boolean, Integer),
    }
)
"""Column types from which values of a kind can be read (the String family includes CHAR, TEXT)."""

_CODED: _Types = (String, Integer, Boolean)
"""Column types whose values a code table translates."""

Columns = Mapping[str, TypeEngine[Any]]
"""Column name → declared type."""


@dataclass(frozen=True, slots=True)
class _Need:
    """A column the mapping uses, for what, and the types it may have."""

    column: str
    use: str
    types: _Types


def reflect(connection: Connection, mapping: SourceMapping) -> dict[str, Columns | None]:
    """Read the columns of each mapped table or view; None where there is none.

    Args:
        connection: A synchronous connection (of `AsyncConnection.run_sync`).
        mapping: The mapping.

    Returns:
        Columns by resource name.
    """
    inspector = inspect(connection)
    found: dict[str, Columns | None] = {}
    for entry in mapping.resources:
        try:
            columns = inspector.get_columns(entry.table, schema=entry.db_schema)
        except NoSuchTableError:
            columns = []
        # Some dialects report a missing table as one without columns.
        found[entry.name] = {one["name"]: one["type"] for one in columns} or None
    return found


def catalogue_faults(
    mapping: SourceMapping, resources: Mapping[str, Resource]
) -> Iterator[Finding]:
    """Yield where the mapping does not fit the catalogue (R020).

    Every item is either mapped or said not to be held: an item forgotten would be answered as
    having no value, which is not complete (R072).
    """
    named = [(entry.name, [*entry.columns, *entry.not_held]) for entry in mapping.resources]
    return _naming_faults(named, resources)


def catalogue_faults_of_document(
    document: Mapping[str, Any], resources: Mapping[str, Resource]
) -> Iterator[Finding]:
    """Yield the same of a mapping that has other faults: of each entry whose names can be read.

    Args:
        document: The parsed TOML document.
        resources: The catalogue's resources by name.
    """
    entries = document.get("resource")
    readable = (_names(entry) for entry in entries) if isinstance(entries, list) else ()
    return _naming_faults((names for names in readable if names), resources)


def _names(entry: object) -> tuple[str, list[str]] | None:
    match entry:
        case {"name": str(name), "columns": dict(columns), **rest}:
            held = rest.get("not_held", [])
            if isinstance(held, list) and all(isinstance(item, str) for item in held):
                return name, [*columns, *held]
    return None


def _naming_faults(
    entries: Iterable[tuple[str, Sequence[str]]], resources: Mapping[str, Resource]
) -> Iterator[Finding]:
    """Yield the faults of resources' names, each with the items it maps or does not hold."""
    for name, named in entries:
        resource = resources.get(name)
        if resource is None:
            zh, en = "目录中没有此信息资源", "the catalogue has no such resource"
            yield Finding("RESOURCE_UNKNOWN", zh, en, name)
            continue
        known = [item.name for item in resource.items]
        for item in named:
            if item not in known:
                yield Finding(
                    "ITEM_UNKNOWN",
                    f"信息资源没有此内容项，应为 {'、'.join(known)} 之一",
                    f"no such item; one of {', '.join(known)}",
                    f"{name}.columns.{item}",
                )
        for item in known:
            if item not in named:
                yield Finding(
                    "ITEM_UNMAPPED",
                    "内容项未映射：请在 columns 中指定列，或列入 not_held",
                    "the item is not mapped: give its column in columns or list it in not_held",
                    f"{name}.columns.{item}",
                )


def source_mismatches(
    mapping: SourceMapping,
    resources: Mapping[str, Resource],
    found: Mapping[str, Columns | None],
) -> Iterator[Finding]:
    """Yield where the source does not fit the mapping: tables, columns, types."""
    for entry in mapping.resources:
        columns = found[entry.name]
        if columns is None:
            zh, en = "数据源中没有此表或视图", "the source has no such table or view"
            yield Finding("TABLE_MISSING", zh, en, f"{entry.place} ({entry.name})")
            continue
        for need in _needs(entry, resources.get(entry.name)):
            yield from _column_faults(entry, need, columns)


def _column_faults(entry: ResourceMapping, need: _Need, columns: Columns) -> Iterator[Finding]:
    where = f"{entry.place}.{need.column} ({need.use})"
    column = columns.get(need.column)
    if column is None:
        yield Finding(
            "COLUMN_MISSING",
            f"没有此列，该表的列为 {'、'.join(columns)}",
            f"no such column; the columns are {', '.join(columns)}",
            where,
        )
    elif not isinstance(column, (*need.types, NullType)):
        expected = "/".join(one.__name__ for one in need.types)
        # The bare name: some types cannot be written out without their dialect.
        actual = type(column).__name__
        yield Finding(
            "COLUMN_TYPE",
            f"列类型应为 {expected}，实为 {actual}",
            f"expected a column of {expected}, found {actual}",
            where,
        )


def _needs(entry: ResourceMapping, resource: Resource | None) -> Iterator[_Need]:
    # A number column has lost leading zeros and the X at the end: not an ID number any more.
    yield _Need(entry.id_number, "id_number", (String,))
    if entry.id_type:
        yield _Need(entry.id_type, "id_type", (String, Integer))
    if entry.person_name:
        yield _Need(entry.person_name, "person_name", (String,))
    if entry.time_column:
        yield _Need(entry.time_column, "time_column", _ACCEPTED[ItemKind.DATE])
    if entry.as_of_column:
        yield _Need(entry.as_of_column, "as_of_column", _ACCEPTED[ItemKind.INSTANT])
    for name, column in entry.columns.items():
        item = resource.item(name) if resource else None
        if item is not None:
            coded = name in entry.codes or (item.codes == "id-types" and bool(entry.id_types))
            yield _Need(column, name, _CODED if coded else _ACCEPTED[item.kind])
