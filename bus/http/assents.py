"""A province's routes: see what its cities and counties apply for, assent or refuse (R006)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from bus.api.application import ApplicationDetail, ApplicationSummary, RefusalBody
from bus.daemon.assent_service import AssentService
from bus.http.answers import DOCUMENTED
from bus.http.caller import Operator
from bus.http.titles import titles_of
from bus.model.case import QueryState


def assent_routes(service: AssentService) -> APIRouter:
    """Return the routes of a province's assent.

    Args:
        service: The province's operations.
    """
    routes = APIRouter(prefix="/applications", tags=["上级同意 Assent"], responses=DOCUMENTED)
    titles = titles_of(service.office)

    @routes.get("", summary="列出下级申请 / List")
    async def applications(
        state: Annotated[
            list[QueryState] | None, Query(description="只看这些状态 / Only these states")
        ] = None,
    ) -> tuple[ApplicationSummary, ...]:
        """市县节点提出的申请，新的在前。 What cities and counties apply for, newest first."""
        cases = await service.applications(state)
        return tuple(ApplicationSummary.of(case, titles) for case in cases)

    @routes.get("/{query}", summary="申请内容 / Show")
    async def application(query: UUID, operator: Operator) -> ApplicationDetail:
        """申请表、名单与审查意见。 The form, the list, the findings.

        含个人信息，每次查阅记入审计。 It holds personal data; every reading is audited.
        """
        case, form, members = await service.application(query, operator)
        return ApplicationDetail.of(case, form, members, titles)

    @routes.post("/{query}/assent", summary="同意上报 / Assent")
    async def assent(query: UUID, operator: Operator) -> ApplicationSummary:
        """同意下级的申请上报部中心（R006）。 Lets an application go up to the hub."""
        return ApplicationSummary.of(await service.assent(query, operator), titles)

    @routes.post("/{query}/refuse", summary="不同意 / Refuse")
    async def refuse(query: UUID, operator: Operator, refusal: RefusalBody) -> ApplicationSummary:
        """以代码化理由不同意，申请即告终止。 Refuses with a coded reason; it goes no further."""
        case = await service.refuse(query, operator, refusal.reason)
        return ApplicationSummary.of(case, titles)

    return routes
