"""What an operator of the hub can do with applications; the HTTP face calls these.

Every call that changes something or reads personal data names an operator and is audited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from bus.daemon import reviewer, views
from bus.daemon.office import Office
from bus.daemon.service import Wake
from bus.daemon.work import Work
from bus.errors import InputError
from bus.flow.cut_off import cut_off
from bus.flow.deadlines import START_WITHIN_WORKING_DAYS
from bus.flow.reissue import check_remaining, household_members
from bus.flow.review import reason
from bus.model.audit import Event
from bus.model.case import STATE_ZH, Case, CaseRole, QueryState
from bus.model.messages import Finding
from bus.model.request import Application
from bus.ports.store import Store
from bus.rules import places
from bus.rules.members import Member
from bus.rules.working_hours import working_hours
from signer.envelope.kinds import Kind


@dataclass(frozen=True, slots=True)
class StartTerm:
    """By when a query has to start (R028), and the working hours left; below 0 it is late."""

    start_by: datetime
    hours_left: float


@dataclass
class ReviewService:
    """The hub's review of applications (形式审查, R025-R028).

    Attributes:
        wake: Called after every commit that may have filled the outbox.
    """

    office: Office
    store: Store
    wake: Wake

    async def applications(self, states: Sequence[QueryState] | None) -> Sequence[Case]:
        """Return the applications at the hub, newest first."""
        async with self.store.transaction() as unit:
            return await unit.cases(CaseRole.REVIEWER, states)

    async def waiting(self) -> Sequence[Case]:
        """Return the applications that wait for an operator, the most urgent first (R028)."""
        found = await self.applications([QueryState.UNDER_REVIEW])
        # All have the same term, so who was received first has to start first.
        return sorted(found, key=lambda case: (case.opened, case.query))

    def start_term(self, case: Case) -> StartTerm | None:
        """Return by when an application has to start; None once it is decided."""
        if case.state not in (QueryState.SUBMITTED, QueryState.UNDER_REVIEW):
            return None
        calendar, now = self.office.calendar, self.office.clock.now()
        start_by = calendar.add_working_days(case.opened, START_WITHIN_WORKING_DAYS).end
        left = working_hours(calendar, now, start_by) - working_hours(calendar, start_by, now)
        return StartTerm(start_by, left)

    async def application(
        self, query: UUID, operator: str
    ) -> tuple[Case, Application | None, tuple[Member, ...]]:
        """Return an application at the hub with its form and list, as far as they came; audited.

        Raises:
            InputError: `QUERY_UNKNOWN`.
        """
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await reviewer.find(work, query)
            kept = [
                stored
                for kind in (Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT)
                for stored in await unit.messages(query, kind)
            ]
            work.note(query, Event.APPLICATION_READ, f"operator:{operator}")
            await work.finish()
        return case, *await asyncio.to_thread(views.application, self.office, case, kept)

    async def accept(self, query: UUID, operator: str) -> Case:
        """Accept an application that waits for an operator.

        Raises:
            InputError: `QUERY_UNKNOWN`, `NOT_UNDER_REVIEW`, `NOT_ACCEPTABLE`,
                `REQUESTER_NOT_CONNECTED`.
        """
        return await self._decide(query, operator, accepted=True, reasons=())

    async def refuse(self, query: UUID, operator: str, code: str) -> Case:
        """Refuse an application with a coded reason (R027).

        Raises:
            InputError: `QUERY_UNKNOWN`, `NOT_UNDER_REVIEW`, `REASON_UNKNOWN`.
        """
        return await self._decide(query, operator, accepted=False, reasons=(reason(code),))

    async def give_back(
        self,
        query: UUID,
        operator: str,
        code: str,
        *,
        households: Collection[str],
        persons: Collection[int],
    ) -> Case:
        """Return an application, to come again without some households (R067).

        Args:
            query: The application.
            operator: Who returns it.
            code: The coded reason (R027).
            households: Households, as the list names them.
            persons: Numbers of persons, whose whole households are meant.

        Raises:
            InputError: `QUERY_UNKNOWN`, `NOT_UNDER_REVIEW`, `REASON_UNKNOWN`, `RETURN_NOBODY`,
                `RETURN_EVERYBODY`.
        """
        why = reason(code)
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await self._under_review(work, query)
            kept = [
                stored
                for kind in (Kind.APPLICATION, Kind.ROSTER, Kind.CONSENT)
                for stored in await unit.messages(query, kind)
            ]
            _, members = await asyncio.to_thread(views.application, self.office, case, kept)
            refused = household_members(members, households, persons)
            check_remaining(refused, [member.reference for member in members], str(query))
            reasons = (replace(why, where=places.persons(refused)),)
            case = await reviewer.give_back(work, case, refused, reasons, operator)
            await work.finish()
        self.wake()
        return case

    async def _under_review(self, work: Work, query: UUID) -> Case:
        case = await reviewer.find(work, query)
        if case.state is not QueryState.UNDER_REVIEW:
            raise InputError(
                "NOT_UNDER_REVIEW",
                f"该申请{STATE_ZH[case.state]}，不在审查中",
                f"the application is {case.state}, not under review",
                remedy_zh="请用 hedui application show 查看已作的决定",
                remedy_en="Look at the decision with hedui application show",
                where=str(query),
            )
        return case

    async def _decide(
        self, query: UUID, operator: str, *, accepted: bool, reasons: tuple[Finding, ...]
    ) -> Case:
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await self._under_review(work, query)
            if accepted:
                check_requester(self.office, case)
            if accepted and case.blocked:
                raise InputError(
                    "NOT_ACCEPTABLE",
                    "审查意见中有不得受理的情形（申请表、授权、一致性、目录或结果读者）",
                    "findings on form, consent, consistency, catalogue or readers forbid it",
                    remedy_zh="请以理由代码拒绝，或退回以撤下授权不齐全的家庭",
                    remedy_en="Refuse it with a reason, or return it without those households",
                    where=str(query),
                )
            case = await reviewer.decide(
                work, case, accepted=accepted, reasons=reasons, by=operator
            )
            await work.finish()
        self.wake()
        return case


def check_requester(office: Office, case: Case) -> None:
    """Check that the requester may get its answer: nothing starts for one that is suspended."""
    if cut_off(office.directory, case.requester, office.me) is None:
        return
    raise InputError(
        "REQUESTER_NOT_CONNECTED",
        "申请方已被暂停或已退出",
        "the requester is suspended or has left",
        remedy_zh="请待其恢复后再受理，或以理由代码拒绝",
        remedy_en="Accept it once it is back, or refuse it with a reason",
        where=str(case.query),
    )
