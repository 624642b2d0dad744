"""The node's routes of re-checks: ask for one, read what it says otherwise (R032)."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from bus.api.recheck import RecheckBody, RecheckedBody
from bus.daemon.recheck_service import RecheckService
from bus.http.answers import DOCUMENTED
from bus.http.bodies import JSON, XLSX
from bus.http.caller import Calling, Operator, Purpose
from bus.http.titles import titles_of
from bus.workbook.difference import difference_json, difference_workbook


def recheck_routes(service: RecheckService) -> APIRouter:
    """Return the routes of a node that disputes results.

    Args:
        service: The node's operations.
    """
    routes = APIRouter(prefix="/queries", tags=["复核 Re-checks"], responses=DOCUMENTED)
    titles = titles_of(service.service.office)

    @routes.post("/{query}/recheck", status_code=201, summary="申请复核 / Re-check")
    async def recheck(query: UUID, operator: Operator, asked: RecheckBody) -> RecheckedBody:
        """以原申请为基础提出一个新查询（R032）。 Makes a new query of the old application.

        原授权须仍然有效。 The authorisations must still be valid.
        """
        case = await service.recheck(
            query, operator, asked.reason, lines=asked.lines, persons=asked.persons
        )
        return RecheckedBody.of(case, titles)

    @routes.get("/{query}/difference", summary="复核差异 / Diff", response_model=dict[str, Any])
    async def difference(query: UUID, caller: Calling, purpose: Purpose) -> Response:
        """复核结果与原结果的差异。 What the re-check says otherwise than the disputed result.

        含个人信息；对两个结果的查阅均记入审计。 Both results are read for it; both are audited.
        """
        found = await service.difference(query, caller.name, purpose, caller.unit)
        text = await asyncio.to_thread(
            lambda: json.dumps(difference_json(found), ensure_ascii=False)
        )
        return Response(text, media_type=JSON)

    @routes.get("/{query}/difference.xlsx", summary="差异工作簿 / Book", response_class=Response)
    async def workbook(query: UUID, caller: Calling, purpose: Purpose) -> Response:
        """复核结果与原结果的差异（工作簿）。 The same as a workbook.

        含个人信息；对两个结果的查阅均记入审计。 Both results are read for it; both are audited.
        """
        found = await service.difference(query, caller.name, purpose, caller.unit)
        return Response(await asyncio.to_thread(difference_workbook, found), media_type=XLSX)

    return routes
