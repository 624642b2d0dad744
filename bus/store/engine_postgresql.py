"""How a PostgreSQL database is opened so that a transaction is alone and a commit on the disk.

Each transaction takes an advisory lock right after BEGIN, one for the whole database: whoever has
it is the only one of all instances in a transaction, as on SQLite. At READ COMMITTED everything it
then reads is what the one before it has committed, so reading and then writing is safe.

A process that is stopped inside a transaction would keep the lock; the server ends its session
after `idle_in_transaction`. When it wakes, its statements fail, and the step is done again.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, func, select, text
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bus.errors import ConfigError, HeduiError
from bus.store.faults_postgresql import of_postgresql
from signer.secretfiles import read_passphrase

TURN = 0x6865_6475_6962_7573
"""The advisory lock: "heduibus" in ASCII. Locks are a database's own, so one number serves all."""

APPLICATION = "hedui-bus"
"""What the sessions of daemons are called at the server, before their own names."""

# The turn of a transaction, among all instances; released by the server at its end.
TAKE_TURN = text(f"SELECT pg_advisory_xact_lock({TURN})")

# Whether a daemon is connected, before its tables are taken away from it.
COUNT_DAEMONS = (
    select(func.count())
    .select_from(text("pg_stat_activity"))
    .where(
        text("datname = current_database() AND pid <> pg_backend_pid()"),
        text("application_name LIKE :application").bindparams(application=f"{APPLICATION}%"),
    )
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the server and the driver wait before they give a session or a statement up.

    Attributes:
        idle_in_transaction: A transaction whose process is silent; the session ends.
        turn: Waiting for the turn, or any other lock; longer than the first, so that whoever
            waits behind a stopped process outlives it.
        statement: A statement, its wait for a lock included.
        connect: Making a connection.
    """

    idle_in_transaction: timedelta = timedelta(seconds=30)
    turn: timedelta = timedelta(seconds=45)
    statement: timedelta = timedelta(seconds=60)
    connect: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a PostgreSQL database is. `host` is a name, an address, or a socket's directory."""

    host: str
    port: int
    database: str
    user: str

    @property
    def local(self) -> bool:
        """Whether the connection cannot leave this machine."""
        if self.host.startswith("/") or self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


class PostgresqlDatabase:
    """A database on a PostgreSQL server.

    Args:
        server: Where it is.
        password_file: The user's password, read for each connection; None where the server asks
            for none.
        ca_file: Who may have issued the server's certificate. Needed unless `server` is local.
        application: What our sessions are called at the server.
        limits: How long to wait.

    Raises:
        ConfigError: `STORE_TLS_NEEDED`; `STORE_CA_UNREADABLE`.
    """

    def __init__(
        self,
        server: Server,
        password_file: Path | None,
        ca_file: Path | None,
        application: str,
        limits: Limits,
    ) -> None:
        if ca_file is None and not server.local:
            raise _tls_needed()
        self._server = server
        self._password_file = password_file
        self._tls = None if ca_file is None else _tls(ca_file)
        self._application = application
        self._limits = limits

    @property
    def where(self) -> str:
        """Host, port and database."""
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"{host}:{self._server.port}/{self._server.database}"

    def exists(self) -> bool:
        """Whether there may be a database: only the server knows."""
        return True

    def prepare(self) -> None:
        """Nothing is made beforehand: the database is the server's administrator's to create."""

    def engine(self, *, alone: bool = False) -> AsyncEngine:  # noqa: ARG002 - see in_use
        """Return an engine with one connection, made anew when it was lost."""
        engine = self._engine("READ COMMITTED")
        event.listen(engine.sync_engine, "begin", _take_turn)
        return engine

    def reader(self) -> AsyncEngine:
        """Return an engine with one connection that reads one state and takes no turn."""
        engine = self._engine("REPEATABLE READ")
        event.listen(engine.sync_engine, "begin", _only_read)
        return engine

    def _engine(self, isolation: IsolationLevel) -> AsyncEngine:
        return create_async_engine(
            URL.create("postgresql+asyncpg"),
            connect_args=self._connect_args(),
            hide_parameters=True,
            isolation_level=isolation,
            pool_size=1,
            max_overflow=0,
        )

    async def let_go(self, engine: AsyncEngine) -> None:
        """Close an engine's connections."""
        await engine.dispose()

    def in_use(self, connection: Connection) -> bool:
        """Whether a daemon is connected."""
        return connection.execute(COUNT_DAEMONS).scalar_one() > 0

    def fault(self, cause: BaseException | None) -> HeduiError | None:
        """Return the error of ours for one of the server's or the network's, None for others."""
        return of_postgresql(cause, self.where)

    def _connect_args(self) -> dict[str, Any]:
        limits = self._limits
        # Whatever is left out the driver takes from PG* variables and ~/.pgpass.
        return {
            "host": self._server.host,
            "port": self._server.port,
            "user": self._server.user,
            "database": self._server.database,
            "password": self._password,
            "passfile": "/dev/null",
            "ssl": self._tls or False,
            "timeout": limits.connect.total_seconds(),
            # The server's own limit comes first, unless the server is not there any more.
            "command_timeout": (limits.statement + limits.connect).total_seconds(),
            "server_settings": {
                "application_name": self._application,
                "idle_in_transaction_session_timeout": _milliseconds(limits.idle_in_transaction),
                "lock_timeout": _milliseconds(limits.turn),
                "statement_timeout": _milliseconds(limits.statement),
                "synchronous_commit": "on",
                "timezone": "UTC",
            },
        }

    def _password(self) -> str:
        # Empty where there is none: without a word of ours the driver looks for one elsewhere.
        return "" if self._password_file is None else read_passphrase(self._password_file).decode()


def _only_read(connection: Connection) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _take_turn(connection: Connection) -> None:
    connection.execute(TAKE_TURN)


def _tls(ca_file: Path) -> ssl.SSLContext:
    """Return our side of TLS: the certificate checked against one authority, with its host name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:
        raise ConfigError(
            "STORE_CA_UNREADABLE",
            f"数据库的根证书文件无法读取（{type(error).__name__}）",
            f"the database's CA file cannot be read ({type(error).__name__})",
            remedy_zh="请核对 [store] ca_file：须为 PEM 证书，运行用户可读",
            remedy_en="check [store] ca_file: PEM certificates that the user this runs as can read",
            where=str(ca_file),
        ) from None
    return context


def _milliseconds(span: timedelta) -> str:
    return str(span // timedelta(milliseconds=1))


def _tls_needed() -> ConfigError:
    return ConfigError(
        "STORE_TLS_NEEDED",
        "数据库服务不在本机，连接必须使用 TLS，但未配置根证书",
        "the database server is on another machine: the connection needs TLS, and no CA is given",
        remedy_zh="请设置 [store] ca_file，指向签发服务器证书的根证书",
        remedy_en="set [store] ca_file to the CA that issued the server's certificate",
        where="[store] ca_file",
    )
