"""What a story tells: its course, what everybody holds at the end, the audit, the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from bus.model.case import CaseRole, QueryState


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when by the moved clock, who did what, under which statements.

    `who` is a participant's title, an operator's post after it where a person acted.
    """

    at: datetime
    who: str
    zh: str
    en: str
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """What one participant holds of one query: its state, and its rows by state.

    `codes` are why rows were not served, or why it was refused.
    """

    query: UUID
    participant: str
    title: str
    role: CaseRole
    state: QueryState
    rows: Mapping[str, int]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """What one participant's audit chain says.

    `events` are those about the story's queries, by name.
    """

    participant: str
    title: str
    entries: int
    heads: int
    whole: bool
    events: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must be so at the end; `detail` says what is not."""

    zh: str
    en: str
    passed: bool
    detail: tuple[str, ...] = ()


@dataclass
class Account:
    """The account of one story.

    Attributes:
        queries: What each query of the story is called, by id, in the order of submission.
        facts: Figures that the story turns on, for programs.
    """

    story: str
    zh: str
    en: str
    course: list[Entry] = field(default_factory=list)
    queries: dict[UUID, str] = field(default_factory=dict)
    holdings: list[Holding] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, str | int | list[str]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every check passed, and there was one."""
        return bool(self.checks) and all(check.passed for check in self.checks)
