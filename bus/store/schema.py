"""Whose database this is, and of which version: made when empty, brought forward when older."""

from __future__ import annotations

from sqlalchemy import Connection, Integer, column, inspect, select, table

from bus.errors import ConfigError
from bus.store.migrations.runner import VERSION_TABLE, adopt, heads, migrate, versions

EMPTY = 0
"""The version of a database without tables."""

FIRST = 1
"""The shape that was there before migrations were, and carries its number in a table of its own."""

# The one row that said so.
READ_FIRST = select(column("version", Integer)).select_from(table("schema_version"))


def newest() -> int:
    """Return the version this program works with: the shape tables.py describes."""
    return versions()[-1]


def version_of(connection: Connection, where: str) -> int:
    """Return the version of a database, `EMPTY` where there are no tables.

    Args:
        connection: In a transaction.
        where: The database, as an operator knows it.

    Raises:
        ConfigError: `STORE_VERSION_UNKNOWN`: it is not a database of this product, or its version
            is no number this one knows.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return EMPTY
    if VERSION_TABLE in tables:
        found = heads(connection)
        if len(found) == 1 and found[0].isdigit() and int(found[0]) >= FIRST:
            return int(found[0])
    elif "schema_version" in tables and connection.execute(READ_FIRST).scalars().all() == [FIRST]:
        return FIRST
    raise _unknown(where)


def ensure_schema(connection: Connection, where: str) -> None:
    """Make the tables in an empty database, bring older ones forward, refuse newer ones.

    Args:
        connection: In a transaction, which the caller commits.
        where: The database, as an operator knows it.

    Raises:
        ConfigError: `STORE_VERSION_NEWER`: a newer product wrote it. `STORE_VERSION_UNKNOWN`: as
            `version_of`.
    """
    move(connection, where, newest())


def move(connection: Connection, where: str, target: int) -> int:
    """Bring the tables to another version, forwards or back; returns the one they had.

    Args:
        connection: In a transaction, which the caller commits.
        where: The database, as an operator knows it.
        target: A version this program knows.

    Raises:
        ConfigError: As `ensure_schema`.
    """
    version = version_of(connection, where)
    if version > newest():
        raise newer(version, where)
    if version == FIRST:
        adopt(connection, FIRST)
    if version != target:
        migrate(connection, target)
    return version


def newer(version: int, where: str) -> ConfigError:
    """Return the error of a database that a newer product wrote."""
    return ConfigError(
        "STORE_VERSION_NEWER",
        f"数据库版本为 {version}，本程序只认识到版本 {newest()}",
        f"the database is of version {version}; this program knows up to {newest()}",
        remedy_zh="请使用写入该数据库的程序版本或更新的版本，"
        "或先用该版本执行 hedui store downgrade",
        remedy_en="run the version of the program that wrote it, or a later one; or take the"
        " database back with that version's `hedui store downgrade` first",
        where=where,
    )


def _unknown(where: str) -> ConfigError:
    return ConfigError(
        "STORE_VERSION_UNKNOWN",
        "该数据库不是本程序的数据库，或其版本无法识别",
        "it is not a database of this program, or its version is unknown",
        remedy_zh="请检查配置中的数据库地址",
        remedy_en="check the database in the configuration",
        where=where,
    )
