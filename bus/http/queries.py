"""The node's routes: submit a query, follow it, read its result and its proof."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from bus.api.draft import DraftBody
from bus.api.query import CancelBody, HopBody, QueryDetail, QuerySummary
from bus.daemon.evidence.service import EvidenceService
from bus.daemon.service import Service
from bus.daemon.withdrawing import Withdrawing
from bus.http.answers import DOCUMENTED
from bus.http.bodies import BINARY, JSON, XLSX, read_body, read_draft
from bus.http.caller import Calling, Operator, Purpose
from bus.http.titles import titles_of
from bus.rules.working_days import local_date
from bus.rules.working_hours import working_hours
from bus.workbook.result import result_workbook
from bus.workbook.result_json import result_json

_BINARY = {"type": "string", "format": "binary"}
_HERE = "#/paths/~1api~1v1~1queries/post/requestBody/content/application~1json/schema/$defs/{model}"
"""Where the parts of the draft's schema stand in the OpenAPI document."""

_SUBMITTED = {
    "requestBody": {
        "required": True,
        "content": {
            XLSX: {"schema": _BINARY},
            JSON: {"schema": DraftBody.model_json_schema(ref_template=_HERE)},
        },
    }
}


def query_routes(service: Service) -> APIRouter:
    """Return the routes of a node that asks.

    Args:
        service: The node's operations.
    """
    routes = APIRouter(prefix="/queries", tags=["查询 Queries"], responses=DOCUMENTED)
    titles = titles_of(service.office)
    archive = EvidenceService(service.office, service.store, service.wake)
    withdrawing = Withdrawing(service.office, service.store, service.wake)

    @routes.post("", status_code=201, summary="提交申请 / Submit", openapi_extra=_SUBMITTED)
    async def submit(
        request: Request,
        operator: Operator,
        evidence: Annotated[
            UUID | None,
            Query(description="随申请交存的文件批次 / The batch of files handed in with it"),
        ] = None,
    ) -> QuerySummary:
        """提交申请工作簿或 JSON 申请。 Submits a workbook or a draft.

        有任何错误即不提交，并一次列出全部错误。
        Where anything is wrong nothing is submitted, and all faults are named at once.
        """
        data = await read_body(request)
        today = local_date(service.office.clock.now())
        catalogue = service.office.catalogue
        content_type = request.headers.get("content-type", "")
        staged = {} if evidence is None else await archive.staged(evidence)
        hashes = {name: digest for name, (_, digest) in staged.items()}
        draft = await asyncio.to_thread(read_draft, content_type, data, today, catalogue, hashes)
        files = {name: file for name, (file, _) in staged.items()}
        return QuerySummary.of(await service.submit(draft, operator, files), titles)

    @routes.get("", summary="列出查询 / List")
    async def queries() -> tuple[QuerySummary, ...]:
        """本节点提交的查询，新的在前。 The queries this node submitted, newest first."""
        return tuple(QuerySummary.of(case, titles) for case in await service.queries())

    @routes.get("/{query}", summary="查询状态 / Status")
    async def query(query: UUID) -> QueryDetail:
        """状态、决定、各应答项及问题通知。 State, decision, everything owed, problems."""
        case = await service.query(query)
        until = case.delivered or service.office.clock.now()
        hours = working_hours(service.office.calendar, case.opened, until)
        return QueryDetail.of(case, await service.problems(query), titles, hours)

    @routes.post("/{query}/cancellation", summary="撤销 / Withdraw")
    async def cancel(query: UUID, operator: Operator, withdrawal: CancelBody) -> QuerySummary:
        """以代码化理由撤销查询，各方停办（R031）。 Withdraws a query; everybody stops."""
        case = await withdrawing.withdraw(query, withdrawal.reason, operator)
        return QuerySummary.of(case, titles)

    @routes.get("/{query}/timeline", summary="经过 / Timeline")
    async def timeline(query: UUID) -> tuple[HopBody, ...]:
        """每一次签名传递，按时间先后。 Every signed hop, in the order of time."""
        await service.query(query)
        return tuple(HopBody.of(hop, titles) for hop in await service.timeline(query))

    @routes.get("/{query}/result", summary="查询结果 / Result", response_model=dict[str, Any])
    async def result(query: UUID, caller: Calling, purpose: Purpose) -> Response:
        """查询结果（JSON）。 The result as JSON.

        含个人信息，每次查阅记入审计（R035）。 It holds personal data; every reading is audited.
        """
        view = await service.result(query, caller.name, purpose, caller.unit)
        text = await asyncio.to_thread(lambda: json.dumps(result_json(view), ensure_ascii=False))
        return Response(text, media_type=JSON)

    @routes.get("/{query}/result.xlsx", summary="结果工作簿 / Workbook", response_class=Response)
    async def workbook(query: UUID, caller: Calling, purpose: Purpose) -> Response:
        """查询结果（工作簿）。 The result as a workbook.

        含个人信息，每次查阅记入审计（R035）。 It holds personal data; every reading is audited.
        """
        view = await service.result(query, caller.name, purpose, caller.unit)
        return Response(await asyncio.to_thread(result_workbook, view), media_type=XLSX)

    @routes.get("/{query}/proof", summary="证明文件 / Proof", response_class=Response)
    async def proof(query: UUID, operator: Operator) -> Response:
        """可离线验证的证明文件，导出记入审计。 The proof file; its export is audited."""
        return Response(await service.proof(query, operator), media_type=BINARY)

    @routes.get("/{query}/proof/opened", summary="公开反馈的证明 / Opened", response_class=Response)
    async def opened_proof(query: UUID, caller: Calling, purpose: Purpose) -> Response:
        """公开反馈内容的证明文件。 The proof file with its answers disclosed.

        含个人信息，每次导出记入审计（R035）。 It holds personal data; every export is audited.
        """
        data = await service.proof(query, caller.name, purpose, caller.unit)
        return Response(data, media_type=BINARY)

    return routes
