"""The upload connector: what departments handed over is compared here (R116, mode A).

A batch of persons is answered from the version of the table in use.

A resource that was never uploaded is no empty table: the question waits (`UPLOAD_MISSING`), since
people have to act first. A person of a row that was refused is NOT_ANSWERABLE, never NOT_FOUND.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice

from adapters.contract import (
    Lookup,
    LookupResult,
    Setup,
    SourcePendingError,
    SourceUnavailableError,
    none_answerable,
)
from adapters.numbers import id_key
from adapters.rows import Found, RowsConnector
from adapters.upload.mapping import UploadMapping, UploadResource, UploadSource, upload_mapping
from adapters.upload.stand import stand_of
from adapters.upload.tending import Tending
from bus.errors import HeduiError
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.messages import Finding
from bus.model.upload import UploadRow, UploadState, UploadVersion
from schemas import loader
from schemas.loader import SchemaError
from schemas.records import decode_record
from schemas.resources import Resource, resource_from

_AT_ONCE = 500
"""Persons sought in one statement."""


class UploadConnector(RowsConnector[UploadSource, UploadResource]):
    """A `Connector` on what a department uploads; `tend` does what is due without being asked.

    Args:
        mapping: The mapping.
        setup: What it is made from.
    """

    def __init__(self, mapping: UploadMapping, setup: Setup) -> None:
        super().__init__(mapping, setup.resources, UploadRows(mapping, setup))
        self._setup = setup
        self._tending: Tending | None = None

    async def lookup(self, lookup: Lookup, now: datetime) -> LookupResult:
        """Answer one batch; as `RowsConnector.lookup`.

        Nobody is answerable, by `TIME_NOT_HELD`, where a range begins before the first day that
        uploads tell of, and, by `DATA_STALE`, where the mapping says so of data that is late.

        Raises:
            SourcePendingError: `UPLOAD_MISSING`: there is no upload yet.
        """
        entry = self.mapping.resource(lookup.resource)
        if entry is not None:
            first, asked = entry.holds_from, lookup.time_from
            if first is not None and asked is not None and asked < first:
                return none_answerable(lookup, "TIME_NOT_HELD", now)
            if entry.late == "not_answerable" and await self._stale(entry, now):
                return none_answerable(lookup, "DATA_STALE", now)
        return await super().lookup(lookup, now)

    async def tend(self, now: datetime, metrics: Metrics, log: Logger) -> None:
        """Load what has arrived, tell what is late, destroy what has had its time (R115).

        Raises:
            StoreUnavailable: The store cannot be reached; what was done stands.
        """
        if self._tending is None:
            books, resources = self._setup.books_needed, self._setup.resources
            self._tending = Tending(books, self.mapping, resources, metrics, log)
        await self._tending.tend(now)

    async def _stale(self, entry: UploadResource, now: datetime) -> bool:
        async with self._setup.books_needed.store.transaction() as unit:
            stand = await stand_of(unit, entry, now)
        return stand.current is not None and stand.owed.late_days > entry.late_days


def open_connector(setup: Setup) -> UploadConnector:
    """Make the connector (`[source] kind = "upload"`).

    Raises:
        MappingError: `MAPPING_INVALID`, every fault with its key.
    """
    return UploadConnector(upload_mapping(setup), setup)


class UploadRows:
    """The rows of the versions in use: a `RowSource`."""

    def __init__(self, mapping: UploadMapping, setup: Setup) -> None:
        self._mapping, self._setup = mapping, setup

    async def mismatches(self) -> Sequence[Finding]:
        """Return whether the folder of arriving files is there, where there is to be one."""
        inbox = self._mapping.source.inbox
        if inbox is None or (self._mapping.folder / inbox).is_dir():
            return ()
        zh, en = "没有此文件夹，请先建立", "there is no such folder: make it first"
        return (Finding("INBOX_MISSING", zh, en, "source.inbox"),)

    async def fetch(self, entry: UploadResource, lookup: Lookup, columns: Sequence[str]) -> Found:
        """Return the rows of the persons asked about.

        Raises:
            SourcePendingError: `UPLOAD_MISSING`.
            SourceUnavailableError: `UPLOAD_UNREADABLE`: rows do not open under the store key, or
                their schema is unknown here.
        """
        books = self._setup.books_needed
        key = books.key()
        tokens: dict[bytes, str] = {}
        for person in lookup.persons:
            number = id_key(person.id_number)
            if number:
                tokens[key.person_token(person.id_type, number)] = number
        # One transaction: a version that is superseded meanwhile is read to its end.
        async with books.store.transaction() as unit:
            version = next(iter(await unit.uploads(entry.name, UploadState.CURRENT)), None)
            if version is None:
                raise _missing(entry)
            kept: list[UploadRow] = []
            asked = iter(tokens)
            while batch := list(islice(asked, _AT_ONCE)):
                kept += await unit.upload_rows(version.id, batch)
        found = Found(as_of=version.as_of)
        resource = self._schema_of(entry, version)
        if any(resource.item(column) is None for column in columns):
            # An item that came with a newer schema: this upload could not hold it.
            found.failed = dict.fromkeys(tokens.values(), "ITEM_NOT_UPLOADED")
            return found
        seal = key.row_seal(version.id)
        for row in kept:
            number = tokens[row.person]
            if row.sealed is None:
                found.failed[number] = "ROW_REFUSED"
                continue
            try:
                record = decode_record(resource, seal.open(row.sealed, row.person, row.ordinal))
            except HeduiError as error:
                raise _unreadable(entry) from error
            found.rows[number].append({column: record[column] for column in columns})
        return found

    async def close(self) -> None:
        """Do nothing: the store is the host's."""

    def _schema_of(self, entry: UploadResource, version: UploadVersion) -> Resource:
        """Return the resource as it was when the version was loaded."""
        present = self._setup.resources.get(entry.name)
        if present is not None and present.schema.digest == version.schema:
            return present
        for schema in loader.shipped().values():
            if schema.digest == version.schema:
                with suppress(SchemaError):
                    return resource_from(schema)
        raise _unreadable(entry)


def _missing(entry: UploadResource) -> SourcePendingError:
    return SourcePendingError(
        "UPLOAD_MISSING",
        "部门尚未上传此信息资源的数据",
        "the department has not uploaded this resource yet",
        remedy_zh="请联系该部门的经办人上传；用 hedui upload due 查看应报时段",
        remedy_en="Ask the department's handler; hedui upload due shows what is owed",
        where=entry.place,
    )


def _unreadable(entry: UploadResource) -> SourceUnavailableError:
    return SourceUnavailableError(
        "UPLOAD_UNREADABLE",
        "已上传的数据无法读取",
        "the uploaded rows cannot be read",
        remedy_zh="请核对数据库与存储密钥是否配套，或重新上传",
        remedy_en="Check that database and store key belong together, or upload again",
        where=entry.place,
    )
