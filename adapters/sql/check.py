"""The start-up check: does the source fit the mapping?

Everything that does not fit is named at once, as table.column with the item and what it should be.
A column's declared type only rules out what can never be read as the item; each value is checked
again when it is read (`adapters.values`). Columns of a view may have no declared type: they pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.dialects.mysql import BIT, YEAR
from sqlalchemy.dialects.postgresql import DOMAIN
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

from adapters.sql.mapping import SqlMapping, SqlResource
from bus.model.messages import Finding
from schemas.resources import ItemKind, Resource

_Types = tuple[type[TypeEngine[Any]], ...]

_ACCEPTED: Mapping[ItemKind, _Types] = MappingProxyType(
    {
        ItemKind.TEXT: (String, Integer, YEAR),
        ItemKind.INTEGER: (Integer, Numeric, String, YEAR),
        ItemKind.MONEY: (Numeric, Float, Integer, String),
        ItemKind.DECIMAL: (Numeric, Float, Integer, String),
        ItemKind.DATE: (Date, DateTime, String, Integer),
        ItemKind.INSTANT: (DateTime, Date, String),
        ItemKind.BOOLEAN: (Boolean, Integer, BIT, String),
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


def reflect(connection: Connection, mapping: SqlMapping) -> dict[str, Columns | None]:
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
        found[entry.name] = {one["name"]: _plain(one["type"]) for one in columns} or None
    return found


def _plain(declared: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type that a domain of PostgreSQL narrows."""
    return _plain(declared.data_type) if isinstance(declared, DOMAIN) else declared


def source_mismatches(
    mapping: SqlMapping,
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


def _column_faults(entry: SqlResource, need: _Need, columns: Columns) -> Iterator[Finding]:
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


def _needs(entry: SqlResource, resource: Resource | None) -> Iterator[_Need]:
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
