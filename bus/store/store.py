"""How a database is opened and closed, and how a transaction begins and ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bus.ports.store import Unit
from bus.ports.store_errors import store_closed
from bus.ports.turn import Turn
from bus.store.faults import own_error, translated
from bus.store.location import Access, database_of
from bus.store.schema import ensure_schema
from bus.store.unbroken import to_the_end
from bus.store.unit import SqlUnit

T = TypeVar("T")

_ACCESS = Access()


class SqlStore:
    """A `Store` on SQLite or PostgreSQL.

    Transactions of this store take turns, on PostgreSQL with those of every other instance; asking
    for one inside another is refused. A task that is cancelled inside a transaction rolls it back.
    One that is cancelled during the commit itself finishes the commit first: its work then stands,
    as after a crash just after it.

    A server that was gone is connected to anew by the next transaction that is asked for.

    Args:
        url: The database, see `database_of`; of SQLite the directory exists, the file need not.
        access: What a connection to PostgreSQL needs beside it.

    Raises:
        ConfigError: As `database_of`.
    """

    def __init__(self, url: str, access: Access = _ACCESS) -> None:
        self._database = database_of(url, access)
        self._turn = Turn()
        self._engine: AsyncEngine | None = None

    async def open(self) -> None:
        """Open, making an SQLite file (mode 0600) and the tables where they are missing.

        Tables of an older version are brought forward. A second call changes nothing.

        Raises:
            StoreUnavailable: `STORE_UNWRITABLE`, `STORE_FULL`, `STORE_UNAVAILABLE`; of a server
                also `STORE_DENIED`, `STORE_TLS`.
            StoreCorrupt: `STORE_CORRUPT`: the file is no sound SQLite database.
            ConfigError: `STORE_VERSION_NEWER`, `STORE_VERSION_UNKNOWN`.
            KeyFileError: The password file cannot be read, or by others too.
        """
        async with self._turn.take():
            if self._engine is not None:
                return
            self._database.prepare()
            engine = self._database.engine()
            try:
                await self._guarded(self._ensure_schema(engine))
            except BaseException:
                await to_the_end(self._database.let_go(engine))
                raise
            self._engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Unit]:
        """Open a transaction: commits on a clean exit, rolls back on any exception.

        Raises:
            DefectError: `STORE_NESTED`: this task, or the one that started it, has one open.
            StoreUnavailable: `STORE_CLOSED`: the store is not open. As `open`, at the start, a
                statement or the commit.
            StoreCorrupt: `STORE_CORRUPT`, `STORE_STATEMENT_FAILED`.
        """
        async with self._turn.take() as hold:
            if self._engine is None:
                raise store_closed()
            connection = self._engine.connect()
            try:
                await self._guarded(_begin(connection))
                unit = SqlUnit(connection, hold, self._database)
                yield unit
                hold.open = False
                if unit.fault is not None:
                    raise unit.fault
                await self._guarded(connection.commit())
            finally:
                hold.open = False
                await to_the_end(_give_back(connection))

    async def close(self) -> None:
        """Close, after the open transaction has ended; safe to call twice."""
        async with self._turn.take():
            engine, self._engine = self._engine, None
            if engine is not None:
                await self._guarded(engine.dispose())

    async def _ensure_schema(self, engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.run_sync(ensure_schema, self._database.where)

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end and let nothing but our own errors out."""
        try:
            return await to_the_end(work)
        except Exception as error:  # noqa: BLE001 - whatever it is, it leaves as one of ours
            # `from None`: a foreign text may quote values.
            raise own_error(error) or translated(error, self._database) from None


async def _begin(connection: AsyncConnection) -> None:
    await connection.start()
    try:
        await connection.begin()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        # The server was restarted while the connection lay in the pool: nothing was begun on it,
        # so another one may try.
        await connection.begin()


async def _give_back(connection: AsyncConnection) -> None:
    """Return a connection, if there is one, to the pool, rolled back unless it has committed.

    A connection that cannot even roll back is thrown away, and with it what it had begun. The
    error that led here matters more than that one, so it is not raised.
    """
    if connection.sync_connection is None:
        return
    try:
        await connection.rollback()
    except Exception:  # noqa: BLE001 - whatever it is, the connection is not used again
        await connection.invalidate()
    await connection.close()
