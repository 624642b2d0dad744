"""Who did what, read from the books: a report about somebody or something, and an inspection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from bus.model.audit import Event

READS = frozenset({Event.RESULT_READ, Event.APPLICATION_READ, Event.ADMISSION_READ})
"""Events by which somebody saw personal data."""


def is_read(event: str, detail: Mapping[str, str | int | None]) -> bool:
    """Whether an entry says that somebody saw personal data, or took it along."""
    return event in READS or (event == Event.PROOF_EXPORTED and bool(detail.get("opened")))


class Subject(StrEnum):
    """What a report is about. A person is found by number; the number stands nowhere."""

    PERSON = "person"
    QUERY = "query"
    OPERATOR = "operator"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days in Asia/Shanghai, both included; `start` and `end` are its instants."""

    since: date
    until: date
    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies in it."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class ReportedAct:
    """One act of an operator, as the books have it.

    `roles` are those the operator had then, empty where it was not registered. `purpose` is what it
    was done for, where it says (R035); `code` why it was refused, where it was.
    """

    number: int
    at: datetime
    event: str
    operator: str
    roles: tuple[str, ...]
    query: UUID | None
    purpose: str
    code: str


@dataclass(frozen=True, slots=True)
class ReportedQuery:
    """A query a report is about: the person's number in it, and whether its contents are gone."""

    query: UUID
    reference: int | None
    state: str
    purged: datetime | None


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Who saw this, and what for (R077, R078)."""

    participant: str
    period: Period
    subject: Subject
    made: datetime
    made_by: str
    queries: tuple[ReportedQuery, ...]
    acts: tuple[ReportedAct, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """What one operator did in a period; `last` is its last act in it, None where there is none.

    `reads` counts what it saw, `outside` those of them outside working hours, `refused` what it
    was refused. `registered` is None where the name stands in the books alone, else whether it is
    enabled.
    """

    operator: str
    roles: tuple[str, ...]
    registered: bool | None
    acts: Mapping[str, int]
    reads: int
    outside: int
    refused: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class SignedHeadNamed:
    """The last signed head over the chain: its entry, how far it reaches, when it was made."""

    entry: int
    signed_to: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Inspection:
    """The periodic inspection of query and use (R077).

    `entries` is the length of the chain, which holds from its beginning. `late_reads` counts
    attempts to read what was destroyed already, `blocked` addresses that sent wrong tokens.
    """

    participant: str
    period: Period
    made: datetime
    made_by: str
    entries: int
    head: SignedHeadNamed | None
    operators: tuple[Watched, ...]
    refusals: Mapping[str, int]
    late_reads: int
    blocked: int
