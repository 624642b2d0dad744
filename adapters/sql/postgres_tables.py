"""Makes tables in a PostgreSQL database that an SQL mapping can be pointed at: for trying out.

As `adapters.sql.sqlite_file`: each table is named and shaped after a resource. Whoever reads gets
an account that may select and nothing else, as an agency should give its adapter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import asyncpg

from adapters.sql.sqlite_file import Content, table_name
from schemas.resources import ItemKind

_TYPES: Mapping[ItemKind, str] = MappingProxyType(
    {
        ItemKind.TEXT: "text",
        ItemKind.INTEGER: "bigint",
        ItemKind.BOOLEAN: "boolean",
        ItemKind.DATE: "date",
        ItemKind.INSTANT: "timestamp with time zone",
        ItemKind.MONEY: "numeric(20, 2)",
        ItemKind.DECIMAL: "numeric(20, 2)",
    }
)


async def write_postgres(
    socket_folder: Path, port: int, owner: str, reader: str, contents: Sequence[Content]
) -> None:
    """Make one table for each content, indexed by ID number, and the account that reads them.

    Args:
        socket_folder: Where the server's Unix socket is.
        port: The port that names the socket.
        owner: The account that makes the tables; its database is `postgres`.
        reader: The account to make; it may select.
        contents: What to put in.
    """
    connection = await asyncpg.connect(
        host=str(socket_folder), port=port, user=owner, database="postgres", ssl=False
    )
    try:
        async with connection.transaction():
            await connection.execute(f"CREATE ROLE {reader} LOGIN")
            for content in contents:
                await _write_table(connection, content)
            await connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
    finally:
        await connection.close()


async def _write_table(connection: asyncpg.Connection, content: Content) -> None:
    # Names are those of a checked schema: lower-case letters, digits and underscores.
    table = table_name(content.resource)
    columns = ", ".join(f"{item.name} {_TYPES[item.kind]}" for item in content.items)
    await connection.execute(f"CREATE TABLE {table} ({columns})")
    await connection.copy_records_to_table(
        table, records=content.rows, columns=[item.name for item in content.items]
    )
    await connection.execute(f"CREATE INDEX {table}_by_id_number ON {table} (id_number)")
