"""What an operator of a province can do with the applications of its cities and counties (R006).

Every call that changes something or reads personal data names an operator and is audited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from bus.daemon import superior, views
from bus.daemon.office import Office
from bus.daemon.review_service import check_requester
from bus.daemon.service import Wake
from bus.daemon.work import Work
from bus.errors import InputError
from bus.flow.review import reason
from bus.model.audit import Event
from bus.model.case import STATE_ZH, Case, CaseRole, QueryState
from bus.model.messages import Finding
from bus.model.request import Application
from bus.ports.store import Store
from bus.rules.members import Member


@dataclass
class AssentService:
    """A province's assent to applications from below it (上级同意).

    Attributes:
        wake: Called after every commit that may have filled the outbox.
    """

    office: Office
    store: Store
    wake: Wake

    async def applications(self, states: Sequence[QueryState] | None) -> Sequence[Case]:
        """Return the applications from below, newest first."""
        async with self.store.transaction() as unit:
            return await unit.cases(CaseRole.SUPERIOR, states)

    async def application(
        self, query: UUID, operator: str
    ) -> tuple[Case, Application | None, tuple[Member, ...]]:
        """Return an application with its form and list, as far as they came; audited.

        Raises:
            InputError: `QUERY_UNKNOWN`.
        """
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await superior.find(work, query)
            kept = [stored for kind in superior.KEPT for stored in await unit.messages(query, kind)]
            work.note(query, Event.APPLICATION_READ, f"operator:{operator}")
            await work.finish()
        return case, *await asyncio.to_thread(views.application, self.office, case, kept)

    async def assent(self, query: UUID, operator: str) -> Case:
        """Assent to an application that waits for an operator; it goes up to the hub.

        Raises:
            InputError: `QUERY_UNKNOWN`, `NOT_UNDER_REVIEW`, `REQUESTER_NOT_CONNECTED`,
                `APPLICATION_EXPIRED`.
        """
        return await self._decide(query, operator, assent=True, reasons=())

    async def refuse(self, query: UUID, operator: str, code: str) -> Case:
        """Refuse an application with a coded reason; it goes no further.

        Raises:
            InputError: `QUERY_UNKNOWN`, `NOT_UNDER_REVIEW`, `REASON_UNKNOWN`.
        """
        return await self._decide(query, operator, assent=False, reasons=(reason(code),))

    async def _decide(
        self, query: UUID, operator: str, *, assent: bool, reasons: tuple[Finding, ...]
    ) -> Case:
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await superior.find(work, query)
            if case.state is not QueryState.UNDER_REVIEW:
                raise InputError(
                    "NOT_UNDER_REVIEW",
                    f"该申请{STATE_ZH[case.state]}，不在审查中",
                    f"the application is {case.state}, not under review",
                    remedy_zh="请用 hedui application show 查看已作的决定",
                    remedy_en="Look at the decision with hedui application show",
                    where=str(query),
                )
            if assent:
                check_requester(self.office, case)
            case = await superior.decide(work, case, assent=assent, reasons=reasons, by=operator)
            await work.finish()
        self.wake()
        return case
