"""What is in a database: its tables and columns, for `hedui adapter init`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, Inspector, inspect
from sqlalchemy.exc import NoSuchTableError

from adapters.sql.engine import open_engine
from adapters.sql.faults import source_faults
from adapters.sql.mapping import SqlMapping

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or view; `comment` is empty where the database has none."""

    name: str
    comment: str = ""


async def tables_of(mapping: SqlMapping) -> list[str]:
    """Return the names of the tables and views in the account's own schema.

    Args:
        mapping: A mapping of the source; its resources are not looked at.

    Raises:
        ConfigError: As `adapters.sql.engine.open_engine`.
        SourceUnavailableError: The database cannot be reached.
    """
    return await _seen(mapping, lambda found: [*found.get_table_names(), *found.get_view_names()])


async def columns_of(mapping: SqlMapping, table: str, schema: str | None) -> list[Column]:
    """Return the columns of a table or view; none where there is no such table.

    Raises:
        ConfigError: As `adapters.sql.engine.open_engine`.
        SourceUnavailableError: The database cannot be reached.
    """

    def look(found: Inspector) -> list[Column]:
        try:
            columns = found.get_columns(table, schema=schema)
        except NoSuchTableError:
            return []
        return [Column(one["name"], one.get("comment") or "") for one in columns]

    return await _seen(mapping, look)


async def _seen(mapping: SqlMapping, look: Callable[[Inspector], Seen]) -> Seen:
    def inspected(connection: Connection) -> Seen:
        return look(inspect(connection))

    engine = open_engine(mapping)
    try:
        with source_faults(mapping.where):
            async with asyncio.timeout(mapping.source.statement_timeout_seconds):
                async with engine.connect() as connection:
                    return await connection.run_sync(inspected)
    finally:
        await engine.dispose()
