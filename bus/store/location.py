"""Which database a store URL names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bus.errors import ConfigError
from bus.store.database import Database
from bus.store.engine_postgresql import APPLICATION, Limits, PostgresqlDatabase, Server
from bus.store.engine_sqlite import SqliteDatabase

_PORT = 5432


@dataclass(frozen=True, slots=True)
class Access:
    """What a connection to a PostgreSQL server needs beside its URL; an SQLite file none of it.

    Attributes:
        password_file: A file (0600) with the user's password.
        ca_file: Certificates of who may have issued the server's; needed off this machine.
        application: What our sessions are called at the server.
        limits: How long to wait.
    """

    password_file: Path | None = None
    ca_file: Path | None = None
    application: str = APPLICATION
    limits: Limits = field(default_factory=Limits)


def daemon_name(instance: str) -> str:
    """Return what the sessions of a daemon are called at the server; others are named otherwise."""
    return f"{APPLICATION} {instance}"


def database_of(url: str, access: Access) -> Database:
    """Return the database a store URL names.

    Args:
        url: `sqlite+aiosqlite:///<path>`: a relative path, or an absolute one after a fourth
            slash. `postgresql+asyncpg://<user>@<host>[:<port>]/<database>`, or with
            `<user>@/<database>?host=<directory>` the server's Unix socket in that directory.
        access: What else the connection needs.

    Raises:
        ConfigError: `STORE_URL_INVALID`: no such URL, another kind of database, or no file (the
            store in memory is `MemoryStore`). `STORE_URL_SECRET`: a password stands in it.
            `STORE_SETTING_UNUSED`, `STORE_TLS_NEEDED`, `STORE_CA_UNREADABLE`.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # `from None`: the foreign text quotes the URL, which may hold a password.
        raise _invalid_url() from None
    if parsed.password is not None or "password" in parsed.query:
        raise _secret_in_url()
    if parsed.drivername == "postgresql+asyncpg":
        return PostgresqlDatabase(
            _server(parsed),
            access.password_file,
            access.ca_file,
            access.application,
            access.limits,
        )
    path = parsed.database or ""
    if parsed.drivername != "sqlite+aiosqlite" or not path or path.startswith((":", "file:")):
        raise _invalid_url()
    if access.password_file is not None or access.ca_file is not None:
        raise _unused()
    return SqliteDatabase(Path(path))


def _server(url: URL) -> Server:
    # One host and nothing else: any other parameter could take the TLS away again.
    host = url.host or url.query.get("host")
    only_host = url.query.keys() <= ({"host"} if url.host is None else set())
    if not (url.username and url.database and isinstance(host, str) and host and only_host):
        raise _invalid_url()
    if url.host is None and not host.startswith("/"):
        raise _invalid_url()
    return Server(host, url.port or _PORT, url.database, url.username)


def _invalid_url() -> ConfigError:
    return ConfigError(
        "STORE_URL_INVALID",
        "数据库地址无效",
        "the store URL is invalid",
        remedy_zh="请写成 sqlite+aiosqlite:///文件路径，或 postgresql+asyncpg://用户@主机:端口/库名",
        remedy_en="write sqlite+aiosqlite:///path, naming a file, or"
        " postgresql+asyncpg://user@host:port/database",
        where="[store] url",
    )


def _secret_in_url() -> ConfigError:
    return ConfigError(
        "STORE_URL_SECRET",
        "数据库地址中含有口令",
        "a password stands in the store URL",
        remedy_zh="请将口令写入权限为 0600 的文件，用 [store] password_file 指向它，并更换该口令",
        remedy_en="put the password into a file of mode 0600, name it in [store] password_file,"
        " and change the password",
        where="[store] url",
    )


def _unused() -> ConfigError:
    return ConfigError(
        "STORE_SETTING_UNUSED",
        "SQLite 数据库不使用口令文件和根证书",
        "an SQLite file has neither password nor CA",
        remedy_zh="请删除 [store] password_file 与 ca_file，或核对 url 是否应为 PostgreSQL",
        remedy_en="remove [store] password_file and ca_file, or let url name PostgreSQL",
        where="[store]",
    )
