"""Reads the audit chain of a database without changing anything, beside a daemon or without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bus.ports.store import AuditEntry
from bus.store.audit import LIST_ENTRIES, entry_of
from bus.store.faults import own_error, translated
from bus.store.location import Access, database_of
from bus.store.schema import EMPTY, newer, newest, version_of

PAGE = 1000


class ChainReader:
    """Reads one state of an audit chain, from its first entry to its last.

    Args:
        url: The database, see `database_of`.
        access: What a connection to PostgreSQL needs beside it.

    Raises:
        ConfigError: As `database_of`.
    """

    def __init__(self, url: str, access: Access) -> None:
        self._database = database_of(url, access)

    async def pages(self) -> AsyncIterator[Sequence[AuditEntry]]:
        """Yield the entries in order, page by page.

        Raises:
            StoreUnavailable, StoreCorrupt: As `SqlStore.open`.
            ConfigError: `STORE_VERSION_NEWER`, `STORE_VERSION_UNKNOWN`.
        """
        engine = self._database.reader()
        try:
            async with engine.begin() as connection:
                if await self._version(connection) == EMPTY:
                    return
                after = 0
                while entries := await _page(connection, after):
                    yield entries
                    after = entries[-1].number
        except Exception as error:  # noqa: BLE001 - whatever it is, it leaves as one of ours
            # `from None`: a foreign text may quote values.
            raise own_error(error) or translated(error, self._database) from None
        finally:
            await self._database.let_go(engine)

    async def _version(self, connection: AsyncConnection) -> int:
        where = self._database.where
        version = await connection.run_sync(version_of, where)
        if version > newest():
            raise newer(version, where)
        return version


async def _page(connection: AsyncConnection, after: int) -> Sequence[AuditEntry]:
    rows = await connection.execute(LIST_ENTRIES, {"after": after, "limit": PAGE})
    return [entry_of(row) for row in rows.mappings()]
