"""延期通知: what an agency says by itself of rows that will be late, with no new date (R030).

★ Of a source that is down it speaks after half an office day, or earlier where a row is about to be
late: what is down for minutes is nobody's business, what is down when a term ends is the
requester's. A row that waits for people, such as a list out on a medium, is told of only when it is
about to be late: its term allows for the way there and back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bus.daemon import delays
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import HeduiError
from bus.flow.deadlines import warn_from
from bus.flow.delay import MANUAL_WORK, SOURCE_DOWN, notice
from bus.logs.setup import Logger
from bus.model.case import Case, CaseRole, Row, RowState
from bus.ports.store import Store
from bus.ports.store_errors import StoreUnavailable

DOWN_FOR = timedelta(hours=4)
"""How long a source has been down before those who wait are told."""


@dataclass
class Notices:
    """Gives notice of an agency's rows, once of each."""

    office: Office
    store: Store
    log: Logger

    async def source_down(self, since: datetime, owed: Iterable[tuple[Case, Row]]) -> int:
        """The source is down: give notice of the rows for which it is time; returns how many.

        Args:
            since: Since when.
            owed: The open rows.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        now = self.office.clock.now()
        long = now >= since + DOWN_FOR
        return await self._tell_of(
            SOURCE_DOWN, [pair for pair in owed if long or self._nearly_late(*pair, now)]
        )

    async def people_owe(self, owed: Iterable[tuple[Case, Row]]) -> int:
        """Rows wait for people: give notice of those that are about to be late; returns how many.

        Args:
            owed: The rows that wait.

        Raises:
            StoreUnavailable: The store cannot be reached.
        """
        now = self.office.clock.now()
        return await self._tell_of(
            MANUAL_WORK, [pair for pair in owed if self._nearly_late(*pair, now)]
        )

    async def _tell_of(self, cause: str, late: Iterable[tuple[Case, Row]]) -> int:
        due: dict[UUID, list[Row]] = {}
        for case, row in late:
            if row.delay is None:
                due.setdefault(case.query, []).append(row)
        told = 0
        for query, rows in due.items():
            try:
                told += await self._tell(cause, query, rows)
            except HeduiError as error:
                if isinstance(error, StoreUnavailable):
                    raise
                # Not sealed now; the next round tries again.
                self.log.warning("notice.failed", query=str(query), code=error.code)
        return told

    def _nearly_late(self, case: Case, row: Row, now: datetime) -> bool:
        office = self.office
        received = row.received or case.opened
        return now >= warn_from(office.calendar, received, row.deadline, office.warn_days)

    async def _tell(self, cause: str, query: UUID, rows: list[Row]) -> int:
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await work.case(query, CaseRole.AGENCY)
            # Another instance may have answered, or spoken, meanwhile.
            present = () if case is None else case.rows
            named = {(row.order, row.part, row.resource) for row in rows}
            late = [
                row
                for row in present
                if row.state is RowState.OPEN and (row.order, row.part, row.resource) in named
            ]
            if case is None or not late:
                return 0
            await delays.announce(work, case, notice(late, cause, None, work.now))
            await work.finish()
        return len(late)
