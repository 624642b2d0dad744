"""Opens the source's database: its password and TLS files read, every session prepared.

A connector only reads. Where the database can refuse a write by itself it is told to, on every
connection (`adapters.sql.dialects`); the agency should still give the adapter an account that may
only select.
"""

from __future__ import annotations

import ssl
import stat
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InvalidRequestError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.secret_file import read_source_secret
from adapters.sql.dialects import NETWORKED, SQLITE, prepare
from adapters.sql.mapping import SqlMapping
from bus.errors import ConfigError

APPLICATION = "hedui-adapter"
"""What the database's administrator sees of our sessions, where the database shows it."""


def open_engine(mapping: SqlMapping) -> AsyncEngine:
    """Make the engine; it connects on first use.

    A connection is tried before it is used, so that one that died overnight fails no lookup.

    Raises:
        ConfigError: `SOURCE_DRIVER` when the URL names no installed asynchronous driver,
            `SOURCE_URL` when the database takes no such URL or password, `SOURCE_FILE_MISSING`
            when an SQLite file is not there (SQLite would make an empty one),
            `PASSWORD_FILE_MISSING`, `PASSWORD_FILE_READABLE` or `PASSWORD_FILE_EMPTY`; for the
            files of TLS `TLS_FILE_INVALID`, `TLS_KEY_READABLE` or `TLS_NOT_KNOWN`.
    """
    url = _with_password(mapping, _in_folder(mapping))
    where = f"{mapping.where}: source.url"
    options = _options(mapping, url)
    try:
        engine = create_async_engine(
            url,
            hide_parameters=True,
            pool_size=mapping.source.connections,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=mapping.source.statement_timeout_seconds,
            connect_args=options,
        )
    # Both without the library's text, which may repeat the URL.
    except (NoSuchModuleError, InvalidRequestError, ImportError):
        raise ConfigError(
            "SOURCE_DRIVER",
            "没有此数据库的异步驱动",
            "there is no asynchronous driver for this database",
            remedy_zh="请安装驱动，或改用如 postgresql+asyncpg、mysql+asyncmy、"
            "sqlite+aiosqlite 的地址",
            remedy_en="Install one, or use a URL such as postgresql+asyncpg, mysql+asyncmy or "
            "sqlite+aiosqlite",
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
    dialect = engine.dialect.name

    def on_connect(connection: Any, _record: Any) -> None:
        prepare(dialect, connection)

    event.listen(engine.sync_engine, "connect", on_connect)
    return engine


def _options(mapping: SqlMapping, url: URL) -> dict[str, Any]:
    """Return what the driver is told besides the URL."""
    options: dict[str, Any] = {}
    match url.drivername.partition("+")[2]:
        case "asyncpg":
            options["server_settings"] = {"application_name": APPLICATION}
        case "asyncmy":
            options["program_name"] = APPLICATION
            # GBK and all others are converted by the server, and come back whole.
            options["charset"] = "utf8mb4"
            # The binary protocol reads a day such as 0000-00-00 as no value at all.
            options["stmt_cache_size"] = 0
    context = _tls(mapping, url.get_backend_name())
    if context is not None:
        options["ssl"] = context
    return options


def _tls(mapping: SqlMapping, backend: str) -> ssl.SSLContext | None:
    source = mapping.source
    if source.ca_file is None:
        return None
    if backend not in NETWORKED:
        raise ConfigError(
            "TLS_NOT_KNOWN",
            "此数据库的加密连接请在连接地址中设置",
            "TLS to this kind of database is set in the URL",
            remedy_zh="请去掉 ca_file、certificate_file 和 key_file",
            remedy_en="Remove ca_file, certificate_file and key_file",
            where=f"{mapping.where}: source.ca_file",
        )
    authority = mapping.folder / source.ca_file
    try:
        context = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError):
        raise _tls_fault(authority) from None
    if source.certificate_file is not None and source.key_file is not None:
        certificate, key = (
            mapping.folder / source.certificate_file,
            mapping.folder / source.key_file,
        )
        try:
            readable = stat.S_IMODE(key.stat().st_mode) & 0o077
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError):
            raise _tls_fault(certificate) from None
        if readable:
            raise ConfigError(
                "TLS_KEY_READABLE",
                "私钥文件可被他人读取，请设为 0600",
                "others can read the key file; make it 0600",
                where=str(key),
            )
    return context


def _tls_fault(file: Path) -> ConfigError:
    return ConfigError(
        "TLS_FILE_INVALID",
        "证书或私钥文件不可读",
        "the certificate or key file cannot be read",
        remedy_zh="请给出 PEM 文件，私钥不加口令",
        remedy_en="Give PEM files, the key without a passphrase",
        where=str(file),
    )


def _in_folder(mapping: SqlMapping) -> URL:
    url = make_url(mapping.source.url)
    if url.get_backend_name() != SQLITE:
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
    return url.set(password=read_source_secret(mapping.folder / mapping.source.password_file))


def aimed_elsewhere(mapping: SqlMapping, host: str, port: int, patience: float) -> SqlMapping:
    """Return the mapping with its source sought elsewhere, for rehearsals.

    Args:
        mapping: The mapping.
        host: Where.
        port: As `host`.
        patience: Seconds that one statement may take.

    Raises:
        ConfigError: `SOURCE_LOCAL`: the source is a file, or of a kind whose address is not known.
    """
    url = make_url(mapping.source.url)
    if url.get_backend_name() not in NETWORKED:
        raise ConfigError(
            "SOURCE_LOCAL",
            "此数据源不经网络，无从演练断网",
            "this source is not on a network: there is no outage to rehearse",
            where=f"{mapping.where}: source.url",
        )
    # Drivers take a socket's path from the query, before any host.
    elsewhere = url.difference_update_query(["host", "port", "unix_socket"]).set(
        host=host, port=port
    )
    source = mapping.source.model_copy(
        update={
            "url": elsewhere.render_as_string(),
            "statement_timeout_seconds": patience,
        }
    )
    return mapping.model_copy(update={"source": source})
