"""The routes about deadlines and delays: what is owed, notices, the requester's answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from bus.api.delay import AgreementAsked, DeadlineBody, NoticeAsked, OwedBody, RowsBody
from bus.api.turnaround import TurnaroundBody
from bus.daemon.delay_service import Choice, DelayService
from bus.http.answers import DOCUMENTED
from bus.http.caller import Operator
from bus.http.titles import titles_of

First = Annotated[date, Query(description="起始日（含） / First day")]
Last = Annotated[date, Query(description="截止日（含） / Last day")]


def delay_routes(service: DelayService, *, asks: bool) -> APIRouter:
    """Return the routes of a centre.

    Args:
        service: The centre's operations.
        asks: Whether it submits queries itself, as a node does.
    """
    routes = APIRouter(tags=["期限 Deadlines"], responses=DOCUMENTED)
    titles = titles_of(service.office)

    @routes.get("/owed", summary="待反馈 / What is owed")
    async def owed() -> tuple[OwedBody, ...]:
        """本级所辖机构的待反馈项，期限近的在前。 Open rows below this centre, earliest first."""
        found, now = await service.owed(), service.now()
        return tuple(OwedBody.of(case, row, titles, now) for case, row in found)

    @routes.post("/owed/{query}/delays", summary="延期通知 / Give notice of a delay")
    async def give_notice(query: UUID, asked: NoticeAsked, operator: Operator) -> RowsBody:
        """向申请方、部中心及各方通知延期（R030）。 Tells all sides; audited."""
        choice = Choice(asked.resource, asked.part)
        rows = await service.give_notice(query, choice, asked.cause, asked.until, operator)
        return RowsBody(query=query, rows=rows)

    @routes.get("/deadlines/{query}", summary="期限 / Deadlines of a query")
    async def deadlines(query: UUID) -> tuple[DeadlineBody, ...]:
        """未办结各项的期限及其计算依据。 By when what is open is due, and how it was counted."""
        return tuple(DeadlineBody.of(one, titles) for one in await service.deadlines(query))

    @routes.get("/turnaround", summary="用时与差错 / Turnaround")
    async def turnaround(first: First, last: Last) -> TurnaroundBody:
        """所收查询的用时、逾期与差错，按省份（R001）。 By the day queries were received."""
        found = await service.turnaround(first, last)
        return TurnaroundBody.of(first, last, found, titles)

    if asks:
        _requester(routes, service)
    return routes


def _requester(routes: APIRouter, service: DelayService) -> None:
    titles = titles_of(service.office)

    @routes.get("/delays", summary="延期项 / Delays")
    async def delays(
        query: Annotated[UUID | None, Query(description="只看此查询 / Of this query only")] = None,
    ) -> tuple[OwedBody, ...]:
        """本节点各查询的延期项。 Rows of this node's queries that are delayed."""
        found, now = await service.delays(query), service.now()
        return tuple(OwedBody.of(case, row, titles, now) for case, row in found)

    @routes.post("/delays/{query}", summary="答复延期 / Answer a notice")
    async def answer(query: UUID, asked: AgreementAsked, operator: Operator) -> RowsBody:
        """同意或不同意拟定的新期限（R030），记入各方。 Recorded on all sides; audited."""
        choice = Choice(asked.resource, asked.part, asked.holder)
        rows = await service.answer(query, choice, operator, agreed=asked.agreed)
        return RowsBody(query=query, rows=rows)
