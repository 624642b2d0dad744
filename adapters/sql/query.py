"""The statements the connector sends, and the rows they bring back.

Values go to the database as bound parameters only, names of tables and columns through SQLAlchemy's
own quoting. Columns carry no type here, so raw values arrive as the driver gives them and one
person's unreadable value cannot fail the statement for everybody in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    String,
    any_,
    bindparam,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnClause, TableClause
from sqlalchemy.types import NullType

from adapters.judge import Row
from adapters.numbers import id_key, plain_number, stored_forms
from adapters.rows import Found
from adapters.sql.dialects import execute, go_on, habits_of
from adapters.sql.faults import StatementRefusedError, source_faults
from adapters.sql.mapping import SqlResource

ROW_LIMIT = 10_000
"""Rows taken from one statement; a chunk that has more is asked again in halves."""

NUMBERS_TIMEOUT_FACTOR = 10
"""The check of stored numbers reads a whole table: it may take so many times a lookup's timeout."""

_HALF = "0123456789X"
_FULL = "０１２３４５６７８９Ｘ"


class Reader:
    """Reads one mapped table over a connection on which `adapters.sql.dialects.begin` was called.

    Args:
        connection: The connection.
        entry: How the table maps to a resource.
        timeout: Seconds that one statement may take.
    """

    def __init__(self, connection: AsyncConnection, entry: SqlResource, timeout: float) -> None:
        self._connection = connection
        self._entry = entry
        self._timeout = timeout
        self._habits = habits_of(connection)

    async def rows_of(self, numbers: Sequence[str], columns: Sequence[str]) -> Found:
        """Read the rows of some persons.

        Where the database refuses a statement but not one like it about nobody, it is some person's
        number or row that it cannot do: that person alone fails, with `SOURCE_ROW_FAILED`.

        Args:
            numbers: Their ID numbers as `id_key` writes them, each once.
            columns: The columns to read; the ID number is one of them.

        Raises:
            SourceUnavailableError: The source failed or was too slow.
        """
        found = Found()
        # No ID number has control characters or half a character, and drivers choke on some.
        plain = [number for number in numbers if number.isprintable()]
        found.failed.update(
            (number, "ID_NUMBER_INVALID") for number in numbers if not number.isprintable()
        )
        for start in range(0, len(plain), self._habits.chunk):
            await self._read(plain[start : start + self._habits.chunk], columns, found)
        return found

    async def sample(self, columns: Sequence[str], count: int) -> Sequence[Row]:
        """Return up to so many rows, whichever come first.

        Raises:
            SourceUnavailableError: The source failed or was too slow.
        """
        rows = await self._rows(select(*self._table(columns).c).limit(count), columns)
        return [dict(row) for row in rows]

    async def latest(self, name: str) -> object:
        """Return the greatest value of a column, None where the table is empty.

        Raises:
            SourceUnavailableError: The source failed or was too slow.
        """
        source = self._table([name])
        rows = await self._execute(select(func.max(source.c[name]).label("latest")))
        return rows[0][0]

    async def inexact_numbers(self) -> int:
        """Count the ID numbers that are not stored trimmed and upper-case.

        Raises:
            SourceUnavailableError: The source failed or was too slow.
        """
        source = self._table([self._entry.id_number])
        stored = source.c[self._entry.id_number]
        inexact = select(func.count().label("inexact")).select_from(source)
        rows = await self._execute(
            inexact.where(stored != _normalised(stored)), NUMBERS_TIMEOUT_FACTOR
        )
        return int(rows[0][0])

    async def unseen_numbers(self) -> int:
        """Count the different stored ID numbers that no lookup can find.

        A number of mixed widths, or with blanks inside, is not equal to any form that a lookup
        compares with, so its holder would be answered as not found. The database leaves out the
        plain ones; only the others are fetched, one at a time, and judged here.

        Raises:
            SourceUnavailableError: The source failed or was too slow.
        """
        source = self._table([self._entry.id_number])
        shown = _normalised(source.c[self._entry.id_number])
        odd = select(shown.label("shown")).where(_beyond(shown, _HALF)).distinct()
        if not self._entry.id_number_exact:
            odd = odd.where(_beyond(shown, _FULL))
        unseen = 0
        with source_faults(self._entry.place):
            async with asyncio.timeout(self._timeout * NUMBERS_TIMEOUT_FACTOR):
                async with self._connection.stream(odd) as result:
                    async for row in result:
                        unseen += not self._can_be_found(row.shown)
        return unseen

    def _can_be_found(self, shown: object) -> bool:
        number = plain_number(shown)
        return shown in (self._forms([number]) if number else ("",))

    async def _read(self, chunk: Sequence[str], columns: Sequence[str], found: Found) -> None:
        rows = await self._answered(chunk, columns, found)
        if rows is None:
            return
        if len(rows) > ROW_LIMIT and len(chunk) == 1:
            found.overfull.add(chunk[0])
            return
        if len(rows) > ROW_LIMIT:
            await self._read_halves(chunk, columns, found)
            return
        asked = frozenset(chunk)
        of = self._entry.id_number
        for row in rows:
            stored = row[of]
            number = stored if stored in asked else id_key(stored)
            # A view can lie, a collation can be generous: nobody else's row goes further.
            if number in asked:
                found.rows[number].append(row)
            else:
                found.unasked += 1

    async def _read_halves(
        self, chunk: Sequence[str], columns: Sequence[str], found: Found
    ) -> None:
        half = len(chunk) // 2
        await self._read(chunk[:half], columns, found)
        await self._read(chunk[half:], columns, found)

    async def _answered(
        self, chunk: Sequence[str], columns: Sequence[str], found: Found
    ) -> Sequence[Row] | None:
        """Return a chunk's rows; None where its persons have been seen to otherwise."""
        try:
            return await self._rows(self._select(chunk, columns), columns)
        except StatementRefusedError:
            await self._try_nobody(columns)
        if len(chunk) > 1:
            await self._read_halves(chunk, columns, found)
            return None
        try:
            # Once more: what is refused for good is refused again.
            return await self._rows(self._select(chunk, columns), columns)
        except StatementRefusedError:
            await self._try_nobody(columns)
        found.failed[chunk[0]] = "SOURCE_ROW_FAILED"
        return None

    async def _try_nobody(self, columns: Sequence[str]) -> None:
        """Ask about nobody after a refusal: where that is refused too, it is about everybody."""
        with source_faults(self._entry.place):
            async with asyncio.timeout(self._timeout):
                await go_on(self._connection)
        await self._rows(self._select([""], columns), columns)

    def _select(self, numbers: Sequence[str], columns: Sequence[str]) -> Select[Any]:
        source = self._table(columns)
        stored: ColumnElement[str] = source.c[self._entry.id_number]
        compared = stored if self._entry.id_number_exact else _normalised(stored)
        forms = self._forms(numbers)
        # Without a type of ours the database takes the list as one of the column's own type, and
        # so its index, for CHAR(18) too.
        asked = (
            compared == any_(bindparam("numbers", forms, type_=NullType()))
            if self._habits.takes_list
            else compared.in_(forms)
        )
        return select(*source.c).where(asked).limit(ROW_LIMIT + 1)

    def _forms(self, numbers: Sequence[str]) -> list[str]:
        if self._entry.id_number_exact:
            return list(numbers)
        return [form for number in numbers for form in sorted(stored_forms(number))]

    def _table(self, columns: Sequence[str]) -> TableClause:
        named: list[ColumnClause[Any]] = [column(name) for name in columns]
        return table(self._entry.table, *named, schema=self._entry.db_schema)

    async def _rows(self, statement: Executable, columns: Sequence[str]) -> list[Row]:
        rows = await self._execute(statement)
        if rows and hasattr(rows[0], "keys"):
            # asyncpg's records are rows as we want them.
            return rows
        return [dict(zip(columns, row, strict=True)) for row in rows]

    async def _execute(self, statement: Executable, patience: int = 1) -> list[Any]:
        with source_faults(self._entry.place):
            limit = self._timeout * patience
            async with asyncio.timeout(limit):
                return await execute(self._connection, statement, limit)


def _normalised(stored: ColumnElement[str]) -> ColumnElement[str]:
    return func.upper(func.trim(stored))


def _beyond(shown: ColumnElement[str], characters: str) -> ColumnElement[bool]:
    """Whether a number holds anything but these characters, in functions every database has."""
    rest: ColumnElement[str] = shown
    for character in characters:
        rest = func.replace(rest, character, "", type_=String())
    # The point keeps a blank from counting as nothing, and nothing from being NULL.
    return func.char_length(rest.concat(".")) > 1
