"""What a re-check (复核) brought that the disputed result did not say, person by person (R032).

Records stand here in clear, as in a result: in memory only, on their way to an operator whose
reading of both results is audited.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from bus.model.messages import OutcomeKind
from bus.model.result import ResultItem, ResultPerson, Value


class Change(StrEnum):
    """What became of a record: only the new result has it, only the old one, or items differ."""

    ADDED = "ADDED"
    GONE = "GONE"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One item of a record: what the old result says and what the new one does."""

    item: ResultItem
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One record: all its items where it is ADDED or GONE, those that differ where it is CHANGED.

    `number` counts the records of the result that has it, from 1; of a changed one, of the new.
    """

    change: Change
    number: int
    items: tuple[ItemChange, ...]


@dataclass(frozen=True, slots=True)
class PersonDifference:
    """What one provider says otherwise of one person under one line.

    An outcome is None where that result has no answer of the provider. `row` is the number in 附表.
    """

    person: ResultPerson
    row: int
    resource: str
    title: str
    provider: str
    provider_title: str
    before: OutcomeKind | None
    before_code: str | None
    after: OutcomeKind | None
    after_code: str | None
    records: tuple[RecordChange, ...]


@dataclass(frozen=True, slots=True)
class ResultDifference:
    """The difference of two results.

    Attributes:
        query: The re-check.
        rechecks: The query whose result was disputed.
        reason: Why, by code.
        persons: How many persons the re-check asked about.
        compared: How many answers on one person were compared.
        differences: Those that differ, in the order of persons, lines and providers.
    """

    query: UUID
    rechecks: UUID
    reason: str
    persons: int
    compared: int
    differences: tuple[PersonDifference, ...]
