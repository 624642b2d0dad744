"""A connector from a source that only fetches rows: what they mean is decided here, once for all.

Most sources hold rows that carry an ID number. Such a source says which rows it has of some
persons (`RowSource`); `RowsConnector` asks it for the columns that the question needs and no other,
and judges: ID type, name, time range, codes, values, the list of items (`adapters.judge`). So a new
kind of source is a class with three methods, and keeps the contract's promises without effort.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

from adapters.contract import (
    Lookup,
    LookupResult,
    PersonFaultError,
    SourceUnavailableError,
    Subject,
    SubjectOutcome,
    complete,
    counted,
    none_answerable,
    not_answerable,
)
from adapters.judge import Plan, Row, columns_for, keep, outcome_of, plan_of
from adapters.mapping.catalogue import catalogue_faults
from adapters.mapping.document import SourceMapping, SourceT
from adapters.mapping.faults import MappingError
from adapters.mapping.resource import ResourceMapping
from adapters.numbers import id_key
from adapters.records import read_table
from adapters.values import instant_of
from bus.model.messages import Finding
from schemas.resources import Resource

EntryT = TypeVar("EntryT", bound=ResourceMapping)
EntryT_contra = TypeVar("EntryT_contra", bound=ResourceMapping, contravariant=True)


@dataclass(slots=True)
class Found:
    """What a source has of the persons asked about, by ID number as `id_key` writes it.

    Attributes:
        rows: Their rows; a number without any has none.
        overfull: Numbers with more rows than can be taken.
        failed: Numbers for which the source gave no usable answer, with the code why.
        places: Where the fault of such a number is, if narrower than the resource's place.
        unasked: How many rows of others it returned; they went no further.
        as_of: The source's own as-of time, raw; None where it names none.
    """

    rows: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    overfull: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    unasked: int = 0
    as_of: object = None


class RowSource(Protocol[EntryT_contra]):
    """A source that holds rows with an ID number."""

    async def mismatches(self) -> Sequence[Finding]:
        """Return where the source does not fit the mapping; asked at start-up.

        Raises:
            SourceUnavailableError: It cannot be reached now.
        """
        ...

    async def fetch(self, entry: EntryT_contra, lookup: Lookup, columns: Sequence[str]) -> Found:
        """Return the rows of the persons asked about.

        Args:
            entry: How the source maps to the resource.
            lookup: The question.
            columns: The columns to return, each once, the one of the ID number among them.

        Raises:
            SourceUnavailableError: It is down, too slow, or failed for everybody.
            SourcePendingError: People have to act first.
        """
        ...

    async def close(self) -> None:
        """Let go of the source; safe to call twice."""
        ...


@runtime_checkable
class Sampled(Protocol[EntryT_contra]):
    """A row source that can also show some of its rows, for `hedui adapter check` and `init`."""

    async def sample(self, entry: EntryT_contra, count: int) -> Sequence[Row]:
        """Return up to so many rows with every mapped column.

        Raises:
            SourceUnavailableError: It cannot be reached now.
        """
        ...


class RowsConnector(Generic[SourceT, EntryT]):
    """A `Connector` on a source of rows.

    Args:
        mapping: What of the source makes which resource.
        resources: The catalogue's resources by name, shipped or of the directory (R005).
        source: The source.
    """

    def __init__(
        self,
        mapping: SourceMapping[SourceT, EntryT],
        resources: Mapping[str, Resource],
        source: RowSource[EntryT],
    ) -> None:
        self.mapping = mapping
        self.source = source
        self._resources = resources

    async def check(self) -> None:
        """Check catalogue and source, and name all that does not fit at once.

        Raises:
            MappingError: `SOURCE_MISMATCH`, with every fault in `findings`.
            SourceUnavailableError: The source cannot be reached now.
        """
        findings = list(catalogue_faults(self.mapping.resources, self._resources))
        findings += await self.source.mismatches()
        if findings:
            raise MappingError("SOURCE_MISMATCH", findings, where=self.mapping.where)

    async def lookup(self, lookup: Lookup, now: datetime) -> LookupResult:
        """Answer one batch.

        A resource or item this source does not offer leaves nobody answerable; it does not raise,
        since asking again would not help.

        Args:
            lookup: The question.
            now: The present instant, UTC.

        Raises:
            SourceUnavailableError: As the source says, or `SOURCE_AS_OF_INVALID` when its own
                as-of time cannot be read.
            SourcePendingError: As the source says.
        """
        entry = self.mapping.resource(lookup.resource)
        resource = self._resources.get(lookup.resource)
        if entry is None or resource is None:
            return none_answerable(lookup, "RESOURCE_NOT_OFFERED", now)
        if any(resource.item(item) is None for item in lookup.items):
            return none_answerable(lookup, "ITEM_UNKNOWN", now)
        columns = columns_for(entry, resource, lookup.items)
        found = await self.source.fetch(entry, lookup, columns)
        # Some 20 ms for 1,000 persons: not on the event loop, where heartbeats live.
        return await asyncio.to_thread(self._judged, entry, resource, lookup, found, now)

    def _judged(
        self, entry: EntryT, resource: Resource, lookup: Lookup, found: Found, now: datetime
    ) -> LookupResult:
        as_of = _as_of(entry, found, now)
        faults = [("ROWS_UNASKED", entry.place)] * found.unasked
        plan = plan_of(entry, resource, lookup)
        kept: list[Row] = []
        ends: list[int] = []
        doubts: dict[int, PersonFaultError] = {}
        for at, person in enumerate(lookup.persons):
            try:
                kept += _kept(entry, lookup, person, found, plan)
            except PersonFaultError as fault:
                doubts[at] = fault
            ends.append(len(kept))
        # The values of all of them together, column by column: a fraction of the time.
        records, unread = read_table(resource, plan.readings, kept)
        outcomes: list[SubjectOutcome] = []
        begin = 0
        for at, (person, end) in enumerate(zip(lookup.persons, ends, strict=True)):
            doubt = doubts.get(at) or _first(unread, begin, end)
            if doubt is None:
                outcomes.append(outcome_of(person, tuple(records[begin:end])))
            else:
                outcomes.append(not_answerable(person.reference, doubt.code))
                faults.append((doubt.code, doubt.where))
            begin = end
        return LookupResult(as_of, complete(lookup, outcomes), counted(faults))

    async def sample(self, resource: str, count: int) -> Sequence[Row] | None:
        """Return up to so many rows of a resource; None where the source cannot show any.

        Raises:
            SourceUnavailableError: It cannot be reached now.
        """
        entry = self.mapping.resource(resource)
        if entry is None or not isinstance(self.source, Sampled):
            return None
        return await self.source.sample(entry, count)

    async def close(self) -> None:
        """Close the source; safe to call twice."""
        await self.source.close()


def _kept(
    entry: ResourceMapping, lookup: Lookup, person: Subject, found: Found, plan: Plan
) -> Sequence[Row]:
    number = id_key(person.id_number)
    if number in found.overfull:
        raise PersonFaultError(
            "RECORDS_TOO_MANY",
            "来源中此人的记录过多",
            "the source has too many rows of this person",
            where=entry.place,
        )
    if number in found.failed:
        raise PersonFaultError(
            found.failed[number],
            "来源未能答复此人",
            "the source gave no usable answer about this person",
            where=found.places.get(number, entry.place),
        )
    return keep(entry, lookup, person, found.rows.get(number, ()), plan)


def _first(unread: Mapping[int, PersonFaultError], begin: int, end: int) -> PersonFaultError | None:
    """Return what is wrong with the first row of a person that cannot be read, if any."""
    if not unread:
        return None
    return next((unread[at] for at in range(begin, end) if at in unread), None)


def _as_of(entry: ResourceMapping, found: Found, now: datetime) -> datetime:
    """Return the instant as of which the source's data is true, never later than now (R072)."""
    raw = entry.as_of if found.as_of is None else found.as_of
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
