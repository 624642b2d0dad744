"""What operators can do about deadlines and delays; the HTTP face calls these (R028-R030)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from bus.daemon import delays
from bus.daemon.office import Office
from bus.daemon.open_rows import province_of
from bus.daemon.service import Wake
from bus.daemon.work import Work
from bus.errors import InputError
from bus.flow.deadlines import answers_for
from bus.flow.delay import answers_to, cause_of, check_until, notice, unanswered
from bus.flow.lifecycle import RUNNING
from bus.flow.turnaround import Turnaround, turnaround
from bus.model.case import Case, CaseRole, QueryState, Row, RowState
from bus.model.deadline import Deadline
from bus.ports.store import Store, Unit
from bus.rules.working_days import end_of_day
from signer.identity import HUB

PAGE = 50
"""Cases read in one transaction."""

_ONE_DAY = timedelta(days=1)

Owed = tuple[Case, Row]
"""A row, with the case it belongs to."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows of a query are meant: all that fit what is said.

    `resource`, `part` and `holder` narrow; None leaves them all in.
    """

    resource: str | None = None
    part: int | None = None
    holder: str | None = None

    def fits(self, row: Row) -> bool:
        """Whether a row is meant."""
        return (
            self.resource in {None, row.resource}
            and self.part in {None, row.part}
            and self.holder in {None, row.holder}
        )


@dataclass
class DelayService:
    """Deadlines and delays at one centre.

    Attributes:
        wake: Called after every commit that may have filled the outbox.
    """

    office: Office
    store: Store
    wake: Wake

    @property
    def _role(self) -> CaseRole:
        """In which capacity this centre owes: it answers, or those below it do."""
        return CaseRole.REVIEWER if self.office.me == HUB else CaseRole.PROVIDER

    async def owed(self) -> Sequence[Owed]:
        """Return the open rows of agencies below this centre, the earliest due first.

        At the hub only what passes it: of the rest it cannot tell whether it was answered.
        """
        async with self.store.transaction() as unit:
            cases = await unit.cases(self._role, RUNNING)
        found = [(case, row) for case in cases for row in case.rows if self._seen(case, row)]
        return sorted(found, key=lambda pair: (pair[1].deadline, pair[1].holder))

    async def give_notice(
        self, query: UUID, choice: Choice, cause: str, until: date | None, operator: str
    ) -> int:
        """Give notice that rows below this centre are late, to all sides; audited.

        Args:
            query: The query.
            choice: Which of its rows.
            cause: A code of the causes.
            until: The last day of the new term that is proposed, None where there is none.
            operator: Who says so.

        Returns:
            How many rows it is about.

        Raises:
            InputError: `QUERY_UNKNOWN`, `DELAY_CAUSE_UNKNOWN`, `DELAY_DATE`, `ROWS_NONE`.
            UnavailableError: Somebody cannot be reached now.
        """
        code = cause_of(cause).code
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await _case(unit, query, self._role)
            rows = [row for row in case.rows if self._below(row) and choice.fits(row)]
            _some(rows, query)
            new = None if until is None else end_of_day(until)
            if new is not None:
                check_until(new, rows, work.now)
            told = notice(rows, code, new, work.now)
            await delays.announce(work, case, told, f"operator:{operator}")
            await work.finish()
        self.wake()
        return len(rows)

    async def delays(self, query: UUID | None = None) -> Sequence[Owed]:
        """Return the rows of our own queries that are delayed, of all or of one.

        Raises:
            InputError: `QUERY_UNKNOWN`.
        """
        async with self.store.transaction() as unit:
            if query is None:
                cases = await unit.cases(CaseRole.REQUESTER, RUNNING)
            else:
                cases = [await _case(unit, query, CaseRole.REQUESTER)]
        found = [(case, row) for case in cases for row in case.rows if row.delay is not None]
        return sorted(found, key=lambda pair: (pair[1].deadline, pair[1].holder))

    async def answer(self, query: UUID, choice: Choice, operator: str, *, agreed: bool) -> int:
        """Agree to the new dates that were proposed, or decline them, to all sides; audited.

        Returns:
            How many rows it is about.

        Raises:
            InputError: `QUERY_UNKNOWN`, `ROWS_NONE`: no proposal is open for such a row.
            UnavailableError: Somebody cannot be reached now.
        """
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await _case(unit, query, CaseRole.REQUESTER)
            rows = [row for row in case.rows if unanswered(row) and choice.fits(row)]
            _some(rows, query)
            for told in answers_to(rows, agreed=agreed):
                await delays.announce(work, case, told, f"operator:{operator}")
            await work.finish()
        self.wake()
        return len(rows)

    async def deadlines(self, query: UUID) -> Sequence[Deadline]:
        """Return every deadline of a query at this centre, the earliest first."""
        async with self.store.transaction() as unit:
            return await unit.deadlines(query)

    async def turnaround(self, first: date, last: date) -> Turnaround:
        """Return turnaround and errors of the queries received on some days, both included.

        Raises:
            InputError: `PERIOD_ORDER`: the last day is before the first.
        """
        if last < first:
            raise InputError(
                "PERIOD_ORDER",
                "截止日早于起始日",
                "the last day is before the first",
                where="last",
            )
        role = CaseRole.REVIEWER if self.office.me == HUB else CaseRole.REQUESTER
        since, until = end_of_day(first - _ONE_DAY), end_of_day(last)
        found: list[Case] = []
        after: UUID | None = None
        # Page by page, each on its own: steps wait for the store.
        while True:
            async with self.store.transaction() as unit:
                page = await unit.case_page(role, tuple(QueryState), since, after, PAGE)
            found += [case for case in page if since <= case.opened < until]
            if len(page) < PAGE:
                break
            after = page[-1].query
        directory = self.office.directory
        return await asyncio.to_thread(
            turnaround, found, lambda holder: province_of(directory, holder), self.office.calendar
        )

    def now(self) -> datetime:
        """Return the present instant, for what is late."""
        return self.office.clock.now()

    def _seen(self, case: Case, row: Row) -> bool:
        passes = self.office.me != HUB or answers_for(case, row, self.office.directory) == HUB
        return passes and self._below(row)

    def _below(self, row: Row) -> bool:
        above = self.office.directory.path_up(row.holder)[1:]
        return row.leaf and row.state is RowState.OPEN and self.office.me in above


async def _case(unit: Unit, query: UUID, role: CaseRole) -> Case:
    case = await unit.case(query, role)
    if case is None:
        raise InputError("QUERY_UNKNOWN", "没有此查询", "no such query", where=str(query))
    return case


def _some(rows: Sequence[Row], query: UUID) -> None:
    if not rows:
        raise InputError(
            "ROWS_NONE",
            "该查询没有符合条件的待反馈项",
            "no open row of that query fits",
            remedy_zh="用 hedui query owed 或 hedui query delays 查看各项",
            remedy_en="hedui query owed and hedui query delays show the rows",
            where=str(query),
        )
