"""The statements the connector sends, and the rows they bring back.

Values go to the database as bound parameters only, names of tables and columns through SQLAlchemy's
own quoting. Columns carry no type here, so raw values arrive as the driver gives them and one
person's unreadable value cannot fail the statement for everybody in it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Executable, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnClause, TableClause

from adapters.mapping import ResourceMapping
from adapters.sql.engine import source_faults
from adapters.sql.match import Row, id_key

CHUNK = 500
"""ID numbers in one statement."""

ROW_LIMIT = 10_000
"""Rows taken from one statement; a chunk that has more is asked again in halves."""


@dataclass(slots=True)
class Found:
    """Rows by ID number; numbers with more rows than can be taken; rows nobody asked for."""

    rows: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    overfull: set[str] = field(default_factory=set)
    unasked: int = 0


class Reader:
    """Reads one mapped table over an open connection.

    Args:
        connection: An open connection.
        entry: How the table maps to a resource.
        timeout: Seconds that one statement may take.
    """

    def __init__(self, connection: AsyncConnection, entry: ResourceMapping, timeout: float) -> None:
        self._connection = connection
        self._entry = entry
        self._timeout = timeout

    async def rows_of(self, numbers: Sequence[str], columns: Sequence[str]) -> Found:
        """Read the rows of some persons.

        Args:
            numbers: Their ID numbers as `id_key` writes them, each once.
            columns: The columns to read; the ID number is one of them.

        Raises:
            SourceUnavailableError: The source failed or was too slow.
        """
        found = Found()
        for chunk in _chunks(numbers):
            await self._read(chunk, columns, found)
        return found

    async def latest(self, name: str) -> object:
        """Return the greatest value of a column, None where the table is empty.

        Raises:
            SourceUnavailableError: The source failed or was too slow.
        """
        source = self._table([name])
        rows = await self._execute(select(func.max(source.c[name]).label("latest")))
        return rows[0]["latest"]

    async def inexact_numbers(self) -> int:
        """Count the ID numbers that are not stored trimmed and upper-case.

        Raises:
            SourceUnavailableError: The source failed or was too slow.
        """
        source = self._table([self._entry.id_number])
        stored = source.c[self._entry.id_number]
        inexact = select(func.count().label("inexact")).select_from(source)
        rows = await self._execute(inexact.where(stored != _normalised(stored)))
        return int(str(rows[0]["inexact"]))

    async def _read(self, chunk: Sequence[str], columns: Sequence[str], found: Found) -> None:
        rows = await self._execute(self._select(chunk, columns))
        if len(rows) > ROW_LIMIT and len(chunk) == 1:
            found.overfull.add(chunk[0])
            return
        if len(rows) > ROW_LIMIT:
            half = len(chunk) // 2
            await self._read(chunk[:half], columns, found)
            await self._read(chunk[half:], columns, found)
            return
        asked = frozenset(chunk)
        for row in rows:
            number = id_key(row[self._entry.id_number])
            # A view can lie, a collation can be generous: nobody else's row goes further.
            if number in asked:
                found.rows[number].append(row)
            else:
                found.unasked += 1

    def _select(self, numbers: Sequence[str], columns: Sequence[str]) -> Executable:
        source = self._table(columns)
        stored: ColumnElement[str] = source.c[self._entry.id_number]
        compared = stored if self._entry.id_number_exact else _normalised(stored)
        return select(*source.c).where(compared.in_(list(numbers))).limit(ROW_LIMIT + 1)

    def _table(self, columns: Sequence[str]) -> TableClause:
        named: list[ColumnClause[Any]] = [column(name) for name in columns]
        return table(self._entry.table, *named, schema=self._entry.db_schema)

    async def _execute(self, statement: Executable) -> Sequence[Row]:
        with source_faults(self._entry.place):
            async with asyncio.timeout(self._timeout):
                result = await self._connection.execute(statement)
                return [row._asdict() for row in result]


def _chunks(numbers: Sequence[str]) -> list[Sequence[str]]:
    return [numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK)]


def _normalised(stored: ColumnElement[str]) -> ColumnElement[str]:
    return func.upper(func.trim(stored))
