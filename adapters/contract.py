"""The contract between the adapter's host and a connector: one batch in, one batch out.

The host verifies the order, opens the roster, and asks a connector about a batch of persons. The
connector knows one source (a database, a service, a spreadsheet) and nothing of keys, orders or
topics. Three promises hold for every connector:

1. each person asked about gets exactly one outcome, never silence (`complete` enforces it);
2. no item that was not asked for leaves the source, and no row of anybody else;
3. a doubt about a person's data makes that person NOT_ANSWERABLE with a code, never a NOT_FOUND
   and never a partial record. A source that is down raises instead, and the host asks again.

The host holds every result to them once more, person by person (adapters/host/disclosure.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from adapters import values
from bus.errors import ConfigError, DefectError, InputError, UnavailableError
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.model.messages import OutcomeKind
from bus.ports.store import Store
from schemas.resources import Resource
from signer.storekey import StoreKey

Value = values.Value
"""A value as `schemas.records.encode_record` takes it."""

Record = Mapping[str, Value]
"""One record: the items asked for, and no other, by name; None where the source has no value."""


class PersonFaultError(InputError):
    """One person cannot be answered for good: the outcome is NOT_ANSWERABLE with this code."""


class SourceUnavailableError(UnavailableError):
    """The source cannot be reached, is too slow, or failed: ask again later."""


class SourcePendingError(UnavailableError):
    """People have still to do something before this question can be answered; others go on.

    A list that is out on a medium, say: the source is well, the row waits.
    """


@dataclass(frozen=True, slots=True)
class Subject:
    """One person asked about. Only `reference` is fit for a log.

    `reference` counts from 1 over the whole query; `id_type` is a code of `schemas.codes.id_types`.
    """

    reference: int
    name: str = field(repr=False)
    id_type: str = field(repr=False)
    id_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Task:
    """What a question is asked for: whose query, under which order, for what, by when.

    `order` is the chain digest that the order stands under, `part` the number of the roster's
    part, `line` that of the request's line; `requester` a centre's id; `business` a code of
    `schemas.codes.business`; `due` the end of the term, UTC (R029). None of it is personal data
    but `purpose`, the application's own words, which may name anybody: it is not for a log.
    """

    query: UUID
    order: bytes
    part: int
    line: int
    requester: str
    business: str
    purpose: str = field(repr=False)
    due: datetime


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question: these items of this resource, of these persons, in this time range.

    Both dates null = the latest data; else both are set and inclusive (R053). `task` is None where
    nobody asked for it: the check of a source.

    Raises:
        DefectError: `LOOKUP_MALFORMED` when no item is asked, a reference stands twice, or the
            range is half open or backwards. The host has checked all of this before.
    """

    resource: str
    items: tuple[str, ...]
    time_from: date | None
    time_to: date | None
    persons: tuple[Subject, ...]
    task: Task | None = None

    def __post_init__(self) -> None:
        references = {person.reference for person in self.persons}
        ends = (self.time_from, self.time_to)
        ordered = self.time_from is None or self.time_to is None or self.time_from <= self.time_to
        if not self.items or len(references) != len(self.persons):
            raise _malformed(self.resource)
        if not ordered or ends.count(None) == 1:
            raise _malformed(self.resource)


