"""What people do about a query besides answering it: submit, decide, assent, withdraw, dispute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from simulate_diary import OPERATOR, REVIEWER, Asked, Diary
from simulate_evidence import Evidence
from simulate_land import CITIES
from simulate_plan import Course, Plan

from adapters.country.people import application, household
from bus.errors import InputError
from bus.model.case import CaseRole, QueryState
from bus.model.request import DraftPerson
from bus.rules.working_days import local_date
from signer.identity import HUB

_AUTHORISED = date(2026, 1, 2)
_UNDER_REVIEW = QueryState.UNDER_REVIEW
_LEFT_ALONE = frozenset({Course.REFUSED, Course.LOOKED_AT, Course.WITHDRAWN})
_WITHOUT_RESULT = frozenset({QueryState.REFUSED, QueryState.CANCELLED, QueryState.EXPIRED})


@dataclass(frozen=True)
class Queries:
    """The queries of a year."""

    diary: Diary

    async def submit(self, plan: Plan) -> None:
        """Submit a query, and put what is meant to happen to it into the diary."""
        diary = self.diary
        if diary.paused(plan.node):
            diary.tomorrow(lambda: self.submit(plan))
            return
        authority = f"模拟审批机关 {plan.node}"
        draft = application(_people(plan), plan.lines, local_date(diary.now), authority)
        case = await diary.country[plan.node].service.submit(draft, OPERATOR)
        diary.asked.append(Asked(plan, case.query))
        diary.submitted += 1
        await diary.country.settle(plan.node)
        acts = {
            Course.REFUSED: self.review,
            Course.LOOKED_AT: self.review,
            Course.CITY: self.assent,
            Course.CITY_REFUSED: self.assent,
            Course.WITHDRAWN: self.withdraw,
            Course.RECHECKED: self.recheck,
            Course.CALLED_UP: Evidence(diary).call_up,
        }
        act = acts.get(plan.course)
        if act is not None:
            diary.after(plan.after, lambda: act(plan, case.query))

    async def review(self, plan: Plan, query: UUID) -> None:
        """The hub's reviewer decides on what is doubtful, once the requester may get its answer."""
        if self.diary.paused(plan.node):
            self.diary.tomorrow(lambda: self.review(plan, query))
            return
        case = await self.diary.case(HUB, query, CaseRole.REVIEWER)
        if case is None or case.state is not _UNDER_REVIEW:
            return
        review = self.diary.country[HUB].review
        if plan.course is Course.REFUSED:
            await review.refuse(query, REVIEWER, "LIST_INCONSISTENT")
        else:
            await review.accept(query, REVIEWER)
        await self.diary.country.settle(HUB)

    async def look_through(self) -> None:
        """The hub's reviewer takes what the hub's rules leave to a person, not only what is thrown.

        So the applications of who owes overdue evidence wait for one, which are accepted.
        """
        country, thrown = self.diary.country, {one.query: one.plan for one in self.diary.asked}
        review = country[HUB].review
        for case in await review.applications([_UNDER_REVIEW]):
            waits = thrown[case.query].course in _LEFT_ALONE or self.diary.paused(case.requester)
            if not waits:
                await review.accept(case.query, REVIEWER)
        await country.settle(HUB)

    async def assent(self, plan: Plan, query: UUID) -> None:
        """The province above a city decides, unless the term for it has passed."""
        province = CITIES[plan.node]
        if self.diary.paused(province):
            self.diary.tomorrow(lambda: self.assent(plan, query))
            return
        case = await self.diary.case(province, query, CaseRole.SUPERIOR)
        if case is None or case.state is not _UNDER_REVIEW:
            return
        assents = self.diary.country[province].assents
        if plan.course is Course.CITY:
            await assents.assent(query, OPERATOR)
        else:
            await assents.refuse(query, OPERATOR, "PURPOSE_UNCLEAR")
        await self.diary.country.settle(province)

    async def withdraw(self, plan: Plan, query: UUID) -> None:
        """The requester withdraws, at whatever moment, unless everything has come already."""
        if self.diary.paused(plan.node):
            self.diary.tomorrow(lambda: self.withdraw(plan, query))
            return
        withdrawing = self.diary.country[plan.node].withdrawing
        try:
            await withdrawing.withdraw(query, "APPLICANT_WITHDREW", OPERATOR)
        except InputError as error:
            if error.code != "WITHDRAWAL_TOO_LATE":
                raise
        await self.diary.country.settle(plan.node)

    async def recheck(self, plan: Plan, query: UUID) -> None:
        """The requester has the first person checked again, once everything has come."""
        case = await self.diary.case(plan.node, query, CaseRole.REQUESTER)
        if case is None or case.state in _WITHOUT_RESULT:
            return
        if self.diary.paused(plan.node) or case.state is not QueryState.DELIVERED:
            self.diary.tomorrow(lambda: self.recheck(plan, query))
            return
        rechecks = self.diary.country[plan.node].rechecks
        again = await rechecks.recheck(query, OPERATOR, "DISPUTED_BY_PERSON", persons=(1,))
        self.diary.asked.append(Asked(plan, again.query))
        await self.diary.country.settle(plan.node)


def _people(plan: Plan) -> list[DraftPerson]:
    """Whom a query asks about; some lists have what its course needs to be wrong with them."""
    numbers = [plan.number * 6 + place for place in range(plan.households)]
    people = [p for number in numbers for p in household(number, 2, _AUTHORISED)]
    # Some are withdrawn while the hub's reviewer has not looked at them.
    waiting = plan.course is Course.WITHDRAWN and plan.number % 3 == 0
    if waiting or plan.course in {Course.REFUSED, Course.LOOKED_AT}:
        # Two applicants in one household: somebody has to look at it.
        people[1] = replace(people[1], relation=people[0].relation)
    if plan.course is Course.RETURNED:
        # One household lacks an authorisation: the others go on without it (R067).
        people += household(plan.number * 6 + plan.households, 2, _AUTHORISED)
        people[-1] = replace(people[-1], document="")
    return people
