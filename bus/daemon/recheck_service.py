"""What a node's operator can do about a disputed result (R032); the HTTP face calls this."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from bus.daemon.rechecking import recheck
from bus.daemon.service import Service
from bus.daemon.work import Work
from bus.errors import InputError
from bus.flow.difference import difference
from bus.model.case import Case
from bus.model.difference import ResultDifference
from bus.model.request import Submission
from signer.uuid7 import uuid7


@dataclass
class RecheckService:
    """Re-checks of one node; `service` is what else its operators can do."""

    service: Service

    async def recheck(
        self,
        query: UUID,
        operator: str,
        reason: str,
        *,
        lines: Collection[int] = (),
        persons: Collection[int] = (),
    ) -> Case:
        """Have a query's result checked again, as a new query of its own.

        Args:
            query: The query whose result is disputed.
            operator: Who asks for it.
            reason: What is disputed, a code of the table.
            lines: Numbers of the request lines to ask again; none for all.
            persons: Numbers of the persons to ask about again; none for all.

        Returns:
            The requester's case of the new query.

        Raises:
            InputError: `QUERY_UNKNOWN`; and as `rechecking.recheck`.
            UnavailableError: No directory yet, or no way to the hub.
        """
        office = self.service.office
        now = office.clock.now()
        disputed = await self.service.query(query)
        submission = Submission(uuid7(now, office.entropy), operator, now)
        async with self.service.store.transaction() as unit:
            work = Work(office, unit, now)
            case = await recheck(work, disputed, reason, lines, persons, submission)
            await work.finish()
        self.service.wake()
        return case

    async def difference(
        self, query: UUID, operator: str, purpose: str, group: str = ""
    ) -> ResultDifference:
        """Return what a re-check says otherwise than the disputed result; both are read for it.

        Args:
            query: The re-check.
            operator: Who reads it.
            purpose: What for: as it was applied for.
            group: The reader's unit, empty for the centre's own staff.

        Raises:
            InputError: `QUERY_UNKNOWN`, `NOT_A_RECHECK`, `RECHECK_NOT_ANSWERED`.
            UseError: As `Service.result`, of either result.
        """
        case = await self.service.query(query)
        named = case.rechecks
        if named is None:
            raise InputError(
                "NOT_A_RECHECK",
                "该查询不是复核，没有可比较的原结果",
                "the query is no re-check, so there is no earlier result to compare",
                remedy_zh="请写复核所得新查询的编号",
                remedy_en="Name the new query that the re-check made",
                where=str(query),
            )
        if not any(row.fragments for row in case.rows):
            raise InputError(
                "RECHECK_NOT_ANSWERED",
                "复核尚无反馈",
                "the re-check has no answers yet",
                remedy_zh="请待其反馈后再比较",
                remedy_en="Compare once there are answers",
                where=str(query),
            )
        rechecks = UUID(bytes=named.query)
        old = await self.service.result(rechecks, operator, purpose, group)
        new = await self.service.result(query, operator, purpose, group)
        return await asyncio.to_thread(difference, old, new, rechecks, named.reason)
