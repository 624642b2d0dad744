"""The routes of test runs: a node asks for its test, the hub inspects and makes the circular."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from bus.api.conformance import RunBody
from bus.daemon.conformance.service import ConformanceService
from bus.flow.conformance.checks import BY_NUMBER
from bus.http.answers import DOCUMENTED
from bus.http.caller import Operator
from signer.identity import Role, role_of

REPORT = "application/vnd.hedui.report"
MARKDOWN = "text/markdown; charset=utf-8"


def conformance_routes(service: ConformanceService) -> APIRouter:
    """Return the routes of test runs that a centre of its role has.

    Args:
        service: The centre's operations.
    """
    routes = APIRouter(prefix="/conformance", tags=["检测与巡检 Tests"], responses=DOCUMENTED)

    @routes.get("/runs", summary="列出检测 / List")
    async def runs() -> tuple[RunBody, ...]:
        """近 400 天的检测，新的在前。 The runs of the last 400 days, newest first."""
        return tuple(RunBody.of(run, _titles) for run in await service.runs())

    @routes.get("/runs/{run}", summary="检测经过 / Show")
    async def run(run: UUID) -> RunBody:
        """一次检测的进展与各项结果。 How a run stands, and its results."""
        return RunBody.of(await service.run(run), _titles)

    @routes.get("/runs/{run}/report", summary="签名的报告 / Report", response_class=Response)
    async def report(run: UUID) -> Response:
        """部中心签名的检测报告（R014）。 The report the hub has signed."""
        return Response(await service.report(run), media_type=REPORT)

    @routes.get("/runs/{run}/document", summary="报告文本 / Document", response_class=Response)
    async def document(run: UUID) -> Response:
        """供阅读的检测报告，已核验签名。 The report to read, its signature verified."""
        return Response(await service.document(run), media_type=MARKDOWN)

    if role_of(service.office.me) is Role.HUB:
        _hub_routes(routes, service)
    else:
        _node_routes(routes, service)
    return routes


def _node_routes(routes: APIRouter, service: ConformanceService) -> None:
    @routes.post("/runs", summary="申请入网前检测 / Request")
    async def request(operator: Operator) -> RunBody:
        """向部中心申请入网前检测（R014）。 Asks the hub for the pre-connection test."""
        return RunBody.of(await service.request(operator), _titles)


def _hub_routes(routes: APIRouter, service: ConformanceService) -> None:
    @routes.post("/inspections/{participant}", summary="指定巡检 / Inspect")
    async def inspect(participant: str, operator: Operator) -> RunBody:
        """对一个参与方巡检（R015）。 Inspects a participant."""
        return RunBody.of(await service.inspect(participant, operator), _titles)

    @routes.get("/circular", summary="通报 / Circular", response_class=Response)
    async def circular(
        since: Annotated[date, Query(description="起始日 / First day")],
        until: Annotated[date, Query(description="截止日 / Last day")],
        operator: Operator,
    ) -> Response:
        """期间的检测与巡检情况通报（R016），记入审计。 The circular over a period; audited."""
        return Response(await service.circular(since, until, operator), media_type=MARKDOWN)


def _titles(number: int) -> tuple[str, str]:
    check = BY_NUMBER.get(number)
    return (str(number), str(number)) if check is None else (check.name, check.zh)
