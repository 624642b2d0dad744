"""The year as it passes: submissions, reviews, answers when somebody is there, failing sources."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from simulate_land import CITIES, PROVINCES
from simulate_plan import Course, Plan

from adapters.country.country import Country
from adapters.country.people import application, household
from bus.errors import UnavailableError
from bus.model.case import CaseRole, QueryState
from bus.rules.working_days import local_date
from signer.directory.view import Standing
from signer.identity import HUB

OPERATOR, REVIEWER = "模拟经办", "模拟审查"
TICK = timedelta(hours=12)
"""The clock stops this often for everybody's timers; what people do has instants of its own."""

BEGINS = datetime(2026, 1, 4, 16, 0, tzinfo=UTC)

ATTENDED = 0.45
"""How likely an agency answers in one half of a day."""

OUTAGES, OUTAGE_DAYS = 24, (4, 12, 25)
"""Sources that fail in the year, and for how long."""

SUSPENSIONS, SUSPENDED_DAYS = 3, (3, 8)

Act = Callable[[], Awaitable[None]]


@dataclass
class Asked:
    """A query of the year: what was meant, and what it is known by."""

    plan: Plan
    query: UUID


@dataclass
class Year:
    """One year of a country.

    Attributes:
        ends: When it is over.
        asked: The queries, in the order of submission.
        told: Called whenever something was done, with the instant.
    """

    country: Country
    plans: list[Plan]
    ends: datetime
    dice: Random
    told: Callable[[datetime, int], None]
    asked: list[Asked] = field(default_factory=list)
    _due: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    async def pass_(self) -> None:
        """Let the whole year pass."""
        for plan in self.plans:
            self._at(plan.at, lambda plan=plan: self._submit(plan))
        self._throw_trouble()
        self._attend()
        tick = BEGINS
        while tick < self.ends:
            tick += TICK
            while self._due and self._due[0][0] < tick:
                at, _, act = heapq.heappop(self._due)
                self.country.clock.instant = max(at, self.country.clock.now())
                await act()
                self.told(at, len(self.asked))
            self.country.clock.instant = tick
            self._attend()
            await self.country.pass_time()
            self.told(tick, len(self.asked))
        self._attend(everybody=True)
        await self.country.pass_time()

    def _at(self, instant: datetime, act: Act) -> None:
        heapq.heappush(self._due, (instant, next(self._numbers), act))

    def _attend(self, *, everybody: bool = False) -> None:
        for desk in self.country.desks.values():
            desk.attended = everybody or self.dice.random() < ATTENDED

    async def _submit(self, plan: Plan) -> None:
        node = self.country[plan.node]
        if node.office.paused:
            self._tomorrow(lambda: self._submit(plan))
            return
        today = local_date(self.country.clock.now())
        people = [
            person
            for place in range(plan.households)
            for person in household(plan.number * 5 + place, 2, date(2026, 1, 2))
        ]
        if plan.course in {Course.REFUSED, Course.LOOKED_AT}:
            # Two heads in one household: somebody has to look at it.
            people[1] = replace(people[1], relation=people[0].relation)
        draft = application(people, plan.lines, today, f"模拟审批机关 {plan.node}")
        case = await node.service.submit(draft, OPERATOR)
        self.asked.append(Asked(plan, case.query))
        await self.country.settle(plan.node)
        acts = {
            Course.REFUSED: self._review,
            Course.LOOKED_AT: self._review,
            Course.CITY: self._assent,
            Course.CITY_REFUSED: self._assent,
        }
        act = acts.get(plan.course)
        if act is not None:
            self._at(self.country.clock.now() + plan.after, lambda: act(plan, case.query))

    async def _assent(self, plan: Plan, query: UUID) -> None:
        """An operator of the province above a city decides, once neither is suspended."""
        province = self.country[CITIES[plan.node]]
        if province.office.paused:
            self._tomorrow(lambda: self._assent(plan, query))
            return
        if plan.course is Course.CITY:
            await province.assents.assent(query, OPERATOR)
        else:
            await province.assents.refuse(query, OPERATOR, "PURPOSE_UNCLEAR")
        await self.country.settle(province.office.me)

    def _tomorrow(self, act: Act) -> None:
        self._at(self.country.clock.now() + timedelta(days=1), act)

    async def _review(self, plan: Plan, query: UUID) -> None:
        hub = self.country[HUB]
        if self.country[plan.node].office.paused:
            self._tomorrow(lambda: self._review(plan, query))
            return
        async with hub.store.transaction() as unit:
            case = await unit.case(query, CaseRole.REVIEWER)
        if case is None or case.state is not QueryState.UNDER_REVIEW:
            return
        if plan.course is Course.REFUSED:
            await hub.review.refuse(query, REVIEWER, "LIST_INCONSISTENT")
        else:
            await hub.review.accept(query, REVIEWER)
        await self.country.settle(HUB)

    def _throw_trouble(self) -> None:
        """Sources that are down for a while, and provinces that are suspended for a while."""
        agencies = [name for name, desk in self.country.desks.items() if desk.connector]
        span = max((self.ends - BEGINS).days - 60, 10)
        for name in self.dice.sample(agencies, min(OUTAGES, len(agencies))):
            begins = BEGINS + timedelta(days=self.dice.randrange(span), hours=3)
            self._at(begins, lambda name=name: self._fail(name, failing=True))
            ends = begins + timedelta(days=self.dice.choice(OUTAGE_DAYS))
            self._at(ends, lambda name=name: self._fail(name, failing=False))
        for name in self.dice.sample(PROVINCES, SUSPENSIONS):
            begins = BEGINS + timedelta(days=self.dice.randrange(span), hours=4)
            self._at(begins, lambda name=name: self._stand(name, Standing.SUSPENDED))
            ends = begins + timedelta(days=self.dice.choice(SUSPENDED_DAYS))
            self._at(ends, lambda name=name: self._stand(name, Standing.CONNECTED))

    async def _fail(self, name: str, *, failing: bool) -> None:
        connector = self.country[name].connector
        if connector is not None:
            down = UnavailableError("SOURCE_DOWN", "数据源停机", "the source is down", where=name)
            connector.fault = down if failing else None

    async def _stand(self, name: str, standing: Standing) -> None:
        listed = self.country.directory.participants[name]
        await self.country.publish(replace(listed, standing=standing))
        await self.country.settle()
