"""What is still to be done in the year, by instant, and what has been done that is judged later."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from simulate_plan import Plan

from adapters.country.country import Country
from bus.model.case import Case, CaseRole

OPERATOR, REVIEWER = "模拟经办", "模拟审查"

BEGINS = datetime(2026, 1, 4, 16, 0, tzinfo=UTC)
"""Midnight in China before Monday, 5 January."""

Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of the year: what was meant, and what it is known by."""

    plan: Plan
    query: UUID


@dataclass(frozen=True, slots=True)
class Called:
    """A call for evidence of the year: its id, who was asked, and when."""

    call: UUID
    node: str
    at: datetime


@dataclass
class Diary:
    """The diary of one year.

    Attributes:
        ends: When it is over.
        asked: The queries, in the order of submission.
        called: The calls for evidence.
        submitted: How many of the plans have been submitted; a re-check is a query besides.
        agreed: The last days that were agreed instead of terms, by query and agency.
    """

    country: Country
    ends: datetime
    dice: Random
    asked: list[Asked] = field(default_factory=list)
    called: list[Called] = field(default_factory=list)
    agreed: dict[tuple[UUID, str], date] = field(default_factory=dict)
    submitted: int = 0
    _due: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    @property
    def now(self) -> datetime:
        """The instant the clock stands at."""
        return self.country.clock.now()

    def at(self, instant: datetime, act: Act) -> None:
        """Have something done at an instant."""
        heapq.heappush(self._due, (instant, next(self._numbers), act))

    def after(self, span: timedelta, act: Act) -> None:
        """Have something done in a while."""
        self.at(self.now + span, act)

    def tomorrow(self, act: Act) -> None:
        """Have something done tomorrow: it cannot be done today."""
        self.after(timedelta(days=1), act)

    def next_before(self, instant: datetime) -> tuple[datetime, Act] | None:
        """Take what comes next, if it comes before an instant."""
        if not self._due or self._due[0][0] >= instant:
            return None
        at, _, act = heapq.heappop(self._due)
        return at, act

    def paused(self, *names: str) -> bool:
        """Whether one of these is suspended now."""
        return any(self.country[name].office.paused for name in names)

    async def case(self, name: str, query: UUID, role: CaseRole) -> Case | None:
        """Return what a participant holds of a query."""
        async with self.country[name].store.transaction() as unit:
            return await unit.case(query, role)
