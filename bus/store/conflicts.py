"""Inserting where the row may be there already, in the words of the database at hand.

SQLite and PostgreSQL share `INSERT … ON CONFLICT`; SQLAlchemy keeps one construct for each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

Upsert = sqlite.Insert | postgresql.Insert

_INSERTS: dict[str, Callable[[Table], Upsert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


@cache
def insert_or_keep(table: Table, dialect: str) -> Upsert:
    """Return an insert that leaves a row with the same unique value as it is.

    Its row count tells whether the row is new (1) or was there (0).

    Args:
        table: Where to insert.
        dialect: SQLAlchemy's name of the database: `sqlite` or `postgresql`.
    """
    return _INSERTS[dialect](table).on_conflict_do_nothing()


@cache
def insert_or_replace(table: Table, dialect: str) -> Upsert:
    """Return an insert that, where the primary key is there, replaces all the other columns.

    Args:
        table: Where to insert.
        dialect: SQLAlchemy's name of the database: `sqlite` or `postgresql`.
    """
    insert = _INSERTS[dialect](table)
    replaced = {
        column.name: insert.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=replaced)
