"""What the store asks of SQLite and of PostgreSQL, where they differ."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from bus.errors import HeduiError


class Database(Protocol):
    """A database: a file, or one on a server. Its engines begin each transaction alone."""

    @property
    def where(self) -> str:
        """The database, as an operator knows it; no password, no user."""
        ...

    def exists(self) -> bool:
        """Whether there may be something in it already."""
        ...

    def prepare(self) -> None:
        """Make what must be there before it can be opened."""
        ...

    def engine(self, *, alone: bool = False) -> AsyncEngine:
        """Return an engine with one connection.

        Args:
            alone: For work under which no daemon may run; ask `in_use` besides.
        """
        ...

    def reader(self) -> AsyncEngine:
        """Return an engine with one connection that can change nothing and holds nobody up."""
        ...

    async def let_go(self, engine: AsyncEngine) -> None:
        """Close an engine, and wait until nothing of it is left."""
        ...

    def in_use(self, connection: Connection) -> bool:
        """Whether a daemon has the database open."""
        ...

    def fault(self, cause: BaseException | None) -> HeduiError | None:
        """Return the error of ours for one of the database's, None for any other."""
        ...
