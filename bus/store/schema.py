"""Whose database this is, and of which version: made when empty, refused when not ours."""

from __future__ import annotations

from sqlalchemy import Connection, insert, inspect, select

from bus.errors import ConfigError
from bus.store.tables import metadata, schema_version

VERSION = 1
"""The shape tables.py describes."""

# The one row that says which shape the tables have.
READ_VERSION = select(schema_version.c.version)

# Written once, in the transaction that makes the tables.
WRITE_VERSION = insert(schema_version)


def ensure_schema(connection: Connection, where: str) -> None:
    """Make the tables in an empty database; check the version of any other.

    Args:
        connection: In a transaction, which the caller commits.
        where: The database, as an operator knows it.

    Raises:
        ConfigError: `STORE_VERSION_NEWER`: a newer product wrote it. `STORE_VERSION_UNKNOWN`:
            it is not a database of this product, or its version is no number this one knows.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        metadata.create_all(connection)
        connection.execute(WRITE_VERSION, {"version": VERSION})
        return
    versions = (
        connection.execute(READ_VERSION).scalars().all() if schema_version.name in tables else []
    )
    if len(versions) == 1 and versions[0] > VERSION:
        raise _newer(versions[0], where)
    if list(versions) != [VERSION]:
        raise _unknown(where)


def _newer(version: int, where: str) -> ConfigError:
    return ConfigError(
        "STORE_VERSION_NEWER",
        f"数据库版本为 {version}，本程序只认识到版本 {VERSION}",
        f"the database is of version {version}; this program knows up to {VERSION}",
        remedy_zh="请使用写入该数据库的程序版本或更新的版本",
        remedy_en="run the version of the program that wrote it, or a later one",
        where=where,
    )


def _unknown(where: str) -> ConfigError:
    return ConfigError(
        "STORE_VERSION_UNKNOWN",
        "该文件不是本程序的数据库，或其版本无法识别",
        "the file is not a database of this program, or its version is unknown",
        remedy_zh="请检查配置中的数据库路径",
        remedy_en="check the database path in the configuration",
        where=where,
    )
