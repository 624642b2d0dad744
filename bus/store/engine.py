"""How the database is opened so that a commit is on the disk and a transaction really one.

SQLite: WAL lets the file be read while it is written; `synchronous=FULL` makes each commit survive
a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous). Python's driver would begin
transactions by itself, late and deferred, and not for reads or table creation; so its own handling
is switched off and each transaction begins with BEGIN IMMEDIATE, which takes the write lock at
once: whoever has begun will not fail halfway because another process wrote first.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bus.errors import ConfigError
from bus.store.faults import unwritable

BUSY_TIMEOUT_MS = 5_000
"""How long to wait for another process's write lock."""

_ON_CONNECT = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def sqlite_file(url: str) -> Path:
    """Return the file a store URL names.

    Args:
        url: `sqlite+aiosqlite:///<path>`: a relative path, or an absolute one after a fourth
            slash.

    Raises:
        ConfigError: `STORE_URL_INVALID`: no such URL, another database, or no file (the store
            in memory is `MemoryStore`).
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # `from None`: the foreign text quotes the URL, which may hold a password.
        raise _invalid_url() from None
    path = parsed.database or ""
    if parsed.drivername != "sqlite+aiosqlite" or not path or path.startswith((":", "file:")):
        raise _invalid_url()
    return Path(path)


def ensure_file(path: Path) -> None:
    """Make the database file readable and writable by its owner alone, where there is none yet.

    SQLite gives the files it adds beside it (WAL, shared memory) the same mode.

    Args:
        path: The file, in a directory that exists.

    Raises:
        StoreUnavailable: `STORE_UNWRITABLE`: the directory is missing or may not be written.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise unwritable(type(error).__name__, str(path)) from None


def build_engine(path: Path) -> AsyncEngine:
    """Return an engine with one connection to a database file."""
    # At its debug level the driver would log every statement's values.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        hide_parameters=True,
        pool_size=1,
        max_overflow=0,
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        for pragma in _ON_CONNECT:
            cursor.execute(pragma)
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _invalid_url() -> ConfigError:
    return ConfigError(
        "STORE_URL_INVALID",
        "数据库地址无效",
        "the store URL is invalid",
        remedy_zh="请写成 sqlite+aiosqlite:///路径，指向一个文件",
        remedy_en="write it as sqlite+aiosqlite:///path, naming a file",
        where="[store] url",
    )
