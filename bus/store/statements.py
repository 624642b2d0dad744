"""How a statement runs inside an open transaction: to its end, and failing only as our errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, CursorResult, Executable, Insert, RowMapping, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from bus.errors import HeduiError
from bus.ports.turn import Hold
from bus.store.database import Database
from bus.store.faults import own_error, translated
from bus.store.unbroken import to_the_end

T = TypeVar("T")
Values = Mapping[str, object]


def columns_of(table: Table, kind: type) -> list[ColumnElement[Any]]:
    """Return the columns of a table that a dataclass names its fields after, in its order."""
    return [table.c[field.name] for field in fields(kind)]


class Statements:
    """What the parts of a unit run their statements with.

    After a statement has failed in the database the transaction may be gone already (SQLite rolls
    back by itself when the disk is full, PostgreSQL whatever the error), so every later statement,
    and the commit, fail with the same error instead of writing half a step.

    Args:
        connection: In a transaction that the store began and will end.
        hold: The turn the transaction has; no statement runs after it.
        database: What the connection is to, for errors.
    """

    def __init__(self, connection: AsyncConnection, hold: Hold, database: Database) -> None:
        self._connection = connection
        self._hold = hold
        self._database = database
        self._fault: HeduiError | None = None

    @property
    def fault(self) -> HeduiError | None:
        """The error that ended the transaction early, if one did."""
        return self._fault

    @property
    def _dialect(self) -> str:
        return self._connection.dialect.name

    async def _rows(self, statement: Executable, values: Values) -> Sequence[RowMapping]:
        """Run a query and return all its rows, by column name."""
        return await self._run(lambda result: result.mappings().all(), statement, values)

    async def _row(self, statement: Executable, values: Values) -> RowMapping | None:
        """Run a query for one row at most."""
        return await self._run(lambda result: result.mappings().one_or_none(), statement, values)

    async def _write(self, statement: Executable, values: Values | Sequence[Values]) -> int:
        """Run a statement, for each of several sets of values; returns the rows it touched."""
        return await self._run(lambda result: result.rowcount, statement, values)

    async def _insert(self, statement: Insert, values: Values) -> int:
        """Insert a row into a numbered table and return its number."""
        return await self._run(_given_number, statement, values)

    async def _run(
        self,
        read: Callable[[CursorResult[Any]], T],
        statement: Executable,
        values: Values | Sequence[Values],
    ) -> T:
        self._hold.check()
        if self._fault is not None:
            raise self._fault
        try:
            return await to_the_end(self._execute(read, statement, values))
        except Exception as error:  # noqa: BLE001 - whatever it is, it leaves as one of ours
            fault = own_error(error)
            if fault is None:
                fault = self._fault = translated(error, self._database)
            # `from None`: a foreign text may quote values.
            raise fault from None

    async def _execute(
        self,
        read: Callable[[CursorResult[Any]], T],
        statement: Executable,
        values: Values | Sequence[Values],
    ) -> T:
        return read(await self._connection.execute(statement, values))


def _given_number(result: CursorResult[Any]) -> int:
    (number,) = result.inserted_primary_key or (None,)
    if not isinstance(number, int):
        raise TypeError("no row number was given")
    return number
