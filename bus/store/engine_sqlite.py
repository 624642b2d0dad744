"""How an SQLite file is opened so that a commit is on the disk and a transaction really one.

WAL lets the file be read while it is written; `synchronous=FULL` makes each commit survive a power
cut (https://www.sqlite.org/pragma.html#pragma_synchronous). Python's driver would begin
transactions by itself, late and deferred, and not for reads or table creation; so its own handling
is switched off and each transaction begins with BEGIN IMMEDIATE, which takes the write lock at
once: whoever has begun will not fail halfway because another process wrote first.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bus.errors import HeduiError
from bus.store.driver_threads import driver_threads, ended
from bus.store.faults import in_use
from bus.store.faults_sqlite import of_sqlite, unwritable

BUSY_TIMEOUT_MS = 5_000
"""How long to wait for another process's write lock."""

_ON_CONNECT = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # What is destroyed is overwritten, and not only left out.
    "PRAGMA secure_delete = ON",
)

_ALONE = "PRAGMA journal_mode = DELETE"
"""Leaving WAL fails as busy while any other connection is open, even one at rest."""


class SqliteDatabase:
    """A database that is one file.

    Args:
        path: The file; its directory exists, the file itself need not.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._earlier: frozenset[Thread] = frozenset()

    @property
    def where(self) -> str:
        """The file's path."""
        return str(self._path)

    def exists(self) -> bool:
        """Whether there is a file."""
        return self._path.exists()

    def prepare(self) -> None:
        """Make the file, readable and writable by its owner alone, where there is none yet.

        SQLite gives the files it adds beside it (WAL, shared memory) the same mode.

        Raises:
            StoreUnavailable: `STORE_UNWRITABLE`: the directory is missing or may not be written.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            os.close(os.open(self._path, flags, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise unwritable(type(error).__name__, self.where) from None

    def engine(self, *, alone: bool = False) -> AsyncEngine:
        """Return an engine with one connection.

        Args:
            alone: Connect only while no other process has the file open, and keep out whoever
                comes later.
        """
        # At its debug level the driver would log every statement's values.
        logging.getLogger("aiosqlite").setLevel(logging.INFO)
        self._earlier = driver_threads()
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=str(self._path)),
            hide_parameters=True,
            pool_size=1,
            max_overflow=0,
        )
        event.listen(engine.sync_engine, "connect", _prepare)
        if alone:
            event.listen(engine.sync_engine, "connect", self._leave_wal)
        event.listen(engine.sync_engine, "begin", _begin)
        return engine

    def reader(self) -> AsyncEngine:
        """Return an engine with one connection that reads the file as it is, and no more."""
        logging.getLogger("aiosqlite").setLevel(logging.INFO)
        self._earlier = driver_threads()
        query = {"mode": "ro", "uri": "true"}
        engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=f"file:{quote(str(self._path))}", query=query),
            hide_parameters=True,
            pool_size=1,
            max_overflow=0,
        )
        event.listen(engine.sync_engine, "connect", _prepare_reader)
        event.listen(engine.sync_engine, "begin", _begin_reading)
        return engine

    async def let_go(self, engine: AsyncEngine) -> None:
        """Close an engine's connections, and wait until their threads have ended."""
        await engine.dispose()
        await ended(self._earlier)

    def in_use(self, connection: Connection) -> bool:  # noqa: ARG002 - the protocol's signature
        """Whether another process has it open: never, for an engine made `alone`."""
        return False

    def fault(self, cause: BaseException | None) -> HeduiError | None:
        """Return the error of ours for one of the driver's, None for any other."""
        return of_sqlite(cause, self.where)

    def _leave_wal(self, connection: Any, _record: object) -> None:
        try:
            _run(connection, (_ALONE,))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise in_use(self.where) from None
            raise


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    _run(connection, _ON_CONNECT)


def _prepare_reader(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    _run(connection, _ON_CONNECT[:1])


def _run(connection: Any, statements: tuple[str, ...]) -> None:
    cursor = connection.cursor()
    try:
        for statement in statements:
            cursor.execute(statement)
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
