"""The SQL connector: answers a batch of persons from tables or views, matched by ID number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.contract import Lookup, Setup
from adapters.judge import Row
from adapters.numbers import id_key
from adapters.rows import Found, RowsConnector
from adapters.sql.check import reflect, source_mismatches
from adapters.sql.dialects import begin
from adapters.sql.engine import aimed_elsewhere, open_engine
from adapters.sql.faults import source_faults
from adapters.sql.mapping import SqlMapping, SqlResource, SqlSource
from adapters.sql.query import NUMBERS_TIMEOUT_FACTOR, Reader
from bus.model.messages import Finding
from schemas.resources import Resource


class SqlConnector(RowsConnector[SqlSource, SqlResource]):
    """A `Connector` on one database.

    Args:
        mapping: Which tables and columns make which resource.
        resources: The catalogue's resources by name, shipped or of the directory (R005).

    Raises:
        ConfigError: as `adapters.sql.engine.open_engine`.
    """

    def __init__(self, mapping: SqlMapping, resources: Mapping[str, Resource]) -> None:
        super().__init__(mapping, resources, SqlRows(mapping, resources))
        self._tables = mapping

    def aimed_at(self, host: str, port: int, patience_seconds: float) -> SqlConnector:
        """Return another connector of the same mapping that seeks its database elsewhere.

        Raises:
            ConfigError: `SOURCE_LOCAL`: a file, or a kind of database whose URL is not known.
        """
        aimed = aimed_elsewhere(self._tables, host, port, patience_seconds)
        return SqlConnector(aimed, self._resources)


def open_connector(setup: Setup) -> SqlConnector:
    """Make the connector (`[source] kind = "sql"`).

    Raises:
        ConfigError: `MAPPING_INVALID`, or as `adapters.sql.engine.open_engine`.
    """
    mapping = SqlMapping.from_toml(setup.document, setup.where, setup.folder)
    return SqlConnector(mapping, setup.resources)


class SqlRows:
    """The rows of one database's tables and views: a `RowSource`."""

    def __init__(self, mapping: SqlMapping, resources: Mapping[str, Resource]) -> None:
        self._mapping = mapping
        self._resources = resources
        self._timeout = mapping.source.statement_timeout_seconds
        self._engine = open_engine(mapping)

    async def mismatches(self) -> Sequence[Finding]:
        """Return what of tables, columns and types does not fit the mapping.

        Where these fit, the stored ID numbers are checked too: every table is read once.

        Raises:
            SourceUnavailableError: The source cannot be reached now.
        """
        async with self._reading(self._mapping.where, NUMBERS_TIMEOUT_FACTOR) as connection:
            with source_faults(self._mapping.where):
                async with asyncio.timeout(self._timeout):
                    found = await connection.run_sync(reflect, self._mapping)
            mismatches = list(source_mismatches(self._mapping, self._resources, found))
            return mismatches or await self._number_faults(connection)

    async def fetch(self, entry: SqlResource, lookup: Lookup, columns: Sequence[str]) -> Found:
        """Return the rows of the persons asked about, all as of one state of the data.

        Raises:
            SourceUnavailableError: `SOURCE_FAILED` or `SOURCE_TIMEOUT`.
        """
        numbers = dict.fromkeys(id_key(person.id_number) for person in lookup.persons)
        numbers.pop("", None)
        async with self._reading(entry.place) as connection:
            reader = Reader(connection, entry, self._timeout)
            as_of = await reader.latest(entry.as_of_column) if entry.as_of_column else None
            found = await reader.rows_of(list(numbers), columns)
        found.as_of = as_of
        return found

    async def sample(self, entry: SqlResource, count: int) -> Sequence[Row]:
        """Return up to so many rows with every mapped column, whichever come first.

        Raises:
            SourceUnavailableError: `SOURCE_FAILED` or `SOURCE_TIMEOUT`.
        """
        async with self._reading(entry.place) as connection:
            return await Reader(connection, entry, self._timeout).sample(entry.used, count)

    async def close(self) -> None:
        """Close the connections; safe to call twice.

        Raises:
            SourceUnavailableError: The source failed while closing.
        """
        with source_faults(self._mapping.where):
            await self._engine.dispose()

    @asynccontextmanager
    async def _reading(self, where: str, patience: int = 1) -> AsyncIterator[AsyncConnection]:
        """Take a connection for one reading, in a read-only transaction of its own.

        Args:
            where: What is read, for errors.
            patience: How many times a lookup's time a statement may take.
        """
        with source_faults(where):
            async with asyncio.timeout(self._timeout):
                connection = await self._engine.connect()
        try:
            with source_faults(where):
                async with asyncio.timeout(self._timeout):
                    await begin(connection, self._timeout * patience)
            yield connection
        finally:
            with source_faults(where):
                # Shielded, so that a cancelled lookup still gives its connection back.
                await asyncio.shield(connection.close())

    async def _number_faults(self, connection: AsyncConnection) -> list[Finding]:
        """Name the tables whose stored ID numbers a lookup would pass over.

        A person with records would be answered as NOT_FOUND.
        """
        findings: list[Finding] = []
        for entry in self._mapping.resources:
            reader = Reader(connection, entry, self._timeout)
            where = f"{entry.place}.{entry.id_number}"
            if entry.id_number_exact and (count := await reader.inexact_numbers()):
                findings.append(
                    Finding(
                        "ID_NUMBER_NOT_EXACT",
                        f"有 {count} 个证件号码含空格或小写字母：请清理，或去掉 id_number_exact",
                        f"{count} ID numbers hold blanks or lower case: mend them or drop "
                        "id_number_exact",
                        where,
                    )
                )
            if count := await reader.unseen_numbers():
                findings.append(_unseen(count, where))
        return findings


def _unseen(count: int, where: str) -> Finding:
    return Finding(
        "ID_NUMBER_UNSEEN",
        f"有 {count} 个证件号码夹有空白、不可见字符或全角字符，查询时匹配不到："
        "请清理数据，或映射一个已规范化该列的视图",
        f"{count} ID numbers hold blanks, invisible or full-width characters and would never be "
        "found: clean the data, or map a view that makes the column plain",
        where,
    )
