"""Makes an SQLite file that an SQL mapping can be pointed at: for trying out.

Each table is named and shaped after a resource, a column for each item that is given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from adapters.contract import Value
from schemas.resources import Item, ItemKind, Resource

_TYPES: Mapping[ItemKind, str] = MappingProxyType(
    {
        ItemKind.TEXT: "TEXT",
        ItemKind.INTEGER: "INTEGER",
        ItemKind.BOOLEAN: "BOOLEAN",
        ItemKind.DATE: "DATE",
        ItemKind.INSTANT: "DATETIME",
        # SQLite's own numbers are binary: 0.10 would not come back as it went in.
        ItemKind.MONEY: "TEXT",
        ItemKind.DECIMAL: "TEXT",
    }
)


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into one table: its items, and rows that hold one value for each, in order."""

    resource: Resource
    items: Sequence[Item]
    rows: Sequence[Sequence[Value]]


def table_name(resource: Resource) -> str:
    """Return the table of a resource: its name, hyphens made underscores."""
    return resource.name.replace("-", "_")


def write_sqlite(file: Path, contents: Sequence[Content]) -> None:
    """Make the file with one table for each content, indexed by ID number.

    Args:
        file: A file that does not exist yet.
        contents: What to put in.
    """
    with closing(sqlite3.connect(file)) as connection, connection:
        for content in contents:
            _write_table(connection, content)


def _write_table(connection: sqlite3.Connection, content: Content) -> None:
    # Names are those of a checked schema: lower-case letters, digits and underscores.
    table = table_name(content.resource)
    columns = ", ".join(f"{item.name} {_TYPES[item.kind]}" for item in content.items)
    places = ", ".join("?" * len(content.items))
    connection.execute(f"CREATE TABLE {table} ({columns})")
    connection.executemany(
        f"INSERT INTO {table} VALUES ({places})",  # noqa: S608 - see above
        [[_stored(value) for value in row] for row in content.rows],
    )
    connection.execute(f"CREATE INDEX {table}_by_id_number ON {table} (id_number)")


def _stored(value: Value) -> str | int | None:
    match value:
        case Decimal():
            return f"{value:f}"
        case date() | datetime():
            return value.isoformat()
        case bool():
            return int(value)
        case _:
            return value
