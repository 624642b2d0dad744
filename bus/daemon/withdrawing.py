"""What an operator does to end a query before its time (撤销, R031)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from bus.daemon import cancellation
from bus.daemon.office import Office
from bus.daemon.work import Work
from bus.errors import InputError
from bus.model.case import Case, CaseRole
from bus.ports.store import Store


@dataclass(frozen=True, slots=True)
class Withdrawing:
    """Withdraws the queries of one node.

    Attributes:
        wake: Called after a commit that may have filled the outbox.
    """

    office: Office
    store: Store
    wake: Callable[[], None]

    async def withdraw(self, query: UUID, reason: str, operator: str) -> Case:
        """Withdraw a query for a coded reason; the hub is told, and everybody stops (R031).

        Raises:
            InputError: `QUERY_UNKNOWN`, `REASON_UNKNOWN`, `WITHDRAWAL_TOO_LATE`.
            UnavailableError: No directory yet, or no way to the hub.
        """
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            case = await work.case(query, CaseRole.REQUESTER)
            if case is None:
                raise InputError("QUERY_UNKNOWN", "没有此查询", "no such query", where=str(query))
            case = await cancellation.withdraw(work, case, reason, operator)
            await work.finish()
        self.wake()
        return case
