"""The hub's routes: see applications, accept, refuse or return what waits for an operator."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from bus.api.application import ApplicationDetail, ApplicationSummary, RefusalBody, ReturnBody
from bus.daemon.review_service import ReviewService
from bus.http.answers import DOCUMENTED
from bus.http.caller import Operator
from bus.http.titles import titles_of
from bus.model.case import Case, QueryState


def application_routes(service: ReviewService) -> APIRouter:
    """Return the routes of the hub's review.

    Args:
        service: The hub's operations.
    """
    routes = APIRouter(prefix="/applications", tags=["申请审查 Review"], responses=DOCUMENTED)
    titles = titles_of(service.office)

    def term_of(case: Case) -> tuple[datetime, float] | None:
        term = service.start_term(case)
        return None if term is None else (term.start_by, term.hours_left)

    @routes.get("", summary="列出申请 / List")
    async def applications(
        state: Annotated[
            list[QueryState] | None, Query(description="只看这些状态 / Only these states")
        ] = None,
        waiting: Annotated[
            bool,
            Query(description="只看待办，最紧的在前 / Only what waits, most urgent first"),
        ] = False,
    ) -> tuple[ApplicationSummary, ...]:
        """部中心收到的申请，新的在前。 The applications at the hub, newest first."""
        cases = await (service.waiting() if waiting else service.applications(state))
        return tuple(ApplicationSummary.of(case, titles, term_of(case)) for case in cases)

    @routes.get("/{query}", summary="申请内容 / Show")
    async def application(query: UUID, operator: Operator) -> ApplicationDetail:
        """申请表、名单、审查意见和各应答项。 The form, the list, the findings, everything owed.

        含个人信息，每次查阅记入审计。 It holds personal data; every reading is audited.
        """
        case, form, members = await service.application(query, operator)
        return ApplicationDetail.of(case, form, members, titles, term_of(case))

    @routes.post("/{query}/accept", summary="受理 / Accept")
    async def accept(query: UUID, operator: Operator) -> ApplicationSummary:
        """受理审查中的申请并开始查询。 Accepts an application under review and starts it."""
        return ApplicationSummary.of(await service.accept(query, operator), titles)

    @routes.post("/{query}/refuse", summary="拒绝 / Refuse")
    async def refuse(query: UUID, operator: Operator, refusal: RefusalBody) -> ApplicationSummary:
        """以代码化理由拒绝（R027）。 Refuses with a coded reason."""
        case = await service.refuse(query, operator, refusal.reason)
        return ApplicationSummary.of(case, titles)

    @routes.post("/{query}/return", summary="退回补正 / Return")
    async def give_back(query: UUID, operator: Operator, asked: ReturnBody) -> ApplicationSummary:
        """退回，由申请方撤下所列家庭后重新提出（R067）。 Returns it, to come again without them."""
        case = await service.give_back(
            query, operator, asked.reason, households=asked.households, persons=asked.persons
        )
        return ApplicationSummary.of(case, titles)

    return routes