@dataclass(frozen=True, slots=True)
class SubjectOutcome:
    """What became of one person: `code` is set for NOT_ANSWERABLE only, records for FOUND only."""

    reference: int
    kind: OutcomeKind
    code: str | None = None
    records: tuple[Record, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the agency's operator should know, counted: for logs and metrics.

    `where` names a table, column or item, never a value.
    """

    code: str
    where: str
    count: int


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The outcomes in the order of the persons, and the instant they are true as of (R072)."""

    as_of: datetime
    outcomes: tuple[SubjectOutcome, ...]
    remarks: tuple[Remark, ...] = ()


class Connector(Protocol):
    """One source of data."""

    async def check(self) -> None:
        """Check at start-up that the source is there and holds what the mapping says.

        Raises:
            ConfigError: The mapping does not fit the source or the catalogue; names every fault.
            UnavailableError: The source cannot be reached now.
        """
        ...

    async def lookup(self, lookup: Lookup, now: datetime) -> LookupResult:
        """Answer one batch; reads only.

        Args:
            lookup: The question.
            now: The present instant, UTC: the data's as-of time where the source names none.

        Raises:
            SourceUnavailableError: The source is down or too slow: nobody is answered, ask again.
            SourcePendingError: People have to act first: this question waits, others go on.
        """
        ...

    async def close(self) -> None:
        """Let go of the source; safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class Books:
    """The participant's own store, for a connector that keeps what it was given.

    `key` returns what seals all that rests in it; `me` is the participant.
    """

    me: str
    store: Store
    key: Callable[[], StoreKey]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a connector is made from.

    `document` holds the sections `source` and `resource` of the adapter's file `where`; relative
    paths start at `folder`. `resources` are the catalogue's by name, shipped or of the directory
    (R005). `books` is None where the mapping is only looked at.
    """

    document: Mapping[str, Any]
    where: str
    folder: Path
    resources: Mapping[str, Resource]
    books: Books | None

    @property
    def books_needed(self) -> Books:
        """The participant's store, for a connector that cannot do without.

        Raises:
            ConfigError: `STORE_NEEDED`: there is none, the mapping is only looked at.
        """
        if self.books is None:
            raise ConfigError(
                "STORE_NEEDED",
                "此连接器需要前置自己的存储和密钥",
                "this connector needs the adapter's own store and keys",
                remedy_zh="请先配置 [keys] 与 [store]",
                remedy_en="Set [keys] and [store] first",
                where=self.where,
            )
        return self.books


@runtime_checkable
class Tended(Protocol):
    """A connector that has something to do without being asked, such as files that arrive."""

    async def tend(self, now: datetime, metrics: Metrics, log: Logger) -> None:
        """Do what is due; called each minute by the host, its store open.

        Args:
            now: The present instant, UTC.
            metrics: Where it is shown.
            log: Where it is told; by codes, without a value of the source.
        """
        ...


@runtime_checkable
class Aimed(Protocol):
    """A connector on a network, whose check can rehearse a source that is down or silent."""

    def aimed_at(self, host: str, port: int, patience_seconds: float) -> Connector:
        """Return another connector of the same mapping that seeks its source elsewhere.

        Args:
            host: Where, instead of at the source's own address.
            port: As `host`.
            patience_seconds: How long it waits for an answer, instead of the mapping's time.

        Raises:
            ConfigError: `SOURCE_LOCAL`: this source is a file on this machine.
        """
        ...


class OpenConnector(Protocol):
    """What the entry-point group `hedui.adapters` names: makes a connector from its setup."""

    def __call__(self, setup: Setup) -> Connector:
        """Read the mapping and make the connector; nothing is asked of the source yet.

        Raises:
            ConfigError: The mapping is not well formed: every fault, with its key.
        """
        ...


def _malformed(resource: str) -> DefectError:
    return DefectError(
        "LOOKUP_MALFORMED", "查询批次不成立", "the lookup is not well formed", where=resource
    )


def not_answerable(reference: int, code: str) -> SubjectOutcome:
    """Return the outcome of a person who cannot be answered."""
    return SubjectOutcome(reference, OutcomeKind.NOT_ANSWERABLE, code)


def none_answerable(lookup: Lookup, code: str, now: datetime) -> LookupResult:
    """Return a result in which nobody can be answered, for one reason."""
    outcomes = tuple(not_answerable(person.reference, code) for person in lookup.persons)
    return LookupResult(now, outcomes, (Remark(code, lookup.resource, len(outcomes)),))


def complete(lookup: Lookup, found: Iterable[SubjectOutcome]) -> tuple[SubjectOutcome, ...]:
    """Put outcomes in the order of the persons, and hold them to the contract.

    A person whom the connector passed over in silence becomes NOT_ANSWERABLE, `OUTCOME_MISSING`:
    silence is not a NOT_FOUND (R072, R073).

    Args:
        lookup: The question.
        found: What the connector found, in any order.

    Raises:
        DefectError: `OUTCOME_UNASKED` for a person not asked about, `OUTCOME_TWICE` for a second
            outcome of one person, `OUTCOME_MALFORMED` when kind, code and records disagree,
            `ITEM_UNASKED` for an item that was not asked for.
    """
    asked = {person.reference for person in lookup.persons}
    items = frozenset(lookup.items)
    outcomes: dict[int, SubjectOutcome] = {}
    for outcome in found:
        if outcome.reference not in asked:
            raise _broken("OUTCOME_UNASKED", "结果涉及未查询人员", "nobody asked for it", lookup)
        if outcome.reference in outcomes:
            raise _broken("OUTCOME_TWICE", "一人有两个结果", "a person has two outcomes", lookup)
        _hold_to_form(lookup, items, outcome)
        outcomes[outcome.reference] = outcome
    return tuple(
        outcomes.get(person.reference) or not_answerable(person.reference, "OUTCOME_MISSING")
        for person in lookup.persons
    )


def _hold_to_form(lookup: Lookup, items: frozenset[str], outcome: SubjectOutcome) -> None:
    has_records = outcome.kind is OutcomeKind.FOUND
    has_code = outcome.kind is OutcomeKind.NOT_ANSWERABLE
    if bool(outcome.records) != has_records or bool(outcome.code) != has_code:
        raise _broken(
            "OUTCOME_MALFORMED", "结果自相矛盾", "kind, code and records disagree", lookup
        )
    for record in outcome.records:
        if not record.keys() <= items:
            raise _broken("ITEM_UNASKED", "结果含未申请的内容项", "it was not asked for", lookup)


def _broken(code: str, zh: str, en: str, lookup: Lookup) -> DefectError:
    return DefectError(code, zh, en, where=lookup.resource)


def counted(faults: Iterable[tuple[str, str]]) -> tuple[Remark, ...]:
    """Count (code, where) pairs into remarks, in a stable order."""
    return tuple(
        Remark(code, where, count) for (code, where), count in sorted(Counter(faults).items())
    )
