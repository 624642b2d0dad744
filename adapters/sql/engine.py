"""Opens the source's database: read-only, with its password from a file, and no value in any text.

A connector only reads. Where the database can refuse a write by itself it is told to, on every
connection; the agency should still give the adapter an account that may only select.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InvalidRequestError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.contract import SourceUnavailableError
from adapters.sql.mapping import SqlMapping
from bus.errors import ConfigError

_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}
"""By dialect, how a session is told to refuse writes."""


def open_engine(mapping: SqlMapping) -> AsyncEngine:
    """Make the engine; it connects on first use.

    Raises:
        ConfigError: `SOURCE_DRIVER` when the URL names no installed asynchronous driver,
            `SOURCE_URL` when the database takes no such URL or password, `SOURCE_FILE_MISSING`
            when an SQLite file is not there (SQLite would make an empty one),
            `PASSWORD_FILE_MISSING`, `PASSWORD_FILE_READABLE` or `PASSWORD_FILE_EMPTY`.
    """
    url = _with_password(mapping, _in_folder(mapping))
    where = f"{mapping.where}: source.url"
    try:
        engine = create_async_engine(
            url, hide_parameters=True, pool_size=mapping.source.connections, max_overflow=0
        )
    # Both without the library's text, which may repeat the URL.
    except (NoSuchModuleError, InvalidRequestError, ImportError):
        raise ConfigError(
            "SOURCE_DRIVER",
            "没有此数据库的异步驱动",
            "there is no asynchronous driver for this database",
            remedy_zh="请安装驱动，或改用如 sqlite+aiosqlite、postgresql+asyncpg 的地址",
            remedy_en="Install one, or use a URL such as sqlite+aiosqlite or postgresql+asyncpg",
            where=where,
        ) from None
    except (SQLAlchemyError, TypeError, ValueError):
        raise ConfigError(
            "SOURCE_URL",
            "连接地址或口令不适用于此数据库",
            "this kind of database takes no such URL or password",
            remedy_zh="请核对 source.url 和 password_file（SQLite 没有口令）",
            remedy_en="Check source.url and password_file (SQLite has no password)",
            where=where,
        ) from None
    event.listen(engine.sync_engine, "connect", _prepare(engine.dialect.name))
    return engine


def _in_folder(mapping: SqlMapping) -> URL:
    url = make_url(mapping.source.url)
    if url.get_backend_name() != "sqlite":
        return url
    file = mapping.folder / (url.database or "")
    if not file.is_file():
        raise ConfigError(
            "SOURCE_FILE_MISSING",
            "数据库文件不存在",
            "the database file is not there",
            remedy_zh="请核对 source.url",
            remedy_en="Check source.url",
            where=f"{mapping.where}: {file}",
        )
    return url.set(database=str(file))


def _with_password(mapping: SqlMapping, url: URL) -> URL:
    if mapping.source.password_file is None:
        return url
    file = mapping.folder / mapping.source.password_file
    try:
        mode = file.stat().st_mode
        password = file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise _password_fault(
            "PASSWORD_FILE_MISSING", "口令文件不可读", "the password file cannot be read", file
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise _password_fault(
            "PASSWORD_FILE_READABLE",
            "口令文件可被他人读取，请设为 0600",
            "others can read the password file; make it 0600",
            file,
        )
    if not password:
        raise _password_fault(
            "PASSWORD_FILE_EMPTY", "口令文件为空", "the password file is empty", file
        )
    return url.set(password=password)


def _password_fault(code: str, zh: str, en: str, file: Path) -> ConfigError:
    return ConfigError(code, zh, en, where=str(file))


def _prepare(dialect: str) -> Any:
    statement = _READ_ONLY.get(dialect)

    def on_connect(connection: Any, _record: Any) -> None:
        if dialect == "sqlite":
            # Bytes that are no UTF-8 would fail the whole statement, for one person's value; as
            # surrogates they reach the value check and fail that person alone.
            connection.driver_connection.text_factory = _lenient_text
        if statement:
            cursor = connection.cursor()
            cursor.execute(statement)
            cursor.close()
            # A session setting made in a transaction ends with it unless it is committed.
            connection.commit()

    return on_connect


def _lenient_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@contextmanager
def source_faults(where: str) -> Iterator[None]:
    """Turn whatever the database or its driver raises into one coded error, without its text.

    Drivers put parameters and values, that is persons, into their texts; only the kind is kept.

    Args:
        where: The table, for the error.

    Raises:
        SourceUnavailableError: `SOURCE_TIMEOUT` or `SOURCE_FAILED`.
    """
    try:
        yield
    except TimeoutError:
        raise SourceUnavailableError(
            "SOURCE_TIMEOUT",
            "数据源超时",
            "the source took too long",
            remedy_zh="请查看数据源负载，或为证件号码列建索引",
            remedy_en="Look at the source's load, or index the ID number",
            where=where,
        ) from None
    except Exception as error:  # noqa: BLE001 - each driver has error classes of its own
        raise SourceUnavailableError(
            "SOURCE_FAILED",
            f"数据源出错（{type(error).__name__}）",
            f"the source failed ({type(error).__name__})",
            remedy_zh="请查看数据源的日志",
            remedy_en="Look at the source's own log",
            where=where,
        ) from None
