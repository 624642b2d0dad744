"""One interface to the three databases that the SQL connector is tested on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from mariadb import MariaDbServer
from postgres import PostgresCluster, name_of

SQLITE, POSTGRESQL, MARIADB = "sqlite", "postgresql", "mariadb"
NAMES = (SQLITE, POSTGRESQL, MARIADB)
SERVERS = (POSTGRESQL, MARIADB)


class SqlSite(Protocol):
    """One empty database of a kind."""

    name: str
    url: str

    async def execute(self, *statements: str) -> None:
        """Run statements, each on its own, as an account that may do all."""
        ...

    async def insert(self, table: str, *rows: Sequence[object]) -> None:
        """Insert rows that hold a value for each column."""
        ...


class ServerSite(SqlSite, Protocol):
    """One of a server, which can be asked about its sessions and be ended."""

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        ...

    async def sessions(self, with_text: str = "") -> int:
        """How many sessions of others on this database now run a statement with that text."""
        ...

    async def end_sessions(self) -> None:
        """Cut off every session on this database."""
        ...

    def kill(self) -> None:
        """End the server without a chance to say goodbye."""
        ...

    def start(self) -> None:
        """Start it again."""
        ...


@dataclass
class SqliteSite:
    """A file."""

    file: Path
    name: str = SQLITE

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.file}"

    async def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    async def insert(self, table: str, *rows: Sequence[object]) -> None:
        places = ", ".join("?" * len(rows[0]))
        stored = [[str(one) if isinstance(one, date) else one for one in row] for row in rows]
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", stored)  # noqa: S608 - our own table


@dataclass
class PostgresSite:
    """A database of the session's cluster."""

    cluster: PostgresCluster
    url: str
    name: str = POSTGRESQL

    @classmethod
    async def make(cls, cluster: PostgresCluster) -> PostgresSite:
        return cls(cluster, cluster.over_tcp(await cluster.database()))

    @property
    def database(self) -> str:
        return name_of(self.url)

    @property
    def port(self) -> int:
        return self.cluster.port

    async def execute(self, *statements: str) -> None:
        await self.cluster.execute(self.database, *statements)

    async def insert(self, table: str, *rows: Sequence[object]) -> None:
        places = ", ".join(f"${number + 1}" for number in range(len(rows[0])))
        connection = await self.cluster.connect(self.database)
        try:
            await connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - our own table
        finally:
            await connection.close()

    async def value(self, statement: str, *values: object) -> Any:
        connection = await self.cluster.connect("postgres")
        try:
            return await connection.fetchval(statement, *values)
        finally:
            await connection.close()

    async def sessions(self, with_text: str = "") -> int:
        return await self.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = $1"
            " AND state = 'active' AND strpos(query, $2) > 0",
            self.database, with_text,
        )  # fmt: skip

    async def end_sessions(self) -> None:
        await self.value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1",
            self.database,
        )

    def kill(self) -> None:
        self.cluster.kill()

    def start(self) -> None:
        self.cluster.start()


@dataclass
class MariaDbSite:
    """A database of the session's server."""

    server: MariaDbServer
    url: str
    name: str = MARIADB

    @classmethod
    async def make(cls, server: MariaDbServer) -> MariaDbSite:
        return cls(server, await server.database())

    @property
    def database(self) -> str:
        return name_of(self.url)

    @property
    def port(self) -> int:
        return self.server.port

    async def execute(self, *statements: str) -> None:
        await self.server.execute(self.database, *statements)

    async def insert(self, table: str, *rows: Sequence[object]) -> None:
        places = ", ".join(["%s"] * len(rows[0]))
        statement = f"INSERT INTO {table} VALUES ({places})"  # noqa: S608 - our own table
        await self.server.insert(self.database, (statement, [tuple(row) for row in rows]))

    async def sessions(self, with_text: str = "") -> int:
        found = await self._running(f"AND command = 'Query' AND LOCATE('{with_text}', info) > 0")
        return len(found)

    async def end_sessions(self) -> None:
        for number in await self._running(""):
            await self.server.execute("mysql", f"KILL {number}")

    async def _running(self, condition: str) -> list[object]:
        found = await self.server.rows(
            "SELECT id FROM information_schema.processlist"  # noqa: S608 - texts of tests
            f" WHERE db = '{self.database}' {condition}"
        )
        return [row[0] for row in found]

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server.start()


async def until_quiet(site: ServerSite, text: str, seconds: float) -> None:
    """Wait until no session runs a statement with that text.

    Raises:
        TimeoutError: One still runs after so many seconds.
    """
    async with asyncio.timeout(seconds):
        while await site.sessions(text):
            pass
