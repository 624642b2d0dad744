"""The SQL connector: answers a batch of persons from tables or views, matched by ID number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.contract import (
    Lookup,
    LookupResult,
    PersonFaultError,
    Subject,
    SubjectOutcome,
    complete,
    counted,
    none_answerable,
    not_answerable,
)
from adapters.mapping import MappingError, ResourceMapping, SourceMapping
from adapters.sql.check import catalogue_faults, reflect, source_mismatches
from adapters.sql.engine import SourceUnavailableError, open_engine, source_faults
from adapters.sql.match import columns_for, id_key, judge
from adapters.sql.query import Found, Reader
from adapters.values import instant_of
from bus.model.messages import Finding
from schemas.resources import Resource


class SqlConnector:
    """A `Connector` on one database.

    Args:
        mapping: Which tables and columns make which resource.
        resources: The catalogue's resources by name, shipped or of the directory (R005).

    Raises:
        ConfigError: as `adapters.sql.engine.open_engine`.
    """

    def __init__(self, mapping: SourceMapping, resources: Mapping[str, Resource]) -> None:
        self._mapping = mapping
        self._resources = resources
        self._timeout = mapping.source.statement_timeout_seconds
        self._engine = open_engine(mapping)

    async def check(self) -> None:
        """Check catalogue, tables, columns and types, and name all that does not fit at once.

        Where these fit, the stored ID numbers are checked too: every table is read once.

        Raises:
            MappingError: `SOURCE_MISMATCH`, with every fault in `findings`.
            SourceUnavailableError: The source cannot be reached now.
        """
        findings = list(catalogue_faults(self._mapping, self._resources))
        async with self._connected(self._mapping.where) as connection:
            with source_faults(self._mapping.where):
                async with asyncio.timeout(self._timeout):
                    found = await connection.run_sync(reflect, self._mapping)
            mismatches = list(source_mismatches(self._mapping, self._resources, found))
            if not mismatches:
                mismatches = await self._number_faults(connection)
        if findings or mismatches:
            raise MappingError(
                "SOURCE_MISMATCH", [*findings, *mismatches], where=self._mapping.where
            )

    async def lookup(self, lookup: Lookup, now: datetime) -> LookupResult:
        """Answer one batch.

        A resource or item this source does not offer leaves nobody answerable; it does not raise,
        since asking again would not help.

        Args:
            lookup: The question.
            now: The present instant, UTC.

        Raises:
            SourceUnavailableError: `SOURCE_FAILED`, `SOURCE_TIMEOUT`, or `SOURCE_AS_OF_INVALID`
                when the source's own as-of time cannot be read.
        """
        entry = self._mapping.resource(lookup.resource)
        resource = self._resources.get(lookup.resource)
        if entry is None or resource is None:
            return none_answerable(lookup, "RESOURCE_NOT_OFFERED", now)
        if any(resource.item(item) is None for item in lookup.items):
            return none_answerable(lookup, "ITEM_UNKNOWN", now)
        numbers = dict.fromkeys(id_key(person.id_number) for person in lookup.persons)
        numbers.pop("", None)
        async with self._connected(entry.place) as connection:
            reader = Reader(connection, entry, self._timeout)
            as_of = await _as_of(reader, entry, now)
            found = await reader.rows_of(list(numbers), columns_for(entry, resource, lookup.items))
        faults = [("ROWS_UNASKED", entry.place)] * found.unasked
        outcomes: list[SubjectOutcome] = []
        for person in lookup.persons:
            try:
                outcomes.append(_outcome(entry, resource, lookup, person, found))
            except PersonFaultError as fault:
                outcomes.append(not_answerable(person.reference, fault.code))
                faults.append((fault.code, fault.where))
        return LookupResult(as_of, complete(lookup, outcomes), counted(faults))

    async def close(self) -> None:
        """Close the connections; safe to call twice.

        Raises:
            SourceUnavailableError: The source failed while closing.
        """
        with source_faults(self._mapping.where):
            await self._engine.dispose()

    @asynccontextmanager
    async def _connected(self, where: str) -> AsyncIterator[AsyncConnection]:
        with source_faults(where):
            async with asyncio.timeout(self._timeout):
                connection = await self._engine.connect()
        try:
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


def _outcome(
    entry: ResourceMapping, resource: Resource, lookup: Lookup, person: Subject, found: Found
) -> SubjectOutcome:
    number = id_key(person.id_number)
    if number in found.overfull:
        raise PersonFaultError(
            "RECORDS_TOO_MANY",
            "来源中此人的记录过多",
            "the source has too many rows of this person",
            where=entry.place,
        )
    return judge(entry, resource, lookup, person, found.rows.get(number, []))


async def _as_of(reader: Reader, entry: ResourceMapping, now: datetime) -> datetime:
    """Return the instant as of which the source's data is true, never later than now (R072)."""
    raw: object = entry.as_of
    if entry.as_of_column:
        raw = await reader.latest(entry.as_of_column)
    if raw is None:
        return now
    try:
        return min(instant_of(raw), now)
    except ValueError:
        raise SourceUnavailableError(
            "SOURCE_AS_OF_INVALID",
            "数据截至时间无法识别",
            "the as-of time cannot be read",
            remedy_zh="请更正来源中的截至时间列",
            remedy_en="Mend the source's as-of column",
            where=f"{entry.place}.{entry.as_of_column}",
        ) from None
