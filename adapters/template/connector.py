"""The connector of a source that people search: it answers once the filled list was taken back.

Until then a question waits (`RETURN_PENDING`): other questions go on, and nobody is told that there
is nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.contract import (
    Books,
    Lookup,
    LookupResult,
    Setup,
    SourcePendingError,
    complete,
    none_answerable,
)
from adapters.mapping.document import SourceSection
from adapters.mapping.faults import MappingError
from adapters.template.kept import narrowed, opened
from adapters.template.mapping import ListMapping
from bus.model.returns import ReturnedAnswer, TaskKey
from schemas.resources import Resource


class ListConnector:
    """A `Connector` on what was taken back.

    Args:
        mapping: Which resources are answered on lists.
        resources: The catalogue's resources by name, shipped or of the directory (R005).
        books: The adapter's own store; None where the mapping is only looked at.
    """

    def __init__(
        self, mapping: ListMapping[Any], resources: Mapping[str, Resource], books: Books | None
    ) -> None:
        self.mapping = mapping
        self._resources = resources
        self._books = books

    async def check(self) -> None:
        """Check the mapping against the catalogue, and name all that does not fit at once.

        Raises:
            MappingError: `SOURCE_MISMATCH`, with every fault in `findings`.
        """
        findings = list(self.mapping.mismatches(self._resources))
        if findings:
            raise MappingError("SOURCE_MISMATCH", findings, where=self.mapping.where)

    async def lookup(self, lookup: Lookup, now: datetime) -> LookupResult:
        """Answer one batch from the list that was taken back for its task.

        Args:
            lookup: The question.
            now: The present instant, UTC.

        Raises:
            SourcePendingError: `RETURN_PENDING`: the list is not back. `RETURN_OF_OLDER_SCHEMA`.
            DefectError: `RETURN_DAMAGED`; as `adapters.contract.complete`.
        """
        resource = self._resources.get(lookup.resource)
        if self.mapping.resource(lookup.resource) is None or resource is None:
            return none_answerable(lookup, "RESOURCE_NOT_OFFERED", now)
        kept = await self._returned(lookup)
        if kept is None or self._books is None:
            raise _pending(lookup)
        found = await asyncio.to_thread(opened, self._books.key(), kept, resource)
        items = frozenset(lookup.items)
        # A list is a whole part; the host may ask about its persons in several bites.
        asked = {person.reference for person in lookup.persons}
        outcomes = [narrowed(one, items) for one in found if one.reference in asked]
        return LookupResult(kept.as_of, complete(lookup, outcomes))

    async def _returned(self, lookup: Lookup) -> ReturnedAnswer | None:
        if lookup.task is None or self._books is None:
            return None
        key = TaskKey(lookup.task.order, lookup.task.part, lookup.task.line)
        async with self._books.store.transaction() as unit:
            return await unit.returned_answer(key)

    async def close(self) -> None:
        """Let go of nothing: the store is the adapter's."""


class TemplateSource(SourceSection):
    """`[source]`: nothing but its kind."""


def open_connector(setup: Setup) -> ListConnector:
    """Make the connector (`[source] kind = "template"`).

    Raises:
        ConfigError: `MAPPING_INVALID`.
    """
    mapping = ListMapping[TemplateSource].from_toml(setup.document, setup.where, setup.folder)
    return ListConnector(mapping, setup.resources, setup.books)


def _pending(lookup: Lookup) -> SourcePendingError:
    return SourcePendingError(
        "RETURN_PENDING",
        "查询清单尚未回收",
        "the list is out, or not handed out yet; it has not been taken back",
        remedy_zh="请导出清单交查询人员，并导入填写后的文件",
        remedy_en="Export the list, have it filled, import it",
        where=lookup.resource,
    )
